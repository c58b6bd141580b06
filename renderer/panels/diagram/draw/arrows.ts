// Draws messages one by one, as arrows. The colour shows the kind, the form shows the fate: late, lost, held, duplicated, in flight.
// Lines of one style are collected and drawn together. Pure.
import { isRelated } from '../causality'
import { fate, onWay, type Arrows } from '../model/arrows'
import { eventBit } from '../model/event-index'
import { spanText } from '../scale'
import { Bundles, tier, type Tier } from './bundles'
import type { Token } from './pen'
import type { Sketch } from './sketch'

/** With more arrows than this in view, most labels are left out. */
const labelledMax = 160
const labelsMax = 120
/** Most numbered circles at a receiver's lane; the inboxes show all waiting messages. */
const mailMax = 8
/** Px from the middle of a lane to the end of an arrow: servers, clients. */
const edge = { server: 4, client: 8 } as const
/** The share of the arrow at which a message is drawn as lost, if it did not reach its receiver. */
const lostShare = 0.6

interface Drawn {
  readonly row: number
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

/** Draws the arrows of a set one by one: all in view, or only the rows in `only`. */
export function drawArrows(sketch: Sketch, arrows: Arrows, only?: ReadonlySet<number>): void {
  const drawing = new ArrowDrawing(sketch, arrows)
  if (only) for (const row of only) drawing.add(row)
  else arrows.spans.forEachIn(sketch.first, sketch.last, (row) => drawing.add(row))
  drawing.finish()
}

class ArrowDrawing {
  readonly #sketch: Sketch
  readonly #arrows: Arrows
  readonly #bundles = new Bundles()
  readonly #fronts: (() => void)[] = []
  #count = 0

  constructor(sketch: Sketch, arrows: Arrows) {
    this.#sketch = sketch
    this.#arrows = arrows
  }

  add(row: number): void {
    const { y, x, scale, tailX } = this.#sketch
    const arrows = this.#arrows
    const from = arrows.from[row] ?? 0
    const to = arrows.to[row] ?? 0
    if (from === to || (this.#sketch.isHidden[from] && this.#sketch.isHidden[to])) return
    const down = (y[to] ?? 0) > (y[from] ?? 0) ? 1 : -1
    const y1 = (y[from] ?? 0) + down * this.#edge(from)
    const y2 = (y[to] ?? 0) - down * this.#edge(to)
    const begin = arrows.spans.begin(row)
    const x1 = x(begin)
    const what = arrows.fate[row]
    const x2 = what === fate.open ? Math.max(x1, tailX) : x(arrows.spans.end(row))
    if (x2 < scale.left - 20 || x1 > scale.right + 20) return
    this.#count++
    const drawn = { row, x1, y1, x2, y2 }
    if (what === fate.lost) this.#lost(drawn, begin)
    else if (what === fate.open) this.#open(drawn, begin)
    else this.#arrived(drawn, begin)
  }

  finish(): void {
    this.#bundles.draw(this.#sketch.pen)
    const words = this.#count <= labelledMax ? labelsMax : 0
    for (const front of this.#fronts.slice(-Math.max(words, 24))) front()
  }

  #edge(lane: number): number {
    return this.#sketch.model.lanes[lane]?.kind === 'client' ? edge.client : edge.server
  }

  #tier(begin: number, end: number): Tier {
    const { cone, selected, hovered, model } = this.#sketch
    if (selected > 0 && (begin === selected || end === selected)) return tier.selected
    if (hovered > 0 && (begin === hovered || end === hovered)) return tier.hovered
    if (!cone || cone.chain.size < 2) return tier.plain
    if (cone.chain.has(begin) && (cone.chain.has(end) || end > model.latest)) return tier.plain
    return isRelated(cone, model, begin) && (end > model.latest || isRelated(cone, model, end)) ? tier.related : tier.faded
  }

  #arrived({ row, x1, y1, x2, y2 }: Drawn, begin: number): void {
    const arrows = this.#arrows
    const end = arrows.spans.end(row)
    const which = this.#tier(begin, end)
    const kind = arrows.kind[row] ?? 0
    const isCopy = arrows.has(row, onWay.copy)
    const isLate = arrows.has(row, onWay.late)
    const shift = isCopy ? 5 : 0
    this.#bundles.line(isCopy ? 'copy' : isLate ? 'late' : 'plain', kind, which, x1 + shift, y1, x2 + shift, y2)
    this.#bundles.head(kind, which, x1 + shift, y1, x2 + shift, y2)
    this.#sketch.hits.arrow(x1 + shift, y1, x2 + shift, y2, begin, end)
    if (isCopy) this.#label(x1 + (x2 - x1) * 0.5 + 12, y1 + (y2 - y1) * 0.5 + 4, '×2', 'fg2', which)
    else if (isLate) this.#label(x1 + (x2 - x1) * 0.36 + 8, y1 + (y2 - y1) * 0.36, `+${spanText((arrows.lateMs[row] ?? 0) * 1000)}`, 'fg2', which)
  }

