// Operations that a primary has numbered and forwarded, and that some backup has not yet acked; in sequence order.
// A ring without holes: the place of an operation follows from its sequence number, so an ack finds it without a search, and the
// ring's places and the clients' marks are used again and again.
import type { ClientId, Request } from './messages'
import type { NodeName } from './view'

export interface PendingOperation {
  readonly seq: number
  /** Who is to be answered. */
  readonly from: NodeName
  readonly request: Request
}

/** The highest request of a client that was forwarded, and its number: in flight until that is executed. */
interface Mark {
  requestId: number
  seq: number
}

/** Places of a new ring; doubled when they are full. */
const placesAtFirst = 64
/** Marks of clients with nothing in flight are swept when there are more of them than this and than half of all. */
const sweptAfter = 1024

export class PendingOperations {
  /** A power of two of them; an operation lies at its number modulo their count. */
  #places: (PendingOperation | undefined)[] = new Array<undefined>(placesAtFirst).fill(undefined)
  /** The number of the first operation, and of the one after the last. */
  #front = 0
  #end = 0
  readonly #marks = new Map<ClientId, Mark>()

  get length(): number {
    return this.#end - this.#front
  }

  get first(): PendingOperation | undefined {
    return this.at(this.#front)
  }

  /** The operation must carry the sequence number after the last one in the ring. */
  push(pending: PendingOperation): void {
    if (this.length === 0) this.#front = this.#end = pending.seq
    if (this.length === this.#places.length) this.#grow()
    this.#places[pending.seq & (this.#places.length - 1)] = pending
    this.#end++
    this.#mark(pending.request.clientId, pending.request.requestId, pending.seq)
  }

  #mark(clientId: ClientId, requestId: number, seq: number): void {
    const mark = this.#marks.get(clientId)
    if (mark) {
      mark.requestId = requestId
      mark.seq = seq
      return
    }
    if (this.#marks.size > sweptAfter && this.#marks.size > 2 * this.length) this.#sweep()
    this.#marks.set(clientId, { requestId, seq })
  }

  #sweep(): void {
    for (const [clientId, { seq }] of this.#marks) if (seq < this.#front) this.#marks.delete(clientId)
  }

  #grow(): void {
    const places = new Array<PendingOperation | undefined>(this.#places.length * 2).fill(undefined)
    for (const pending of this) places[pending.seq & (places.length - 1)] = pending
    this.#places = places
  }

  shift(): PendingOperation | undefined {
    if (this.length === 0) return undefined
    const place = this.#front++ & (this.#places.length - 1)
    const first = this.#places[place]
    this.#places[place] = undefined
    return first
  }

  at(seq: number): PendingOperation | undefined {
    return seq < this.#front || seq >= this.#end ? undefined : this.#places[seq & (this.#places.length - 1)]
  }

  /** True for a copy of a request that is in flight, and for an older request of the same client. */
  has(clientId: ClientId, requestId: number): boolean {
    const mark = this.#marks.get(clientId)
    return mark !== undefined && mark.seq >= this.#front && requestId <= mark.requestId
  }

  copy(): PendingOperations {
    const copy = new PendingOperations()
    for (const pending of this) copy.push(pending)
    return copy
  }

  clear(): void {
    this.#places = new Array<undefined>(placesAtFirst).fill(undefined)
    this.#front = this.#end = 0
    this.#marks.clear()
  }

  *[Symbol.iterator](): Generator<PendingOperation> {
    for (let seq = this.#front; seq < this.#end; seq++) yield this.#places[seq & (this.#places.length - 1)] as PendingOperation
  }
}
