// The cluster time of every so-manieth event of a whole session, and the events that people travel to: what moving about in a session
// needs of the events that are not held. Pure. Some bytes for each thousand events.
import type { TraceEvent } from '../../src/trace'
import { isFailure, isViewChange } from '../shell/travel'

/** Events between two times that are kept. */
export const timeEvents = 1024
/** Failures and view changes that are kept of each; the first ones, as nobody walks through more. */
const stopsMax = 100_000

export class TimeIndex {
  /** `#times[index]`: that of event `index * timeEvents + 1`. */
  readonly #times: number[] = []
  readonly #failures: number[] = []
  readonly #views: number[] = []
  #count = 0
  #last = 0

  /** Takes each event of the session once, in order. */
  take(event: TraceEvent): void {
    if (this.#count % timeEvents === 0) this.#times.push(event.at)
    this.#count++
    this.#last = event.at
    if (isFailure(event) && this.#failures.length < stopsMax) this.#failures.push(event.seq)
    if (isViewChange(event) && this.#views.length < stopsMax) this.#views.push(event.seq)
  }

  get failures(): readonly number[] { return this.#failures }
  get views(): readonly number[] { return this.#views }

  /** Cluster time of the newest event; 0 before the first. */
  get last(): number { return this.#last }

  /** Of an event that is not held: the time of the last one before it that is known. */
  timeNear(seq: number): number {
    return this.#times[Math.floor(Math.max(0, seq - 1) / timeEvents)] ?? 0
  }

  /**
   * seq of the last event at or before a cluster time; 0 when all are later. Exact where `atOf` knows the times of the events near it,
   * else the last one that is known to be early enough. Time never goes back along the events.
   */
  seqAt(micros: number, atOf: (seq: number) => number | undefined): number {
    const block = before(this.#times.length, (index) => (this.#times[index] as number) <= micros)
    if (block === 0) return 0
    const from = (block - 1) * timeEvents + 1
    const count = Math.min(timeEvents, this.#count - from + 1)
    return from + before(count, (index) => index === 0 || (atOf(from + index) ?? Infinity) <= micros) - 1
  }
}

/** How many of `count` things, of which the first ones pass, pass. */
function before(count: number, passes: (index: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (passes(middle)) low = middle + 1
    else high = middle
  }
  return low
}
