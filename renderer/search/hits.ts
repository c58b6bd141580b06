// The events that a search has found so far, in order. The list grows in slices as events are tested. Pure.

/** Tests whether an event is wanted. */
export interface Wanted { test(seq: number): boolean }

export class Hits {
  readonly #wanted: Wanted
  #seqs: number[] = []
  #taken: number

  /** `first`: the first event to test. */
  constructor(wanted: Wanted, first: number) {
    this.#wanted = wanted
    this.#taken = first - 1
  }

  get count(): number {
    return this.#seqs.length
  }

  /** The last tested event. */
  get taken(): number {
    return this.#taken
  }

  /** Tests up to `count` more events; returns whether any are left up to `latest`. */
  advance(latest: number, count: number): boolean {
    const end = Math.min(latest, this.#taken + count)
    while (this.#taken < end) if (this.#wanted.test(++this.#taken)) this.#seqs.push(this.#taken)
    return this.#taken < latest
  }

  /** Drops hits before `first`: those events are no longer in memory. */
  dropBefore(first: number): void {
    this.#seqs = this.#seqs.slice(this.upTo(first - 1))
    this.#taken = Math.max(this.#taken, first - 1)
  }

  /** Number of hits at or before an event. */
  upTo(seq: number): number {
    let low = 0
    let high = this.#seqs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#seqs[middle] as number) <= seq) low = middle + 1
      else high = middle
    }
    return low
  }

  /** True if the event is a hit; an event that was not tested yet is tested now. */
  has(seq: number): boolean {
    return seq > this.#taken ? this.#wanted.test(seq) : this.#seqs[this.upTo(seq) - 1] === seq
  }

  /** The nearest hit after (`by` 1) or before (`by` -1) an event; undefined without one. */
  nearest(seq: number, by: 1 | -1): number | undefined {
    return by === 1 ? this.#seqs[this.upTo(seq)] : this.#seqs[this.upTo(seq - 1) - 1]
  }
}
