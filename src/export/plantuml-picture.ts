// Estimates the size of a PlantUML picture: PlantUML cuts PNGs at a pixel limit without notice, so the diagram itself warns near the limit.
// Measured on PlantUML's pictures. It is only an estimate, so the warning comes a little early.
import { counted, grouped } from '../trace'
import type { Picture, Row } from './sequence'

/** PlantUML's limit in each direction, unless PLANTUML_LIMIT_SIZE changes it. */
export const pixelsMax = 4096
const around = 100
const arrowHeight = 29
const noteHeight = 39
/** How many pixels before the limit the warning comes: a few rows. */
const spare = 400
const characterWidth = 7.4
const besideText = 60
const laneWidthMin = 40

export class PlantumlPicture implements Picture {
  #height = around
  /** The width between each participant and the next. */
  readonly #gaps: number[] = []
  #rowsShown = 0
  #rows = 0
  #isSaid = false

  grew({ isArrow, between, says }: Row): string {
    this.#height += isArrow ? arrowHeight : noteHeight
    this.#widen(Math.min(...between), Math.max(...between), says.length * characterWidth + besideText)
    this.#rows++
    if (this.#height <= pixelsMax) this.#rowsShown = this.#rows
    if (this.#isSaid || this.#height < pixelsMax - spare) return ''
    this.#isSaid = true
    return `A PNG of PlantUML ends at ${grouped(pixelsMax)} pixels, a few rows below: what comes after them is drawn as SVG (plantuml -tsvg)`
  }

  get note(): string {
    const width = around + this.#gaps.reduce((sum, gap) => sum + Math.max(laneWidthMin, gap), 0)
    const isTall = this.#height > pixelsMax
    if (!isTall && width <= pixelsMax) return ''
    const shows = isTall ? ` and shows about ${Math.max(1, Math.floor(this.#rowsShown / this.#rows * 100))} % of ${counted(this.#rows, 'row')}` : ' and cuts its right side'
    return `Drawn, it is about ${grouped(Math.round(width))} by ${grouped(Math.round(this.#height))} pixels. A PNG of PlantUML ends at ${grouped(pixelsMax)}${shows}: draw it as SVG (plantuml -tsvg FILE), or choose a shorter range.`
  }

  /** Widens the gaps between two participants so that a text fits. */
  #widen(first: number, last: number, wanted: number): void {
    let has = 0
    for (let gap = first; gap < last; gap++) has += this.#gaps[gap] ??= laneWidthMin
    if (last > first && wanted > has) this.#gaps[last - 1] = (this.#gaps[last - 1] ?? 0) + wanted - has
  }
}
