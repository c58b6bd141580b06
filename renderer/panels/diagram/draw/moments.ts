// Draws views and their acks, freezes, stuck clusters, kills and pauses, missed checks, transfers and violations: the layer behind the
// arrows and the layer in front of them. Pure.
import { firstMark, transferText, type ViewMark } from '../model/marks'
import { disc } from './arrows'
import { fitting, margins, roundBox, type Sketch } from './sketch'
import { onlyTold } from '../../../replay/violations'
import type { Token } from './pen'

/** Least distance between two marks of a kind, in px; closer ones are not drawn. */
const apartPx = 5
const bandBottom = margins.bandTop + margins.bandHeight

// ---- behind the arrows

/** Draws the bands of views at the top, and lines through all lanes: dashed where a view begins, solid where it is acked. */
export function drawViews(sketch: Sketch): void {
  const { model: { marks: { views } }, scale, x, tailX, floor, pen } = sketch
  const begins: number[] = []
  const acks: number[] = []
  let at = Math.max(0, firstMark(views, sketch.first) - 1)
  while (at < views.length) {
    const view = views[at] as ViewMark
    const from = x(view.seq)
    if (from > tailX) break
    const next = views[at + 1]
    const end = next ? x(next.seq) : tailX
    if (end - from < 1.5 && next) {
      // Several views within a px or two are one mark; continues at the first view that is far enough away.
      pen.boxes([from, margins.bandTop, 1.5, margins.bandHeight], { colour: 'warn', alpha: 0.6 })
      at = Math.max(at + 1, firstMark(views, seqRightOf(sketch, from + 1.5)))
      continue
    }
    drawBand(sketch, view, Math.max(scale.left, from), Math.min(scale.right, end))
    if (from > scale.left) begins.push(from, bandBottom, from, floor)
    const acked = view.ackedSeq > 0 ? x(view.ackedSeq) : -1
    if (acked > scale.left && acked < scale.right) acks.push(acked, bandBottom, acked, floor)
    at++
  }
  pen.lines(begins, { colour: 'fg3', width: 1, dash: [2, 3], alpha: 0.7 })
  pen.lines(acks, { colour: 'fg3', width: 1, alpha: 0.45 })
}

function seqRightOf({ model, scale }: Sketch, x: number): number {
  const place = scale.from + (x - scale.left) / (scale.right - scale.left) * (scale.to - scale.from)
  return model.places.seqAt(place, scale.axis, scale.isFolded) + 1
}

function drawBand(sketch: Sketch, { viewnum, members, ackedSeq }: ViewMark, from: number, end: number): void {
  const { pen, x, hits } = sketch
  const { bandTop, bandHeight } = margins
  const acked = ackedSeq > 0 ? Math.max(from, Math.min(end, x(ackedSeq))) : end
  const name = `view ${viewnum}`
  if (acked > from) {
    pen.shape(roundBox(acked - from, bandHeight, 3), from, bandTop, { fill: { colour: 'warn-soft' } })
    pen.hatch(from, bandTop, acked - from, bandHeight, 'unacked')
    const text = fitting(sketch, [`${name} · ${members} · not acked`, `${viewnum} · not acked`, 'not acked', String(viewnum)], acked - from - 12, 600)
    if (text !== '') {
      pen.boxes([from + 3, bandTop + 3, sketch.measure(text, 600) + 8, bandHeight - 6], { colour: 'warn-soft' })
      pen.text(from + 7, bandTop + 14, text, { colour: 'warn', weight: 600 })
    }
  }
  if (end - acked <= 0) return
  pen.shape(roundBox(Math.max(0.5, end - acked - 1), bandHeight, 3), acked, bandTop, { fill: { colour: 'hover' } })
  const text = fitting(sketch, [`${name} · ${members} · acked`, `${name} · acked`, name, String(viewnum)], end - acked - 14, 600)
  if (text !== '') pen.text(acked + 8, bandTop + 14, text, { colour: 'fg', weight: 600 })
  hits.box(from, bandTop, end - from, bandHeight, sketch.model.marks.views.find((view) => view.viewnum === viewnum)?.seq ?? 0)
}

