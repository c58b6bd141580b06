// The index of events: for each event its lane, its arrow, and the one event that caused it. The effects of a step are caused by its
// input, and a delivery by the sending; a timer and a person's act have no cause. Pure.
import { firstCapacity, grown } from './columns'

export const noLane = 255

/** Properties of an event, as bits. `drawn`: it has a mark of its own in the diagram. */
export const eventBit = { input: 1, drawn: 2, heartbeat: 4, sending: 8 } as const

export class EventIndex {
  readonly base: number
  #length = 0
  #lane = new Uint8Array(firstCapacity)
  #bits = new Uint8Array(firstCapacity)
  #cause = new Int32Array(firstCapacity)
  #arrow = new Int32Array(firstCapacity)

  constructor(base: number) {
    this.base = base
  }

  get latest(): number {
    return this.base + this.#length
  }

  /** `cause` 0: none. `arrow` -1: the event is about no message. */
  add(lane: number, bits: number, cause: number, arrow: number): void {
    const index = this.#length++
    if (index >= this.#lane.length) this.#grow(index * 2)
    this.#lane[index] = lane
    this.#bits[index] = bits
    this.#cause[index] = cause
    this.#arrow[index] = arrow
  }

  /** The lane of an event; `noLane` for an event of the network or the lab. */
  lane(seq: number): number {
    return this.#lane[seq - this.base - 1] ?? noLane
  }

  has(seq: number, bit: number): boolean {
    return ((this.#bits[seq - this.base - 1] ?? 0) & bit) !== 0
  }

  cause(seq: number): number {
    return this.#cause[seq - this.base - 1] ?? 0
  }

  arrow(seq: number): number {
    return this.#arrow[seq - this.base - 1] ?? -1
  }

  #grow(capacity: number): void {
    this.#lane = grown(this.#lane, capacity)
    this.#bits = grown(this.#bits, capacity)
    this.#cause = grown(this.#cause, capacity)
    this.#arrow = grown(this.#arrow, capacity)
  }
}
