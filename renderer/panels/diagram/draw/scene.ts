// Draws the whole picture with any pen: the same for the canvas and for an exported file. Its cost must never depend on the length of the
// session, only on the size of the picture. Pure.
import { countText } from '../../../words/figures'
import { placeOfX, secondsLabel, spanText, ticksOf } from '../scale'
import { drawArrows, drawLitBeats } from './arrows'
import { drawOperations } from './bars'
import { drawDense, drawTicks } from './dense'
import type { Hits } from './hits'
import { drawGutter, drawLanes } from './lanes'
import { drawMoments, drawStandstills, drawTransfers, drawViews } from './moments'
import type { MeasureText, Pen } from './pen'
import { margins, roundBox, sketchOf, type SceneInput, type Sketch } from './sketch'

export interface Scene {
  readonly hits: Hits
  /** Events in view. */
  readonly first: number
  readonly last: number
  /** The scale of the density ("1 px = 40 events"); '' when every message is a line. */
  readonly densityText: string
  /** The position on the axis at a px, and the px of an event. */
  readonly placeAt: (x: number) => number
  readonly x: (seq: number) => number
  /** The lane at a height; -1 for none. */
  readonly laneAt: (y: number) => number
}

export function drawScene(input: SceneInput, pen: Pen, measure: MeasureText): Scene {
  const sketch = sketchOf(input, pen, measure)
  const { scale, model, floor } = sketch
  const width = scale.right - scale.left
  const isDense = count(sketch, 'arrows') > input.arrowsMax
  const beats = count(sketch, 'beats')
  const hasBeats = !scale.isFolded
  const isDenseBeats = beats > input.arrowsMax
  const densityText = isDense || (hasBeats && isDenseBeats) ? `1 px = ${countText(Math.max(1, Math.round((sketch.last - sketch.first + 1) / width)))} events` : ''

  pen.within(scale.left, 0, width, floor + margins.bottom, () => {
    drawViews(sketch)
    drawStandstills(sketch)
    drawLanes(sketch)
    drawTransfers(sketch)
    if (isDense || isDenseBeats) drawDense(sketch, { crossing: isDense, beats: hasBeats && isDenseBeats, comb: !hasBeats && isDenseBeats })
    if (!hasBeats && !isDenseBeats) drawTicks(sketch)
    drawOperations(sketch)
    if (hasBeats && !isDenseBeats) drawArrows(sketch, model.beats)
    if (!isDense) drawArrows(sketch, model.arrows)
    else drawLit(sketch)
    if (!hasBeats || isDenseBeats) {
      drawLitBeats(sketch)
      drawArrows(sketch, model.beats, new Set(input.inbox.beats.keys()))
    }
    drawMoments(sketch)
    drawVeil(sketch)
  })
  drawAxis(sketch)
  if (densityText !== '') pen.text(scale.right, margins.bandTop + margins.bandHeight + 14, densityText, { colour: 'fg3', anchor: 'end', hasRim: true })
  drawMeasure(sketch)
  drawGutter(sketch)
  drawCursor(sketch)
  return {
    hits: sketch.hits, first: sketch.first, last: sketch.last, densityText,
    placeAt: (x) => placeOfX(scale, x), x: sketch.x,
    laneAt: (y) => sketch.y.findIndex((middle, lane) => !sketch.isHidden[lane] && Math.abs(middle - y) <= sketch.laneHeight / 2),
  }
}

/** Number of arrows that begin in view. */
function count({ model, first, last }: Sketch, which: 'arrows' | 'beats'): number {
  const { spans } = model[which]
  return Math.max(0, spans.firstFrom(last + 1) - spans.firstFrom(first))
}

/** Draws the selected, hovered and highlighted arrows over the density. */
function drawLit(sketch: Sketch): void {
  const { cone, selected, hovered, model } = sketch
  const wanted = new Set<number>()
  for (const seq of [...cone?.chain ?? [], selected, hovered]) {
    if (seq > 0 && model.arrowsOf(seq) === model.arrows && model.index.arrow(seq) >= 0) wanted.add(model.index.arrow(seq))
  }
  if (wanted.size > 0) drawArrows(sketch, model.arrows, wanted)
}

