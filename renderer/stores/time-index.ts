// The cluster time of every `timeEvents`-th event of a session, and its failures and view changes: what time travel needs about events
// that are not in memory. Takes a few bytes per thousand events. Pure.
import type { TraceEvent } from '../../src/trace'
import { isFailure, isViewChange } from './travel'

/** Number of events between two stored times. */
export const timeEvents = 1024
/** Most failures, and most view changes; later ones are dropped, because nobody steps through more. */
const stopsMax = 100_000

export class TimeIndex {
  /** `#times[index]`: the time of event `index * timeEvents + 1`. */
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

  /** The approximate time of an event that is not in memory: the last stored time at or before it. */
  timeNear(seq: number): number {
    return this.#times[Math.floor(Math.max(0, seq - 1) / timeEvents)] ?? 0
  }

  /**
   * seq of the last event at or before a cluster time; 0 if all events are later. Exact if `atOf` knows the times of the events near it,
   * else the last event that is known to be early enough. The times of events must never decrease.
   */
  seqAt(micros: number, atOf: (seq: number) => number | undefined): number {
    const block = before(this.#times.length, (index) => (this.#times[index] as number) <= micros)
    if (block === 0) return 0
    const from = (block - 1) * timeEvents + 1
    const count = Math.min(timeEvents, this.#count - from + 1)
    return from + before(count, (index) => index === 0 || (atOf(from + index) ?? Infinity) <= micros) - 1
  }
}

/** The number of items that pass, by binary search; the passing items must be the first ones of `count`. */
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
