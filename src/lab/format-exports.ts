// A session's recording as files of other tools, for one screen: made while the screen takes the pieces, so that a slow screen makes it
// wait, and in slices of some milliseconds, as the same loop feeds a running cluster. A recording of any length goes through; what is
// kept is one reading of it and one piece. It must never change the session, and never give a file that only looks whole.
import { setImmediate } from 'node:timers/promises'
import { exportsMax, Refusal, type Gives } from '../contract'
import { exporters, exportName, type ExportFormat, type ExportRange, type ExportWriter } from '../export'
import { grouped, parseEventLines, type TraceHeader } from '../trace'
import type { ReadLimits } from './event-log'
import type { Session } from './session'

/** What is read and parsed at once: a millisecond or two of work, which is not cut. */
const readLimits: ReadLimits = { eventsMax: 1000, bytesMax: 128 * 1024 }
/** Bytes of one piece. A whole mebibyte, as the contract allows, would be some 30 ms of base64 and sending at once. */
const pieceBytesMax = 256 * 1024
/** After this long the lab does other things. */
const sliceMs = 5
/** After this long a call is answered with what there is: the screen shows how far it is, and can end it. */
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

  /** Takes the session as it is now. Throws a `Refusal` where there is nothing to export, or too much is under way. */
  begin(session: Session, format: ExportFormat, range: ExportRange): Gives<'exportBegin'> {
    const { latest } = session.log
    for (const [id, { isStopped }] of this.#running) if (isStopped) this.#running.delete(id)
    if (this.#running.size >= exportsMax) throw new Refusal(`${exportsMax} exports are under way; wait for one of them, or cancel it.`)
    if (range.from > range.to) throw new Refusal(`The range begins at event ${grouped(range.from)} and ends before that, at event ${grouped(range.to)}.`)
    if (range.from > Math.max(1, latest)) throw new Refusal(`There is no event ${grouped(range.from)}; the newest is ${grouped(latest)}.`)
    if (!session.log.isWholeFrom(1)) throw new Refusal(session.log.problem)
    const id = ++this.#lastId
    this.#running.set(id, new FormatExport(session, format, range, this.#times))
    return { export: id, name: exportName(session.recording().name, format, range, latest) }
  }

  /** The next piece. One that is `done`, or refused, was the last. */
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

  /** `reason`: one sentence for whoever waits for a piece, or asks for the next. */
  stopAll(reason: string): void {
    for (const running of this.#running.values()) running.stop(reason)
  }
}

class FormatExport {
  readonly #session: Session
  readonly #times: FormatExportTimes
  readonly #writer: ExportWriter
  /** seq of the last event that is looked at: nothing after it can change the file. */
  readonly #last: number
  readonly #steps: AsyncGenerator<string>
  /** seq of the newest event that was looked at. */
  #at = 0
  #made: Buffer[] = []
  #madeBytes = 0
  #isMade = false
  #sliceBegan = 0
  /** Why nothing more is given; '' while it goes on. */
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

  /** Pieces are given one after another, whoever asks at once. */
  read(): Promise<Gives<'exportRead'>> {
    const piece = this.#turn.then(() => this.#read())
    this.#turn = piece.catch(() => {}) // Told to who asked.
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
      events: this.#writer.count, notes: done ? [...this.#writer.notes] : [],
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
      // What was cut off by its end has no other reason.
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

  /** The file's text; a step ends where the slice does, or before the next reading. */
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

/** What the file is to say of its recording: that its end is missing, or has not been read yet. */
function noteOn(session: Session, { to }: ExportRange): string {
  const { kind, recording } = session.view()
  if (kind !== 'recorded') return ''
  const { latest } = session.log
  const isUnread = recording?.readShare !== undefined && to > latest
  return isUnread ? `The recording was still being read: this is of its first ${grouped(latest)} events.` : recording?.problem ?? ''
}
