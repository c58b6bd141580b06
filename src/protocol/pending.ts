// Operations that a primary has numbered and forwarded, and that some backup has not yet acked; in sequence order.
// A queue without holes: the place of an operation follows from its sequence number, so an ack finds it without a search.
import type { ClientId, Request } from './messages'
import type { NodeName } from './view'

export interface PendingOperation {
  readonly seq: number
  /** Who is to be answered. */
  readonly from: NodeName
  readonly request: Request
}

/** Empty places at the front are given back when there are more than this many and than there are operations. */
const compactAfter = 1024

export class PendingOperations {
  #items: PendingOperation[] = []
  #front = 0
  /** The highest request of each client that is in flight, to drop copies of it. */
  readonly #inFlight = new Map<ClientId, number>()

  get length(): number {
    return this.#items.length - this.#front
  }

  get first(): PendingOperation | undefined {
    return this.#items[this.#front]
  }

  /** The operation must carry the sequence number after the last one in the queue. */
  push(pending: PendingOperation): void {
    this.#items.push(pending)
    this.#inFlight.set(pending.request.clientId, pending.request.requestId)
  }

  shift(): PendingOperation | undefined {
    const first = this.#items[this.#front]
    if (first === undefined) return undefined
    this.#front++
    const { clientId, requestId } = first.request
    if (this.#inFlight.get(clientId) === requestId) this.#inFlight.delete(clientId)
    if (this.#front > compactAfter && this.#front > this.length) {
      this.#items = this.#items.slice(this.#front)
      this.#front = 0
    }
    return first
  }

  at(seq: number): PendingOperation | undefined {
    const first = this.first
    return first === undefined || seq < first.seq ? undefined : this.#items[this.#front + seq - first.seq]
  }

  /** True for a copy of a request that is in flight, and for an older request of the same client. */
  has(clientId: ClientId, requestId: number): boolean {
    const highest = this.#inFlight.get(clientId)
    return highest !== undefined && requestId <= highest
  }

  copy(): PendingOperations {
    const copy = new PendingOperations()
    copy.#items = this.#items.slice(this.#front)
    for (const [clientId, requestId] of this.#inFlight) copy.#inFlight.set(clientId, requestId)
    return copy
  }

  clear(): void {
    this.#items = []
    this.#front = 0
    this.#inFlight.clear()
  }

  *[Symbol.iterator](): Generator<PendingOperation> {
    for (let at = this.#front; at < this.#items.length; at++) yield this.#items[at] as PendingOperation
  }
}
