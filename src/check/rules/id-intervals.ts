// Stores ids as intervals: ids grow by one and almost none is missing, so a few intervals hold any number of them.

/** The most intervals; beyond that the lowest are dropped, and the caller must say so. */
export const intervalsMax = 4096

export class IdIntervals {
  /** Sorted, apart from one another. */
  readonly #intervals: { low: number; high: number }[] = []
  /** Ids up to this one are not remembered any more. */
  forgottenUpTo = -1

  /** True if it was not there. */
  add(id: number): boolean {
    const at = this.#placeOf(id)
    const before = this.#intervals[at]
    if (before !== undefined && id <= before.high) return false
    const after = this.#intervals[at + 1]
    if (before?.high === id - 1) {
      before.high = id
      if (after?.low === id + 1) {
        before.high = after.high
        this.#intervals.splice(at + 1, 1)
      }
    } else if (after?.low === id + 1) after.low = id
    else this.#intervals.splice(at + 1, 0, { low: id, high: id })
    if (this.#intervals.length > intervalsMax) this.forgottenUpTo = this.#intervals.shift()?.high ?? this.forgottenUpTo
    return true
  }

  has(id: number): boolean {
    const found = this.#intervals[this.#placeOf(id)]
    return found !== undefined && id <= found.high
  }

  delete(id: number): void {
    const at = this.#placeOf(id)
    const found = this.#intervals[at]
    if (found === undefined || id > found.high) return
    const { low, high } = found
    this.#intervals.splice(at, 1, ...low < id ? [{ low, high: id - 1 }] : [], ...id < high ? [{ low: id + 1, high }] : [])
  }

  /** The greatest id that is not above this one; undefined if there is none. */
  atMost(id: number): number | undefined {
    const found = this.#intervals[this.#placeOf(id)]
    return found === undefined ? undefined : Math.min(id, found.high)
  }

  get intervals(): number {
    return this.#intervals.length
  }

  /** The last interval that begins at or below this id; -1 if none does. Nearly always it is the last of all. */
  #placeOf(id: number): number {
    const intervals = this.#intervals
    const last = intervals.length - 1
    if (last < 0 || (intervals[last] as { low: number }).low <= id) return last
    let [low, high] = [-1, last - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((intervals[middle] as { low: number }).low <= id) low = middle
      else high = middle - 1
    }
    return low
  }
}
