// Draws message density when there are too many messages for single lines. For each column of px it shows how many messages cross between
// lanes, where messages are lost, and which lanes send pings. It counts arrows while a column holds few events, else blocks of events;
// each message counts once. Pure.
import { fate, type Arrows } from '../model/arrows'
import { counted } from '../model/density'
import { placeOfX } from '../scale'
import type { Token } from './pen'
import type { Sketch } from './sketch'

/** Width of a column in px. */
const columnPx = 2
/** Opacity by number of messages: from one message on, each step is four times as many. */
const alphas = [0.12, 0.2, 0.3, 0.42, 0.56, 0.72] as const

export interface DenseWhat {
  readonly crossing: boolean
  readonly beats: boolean
  readonly comb: boolean
}

/** Counts for every column and lane. */
class Columns {
  readonly columns: number
  readonly #lanes: number
  readonly crossing: Int32Array
  readonly lost: Int32Array
  readonly pings: Int32Array

  constructor(columns: number, lanes: number) {
    this.columns = columns
    this.#lanes = lanes
    this.crossing = new Int32Array(columns * lanes)
    this.lost = new Int32Array(columns * lanes)
    this.pings = new Int32Array(columns * lanes)
  }

  at(column: number, lane: number): number {
    return column * this.#lanes + lane
  }
}

export function drawDense(sketch: Sketch, what: DenseWhat): void {
  const { model, scale } = sketch
  const count = Math.max(1, Math.ceil((scale.right - scale.left) / columnPx))
  const columns = new Columns(count, model.lanes.length)
  const eventsPerColumn = (sketch.last - sketch.first) / count
  const level = model.density.levelFor(eventsPerColumn)
  if (level < 0) {
    if (what.crossing) countArrows(sketch, model.arrows, columns, 'crossing')
    if (what.beats || what.comb) countArrows(sketch, model.beats, columns, what.beats ? 'crossing' : 'pings')
  } else countBlocks(sketch, level, columns, what)
  drawCrossings(sketch, columns)
  drawLost(sketch, columns)
  if (what.comb) drawComb(sketch, columns)
}

function countArrows(sketch: Sketch, arrows: Arrows, columns: Columns, into: 'crossing' | 'pings'): void {
  const { scale, x, first, last } = sketch
  for (let row = arrows.spans.firstFrom(first); row < arrows.length; row++) {
    const begin = arrows.spans.begin(row)
    if (begin > last) return
    const column = Math.floor((x(begin) - scale.left) / columnPx)
    if (column < 0 || column >= columns.columns) continue
    const from = arrows.from[row] ?? 0
    const to = arrows.to[row] ?? 0
    if (into === 'pings') {
      // Counts only pings, which go to the view server on lane 0, and not its answers.
      if (to === 0) add(columns.pings, columns.at(column, from), 1)
      continue
    }
    for (let lane = Math.min(from, to); lane < Math.max(from, to); lane++) add(columns.crossing, columns.at(column, lane), 1)
    if (arrows.fate[row] === fate.lost) add(columns.lost, columns.at(column, to), 1)
  }
}

function countBlocks({ model, scale, first, last, x }: Sketch, level: number, columns: Columns, what: DenseWhat): void {
  const { density } = model
  const end = density.blockOf(level, last - model.base - 1)
  for (let block = density.blockOf(level, Math.max(0, first - model.base - 1)); block <= end; block++) {
    // A block is no longer than a column, so it counts as a whole at its middle.
    const seq = model.base + 1 + density.firstIndex(level, block)
    const next = model.base + 1 + density.firstIndex(level, block + 1)
    const column = Math.floor(((x(seq) + x(Math.min(next, model.latest))) / 2 - scale.left) / columnPx)
    if (column < 0 || column >= columns.columns) continue
    for (const lane of model.lanes.keys()) {
      const at = columns.at(column, lane)
      if (what.crossing) {
        add(columns.crossing, at, density.count(level, block, lane, counted.crossing))
        add(columns.lost, at, density.count(level, block, lane, counted.lost))
      }
      if (what.beats) add(columns.crossing, at, density.count(level, block, lane, counted.beats))
      if (what.comb) add(columns.pings, at, density.count(level, block, lane, counted.pings))
    }
  }
}

