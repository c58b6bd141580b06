// The worker that turns one side of a comparison (a file, or lines from the window) into event digests (src/check/event-digests.ts), and
// aligns two sides. A message handler must never throw, because the caller waits for an answer.
import { align, EventDigester } from '../../src/check'
import { parseEventLines, RecordingProblem, type TraceEvent } from '../../src/trace'
import type { DigestsAnswer, DigestsQuestion } from './digests-messages'
import { readFileLines } from './read-file-lines'

/** The part of the worker's global that is used here; the types of the window do not describe it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<DigestsQuestion>) => void) | null
  postMessage(answer: DigestsAnswer): void
}
const scope = self as unknown as WorkerScope

const digester = new EventDigester()
let count = 0

scope.onmessage = ({ data: question }) => {
  void answer(question).catch((error: unknown) => scope.postMessage({ type: 'problem', text: error instanceof Error ? error.message : String(error) }))
}

async function answer(question: DigestsQuestion): Promise<void> {
  switch (question.type) {
    case 'file': return readFile(question.file, question.eventsMax)
    case 'lines':
      take(parseEventLines(question.text))
      return scope.postMessage({ type: 'taken' })
    case 'digests': return scope.postMessage({ type: 'digests', digests: digester.digests() })
    case 'align': return scope.postMessage({ type: 'alignment', alignment: align(question.first, question.second, { heartbeats: question.heartbeats }) })
  }
}

async function readFile(file: File, eventsMax: number): Promise<void> {
  const note = await readFileLines(file, {
    begin: (header) => scope.postMessage({ type: 'header', header }),
    take: ({ events, lines }, share) => {
      take(events)
      if (count > eventsMax) throw new RecordingProblem(`${file.name} has more events than the ${eventsMax} that can be compared here; "lab compare" on the command line compares any number.`)
      scope.postMessage({ type: 'lines', text: lines.join('\n'), share })
    },
  })
  scope.postMessage({ type: 'end', note })
}

function take(events: readonly TraceEvent[]): void {
  for (const event of events) digester.take(event)
  count += events.length
}
