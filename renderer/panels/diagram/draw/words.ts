// Where words stand in a picture, so that none is written over another. The first that asks for a place has it. Pure.

/** Px that lines of words keep from one another. */
const lineHeight = 13
const gap = 6

export class Words {
  readonly #taken: { readonly x: number; readonly y: number; readonly width: number }[] = []

  /** Takes a place: left, baseline and width in px; false, and nothing is taken, if words stand there. `apart`: px that it keeps beside it. */
  claim(x: number, y: number, width: number, apart = 0): boolean {
    const isNear = this.#taken.some((other) => Math.abs(other.y - y) < lineHeight && x < other.x + other.width + gap + apart && other.x < x + width + gap + apart)
    if (!isNear) this.#taken.push({ x, y, width })
    return !isNear
  }
}
