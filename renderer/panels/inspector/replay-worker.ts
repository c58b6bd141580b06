// The worker that steps nodes again, beside the main thread: it follows a session and keeps checkpoints (src/check/replay-keeper.ts).
// It must never throw out of a message: who asks waits for an answer.
import { ReplayKeeper } from '../../../src/check'
import { parseEventLines } from '../../../src/trace'
import type { ReplayAnswer, ReplayQuestion } from './replay-messages'

/** The worker's own global, of which only this is used: the window's types do not tell it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ReplayQuestion>) => void) | null
  postMessage(answer: ReplayAnswer): void
}
const scope = self as unknown as WorkerScope

let keeper: ReplayKeeper | null = null

scope.onmessage = ({ data: question }) => {
  const nothing: ReplayAnswer = { followed: keeper?.followed ?? 0, from: 0, seen: [], preview: null, problem: '' }
  try {
    scope.postMessage({ ...nothing, ...answerTo(question), followed: keeper?.followed ?? 0 })
  } catch (error) {
    scope.postMessage({ ...nothing, problem: error instanceof Error ? error.message : String(error) })
  }
}

function answerTo(question: ReplayQuestion): Partial<ReplayAnswer> {
  if (question.type === 'begin') {
    keeper = new ReplayKeeper(question.header)
    return {}
  }
  const kept = keeper
  if (kept === null) return { problem: 'no session was begun' }
  switch (question.type) {
    case 'follow':
      kept.follow(parseEventLines(question.text))
      return {}
    case 'needs': return { from: Math.min(...question.nodes.map((node) => kept.needsFrom(node, question.seq))) }
    case 'look': {
      const events = parseEventLines(question.text)
      return { seen: question.nodes.map((node) => kept.look(node, question.seq, events)) }
    }
    case 'preview': return { preview: kept.preview(question.sent, question.seq, parseEventLines(question.text)) }
  }
}
