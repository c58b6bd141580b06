// The set of visited states, as 64-bit fingerprints in an open-addressing table: 8 bytes each, at most four fifths full, then doubled.
// Two states with the same fingerprint count as one: with a hundred million states the odds of that are about one in four thousand.

const initialPlaces = 1 << 16
const fullest = 0.8

export class Fingerprints {
  #table = new Int32Array(initialPlaces * 2)
  #mask = initialPlaces - 1
  #count = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#table.byteLength
  }

  /** Adds a fingerprint; false if it was in the set. */
  add(low: number, high: number): boolean {
    // 0 0 marks a free place.
    const own = low === 0 && high === 0 ? 1 : low
    if (!this.#put(own, high)) return false
    this.#count++
    if (this.#count > (this.#mask + 1) * fullest) this.#grow()
    return true
  }

  #put(low: number, high: number): boolean {
    const table = this.#table
    for (let place = (low ^ (high >>> 3)) & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = place * 2
      const [there, thereHigh] = [table[at] as number, table[at + 1] as number]
      if (there === 0 && thereHigh === 0) {
        table[at] = low
        table[at + 1] = high
        return true
      }
      if (there === low && thereHigh === high) return false
    }
  }

  #grow(): void {
    const before = this.#table
    this.#table = new Int32Array(before.length * 2)
    this.#mask = this.#mask * 2 + 1
    for (let at = 0; at < before.length; at += 2) {
      const [low, high] = [before[at] as number, before[at + 1] as number]
      if (low !== 0 || high !== 0) this.#put(low, high)
    }
  }
}