/** Draws a veil over events after the cursor. Not while a chain is highlighted, which already fades all other events. */
export function drawVeil({ pen, cursor, model, x, scale, floor, cone }: Sketch): void {
  if (cursor >= model.latest || (cone !== null && cone.chain.size > 1)) return
  const from = Math.max(scale.left, x(cursor) + 0.75)
  if (from < scale.right) pen.boxes([from, margins.bandTop + margins.bandHeight + 2, scale.right - from, floor - margins.bandTop - margins.bandHeight - 2], { colour: 'panel', alpha: 0.42 })
}

/** Ticks with their times, along the floor. */
export function drawAxis(sketch: Sketch): void {
  const { pen, scale, floor, model, measure } = sketch
  const marks: number[] = []
  const steps: number[] = []
  let free = scale.left - 8
  for (const { x, text, isStep } of ticksOf(scale, model.places)) {
    const half = measure(text, isStep ? 600 : 400) / 2
    if (isStep) steps.push(x, margins.bandTop + margins.bandHeight + 2, x, floor)
    else marks.push(x, floor, x, floor + 4)
    if (x - half < free || x + half > scale.right + 8) continue
    pen.text(x, floor + 16, text, isStep ? { colour: 'held', weight: 600, anchor: 'middle' } : { colour: 'fg3', anchor: 'middle' })
    free = x + half + 8
  }
  pen.lines(marks, { colour: 'fg3', width: 1 })
  pen.lines(steps, { colour: 'held', width: 1, dash: [1, 3], alpha: 0.5 })
}

function drawCursor({ pen, scale, cursor, isLive, model, x, floor, measure }: Sketch): void {
  if (model.latest === model.base) return
  const at = x(cursor)
  if (at < scale.left - 1 || at > scale.right + 1) return
  const top = margins.bandTop + margins.bandHeight + 2
  const place = model.places.of(cursor, 'real', false)
  const text = isLive ? model.places.openFreeze ? 'now' : 'live' : secondsLabel(model.places.timeAt(place), 1000).replace(' s', '')
  const width = measure(text, 600) + 10
  const left = Math.max(scale.left, Math.min(at - width / 2, scale.right - width + 8))
  pen.lines([at, top, at, floor], { colour: 'accent', width: 1.5 })
  pen.shape(roundBox(width, 16, 3), left, top, { fill: { colour: 'accent' } })
  pen.text(left + width / 2, top + 12, text, { colour: 'on-accent', weight: 600, anchor: 'middle' })
}

function drawMeasure(sketch: Sketch): void {
  const { pen, measured, x, floor, measure, model, scale } = sketch
  if (!measured || measured.from === 0) return
  const line = (at: number): void => pen.lines([at, margins.bandTop + margins.bandHeight + 20, at, floor], { colour: 'fg', width: 1, dash: [3, 3] })
  const from = x(measured.from)
  if (from >= scale.left && from <= scale.right) line(from)
  if (measured.to === 0) return
  const to = x(measured.to)
  if (to >= scale.left && to <= scale.right) line(to)
  const [left, right] = [Math.max(scale.left, Math.min(from, to)), Math.min(scale.right, Math.max(from, to))]
  if (right < left) return
  const at = margins.bandTop + margins.bandHeight + 30
  pen.lines([left, at, right, at], { colour: 'fg', width: 1.5 })
  const words = measureText(model, measured.from, measured.to)
  const width = measure(words, 600) + 12
  const middle = Math.max(scale.left + width / 2, Math.min(scale.right - width / 2, (left + right) / 2))
  pen.shape(roundBox(width, 17, 3), middle - width / 2, at - 8.5, { fill: { colour: 'raise' }, line: { colour: 'fg', width: 1 } })
  pen.text(middle, at + 4, words, { colour: 'fg', weight: 600, anchor: 'middle' })
}

/** "41.2 ms, 12 events": how far two events are apart, whichever came first. */
export function measureText({ places }: Sketch['model'], from: number, to: number): string {
  const time = (seq: number): number => places.timeAt(places.of(seq, 'real', false))
  const events = Math.abs(to - from)
  return `${spanText(Math.abs(time(to) - time(from)))}, ${countText(events)} ${events === 1 ? 'event' : 'events'}`
}
