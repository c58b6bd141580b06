// A ring of the operations that are not linearized yet, in a given order. Taking one out and giving it back takes constant time, provided
// that operations are given back in the reverse order of taking (Knuth's dancing links).

export class Ring {
  /** The index after the last member and before the first. */
  readonly end: number
  readonly #next: Int32Array
  readonly #before: Int32Array
  readonly #isMember: Uint8Array

  /** `members`: indexes below `size`, in their order. */
  constructor(size: number, members: Iterable<number>) {
    this.end = size
    this.#next = new Int32Array(size + 1)
    this.#before = new Int32Array(size + 1)
    this.#isMember = new Uint8Array(size)
    let before = size
    for (const index of members) {
      this.#isMember[index] = 1
      this.#next[before] = index
      this.#before[index] = before
      before = index
    }
    this.#next[before] = size
    this.#before[size] = before
  }

  /** `end` if there is none. */
  get first(): number {
    return this.#next[this.end] as number
  }

  /** The member after `index`; also right after that one was given back. */
  after(index: number): number {
    return this.#next[index] as number
  }

  /** Takes a member out; an index that is no member has no effect. */
  take(index: number): void {
    if (this.#isMember[index] === 0) return
    const next = this.#next[index] as number
    const before = this.#before[index] as number
    this.#next[before] = next
    this.#before[next] = before
  }

  giveBack(index: number): void {
    if (this.#isMember[index] === 0) return
    this.#next[this.#before[index] as number] = index
    this.#before[this.#next[index] as number] = index
  }
}