/** Draws each freeze as a thick line and a faint hatch, and each stretch in which the cluster is stuck as a shade. */
export function drawStandstills({ pen, model, scale, x, tailX, floor, measure }: Sketch): void {
  for (const { seq, endSeq, place, endPlace } of model.places.freezes) {
    const isOpen = endSeq === 0
    const from = scale.axis === 'real' ? scale.left + (place - scale.from) / (scale.to - scale.from) * (scale.right - scale.left) : x(seq)
    const end = isOpen ? scale.right : scale.axis === 'real' ? scale.left + (endPlace - scale.from) / (scale.to - scale.from) * (scale.right - scale.left) : x(endSeq)
    if (end < scale.left || from > scale.right) continue
    const left = Math.max(scale.left, from)
    pen.hatch(left, bandBottom + 2, Math.min(scale.right, end) - left, floor - bandBottom - 2, 'frozen')
    if (from >= scale.left) pen.lines([from, bandBottom + 2, from, floor], { colour: 'held', width: 2 })
    const words = 'frozen: no time passes'
    if (end - left > measure(words, 600) + 14) pen.text(left + 8, floor - 6, words, { colour: 'held', weight: 600, hasRim: true })
  }
  for (const { seq, endSeq, text } of model.marks.stuck) {
    const from = Math.max(scale.left, x(seq))
    const end = endSeq === 0 ? tailX : Math.min(scale.right, x(endSeq))
    if (end <= from) continue
    pen.boxes([from, bandBottom + 4, end - from, floor - bandBottom - 4], { colour: 'warn-soft', alpha: 0.55 })
    if (end - from > measure(text, 600) + 14) pen.text(from + 8, floor - 6, text, { colour: 'warn', weight: 600 })
  }
}

/** Draws state transfers as a shade from the sender's lane to the receiver's. Claims places for their labels, before the arrows claim theirs. */
export function drawTransfers(sketch: Sketch): void {
  const { pen, x, y, tailX, scale } = sketch
  for (const transfer of transfersInView(sketch)) {
    const from = x(transfer.seq)
    const end = transfer.endSeq === 0 ? Math.max(from, tailX) : x(transfer.endSeq)
    if (end < scale.left || from > scale.right) continue
    const wide = Math.max(3, end - from)
    const slant = Math.min(wide * 0.4, 26)
    const [top, bottom] = [y[transfer.from] ?? 0, y[transfer.to] ?? 0]
    pen.shape(`M0 0H${round(wide - slant)}L${round(wide)} ${round(bottom - top)}H${round(slant)}Z`, from, top, { fill: { colour: 'backup-fill', alpha: 0.24 } })
  }
  for (const { left, baseline, width } of transferWords(sketch)) sketch.words.claim(left, baseline, width)
}

function transfersInView({ model: { marks: { transfers } }, first, last }: Sketch): (typeof transfers)[number][] {
  const end = firstMark(transfers, last + 1)
  const found: (typeof transfers)[number][] = []
  // Few transfers run at once, so one that began before the view and reaches into it is among the last few before it.
  for (let at = end - 1; at >= 0 && found.length < 200; at--) {
    const transfer = transfers[at]
    if (!transfer) continue
    if (transfer.endSeq === 0 || transfer.endSeq >= first) found.push(transfer)
    else if (transfer.seq < first && end - at > 64) break
  }
  return found
}

// ---- in front of the arrows

export function drawMoments(sketch: Sketch): void {
  drawTransferWords(sketch)
  drawLives(sketch)
  drawStalls(sketch)
  drawMissed(sketch)
  drawDiamonds(sketch)
  drawViolations(sketch)
}

function drawTransferWords(sketch: Sketch): void {
  const { pen } = sketch
  for (const { left, baseline, width, text } of transferWords(sketch)) {
    pen.boxes([left - 2, baseline - 11, width + 4, 14], { colour: 'panel', alpha: 0.9 })
    pen.text(left, baseline, text, { colour: 'backup', weight: 600 })
  }
}

/** The progress of each transfer as a label beside its end. */
function transferWords(sketch: Sketch): { readonly left: number; readonly baseline: number; readonly width: number; readonly text: string }[] {
  const { x, y, tailX, scale, measure } = sketch
  return transfersInView(sketch).flatMap((transfer) => {
    const end = transfer.endSeq === 0 ? tailX : x(transfer.endSeq)
    const text = transferText(transfer)
    const width = measure(text, 600)
    const left = end + 10
    if (end < scale.left || left + width > scale.right + 4 || end - x(transfer.seq) < 1) return []
    return [{ left, baseline: ((y[transfer.from] ?? 0) + (y[transfer.to] ?? 0)) / 2 + 3, width, text }]
  })
}