  #lost({ row, x1, y1, x2, y2 }: Drawn, begin: number): void {
    const { hits, measured } = this.#sketch
    const arrows = this.#arrows
    const end = arrows.spans.end(row)
    const which = this.#tier(begin, end)
    const share = arrows.has(row, onWay.atLane) ? 1 : lostShare
    // A message dropped as it was sent ends where it began, so its cross is above its beginning.
    const [crossX, crossY] = [share === 1 ? x2 : x1 + (x2 - x1) * share, y1 + (y2 - y1) * share]
    const shift = arrows.has(row, onWay.copy) ? 5 : 0
    this.#bundles.line('lost', arrows.kind[row] ?? 0, which, x1 + shift, y1, crossX + shift, crossY)
    this.#bundles.cross(which, crossX + shift, crossY)
    hits.arrow(x1 + shift, y1, crossX + shift, crossY, begin, end)
    hits.point(crossX + shift, crossY, 7, end)
    if (!measured) this.#label(crossX + shift + 9, crossY + 4, this.#sketch.model.labels.text(arrows.reason[row] ?? 0), 'lost', which, 40)
  }

  #open({ row, x1, y1, x2, y2 }: Drawn, begin: number): void {
    const { hits, inbox, scale, pen, selected, model } = this.#sketch
    const arrows = this.#arrows
    const which = this.#tier(begin, Infinity)
    const kind = arrows.kind[row] ?? 0
    const number = (arrows === model.beats ? inbox.beats : inbox.arrows).get(row)
    if (number !== undefined) {
      const isSelected = selected === begin || selected === arrows.sent[row]
      const slot = this.#slot(arrows.to[row] ?? 0)
      if (slot >= mailMax) return
      const [mailX, mailY] = [scale.right - 12 - slot * 24, y2 + (y2 > y1 ? -10 : 10)]
      const colour: Token = isSelected ? 'accent' : 'held'
      this.#bundles.line('held', kind, isSelected ? tier.selected : tier.plain, x1, y1, Math.min(x1 + 14, mailX), mailY)
      this.#bundles.line('held', kind, isSelected ? tier.selected : tier.plain, Math.min(x1 + 14, mailX), mailY, mailX - 10, mailY)
      hits.point(mailX, mailY, 10, arrows.sent[row] ?? begin)
      this.#fronts.push(() => {
        pen.shape(disc(9), mailX, mailY, { fill: { colour: isSelected ? 'accent' : 'panel' }, line: { colour, width: 2 } })
        pen.text(mailX, mailY + 4, String(number), { colour: isSelected ? 'on-accent' : 'held', weight: 700, anchor: 'middle' })
      })
      return
    }
    if (arrows.has(row, onWay.held)) {
      const heldX = Math.max(x1, Math.min(x2, x1 + 46))
      const heldY = y1 + (y2 - y1) * 0.62
      this.#bundles.line('held', kind, which, x1, y1, heldX, heldY)
      hits.arrow(x1, y1, heldX, heldY, begin, begin)
      hits.point(heldX, heldY, 8, begin)
      this.#fronts.push(() => pen.shape(disc(5), heldX, heldY, { fill: { colour: 'panel' }, line: { colour: which === tier.selected ? 'accent' : 'held', width: 2 } }))
      return this.#label(heldX + 9, heldY + 4, 'held', 'held', which)
    }
    // A message that was handed over waits on the receiver's socket: its arrow reaches the lane without a head.
    const share = arrows.has(row, onWay.handed) ? 1 : 0.55
    const form = arrows.has(row, onWay.late) ? 'late' : arrows.has(row, onWay.copy) ? 'copy' : 'plain'
    this.#bundles.line(form, kind, which, x1, y1, x2, y1 + (y2 - y1) * share)
    hits.arrow(x1, y1, x2, y1 + (y2 - y1) * share, begin, Math.min(begin, model.latest))
    if (form === 'late') this.#label(x1 + 8, y1 + (y2 - y1) * 0.2, `+${spanText((arrows.lateMs[row] ?? 0) * 1000)}`, 'fg2', which)
  }

  readonly #slots = new Map<number, number>()
  #slot(lane: number): number {
    const slot = this.#slots.get(lane) ?? 0
    this.#slots.set(lane, slot + 1)
    return slot
  }

  /** A label beside an arrow, if it fits and the arrow is not faded. `apart`: px between it and other labels. */
  #label(x: number, y: number, text: string, colour: Token, which: Tier, apart = 0): void {
    if (text === '' || which === tier.faded || which === tier.related) return
    const { pen, scale, measure, words } = this.#sketch
    this.#fronts.push(() => {
      const width = measure(text, 600)
      if (x + width > scale.right || x < scale.left || !words.claim(x, y, width, apart)) return
      pen.boxes([x - 2, y - 10, width + 4, 13], { colour: 'panel', alpha: 0.9 })
      pen.text(x, y, text, { colour, weight: 600 })
    })
  }
}

export function disc(radius: number): string {
  return `M${radius} 0A${radius} ${radius} 0 1 1 ${-radius} 0A${radius} ${radius} 0 1 1 ${radius} 0Z`
}

/** Draws heartbeats that are visible although heartbeats are folded: the selected, the hovered, and those of the highlighted chain. */
export function drawLitBeats(sketch: Sketch): void {
  const { cone, selected, hovered, model } = sketch
  const wanted = [...cone?.chain ?? [], selected, hovered].filter((seq) => seq > 0 && model.index.has(seq, eventBit.heartbeat) && model.index.arrow(seq) >= 0)
  if (wanted.length === 0) return
  drawArrows(sketch, model.beats, new Set(wanted.map((seq) => model.index.arrow(seq))))
}
