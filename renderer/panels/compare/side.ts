// One side of a comparison while it is read: a worker makes its prints, and what is shown of it is asked here. Pure of Vue.
// It must never hold more events than its limit, and never answer after it was given up.
import type { Alignment, Prints } from '../../../src/check'
import type { EventOf, TraceEvent, TraceHeader } from '../../../src/trace'
import { EventBlocks } from '../../stores/event-blocks'
import type { PrintsAnswer, PrintsQuestion } from './prints-messages'

/** What a worker offers: the window's, or a test's. */
export interface PrintsWorker {
  onmessage: ((event: { readonly data: PrintsAnswer }) => void) | null
  postMessage(question: PrintsQuestion): void
  terminate(): void
}

/** Lines that come from somewhere, from event `from` on: at least one, at most `count`. */
export type ReadText = (from: number, count: number) => Promise<{ readonly count: number; readonly text: string }>

/** Lines that go to a worker at once. */
const linesAtOnce = 8192

/** Prints of the events 1 to `count`. Rejects with a sentence. */
export async function printsOfLines(worker: PrintsWorker, count: number, read: ReadText, progress: (done: number) => void): Promise<Prints> {
  for (let next = 1; next <= count;) {
    const lines = await read(next, Math.min(linesAtOnce, count - next + 1))
    await ask(worker, { type: 'lines', text: lines.text })
    next += lines.count
    progress(next - 1)
  }
  return printsOf(worker)
}

async function printsOf(worker: PrintsWorker): Promise<Prints> {
  const answer = await ask(worker, { type: 'prints' })
  if (answer.type !== 'prints') throw new Error('no prints came')
  return answer.prints
}

export async function aligned(worker: PrintsWorker, first: Prints, second: Prints, heartbeats: boolean): Promise<Alignment> {
  const answer = await ask(worker, { type: 'align', first, second, heartbeats })
  if (answer.type !== 'alignment') throw new Error('no alignment came')
  return answer.alignment
}

function ask(worker: PrintsWorker, question: PrintsQuestion): Promise<PrintsAnswer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.type === 'problem') reject(new Error(data.text))
      else resolve(data)
    }
    worker.postMessage(question)
  })
}

/** The second recording: its events as text, and which event sent the message that one is about. */
export class OtherRecording {
  header: TraceHeader | null = null
  /** Of all its events, when they are known. */
  prints: Prints | null = null
  readonly #blocks = new EventBlocks()

  get count(): number {
    return this.#blocks.last
  }

  /** Whole lines, joined by line feeds, that follow those before. */
  add(text: string): void {
    for (let at = 0; at < text.length;) {
      const lineFeed = text.indexOf('\n', at)
      const end = lineFeed === -1 ? text.length : lineFeed
      this.#blocks.append(text, at, end)
      at = end + 1
    }
  }

  eventAt(seq: number): TraceEvent | undefined {
    return this.#blocks.eventAt(seq)
  }

  sentOf(seq: number): EventOf<'message-sent'> | undefined {
    const event = this.#blocks.eventAt(this.prints?.sent[seq - 1] ?? 0)
    return event?.type === 'message-sent' ? event : undefined
  }
}

/** Reads a file by a worker. Resolves with what is to be said of its end; rejects with a sentence. */
export async function readOther(worker: PrintsWorker, file: File, other: OtherRecording, eventsMax: number, progress: (share: number) => void): Promise<string> {
  const note = await new Promise<string>((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.type === 'header') other.header = data.header
      else if (data.type === 'lines') {
        other.add(data.text)
        progress(data.share)
      } else if (data.type === 'end') resolve(data.note)
      else if (data.type === 'problem') reject(new Error(data.text))
    }
    worker.postMessage({ type: 'file', file, eventsMax })
  })
  other.prints = await printsOf(worker)
  return note
}
