// The worker that processes every event off the main thread: it replays nodes and keeps checkpoints (src/check/replay-keeper.ts), and
// checks the rules (src/check/rules) and the history (panels/history).
// A message handler must never throw, because the caller waits for an answer.
import { ReplayKeeper, RuleMonitors } from '../../src/check'
import { parseEventLines } from '../../src/trace'
import { HistoryKeeper } from './history-keeper'
import type { ReplayAnswer, ReplayQuestion } from './replay-messages'

/** The part of the worker's global that is used here; the types of the window do not describe it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ReplayQuestion>) => void) | null
  postMessage(answer: ReplayAnswer): void
}
const scope = self as unknown as WorkerScope

let keeper: ReplayKeeper | null = null
let monitors: RuleMonitors | null = null
let history: HistoryKeeper | null = null

/** Limits of one search for an order, because other questions wait for the worker; beyond them the answer is "unknown". */
const orderLimits = { stepsMax: 5_000_000, memoMax: 200_000, milliseconds: 1500, now: () => performance.now() }

scope.onmessage = ({ data: question }) => {
  const nothing: ReplayAnswer = { followed: keeper?.followed ?? 0, from: 0, seen: [], preview: null, rules: [], violations: [], history: null, part: null, problem: '' }
  try {
    scope.postMessage({ ...nothing, ...answerTo(question), followed: keeper?.followed ?? 0 })
  } catch (error) {
    scope.postMessage({ ...nothing, problem: error instanceof Error ? error.message : String(error) })
  }
}

function answerTo(question: ReplayQuestion): Partial<ReplayAnswer> {
  if (question.type === 'begin') {
    keeper = new ReplayKeeper(question.header)
    monitors = new RuleMonitors(question.header)
    history = new HistoryKeeper(question.header, orderLimits, () => performance.now())
    return {}
  }
  const kept = keeper
  if (kept === null) return { problem: 'no session was begun' }
  switch (question.type) {
    case 'follow': {
      const events = parseEventLines(question.text)
      kept.follow(events)
      history?.follow(events)
      return { violations: events.flatMap((event) => monitors?.take(event) ?? []), rules: monitors?.states() ?? [], history: history?.standing ?? null }
    }
    case 'history': return { part: history?.part(question.first, question.last) ?? null }
    case 'look-now': return { seen: kept.lookNow(question.nodes, question.seq) }
    case 'needs': return { from: Math.min(...question.nodes.map((node) => kept.needsFrom(node, question.seq))) }
    case 'look': {
      const events = parseEventLines(question.text)
      return { seen: question.nodes.map((node) => kept.look(node, question.seq, events)) }
    }
    case 'preview': return { preview: kept.preview(question.sent, question.seq, parseEventLines(question.text)) }
  }
}
