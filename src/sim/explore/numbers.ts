// A list of 32-bit numbers that grows without copying, in pages of typed arrays.

const pageLength = 1 << 18

export class Numbers {
  readonly #pages: Int32Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  get bytes(): number {
    return this.#pages.length * pageLength * Int32Array.BYTES_PER_ELEMENT
  }

  push(value: number): void {
    if (this.#length % pageLength === 0) this.#pages.push(new Int32Array(pageLength))
    const page = this.#pages[this.#pages.length - 1] as Int32Array
    page[this.#length % pageLength] = value
    this.#length++
  }

  at(index: number): number {
    return (this.#pages[Math.floor(index / pageLength)] as Int32Array)[index % pageLength] as number
  }
}
