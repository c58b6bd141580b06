// The places of labels in a picture, so that no label covers another. The first label to claim a place gets it. Pure.

/** Least vertical distance between labels, in px. */
const lineHeight = 13
const gap = 6

export class Words {
  readonly #taken: { readonly x: number; readonly y: number; readonly width: number }[] = []

  /** Claims a place: left, baseline and width in px; returns false and claims nothing if a label is there. `apart`: px kept free beside it. */
  claim(x: number, y: number, width: number, apart = 0): boolean {
    const isNear = this.#taken.some((other) => Math.abs(other.y - y) < lineHeight && x < other.x + other.width + gap + apart && other.x < x + width + gap + apart)
    if (!isNear) this.#taken.push({ x, y, width })
    return !isNear
  }
}
