// Lowe's memory for the search: configurations (which operations have their place, and what the key holds then) that were tried already.
// In typed arrays with a bound; when it is full it forgets nothing and takes no more, which makes a search slower and never wrong.

/** Bytes that one search's memory takes at most. */
export const memoBytesMax = 64 * 1024 * 1024

export class Configurations {
  readonly #width: number
  readonly #countMax: number
  /** Entries one behind another, `#width` words each, the hash first. */
  #entries: Int32Array
  /** Places of entries + 1 by hash; 0: free. A power of two long, at most half full. */
  #slots = new Int32Array(1024)
  #count = 0

  /** `words` of each configuration, all of the same length. */
  constructor(words: number, countMax: number) {
    this.#width = words + 1
    // An entry, and its slots while they double.
    this.#countMax = Math.max(0, Math.min(countMax, Math.floor(memoBytesMax / ((this.#width + 8) * 4))))
    this.#entries = new Int32Array(this.#width * Math.min(256, Math.max(1, this.#countMax)))
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#entries.byteLength + this.#slots.byteLength
  }

  /** True if this configuration is new (or there is no room to know); it is known from then on. */
  add(hash: number, words: Int32Array): boolean {
    let slot = this.#slotOf(hash)
    for (let entry = this.#slots[slot] as number; entry !== 0; entry = this.#slots[slot] as number) {
      if (this.#isAt((entry - 1) * this.#width, hash, words)) return false
      slot = (slot + 1) & (this.#slots.length - 1)
    }
    if (this.#count >= this.#countMax) return true
    const at = this.#count * this.#width
    if (at + this.#width > this.#entries.length) this.#grow()
    this.#entries[at] = hash
    this.#entries.set(words, at + 1)
    this.#slots[slot] = ++this.#count
    if (this.#count * 2 > this.#slots.length) this.#rehash()
    return true
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1)
  }

  #isAt(at: number, hash: number, words: Int32Array): boolean {
    if (this.#entries[at] !== hash) return false
    for (let word = 0; word < words.length; word++) if (this.#entries[at + 1 + word] !== words[word]) return false
    return true
  }

  #grow(): void {
    const next = new Int32Array(Math.min(this.#entries.length * 2, this.#countMax * this.#width))
    next.set(this.#entries)
    this.#entries = next
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let entry = 0; entry < this.#count; entry++) {
      let slot = this.#slotOf(this.#entries[entry * this.#width] as number)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1)
      this.#slots[slot] = entry + 1
    }
  }
}
