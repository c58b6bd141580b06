// The worker that reads one side of a comparison: a file, or lines that the window brings, into prints (src/check/event-prints.ts), and
// puts two sides beside one another. It must never throw out of a message: who asks waits for an answer.
import { align, EventPrinter } from '../../../src/check'
import { parseEventLines, RecordingProblem, type TraceEvent } from '../../../src/trace'
import type { PrintsAnswer, PrintsQuestion } from './prints-messages'
import { readFileLines } from './read-file-lines'

/** The worker's own global, of which only this is used: the window's types do not tell it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<PrintsQuestion>) => void) | null
  postMessage(answer: PrintsAnswer): void
}
const scope = self as unknown as WorkerScope

const printer = new EventPrinter()
let count = 0

scope.onmessage = ({ data: question }) => {
  void answer(question).catch((error: unknown) => scope.postMessage({ type: 'problem', text: error instanceof Error ? error.message : String(error) }))
}

async function answer(question: PrintsQuestion): Promise<void> {
  switch (question.type) {
    case 'file': return readFile(question.file, question.eventsMax)
    case 'lines':
      take(parseEventLines(question.text))
      return scope.postMessage({ type: 'taken' })
    case 'prints': return scope.postMessage({ type: 'prints', prints: printer.prints() })
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
  for (const event of events) printer.take(event)
  count += events.length
}
