// Converts a session's recording into other tools' formats for one screen, while the screen takes the chunks, so that a slow screen slows it down.
// It works in slices of some milliseconds, because the same event loop feeds a running cluster. Memory holds one read and one chunk, so
// recordings of any length work. It must never change the session, and never send an incomplete file as complete.
import { setImmediate } from 'node:timers/promises'
import { exportsMax, Refusal, type Gives } from '../contract'
import { exporters, exportName, exportText, type ExportFormat, type ExportRange, type ExportWriter } from '../export'
import { grouped, parseEventLines, type TraceHeader } from '../trace'
import type { ReadLimits } from './event-log'
import type { Session } from './session'

/** The size of one read. Parsing it takes one or two milliseconds and is not interrupted. */
const readLimits: ReadLimits = { eventsMax: 1000, bytesMax: 128 * 1024 }
/** Bytes of one chunk. A whole mebibyte, as the contract allows, would block for about 30 ms of base64 and sending. */
const pieceBytesMax = 256 * 1024
/** After this long the event loop gets a turn. */
const sliceMs = 5
/** After this long a call returns what is there, so that the screen can show progress and cancel. */
const answerMs = 200

export interface FormatExportTimes {
  readonly sliceMs: number
  readonly answerMs: number
}

export class FormatExports {
  readonly #times: FormatExportTimes
  readonly #running = new Map<number, FormatExport>()
  #lastId = 0

  constructor(times: FormatExportTimes = { sliceMs, answerMs }) {
    this.#times = times
  }

