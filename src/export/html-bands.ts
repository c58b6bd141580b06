// Splits a tall picture into bands, one below the other: on a screen they join without a seam, on paper a page can end between two of them.
// What crosses an edge is drawn in both bands. It must never lose a part: each is in every band that it touches.

/** The room on a landscape page in CSS pixels, the smaller of A4 and Letter, so that a band fits either. */
const paper = { width: 1047, height: 718 }
/** The heights of the heading above the first band, and of the names above each other band. */
const headingHeight = 190
const namesHeight = 36
/** How far below its last row a band ends: between the text of that row and the text of the next. */
export const edgeBelow = 7
/** How far something drawn at a height reaches above and below it. */
const reachUp = 9
const reachDown = 4

export interface Band {
  readonly fromY: number
  readonly toY: number
  readonly parts: readonly string[]
}

export class Bands {
  readonly #parts: string[][] = []
  readonly #firstEdge: number
  readonly #height: number

  /** For a picture of at least this width: paper shrinks one that is wider, so that more rows fit. */
  constructor(top: number, rowHeight: number, width: number) {
    const smaller = Math.max(1, width / paper.width)
    const rowsIn = (height: number): number => Math.max(1, Math.floor(height / rowHeight))
    this.#firstEdge = top + rowsIn((paper.height - headingHeight) * smaller - top - edgeBelow) * rowHeight + edgeBelow
    this.#height = rowsIn(paper.height * smaller - namesHeight - edgeBelow) * rowHeight
  }

  /** The index of the band at a height. */
  at(y: number): number {
    return y < this.#firstEdge ? 0 : 1 + Math.floor((y - this.#firstEdge) / this.#height)
  }

  /** Adds a part to every band that it touches. Returns how often it is then in the file. */
  add(part: string, fromY: number, toY: number): number {
    const [first, last] = [this.at(Math.min(fromY, toY) - reachUp), this.at(Math.max(fromY, toY) + reachDown)]
    for (let band = first; band <= last; band++) this.#push(band, part)
    return last - first + 1
  }

  /** Adds a part to the bands that it crosses before the band where it ends. Returns how many characters that takes. */
  addThrough(part: string, fromY: number, endY: number): number {
    const [first, end] = [this.at(fromY), this.at(endY)]
    for (let band = first; band < end; band++) this.#push(band, part)
    return Math.max(0, end - first) * part.length
  }

  /** All bands, down to a height. */
  *cut(bottom: number): Generator<Band> {
    const last = Math.max(this.#parts.length - 1, this.at(bottom - 1))
    for (let band = 0; band <= last; band++) {
      const fromY = band === 0 ? 0 : this.#firstEdge + (band - 1) * this.#height
      const toY = Math.min(Math.max(bottom, fromY + 1), this.#firstEdge + band * this.#height)
      yield { fromY, toY, parts: this.#parts[band] ?? [] }
    }
  }

  #push(band: number, part: string): void {
    while (this.#parts.length <= band) this.#parts.push([])
    this.#parts[band]?.push(part)
  }
}

/** The widest diagram whose text is still readable on a landscape page. */
const readableWidth = 1250
/** How far the labels of the last lane reach beyond it. */
export const lastLabels = 150
const laneWidthMax = 132
const laneWidthMin = 76

/** Lanes are as wide as the page allows. With more than a dozen or so they have the minimum width, and the page shrinks them. */
export function laneWidthOf(lanes: number, gutter: number): number {
  return Math.round(Math.min(laneWidthMax, Math.max(laneWidthMin, (readableWidth - gutter - lastLabels) / Math.max(1, lanes))))
}

/** The approximate width of a text at 10 px: more than most fonts need. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += (character.codePointAt(0) ?? 0) < 0x2e80 ? 6.2 : 10.5
  return width
}