function add(counts: Int32Array, at: number, by: number): void {
  counts[at] = (counts[at] as number) + by
}

/** Draws boxes between lanes; adjacent columns of one shade are one box. */
function drawCrossings({ pen, model, scale, y, isHidden }: Sketch, columns: Columns): void {
  const boxes: number[][] = alphas.map(() => [])
  for (let lane = 0; lane < model.lanes.length - 1; lane++) {
    if (isHidden[lane] && isHidden[lane + 1]) continue
    // Rounded to whole px, because a box with blurred edges is slower to draw.
    const [top, bottom] = [Math.round((y[lane] ?? 0) + 3), Math.round((y[lane + 1] ?? 0) - 3)]
    for (let column = 0; column < columns.columns;) {
      const shade = shadeOf(columns.crossing[columns.at(column, lane)] as number)
      const begin = column
      do column++
      while (column < columns.columns && shadeOf(columns.crossing[columns.at(column, lane)] as number) === shade)
      if (shade >= 0) boxes[shade]?.push(scale.left + begin * columnPx, top, (column - begin) * columnPx, bottom - top)
    }
  }
  const colour: Token = 'msg'
  for (const [shade, alpha] of alphas.entries()) pen.boxes(boxes[shade] ?? [], { colour, alpha })
}

function shadeOf(count: number): number {
  if (count <= 0) return -1
  return Math.min(alphas.length - 1, Math.floor(Math.log2(count) / 2))
}

/** Draws a cross at the receiver's lane for each few px in which a message to it was lost. */
function drawLost({ pen, model, scale, y, isHidden, hits }: Sketch, columns: Columns): void {
  const crosses: number[] = []
  const apart = 10 / columnPx
  for (const lane of model.lanes.keys()) {
    if (isHidden[lane]) continue
    for (let column = 0; column < columns.columns; column++) {
      if ((columns.lost[columns.at(column, lane)] as number) === 0) continue
      const [x, at] = [scale.left + (column + 0.5) * columnPx, (y[lane] ?? 0) - 9]
      crosses.push(x - 3, at - 3, x + 3, at + 3, x - 3, at + 3, x + 3, at - 3)
      hits.point(x, at, 5, Math.max(1, model.places.seqAt(placeOfX(scale, x), scale.axis, scale.isFolded)))
      column += apart
    }
  }
  pen.lines(crosses, { colour: 'lost', width: 1.8, isRound: true })
}

function drawComb({ pen, model, scale, y, isHidden }: Sketch, columns: Columns): void {
  const boxes: number[] = []
  for (const lane of model.lanes.keys()) {
    if (isHidden[lane]) continue
    for (let column = 0; column < columns.columns;) {
      const begin = column
      while (column < columns.columns && (columns.pings[columns.at(column, lane)] as number) > 0) column++
      if (column > begin) boxes.push(scale.left + begin * columnPx, (y[lane] ?? 0) + 7, (column - begin) * columnPx, 4)
      else column++
    }
  }
  pen.boxes(boxes, { colour: 'fg3', alpha: 0.55 })
}

/** Folded heartbeats: one tick under the sender's lane for each ping, a small cross for a lost one. A gap shows a missing ping. */
export function drawTicks(sketch: Sketch): void {
  const { pen, model, x, y, isHidden, scale, hits, first, last } = sketch
  const { beats } = model
  const ticks: number[] = []
  const crosses: number[] = []
  for (let row = beats.spans.firstFrom(first); row < beats.length; row++) {
    const begin = beats.spans.begin(row)
    if (begin > last) break
    const from = beats.from[row] ?? 0
    if (beats.to[row] !== 0 || isHidden[from]) continue
    const [at, top] = [x(begin), (y[from] ?? 0) + 7]
    if (at < scale.left - 2) continue
    if (beats.fate[row] === fate.lost) crosses.push(at - 2.5, top, at + 2.5, top + 5, at - 2.5, top + 5, at + 2.5, top)
    else ticks.push(at, top, at, top + 5)
    hits.point(at, top + 3, 4, begin)
  }
  pen.lines(ticks, { colour: 'fg3', width: 1.5, alpha: 0.75 })
  pen.lines(crosses, { colour: 'lost', width: 1.4 })
}