  /** Begins an export of the session's current state. Throws a `Refusal` if there is nothing to export, or too many exports are running. */
  begin(session: Session, format: ExportFormat, range: ExportRange): Gives<'exportBegin'> {
    const { latest } = session.log
    for (const [id, { isStopped }] of this.#running) if (isStopped) this.#running.delete(id)
    if (this.#running.size >= exportsMax) throw new Refusal(`${exportsMax} exports are running; wait for one of them, or cancel it.`)
    if (range.from > range.to) throw new Refusal(`The range begins at event ${grouped(range.from)} and ends before that, at event ${grouped(range.to)}.`)
    if (range.from > Math.max(1, latest)) throw new Refusal(`There is no event ${grouped(range.from)}; the newest is ${grouped(latest)}.`)
    if (!session.log.isWholeFrom(1)) throw new Refusal(session.log.problem)
    const id = ++this.#lastId
    this.#running.set(id, new FormatExport(session, format, range, this.#times))
    return { export: id, name: exportName(session.recording().name, format, range, latest) }
  }

  /** The next chunk. A chunk that is `done`, or a refusal, is the last. */
  async read(id: number): Promise<Gives<'exportRead'>> {
    const found = this.#running.get(id)
    if (found === undefined) throw new Refusal('There is no such export; begin again.')
    try {
      const piece = await found.read()
      if (piece.done) this.#running.delete(id)
      return piece
    } catch (error) {
      this.#running.delete(id)
      throw error
    }
  }

  end(id: number): Record<string, never> {
    this.#running.get(id)?.stop('The export was cancelled.')
    this.#running.delete(id)
    return {}
  }

  /** `reason`: one sentence for callers that wait for a chunk, or ask for the next. */
  stopAll(reason: string): void {
    for (const running of this.#running.values()) running.stop(reason)
  }
}

class FormatExport {
  readonly #session: Session
  readonly #times: FormatExportTimes
  readonly #writer: ExportWriter
  /** seq of the last event to read: later events cannot change the file. */
  readonly #last: number
  readonly #steps: AsyncGenerator<string>
  /** seq of the newest event that was read. */
  #at = 0
  #made: Buffer[] = []
  #madeBytes = 0
  #isMade = false
  #sliceBegan = 0
  /** Why the export was stopped; '' while it goes on. */
  #stopped = ''
  #turn: Promise<unknown> = Promise.resolve()

  constructor(session: Session, format: ExportFormat, range: ExportRange, times: FormatExportTimes) {
    this.#session = session
    this.#times = times
    this.#writer = exporters[format].begin(JSON.parse(session.recording().header) as TraceHeader, range)
    this.#last = Math.min(range.to, session.log.latest)
    this.#steps = this.#makeSteps(noteOn(session, range))
  }

  get isStopped(): boolean {
    return this.#stopped !== ''
  }

  /** Serialises concurrent calls. */
  read(): Promise<Gives<'exportRead'>> {
    const piece = this.#turn.then(() => this.#read())
    this.#turn = piece.catch(() => {}) // The caller gets the error.
    return piece
  }

  stop(reason: string): void {
    this.#stopped = reason
    this.#made = []
  }

  async #read(): Promise<Gives<'exportRead'>> {
    const began = this.#sliceBegan = performance.now()
    while (!this.#isMade && this.#madeBytes < pieceBytesMax && performance.now() - began < this.#times.answerMs) {
      if (this.#isSliceOver) {
        await setImmediate()
        this.#sliceBegan = performance.now()
      }
      await this.#step()
    }
    if (this.#stopped !== '') throw new Refusal(this.#stopped)
    const piece = this.#takePiece()
    const done = this.#isMade && this.#madeBytes === 0
    return {
      base64: piece.toString('base64'), share: done ? 1 : this.#last === 0 ? 0 : this.#at / this.#last, done,
      events: this.#writer.count, told: done ? exportText(this.#writer) : '', notes: done ? [...this.#writer.notes] : [],
    }
  }

  get #isSliceOver(): boolean {
    return performance.now() - this.#sliceBegan >= this.#times.sliceMs
  }

  async #step(): Promise<void> {
    try {
      if (this.#stopped !== '') throw new Refusal(this.#stopped)
      const step = await this.#steps.next()
      if (step.done) this.#isMade = true
      else if (step.value !== '') this.#keep(Buffer.from(step.value))
    } catch (error) {
      // A stopped export reports the reason of the stop.
      throw this.#stopped === '' ? error : new Refusal(this.#stopped)
    }
  }

  #keep(bytes: Buffer): void {
    this.#made.push(bytes)
    this.#madeBytes += bytes.length
  }

  #takePiece(): Buffer {
    const all = this.#made.length === 1 ? this.#made[0] as Buffer : Buffer.concat(this.#made)
    const rest = all.subarray(pieceBytesMax)
    this.#made = rest.length === 0 ? [] : [rest]
    this.#madeBytes = rest.length
    return all.subarray(0, pieceBytesMax)
  }

  /** The file's text in steps: a step ends with its slice, or before the next read. */
  async *#makeSteps(note: string): AsyncGenerator<string> {
    const { log } = this.#session
    while (this.#at < this.#last) {
      const next = this.#at + 1
      const lines = await log.read(next, { ...readLimits, eventsMax: Math.min(readLimits.eventsMax, this.#last - this.#at) })
      if (lines === undefined || lines.from !== next) throw new Refusal(log.problem || `Event ${grouped(next)} can no longer be read.`)
      yield* this.#take(lines.text)
    }
    yield* this.#writer.end(note)
  }

  *#take(lines: string): Generator<string> {
    let text = ''
    for (const event of parseEventLines(lines)) {
      text += this.#writer.take(event)
      this.#at = event.seq
      if (text.length < pieceBytesMax && !this.#isSliceOver) continue
      yield text
      text = ''
    }
    yield text
  }
}

/** The note in the file about its recording: its end is missing, or has not been read yet. */
function noteOn(session: Session, { to }: ExportRange): string {
  const { kind, recording } = session.view()
  if (kind !== 'recorded') return ''
  const { latest } = session.log
  const isUnread = recording?.readShare !== undefined && to > latest
  return isUnread ? `The recording was still being read: this is of its first ${grouped(latest)} events.` : recording?.problem ?? ''
}