function drawLives(sketch: Sketch): void {
  const { pen, model: { marks: { lives } }, x, y, isHidden, scale, hits, measure, selected } = sketch
  const near = new Map<number, number>()
  for (let at = firstMark(lives, sketch.first); at < lives.length; at++) {
    const { seq, lane, type } = lives[at] as (typeof lives)[number]
    if (seq > sketch.last) break
    const middle = y[lane] ?? 0
    const left = x(seq)
    if (isHidden[lane] || left < scale.left || left - (near.get(lane) ?? -Infinity) < apartPx) continue
    near.set(lane, left)
    hits.point(left, middle, 9, seq)
    const ring = seq === selected ? { line: { colour: 'accent' as Token, width: 2 } } : {}
    if (type === 'paused') {
      pen.shape(disc(8), left, middle, { fill: { colour: 'paused' }, ...ring })
      pen.shape('M-2.5 -3.5V3.5M2.5 -3.5V3.5', left, middle, { line: { colour: 'panel', width: 2, isRound: true } })
    } else if (type === 'resumed' || type === 'restarted') {
      pen.shape(disc(8), left, middle, { fill: { colour: 'panel' }, line: { colour: seq === selected ? 'accent' : 'fg2', width: 1.5 } })
      pen.shape('M-2 -3.5L4 0L-2 3.5Z', left, middle, { fill: { colour: 'fg2' } })
    } else {
      pen.shape(disc(8), left, middle, { fill: { colour: 'dead' }, ...ring })
      pen.shape('M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5', left, middle, { line: { colour: 'panel', width: 2, isRound: true } })
    }
    const next = lives.slice(at + 1, at + 12).find((mark) => mark.lane === lane)
    const width = measure(type, 600)
    if (next && x(next.seq) - left < width + 24 || left + 12 + width > scale.right) continue
    pen.boxes([left + 10, middle - 7, width + 4, 14], { colour: 'panel', alpha: 0.9 })
    pen.text(left + 12, middle + 4, type, { colour: type === 'paused' ? 'paused' : type === 'resumed' || type === 'restarted' ? 'fg2' : 'dead', weight: 600 })
  }
}

/** Draws stalls of the machine: an hour-glass where the process continued, and how long it had been stalled. */
function drawStalls(sketch: Sketch): void {
  const { pen, model: { marks: { stalls } }, x, y, isHidden, scale, hits, measure, selected } = sketch
  const free = new Map<number, number>()
  for (let at = firstMark(stalls, sketch.first); at < stalls.length; at++) {
    const { seq, lane, text } = stalls[at] as (typeof stalls)[number]
    if (seq > sketch.last) break
    const middle = y[lane] ?? 0
    const left = x(seq)
    if (isHidden[lane] || left < scale.left || left - (free.get(lane) ?? -Infinity) < apartPx) continue
    hits.point(left, middle, 9, seq)
    pen.shape('M-4 -6H4L-4 6H4Z', left, middle, { fill: { colour: 'panel' }, line: { colour: seq === selected ? 'accent' : 'warn', width: 1.5 } })
    const width = measure(text, 600)
    const begin = left - 8 - width
    const isRoom = begin > Math.max(scale.left, (free.get(lane) ?? -Infinity) + 8)
    if (isRoom) pen.text(left - 8, middle - 8, text, { colour: 'warn', weight: 600, anchor: 'end', hasRim: true })
    free.set(lane, left)
  }
}

/** Draws missed ping checks as numbered rings above the view server's lane; only the one that makes the server dead is solid. */
function drawMissed(sketch: Sketch): void {
  const { pen, model: { marks: { missed }, lanes, deadPings }, x, y, scale, hits } = sketch
  const middle = (y[0] ?? 0) - Math.min(sketch.laneHeight * 0.36, 22)
  const at = Math.max(bandBottom + 26, middle)
  let free = -Infinity
  let named = -1
  for (let row = missed.firstFrom(sketch.first); row < missed.length && (missed.seqs[row] as number) <= sketch.last; row++) {
    const [seq, lane, count] = [missed.seqs[row] as number, missed.lanes[row] as number, missed.counts[row] as number]
    const left = x(seq)
    const isLast = count === deadPings
    // Checks of several servers at the same time overlap; the one that makes a server dead is drawn over the others.
    if (left < scale.left || (left - free < 15 && !isLast)) {
      if (left - free > apartPx) free = Math.max(free, left - 10)
      continue
    }
    pen.shape(disc(7), left, at, { fill: { colour: 'panel' }, line: { colour: seq === sketch.selected ? 'accent' : 'fg3', width: isLast ? 1.5 : 1, ...(isLast ? {} : { dash: [2, 2] }) } })
    pen.text(left, at + 4, String(count), { colour: isLast ? 'fg' : 'fg2', weight: isLast ? 700 : 400, anchor: 'middle' })
    hits.point(left, at, 8, seq)
    const name = lanes[lane]?.name ?? ''
    const words = `${name} missed`
    if (named !== lane || left - free > 200) {
      const width = sketch.measure(words, 400)
      if (left - 11 - width > Math.max(free + 8, scale.left)) pen.text(left - 11, at + 4, words, { colour: 'fg3', anchor: 'end', hasRim: true })
    }
    named = lane
    free = left
  }
}

