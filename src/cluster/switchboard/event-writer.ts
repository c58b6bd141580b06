// Writes a cluster's events: gives each event its number and two times, and appends its line to a page in the recording's format. Frequent events
// have methods of their own that build no strings; the JSON shape of events is defined here. It must never leave a partial line, nor know where its
// pages go (recorder.ts).
import { operationInputJson, type EventBody, type MessageId } from '../../trace'
import type { NodeName } from '../../protocol'
import type { OperationFrame } from '../wire/lab-frames'
import type { ClusterClock } from './cluster-clock'

/** Consecutive events as in the file: one JSON text a line, each with its line feed. */
export interface Piece {
  readonly from: number
  readonly count: number
  readonly bytes: Buffer
}

/** The node and incarnation of a step, as JSON fields up to the step's number. */
export type StepsOf = string & { readonly of: 'steps of a life' }

export function stepsOf(node: NodeName, incarnation: number): StepsOf {
  return `"node":"${node}","incarnation":${incarnation},"step":` as StepsOf
}

/** A range of a buffer that is reused when this tick is over. */
export interface Bytes {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

export interface EventWriterOptions {
  readonly clock: Pick<ClusterClock, 'now' | 'wall'>
  /** The number of the last event already in the recording. */
  readonly begin: number
  /** Called after each complete line. */
  readonly onEvent: () => void
}

/** Size of a page; a longer event gets a page of its own. */
const pageBytes = 128 * 1024
/** Empty pages that are kept for reuse. */
const pagesKeptMax = 8
/** Room for the number, the times, a closing brace and a line feed. */
const stampBytesMax = 128
const closingBrace = 0x7d
const lineFeed = 0x0a

export class EventWriter {
  readonly #options: EventWriterOptions
  #seq: number
  /** Both times as text, read once for all events that are written together. */
  #times = ''
  #page: Buffer = Buffer.allocUnsafeSlow(pageBytes)
  #length = 0
  /** The number of the first event in the page. */
  #pageFrom: number
  readonly #pages: Buffer[] = []
  /** Full pages, the oldest first. */
  readonly #full: Piece[] = []
  #fullBytes = 0

  constructor(options: EventWriterOptions) {
    this.#options = options
    this.#seq = options.begin
    this.#pageFrom = options.begin + 1
  }

  /** The number of the last event. */
  get latest(): number {
    return this.#seq
  }

  /** Bytes of events that `shift` has not removed yet. */
  get bytes(): number {
    return this.#fullBytes + this.#length
  }

  /** Makes the next event read the clock again, because something new has happened. */
  look(): void {
    this.#times = ''
  }

  // ---- events

  event(body: EventBody): void {
    this.look()
    this.#text(JSON.stringify(body).slice(1))
  }

  /** `as`: what the sender calls its receiver; `fromAs`: its name for the receiver, if that is not its own; then the message's JSON text. */
  messageSent(id: MessageId, from: NodeName, to: NodeName, as: string, { buffer, start, end }: Bytes, fromAs?: string): void {
    const sender = fromAs === undefined ? '' : `","fromAs":"${fromAs}`
    const receiver = to === as ? '' : `","toAs":"${as}`
    this.#bytes(buffer, start, end, '}', '"type":"message-sent","id":"', id, '","from":"', from, '","to":"', to, sender, receiver, '","message":')
  }

  messageHanded(id: MessageId): void {
    this.#ascii('"type":"message-handed","id":"', id, '"}')
  }

  messageTaken(id: MessageId, of: StepsOf, step: number): void {
    this.#ascii('"type":"message-taken","id":"', id, '",', of, String(step), '}')
  }

  timerFired(of: StepsOf, step: number, name: string, armed: number): void {
    this.#text(`"type":"timer-fired",${of}${step},"name":${JSON.stringify(name)},"armed":${armed}}`)
  }

  acted(of: StepsOf, step: number): void {
    this.#ascii('"type":"acted",', of, String(step), '}')
  }

  peerLost(of: StepsOf, step: number, peer: string): void {
    this.#text(`"type":"peer-lost",${of}${step},"peer":${JSON.stringify(peer)}}`)
  }

  operationInvoked(of: StepsOf, step: number, operation: OperationFrame, label: string): void {
    this.#text(`"type":"operation-invoked",${of}${step},"operation":${operationInputJson(operation)},"label":${JSON.stringify(label)}}`)
  }

