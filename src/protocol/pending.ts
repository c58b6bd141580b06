// Operations that a primary has numbered and forwarded, and that some backup has not yet acked; in sequence order.
// A ring buffer without gaps: the sequence number gives the slot of an operation, so an ack finds it without a search.
// Slots and the clients' marks are reused.
import type { ClientId, Request } from './messages'
import type { NodeName } from './view'

/** A request and the nodes to answer. */
export interface Asked {
  /** The node that sent it first. */
  readonly from: NodeName
  /** Nodes that sent it again since, the newest last: a client that reconnects has another name here. */
  readonly also: readonly NodeName[]
  readonly request: Request
}

export interface PendingOperation extends Asked {
  readonly seq: number
}

/** The limit of `also`: the newest senders are kept. */
export const alsoAskedMax = 3
export const nobodyElse: readonly NodeName[] = []

/** The request with one more sender to answer; the same object if that sender is listed already. */
export function askedAgain<One extends Asked>(asked: One, from: NodeName): One {
  if (asked.from === from || asked.also.includes(from)) return asked
  return { ...asked, also: [...asked.also, from].slice(-alsoAskedMax) }
}

/** All nodes to answer. */
export function askersOf({ from, also }: Asked): readonly NodeName[] {
  return also.length === 0 ? [from] : [from, ...also]
}

/** The highest forwarded request of a client, and its sequence number. It is in flight until that number is executed. */
interface Mark {
  requestId: number
  seq: number
}

/** Slots of a new ring; doubled when all are full. */
const placesAtFirst = 64
/** Marks of clients with nothing in flight are removed when there are more marks than this, and more than twice the pending operations. */
const sweptAfter = 1024

export class PendingOperations {
  /** The slots; their count is a power of two. The slot of an operation is its sequence number modulo that count. */
  #places: (PendingOperation | undefined)[] = new Array<undefined>(placesAtFirst).fill(undefined)
  /** The sequence number of the first operation, and that after the last. */
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

  /** True for a copy of a request that is in flight, whose sender will be answered too, and for an older request of the same client. */
  takesCopy(clientId: ClientId, requestId: number, from: NodeName): boolean {
    const mark = this.#marks.get(clientId)
    if (mark === undefined || mark.seq < this.#front || requestId > mark.requestId) return false
    const pending = requestId === mark.requestId ? this.at(mark.seq) : undefined
    // Replaced, not changed: a copy of this ring may share the old object.
    if (pending) this.#places[mark.seq & (this.#places.length - 1)] = askedAgain(pending, from)
    return true
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