/** Draws views as diamonds on the view server's lane: hollow where a view begins, filled where it is acked. */
function drawDiamonds({ pen, model: { marks: { views } }, x, y, scale, hits, first, selected }: Sketch): void {
  const middle = y[0] ?? 0
  let free = -Infinity
  const draw = (seq: number, viewnum: number, isFilled: boolean): void => {
    const left = x(seq)
    if (left < scale.left || left > scale.right || left - free < apartPx) return
    free = left
    pen.shape('M0 -9L9 0L0 9L-9 0Z', left, middle, {
      fill: { colour: isFilled ? 'fg2' : 'panel' }, line: { colour: seq === selected ? 'accent' : 'fg2', width: seq === selected ? 2.5 : 1.5 },
    })
    pen.text(left, middle + 4, String(viewnum), { colour: isFilled ? 'panel' : 'fg', weight: 700, anchor: 'middle' })
    hits.point(left, middle, 10, seq)
  }
  for (let at = Math.max(0, firstMark(views, first) - 1), count = 0; at < views.length && count < 4000; at++, count++) {
    const view = views[at] as ViewMark
    if (x(view.seq) > scale.right) return
    draw(view.seq, view.viewnum, false)
    if (view.ackedSeq > 0) draw(view.ackedSeq, view.viewnum, true)
  }
}

/** Draws a violation as a diamond with the rule's number and a ring, on the lane of its last evidence. If selected, its evidence is numbered. */
function drawViolations(sketch: Sketch): void {
  drawBroken(sketch, onlyTold(sketch.model.marks.violations, sketch.violations))
  drawBroken(sketch, sketch.violations)
}

function drawBroken(sketch: Sketch, list: Sketch['violations']): void {
  const { pen, model, x, y, scale, hits, selected } = sketch
  const { index } = model
  for (let at = firstMark(list, sketch.first); at < list.length; at++) {
    const { seq, rule, evidence } = list[at] as (typeof list)[number]
    if (seq > sketch.last) break
    const lane = evidence.map((shown) => index.lane(shown)).findLast((found) => found < model.lanes.length) ?? 0
    const [left, middle] = [x(seq), y[lane] ?? 0]
    if (left < scale.left) continue
    const number = /^(?:rule-)?(\d)$/.exec(rule)?.[1] ?? '!'
    pen.shape(disc(19), left, middle, { line: { colour: 'bad', width: 2, alpha: 0.4 } })
    pen.shape('M0 -12L12 0L0 12L-12 0Z', left, middle, { fill: { colour: 'bad' }, line: { colour: seq === selected ? 'accent' : 'panel', width: 2 } })
    pen.text(left, middle + 4, number, { colour: 'panel', weight: 700, anchor: 'middle' })
    hits.point(left, middle, 13, seq)
    const words = number === '!' ? `${rule.replaceAll('-', ' ')} broken` : `rule ${number} broken`
    const width = sketch.measure(words, 600)
    // The label goes to a free place beside it; violations often are close together, and then there is only the diamond.
    const places = [[left + 23, middle - 12], [left - 23 - width, middle - 12], [left + 23, middle + 20], [left - 23 - width, middle + 20]] as const
    const free = places.find(([at, baseline]) => at >= scale.left && at + width <= scale.right && sketch.words.claim(at, baseline, width))
    if (free) pen.text(free[0], free[1], words, { colour: 'bad', weight: 600, hasRim: true })
    if (seq === selected) drawEvidence(sketch, evidence)
  }
}

function drawEvidence({ pen, model, x, y, scale }: Sketch, evidence: readonly number[]): void {
  const { index } = model
  for (const [place, seq] of evidence.entries()) {
    const row = index.arrow(seq)
    const arrows = model.arrowsOf(seq)
    let [left, middle] = [x(seq), y[index.lane(seq)] ?? y[0] ?? 0]
    if (row >= 0) {
      const [from, to] = [y[arrows.from[row] ?? 0] ?? 0, y[arrows.to[row] ?? 0] ?? 0]
      const begin = x(arrows.spans.begin(row))
      const end = Math.min(scale.right, arrows.spans.end(row) > model.latest ? begin : x(arrows.spans.end(row)))
      pen.lines([begin, from, end, to], { colour: 'bad', width: place === evidence.length - 1 ? 3 : 2 })
      ;[left, middle] = [begin + (end - begin) * 0.4 - 13, from + (to - from) * 0.4]
    }
    pen.shape(disc(8), left, middle, { fill: { colour: 'panel' }, line: { colour: 'bad', width: 1.5 } })
    pen.text(left, middle + 4, String(place + 1), { colour: 'bad', weight: 700, anchor: 'middle' })
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
