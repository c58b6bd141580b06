// One side of a comparison while it is read: a worker computes the event digests, and the text of the other recording is kept here.
// Does not use Vue. It must never hold more events than its limit, and never answer after it was cancelled.
import type { Alignment, Digests } from '../../../src/check'
import { sendingOf, type EventOf, type TraceEvent, type TraceHeader } from '../../../src/trace'
import { EventBlocks } from '../../stores/event-blocks'
import type { DigestsAnswer, DigestsQuestion } from '../../replay/digests-messages'

/** The interface of the worker: the real one, or a test's. */
export interface DigestsWorker {
  onmessage: ((event: { readonly data: DigestsAnswer }) => void) | null
  postMessage(question: DigestsQuestion): void
  terminate(): void
}

/** Reads lines of some source, from event `from` on: at least one, at most `count`. */
export type ReadText = (from: number, count: number) => Promise<{ readonly count: number; readonly text: string }>

/** Lines that are sent to a worker at once. */
const linesAtOnce = 8192

/** Digests of the events 1 to `count`. Rejects with a sentence. */
export async function digestsOfLines(worker: DigestsWorker, count: number, read: ReadText, progress: (done: number) => void): Promise<Digests> {
  for (let next = 1; next <= count;) {
    const lines = await read(next, Math.min(linesAtOnce, count - next + 1))
    await ask(worker, { type: 'lines', text: lines.text })
    next += lines.count
    progress(next - 1)
  }
  return digestsOf(worker)
}

async function digestsOf(worker: DigestsWorker): Promise<Digests> {
  const answer = await ask(worker, { type: 'digests' })
  if (answer.type !== 'digests') throw new Error('no digests came')
  return answer.digests
}

export async function aligned(worker: DigestsWorker, first: Digests, second: Digests, heartbeats: boolean): Promise<Alignment> {
  const answer = await ask(worker, { type: 'align', first, second, heartbeats })
  if (answer.type !== 'alignment') throw new Error('no alignment came')
  return answer.alignment
}

function ask(worker: DigestsWorker, question: DigestsQuestion): Promise<DigestsAnswer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.type === 'problem') reject(new Error(data.text))
      else resolve(data)
    }
    worker.postMessage(question)
  })
}

/** The second recording: the text of its events, and for an event about a message the event that sent it. */
export class OtherRecording {
  header: TraceHeader | null = null
  /** The digests of all events; null until they are known. */
  digests: Digests | null = null
  readonly #blocks = new EventBlocks()

  get count(): number {
    return this.#blocks.last
  }

  /** Appends whole lines, joined by line feeds. */
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
    return sendingOf(this.#blocks.eventAt(this.digests?.sent[seq - 1] ?? 0))
  }
}

/** Reads a file in a worker. Resolves with a sentence about its end, or ''; rejects with a sentence. */
export async function readOther(worker: DigestsWorker, file: File, other: OtherRecording, eventsMax: number, progress: (share: number) => void): Promise<string> {
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
  other.digests = await digestsOf(worker)
  return note
}
