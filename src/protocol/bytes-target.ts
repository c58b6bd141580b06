// Bytes that others are copied into, a few at a time and very often: keys and values on their way into frames and pages.
// The engine's own copying makes an object for the part that is copied and costs a call, both of which take longer than so few bytes.

/** Up to here four bytes at a time are faster than the engine's own copying. */
const copiedInFours = 256

export class BytesTarget {
  readonly bytes: Uint8Array
  readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Copies the bytes of another place from `start` to before `end`, to `at` on. They may not overlap. */
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
