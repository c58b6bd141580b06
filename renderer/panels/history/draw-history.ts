// Draws the history on the axis and view of the diagram: each client's operations as bars, a diamond where each may have taken effect, and
// in red an operation that cannot be linearized. Form and text must carry the meaning; colour must never be the only sign. Pure.
import { openEnd } from '../diagram/model/spans'
import { barState, type OperationBars } from '../diagram/model/operation-bars'
import { barsInView, shortened } from '../diagram/draw/bars'
import { Hits } from '../diagram/draw/hits'
import { drawGutter, drawLanes } from '../diagram/draw/lanes'
import { drawStandstills, drawViews } from '../diagram/draw/moments'
import type { MeasureText, Pen } from '../diagram/draw/pen'
import { drawAxis, drawVeil } from '../diagram/draw/scene'
import { margins, roundBox, type SceneInput, type Sketch } from '../diagram/draw/sketch'
import { Words } from '../diagram/draw/words'
import { placeOfX, seqsInView, xOfSeq, type Scale } from '../diagram/scale'
import type { Placing } from '../../replay/history-keeper'

export interface HistoryInput extends Pick<SceneInput, 'model' | 'scale' | 'width' | 'height' | 'scrolled' | 'cursor' | 'isLive' | 'selected' | 'hovered'> {
  /** Key by key, each key in its linearized order. */
  readonly placings: readonly Placing[]
  /** Operations (by the seq of their invocation) that cannot be linearized. */
  readonly unplaced: ReadonlySet<number>
  /** The key whose points are joined; -1: none. */
  readonly joinedKey: number
}

export interface HistoryPicture {
  readonly hits: Hits
  readonly first: number
  readonly last: number
  /** The position on the axis at a px. */
  readonly placeAt: (x: number) => number
}

/** Height in px of the band of views above the lanes. */
const top = 28
const laneMin = 34
/** Least width of a bar. */
const leastPx = 4
/** Most height of a bar: its text above, its point below. */
const barMax = 30
/** Bars lower than this have no room for both a text line and a point below it. */
const wordsFrom = 24
const diamond = 'M0 -4L4 0L0 4L-4 0Z'

export function historyRoom(clients: number, height: number): { readonly laneHeight: number; readonly scrollMax: number } {
  const room = Math.max(0, height - top - margins.bottom)
  const laneHeight = Math.max(laneMin, Math.min(96, room / Math.max(1, clients)))
  return { laneHeight, scrollMax: Math.max(0, Math.round(laneHeight * clients - room)) }
}

export function drawHistory(input: HistoryInput, pen: Pen, measure: MeasureText): HistoryPicture {
  const sketch = sketchOf(input, pen, measure)
  const { scale, floor } = sketch
  pen.within(scale.left, 0, scale.right - scale.left, floor + margins.bottom, () => {
    drawViews(sketch)
    drawStandstills(sketch)
    drawLanes(sketch)
    const bars = new Map<number, BarBox>()
    for (const [lane, own] of sketch.model.operations.entries()) {
      if (own.spans.length > 0 && !sketch.isHidden[lane]) drawLane(sketch, input, lane, own, bars)
    }
    drawPoints(sketch, input, bars)
    drawVeil(sketch)
  })
  drawAxis(sketch)
  drawGutter(sketch)
  const at = sketch.x(input.cursor)
  if (at >= scale.left - 1 && at <= scale.right + 1) pen.lines([at, margins.bandTop + margins.bandHeight + 2, at, floor], { colour: 'accent', width: 1.5 })
  return { hits: sketch.hits, first: sketch.first, last: sketch.last, placeAt: (x) => placeOfX(scale, x) }
}

/** The frame of the diagram with only the lanes of clients; all other lanes are hidden. */
function sketchOf(input: HistoryInput, pen: Pen, measure: MeasureText): Sketch {
  const { model, width, height } = input
  const scale: Scale = { ...input.scale, left: margins.gutter, right: width - margins.right }
  const clients = model.lanes.filter(({ kind }) => kind === 'client').length
  const { laneHeight, scrollMax } = historyRoom(clients, height)
  const scrolled = Math.max(0, Math.min(scrollMax, input.scrolled))
  const floor = height - margins.bottom
  let row = 0
  const y = model.lanes.map(({ kind }) => kind === 'client' ? top + laneHeight * (row++ + 0.5) - scrolled : 0)
  const isHidden = model.lanes.map(({ kind }, lane) => kind !== 'client' || (y[lane] ?? 0) < top + 8 || (y[lane] ?? 0) > floor - 4)
  const x = (seq: number): number => xOfSeq(scale, model.places, seq)
  const { first, last } = seqsInView(scale, model.places)
  return {
    ...input, scrolled, cone: null, measured: null, inbox: { arrows: new Map(), beats: new Map() }, violations: [], arrowsMax: 0,
    pen, measure, hits: new Hits(), words: new Words(), scale, laneHeight, floor, y, isHidden, first, last, tailX: Math.min(scale.right, x(model.latest)), x,
  }
}

/** The box of a drawn bar, used to place its point. */
interface BarBox {
  readonly left: number
  readonly right: number
  readonly y: number
  readonly height: number
}