  /** `report`: its JSON text as the node wrote it. */
  reported(of: StepsOf, step: number, { buffer, start, end }: Bytes): void {
    this.#bytes(buffer, start + 1, end, '', of, String(step), ',')
  }

  // ---- lines

  /** Appends JSON text of an event's body without its first brace. */
  #text(fields: string): void {
    // UTF-8 needs at most three bytes for each UTF-16 unit.
    this.#begin(fields.length * 3)
    this.#length += this.#page.write(fields, this.#length, 'utf8')
    this.#end()
  }

  /** Appends ASCII chunks. For frequent events: it builds no string and calls no encoder. */
  #ascii(...pieces: string[]): void {
    this.#begin(lengthOf(pieces))
    this.#layPieces(pieces)
    this.#end()
  }

  /** Appends ASCII chunks, then bytes of another buffer unchanged, and `tail`. */
  #bytes(source: Buffer, start: number, end: number, tail: '' | '}', ...pieces: string[]): void {
    this.#begin(lengthOf(pieces) + end - start)
    this.#layPieces(pieces)
    this.#length += source.copy(this.#page, this.#length, start, end)
    if (tail !== '') this.#page[this.#length++] = closingBrace
    this.#end()
  }

  /**
   * Appends the event's number and times, and reserves this many bytes. From here on the page contains the number, so nothing may throw before the
   * line is complete.
   */
  #begin(bytes: number): void {
    this.#seq++
    if (this.#times === '') {
      const { clock } = this.#options
      this.#times = `,"at":${clock.now()},"wall":${clock.wall()},`
    }
    this.#reserve(stampBytesMax + bytes)
    this.#layPiece('{"seq":')
    this.#layPiece(String(this.#seq))
    this.#layPiece(this.#times)
  }

  #end(): void {
    this.#page[this.#length++] = lineFeed
    this.#options.onEvent()
  }

  #layPieces(pieces: readonly string[]): void {
    for (const piece of pieces) this.#layPiece(piece)
  }

  /** Copies short ASCII in a loop, which is faster than a call into the engine. */
  #layPiece(piece: string): void {
    const page = this.#page
    let at = this.#length
    for (let index = 0; index < piece.length; index++) page[at++] = piece.charCodeAt(index)
    this.#length = at
  }

  // ---- pages

  /** Reserves room for the line of the event that has just got its number. */
  #reserve(bytes: number): void {
    if (this.#page.length - this.#length >= bytes) return
    this.#seal(this.#seq - 1)
    if (this.#page.length < bytes) this.#page = Buffer.allocUnsafeSlow(bytes)
  }

  /** Closes the page as a `Piece` that ends with this event. */
  #seal(last: number): void {
    if (this.#length === 0) return
    this.#full.push({ from: this.#pageFrom, count: last - this.#pageFrom + 1, bytes: this.#page.subarray(0, this.#length) })
    this.#fullBytes += this.#length
    this.#pageFrom = last + 1
    this.#page = this.#pages.pop() ?? Buffer.allocUnsafeSlow(pageBytes)
    this.#length = 0
  }

  /** The oldest events that `shift` has not removed, at most one page; undefined if there are none. */
  first(): Piece | undefined {
    if (this.#full.length === 0) this.#seal(this.#seq)
    return this.#full[0]
  }

  /** Removes `piece`, the first, after it was stored. Returns false if it is gone, because `takeAll` came first. */
  shift(piece: Piece): boolean {
    if (this.#full[0] !== piece) return false
    this.#full.shift()
    this.#fullBytes -= piece.bytes.length
    return true
  }

  /** Removes and returns all remaining events, the oldest first. */
  takeAll(): Piece[] {
    this.#seal(this.#seq)
    this.#fullBytes = 0
    return this.#full.splice(0)
  }

  /** Reuses the page of a `Piece` that is no longer read. */
  giveBack({ bytes: { buffer } }: Piece): void {
    if (buffer.byteLength === pageBytes && this.#pages.length < pagesKeptMax) this.#pages.push(Buffer.from(buffer, 0, pageBytes))
  }
}

function lengthOf(pieces: readonly string[]): number {
  let length = 0
  for (const piece of pieces) length += piece.length
  return length
}
