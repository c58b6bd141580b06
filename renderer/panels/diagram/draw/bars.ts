// Operations as bars on the lanes of their clients: the request and its outcome. The right end is open while the outcome is not known
// (forever, if it stays unknown); the outline is dashed if the operation failed. Pure.
import { isRelated } from '../causality'
import { barState, type OperationBars } from '../model/operation-bars'
import { placeOfX } from '../scale'
import { roundBox, type Sketch } from './sketch'

/** Bars narrower than this have no outline and no text. */
const leastPx = 3
/** Small bars closer than this are drawn as one. */
const crowdPx = 2

export function drawOperations(sketch: Sketch): void {
  for (const [lane, bars] of sketch.model.operations.entries()) {
    if (bars.spans.length > 0 && !sketch.isHidden[lane]) drawLane(sketch, lane, bars)
  }
}

function drawLane(sketch: Sketch, lane: number, bars: OperationBars): void {
  const { large, small, rows, isCrowded } = barsInView(sketch, bars)
  const height = Math.min(16, (sketch.laneHeight - 6) / rows)
  const top = (sketch.y[lane] ?? 0) - height * rows / 2
  const boxes: number[] = []
  for (const { x, width, row } of small) boxes.push(x, top + row * height + height * 0.2, width, height * 0.6)
  sketch.pen.boxes(boxes, { colour: 'fg3', alpha: isCrowded ? 0.8 : 0.6 })
  const nextBegin = new Map<number, number>()
  for (const bar of large.toReversed()) {
    const row = bars.row[bar] ?? 0
    drawBar(sketch, bars, bar, top + row * height, height, nextBegin.get(row) ?? sketch.scale.right)
    nextBegin.set(row, sketch.x(bars.spans.begin(bar)))
  }
}

interface SmallBar {
  readonly x: number
  readonly width: number
  readonly row: number
  /** The bar, if it is drawn alone; -1 for several drawn as one. */
  readonly bar: number
}

export interface BarsInView {
  /** Bars that are wide enough for an outline. */
  readonly large: readonly number[]
  readonly small: readonly SmallBar[]
  /** Number of rows that the bars need. */
  readonly rows: number
  /** Some bars overlap and are drawn as one. */
  readonly isCrowded: boolean
}

export function barsInView({ model, scale, x, first, last, tailX }: Sketch, bars: OperationBars): BarsInView {
  const { spans } = bars
  const large: number[] = []
  const small: { x: number; width: number; row: number; bar: number }[] = []
  const isWide = (bar: number): boolean => (spans.end(bar) > model.latest ? tailX : x(spans.end(bar))) - x(spans.begin(bar)) >= leastPx
  let rows = 1
  let isCrowded = false
  const begin = spans.firstFrom(first)
  // The few bars that began before the view and reach into it; they are found by their ends.
  spans.forEachIn(first, first - 1, (bar) => void large.push(bar))
  for (let bar = begin; bar < spans.length && spans.begin(bar) <= last; bar++) {
    const row = bars.row[bar] ?? 0
    const from = x(spans.begin(bar))
    const end = spans.end(bar) > model.latest ? tailX : x(spans.end(bar))
    if (end - from >= leastPx) {
      large.push(bar)
      continue
    }
    const before = small.at(-1)
    if (!before || from > before.x + before.width + crowdPx) {
      small.push({ x: from, width: Math.max(1, end - from), row, bar })
      rows = Math.max(rows, row + 1)
      continue
    }
    // Several bars within a few px are drawn as one, in whatever rows: it grows, and the search continues at the next px.
    isCrowded = true
    before.bar = -1
    before.width = Math.max(before.width, end - before.x)
    const seq = model.places.seqAt(placeOfX(scale, Math.max(from, before.x + before.width) + crowdPx / 2), scale.axis, scale.isFolded)
    const next = Math.max(bar + 1, spans.firstFrom(seq))
    // A wide bar that begins among the skipped ones is found by its end.
    if (next > bar + 1) spans.forEachIn(seq, seq - 1, (other) => void (other > bar && isWide(other) && large.push(other)))
    bar = next - 1
  }
  for (const bar of large) rows = Math.max(rows, (bars.row[bar] ?? 0) + 1)
  return { large, small, rows, isCrowded }
}

/** `room`: where the next bar of its row begins; the text may extend that far beyond a short bar. */
function drawBar(sketch: Sketch, bars: OperationBars, bar: number, y: number, height: number, room: number): void {
  const { pen, model, scale, x, tailX, cone, selected, hits, labels } = { ...sketch, labels: sketch.model.labels }
  const begin = bars.spans.begin(bar)
  const end = bars.spans.end(bar)
  const state = bars.state[bar] ?? barState.waiting
  const isOpen = state === barState.waiting || state === barState.unknown
  const left = Math.max(scale.left - 6, x(begin))
  const right = Math.min(scale.right + 6, end > model.latest ? tailX : x(end))
  const isSelected = selected > 0 && (selected === begin || selected === end)
  const isFaded = cone !== null && cone.chain.size > 1 && !isSelected && !cone.chain.has(begin) && !cone.chain.has(end)
  const isNear = isFaded && (isRelated(cone, model, begin) || isRelated(cone, model, Math.min(end, model.latest)))
  const draw = (): void => {
    pen.shape(roundBox(right - left, height - 1, 3, isOpen), left, y + 0.5, {
      fill: { colour: 'raise' },
      line: { colour: isSelected ? 'accent' : 'line2', width: isSelected ? 2 : 1, ...(state === barState.failed ? { dash: [3, 2] } : {}) },
    })
    hits.box(left, y, Math.max(4, right - left), height, begin)
    if (height < 11) return
    const what = labels.text(bars.what[bar] ?? 0)
    const outcome = labels.text(bars.outcome[bar] ?? 0)
    const text = outcome === '' ? what : `${what} → ${outcome}`
    const at = Math.max(left, scale.left) + 5
    const space = Math.max(right, Math.min(room, scale.right)) - at - 6
    pen.text(at, y + height / 2 + 4, shortened(sketch, text, space), { colour: 'fg', hasRim: true })
  }
  if (isFaded) pen.faded(isNear ? 0.6 : 0.35, draw)
  else draw()
}

export function shortened({ measure }: Pick<Sketch, 'measure'>, text: string, space: number): string {
  if (space < 18) return ''
  if (measure(text, 400) <= space) return text
  const letters = Math.floor(text.length * space / measure(text, 400)) - 1
  return letters < 3 ? '' : `${text.slice(0, letters)}…`
}
