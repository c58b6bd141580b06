// Lowe's memo for the search: the configurations (which operations are linearized, and what the key then holds) that were already tried.
// Typed arrays of bounded size. It must never evict: when full it takes no new entries, which makes a search slower but not wrong.

/** The most bytes that the memo of one search takes. */
export const memoBytesMax = 64 * 1024 * 1024

/** Limits in 32-bit words, for entries and for slots. While an array doubles, the old and the new one take one and a half times its size. */
const entryWordsMax = memoBytesMax / 4 / 2
const slotsMax = memoBytesMax / 4 / 8

export class Configurations {
  readonly #countMax: number
  /** Entries one after another: hash, number of words, words. */
  #entries = new Int32Array(1024)
  #end = 0
  /** Offsets of entries + 1, by hash; 0: free. The length is a power of two; at most half of it is used. */
  #slots = new Int32Array(1024)
  #count = 0

  constructor(countMax: number) {
    this.#countMax = Math.min(countMax, slotsMax / 2)
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#entries.byteLength + this.#slots.byteLength
  }

  /** True if the configuration of the first `length` words is new, or if the memo is full and lacks it. While there is room it is added. */
  add(hash: number, words: Int32Array, length: number): boolean {
    let slot = this.#slotOf(hash)
    for (let entry = this.#slots[slot] as number; entry !== 0; entry = this.#slots[slot] as number) {
      if (this.#isAt(entry - 1, hash, words, length)) return false
      slot = (slot + 1) & (this.#slots.length - 1)
    }
    const end = this.#end + length + 2
    if (this.#count >= this.#countMax || end > entryWordsMax) return true
    if (end > this.#entries.length) this.#grow(end)
    this.#entries[this.#end] = hash
    this.#entries[this.#end + 1] = length
    this.#entries.set(words.subarray(0, length), this.#end + 2)
    this.#slots[slot] = this.#end + 1
    this.#end = end
    this.#count++
    if (this.#count * 2 > this.#slots.length) this.#rehash()
    return true
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1)
  }

  #isAt(at: number, hash: number, words: Int32Array, length: number): boolean {
    if (this.#entries[at] !== hash || this.#entries[at + 1] !== length) return false
    for (let word = 0; word < length; word++) if (this.#entries[at + 2 + word] !== words[word]) return false
    return true
  }

  #grow(least: number): void {
    const next = new Int32Array(Math.min(entryWordsMax, Math.max(least, this.#entries.length * 2)))
    next.set(this.#entries)
    this.#entries = next
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let at = 0; at < this.#end; at += (this.#entries[at + 1] as number) + 2) {
      let slot = this.#slotOf(this.#entries[at] as number)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1)
      this.#slots[slot] = at + 1
    }
  }
}