function drawLane(sketch: Sketch, { unplaced }: HistoryInput, lane: number, bars: OperationBars, boxes: Map<number, BarBox>): void {
  const { large, small, rows, isCrowded } = barsInView(sketch, bars)
  const height = Math.min(barMax, (sketch.laneHeight - 6) / rows)
  const laneTop = (sketch.y[lane] ?? 0) - height * rows / 2
  const crowd: number[] = []
  for (const { x, width, row } of small.filter(({ bar }) => bar === -1)) crowd.push(x, laneTop + row * height + height * 0.2, width, height * 0.6)
  sketch.pen.boxes(crowd, { colour: 'fg3', alpha: isCrowded ? 0.8 : 0.6 })
  // A short operation that is alone gets a bar, and an operation that cannot be linearized always gets one.
  const alone = small.flatMap(({ bar }) => bar === -1 ? [] : [bar])
  const shown = [...new Set([...large, ...alone, ...unplacedOf(bars, unplaced)])].sort((one, other) => one - other)
  const nextBegin = new Map<number, number>()
  for (const bar of shown.toReversed()) {
    const row = bars.row[bar] ?? 0
    const begin = bars.spans.begin(bar)
    boxes.set(begin, drawBar(sketch, bars, bar, laneTop + row * height, height, nextBegin.get(row) ?? sketch.scale.right, unplaced.has(begin)))
    nextBegin.set(row, sketch.x(begin))
  }
}

function unplacedOf({ spans }: OperationBars, unplaced: ReadonlySet<number>): number[] {
  return [...unplaced].map((id) => spans.firstFrom(id)).filter((bar) => bar < spans.length && unplaced.has(spans.begin(bar)))
}

function drawBar(sketch: Sketch, bars: OperationBars, bar: number, y: number, height: number, room: number, isUnplaced: boolean): BarBox {
  const { pen, scale, x, tailX, selected, hits, model: { labels } } = sketch
  const begin = bars.spans.begin(bar)
  const end = bars.spans.end(bar)
  const state = bars.state[bar] ?? barState.waiting
  const left = Math.max(scale.left - 6, x(begin))
  const right = Math.max(left + leastPx, Math.min(scale.right + 6, end === openEnd ? tailX : x(end)))
  const isSelected = selected > 0 && (selected === begin || selected === end)
  pen.shape(roundBox(right - left, height - 2, 4, state === barState.waiting || state === barState.unknown), left, y + 1, {
    fill: { colour: isUnplaced ? 'bad-soft' : 'raise' },
    line: {
      colour: isUnplaced ? 'bad' : isSelected ? 'accent' : 'line2', width: isUnplaced || isSelected ? 2 : 1, ...(state === barState.failed ? { dash: [3, 2] } : {}),
    },
  })
  hits.box(left, y, Math.max(4, right - left), height, begin)
  const what = labels.text(bars.what[bar] ?? 0)
  const outcome = labels.text(bars.outcome[bar] ?? 0)
  const at = Math.max(left, scale.left) + 5
  const space = Math.max(right, Math.min(room, scale.right)) - at - 6
  const whole = outcome === '' ? what : `${what} → ${outcome}`
  const text = height < 12 ? '' : shortened(sketch, whole, space)
  // A low bar has only one line, so its text and its point share the middle.
  const baseline = height < wordsFrom ? y + height / 2 + 4 : y + 13
  if (isUnplaced && text !== whole) pen.text(left - 5, baseline, whole, { colour: 'bad', hasRim: true, weight: 600, anchor: 'end' })
  else if (text !== '') pen.text(at, baseline, text, { colour: isUnplaced ? 'bad' : 'fg', hasRim: true, weight: isUnplaced ? 600 : 400 })
  return { left, right, y, height }
}

function drawPoints(sketch: Sketch, { placings, unplaced, joinedKey }: HistoryInput, bars: ReadonlyMap<number, BarBox>): void {
  const { pen, hits, scale } = sketch
  const joined: { x: number; y: number }[] = []
  const points: { x: number; y: number; id: number }[] = []
  let before = { key: -1, x: -Infinity }
  for (const placing of placings) {
    const at = pointX(sketch, placing, before.key === placing.key ? before.x : -Infinity)
    before = { key: placing.key, x: at }
    const bar = bars.get(placing.id)
    if (bar === undefined) continue
    const point = { x: at, y: bar.height < wordsFrom ? bar.y + bar.height / 2 : bar.y + bar.height - 8, id: placing.id }
    if (placing.key === joinedKey) joined.push(point)
    if (at >= scale.left - 6 && at <= scale.right + 6) points.push(point)
  }
  pen.lines(joined.slice(1).flatMap((point, index) => [joined[index]?.x ?? 0, joined[index]?.y ?? 0, point.x, point.y]), { colour: 'accent', width: 1, alpha: 0.6 })
  for (const { x: at, y, id } of points) {
    pen.shape(diamond, at, y, { fill: { colour: 'accent' }, line: { colour: 'panel', width: 1 } })
    hits.point(at, y, 5, id)
  }
  for (const id of unplaced) {
    const bar = bars.get(id)
    if (bar === undefined) continue
    const middle = (Math.max(bar.left, scale.left) + Math.min(bar.right, scale.right)) / 2
    pen.shape('M-4 -4L4 4M4 -4L-4 4', middle, bar.y + bar.height - 8, { line: { colour: 'bad', width: 2 } })
    hits.point(middle, bar.y + bar.height - 8, 6, id)
  }
}

/** The x of a point: between the two events that bound it, spread evenly with the others there, never left of its predecessor in the order. */
export function pointX({ x, tailX }: Pick<Sketch, 'x' | 'tailX'>, { after, before, rank, of }: Placing, least: number): number {
  const left = x(after)
  const right = before === null ? Math.max(left, tailX) : x(before)
  return Math.min(right, Math.max(least, left + (right - left) * rank / (of + 1)))
}
