// A buffer for many small copies: keys and values that go into frames and pages.
// `Uint8Array.set` needs a subarray object and a call. For a few bytes both take longer than the copy itself.

/** Up to this many bytes, copying four at a time is faster than `Uint8Array.set`. */
const copiedInFours = 256

export class BytesTarget {
  readonly bytes: Uint8Array
  readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Copies the bytes of `source` from `start` to before `end`, to offset `at`. The two ranges must not overlap. */
  copy(source: Uint8Array, start: number, end: number, at: number): void {
    if (end - start > copiedInFours) this.bytes.set(source.subarray(start, end), at)
    else this.#copyInFours(source, start, end, at)
  }

  #copyInFours(source: Uint8Array, start: number, end: number, at: number): void {
    const fours = end - ((end - start) & 3)
    let from = start
    let to = at
    for (; from < fours; from += 4, to += 4) {
      const four = (source[from] as number) | ((source[from + 1] as number) << 8) | ((source[from + 2] as number) << 16) | ((source[from + 3] as number) << 24)
      this.view.setInt32(to, four, true)
    }
    for (; from < end; from++, to++) this.bytes[to] = source[from] as number
  }
}
