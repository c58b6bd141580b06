// Draws the lanes: a line each, a rail for the role (upper half: what the view server says, lower half: what the node believes), shades
// for dead and paused, and the names at the left. Pure.
import type { NodeKind, Role } from '../../../../src/protocol'
import type { LaneState } from '../model/lane-history'
import { placeOfX } from '../scale'
import { margins, type Sketch } from './sketch'
import type { Token } from './pen'

/** Least width of a stretch that is drawn, in px; shorter ones are skipped, with one look-up for each px. */
const leastPx = 0.7

interface Stretch {
  readonly x: number
  readonly end: number
  readonly state: LaneState
}

export function drawLanes(sketch: Sketch): void {
  const { pen, model, scale, y, tailX, laneHeight } = sketch
  const lines: number[] = []
  for (const lane of model.lanes.keys()) if (!sketch.isHidden[lane] && tailX > scale.left) lines.push(scale.left, y[lane] ?? 0, tailX, y[lane] ?? 0)
  pen.lines(lines, { colour: 'line2', width: 1 })
  for (const lane of model.lanes.keys()) {
    if (sketch.isHidden[lane]) continue
    const stretches = stretchesOf(sketch, lane)
    const middle = y[lane] ?? 0
    for (const { x, end, state } of stretches) {
      const isDead = state.life === 'dead' || state.life === 'failed'
      if (!isDead && state.life !== 'paused') continue
      const half = Math.min(laneHeight * 0.32, 20)
      if (isDead) pen.boxes([x, middle - half, end - x, half * 2], { colour: 'sunk' })
      pen.hatch(x, middle - half, end - x, half * 2, isDead ? 'dead' : 'paused')
    }
    drawRail(sketch, stretches, middle)
  }
}

/** The stretches of a lane in view. Of several within a px only the last is drawn. */
function stretchesOf({ model, scale, first, tailX, x }: Sketch, lane: number): Stretch[] {
  const history = model.histories[lane]
  const stretches: Stretch[] = []
  if (!history) return stretches
  let step = Math.max(0, history.stepAt(first))
  while (step < history.length) {
    const from = x(history.seq(step))
    if (from > tailX) break
    const end = step + 1 < history.length ? x(history.seq(step + 1)) : tailX
    if (end - from < leastPx) {
      const next = history.stepAt(model.places.seqAt(placeOfX(scale, from + leastPx), scale.axis, scale.isFolded))
      if (next > step) {
        step = next
        continue
      }
    }
    const shown = { x: Math.max(scale.left, from), end: Math.min(tailX, end), state: history.state(step) }
    if (shown.end > shown.x) stretches.push(shown)
    step++
  }
  return stretches
}

function drawRail(sketch: Sketch, stretches: readonly Stretch[], middle: number): void {
  const primary: number[] = []
  const backup = { whole: [] as number[], half: [] as number[] }
  const add = (role: Role | null, { x, end }: Stretch, top: number, height: number): void => {
    if (role === 'primary') primary.push(x, top, end - x, height)
    // Dashes start at the left end, so they do not move when the stretch grows to the right or is cut off at the left edge.
    if (role === 'backup') (height === 4 ? backup.whole : backup.half).push(x, top + height / 2, end, top + height / 2)
  }
  for (const stretch of stretches) {
    const { says, believes } = stretch.state
    if (says === believes) add(says, stretch, middle - 2, 4)
    else {
      add(says, stretch, middle - 4, 3)
      add(believes, stretch, middle + 1, 3)
    }
  }
  sketch.pen.boxes(primary, { colour: 'primary-fill' })
  sketch.pen.lines(backup.whole, { colour: 'backup-fill', width: 4, dash: [7, 3] })
  sketch.pen.lines(backup.half, { colour: 'backup-fill', width: 3, dash: [7, 3] })
}

/** Draws names and glyphs at the left, for the state of each lane at the cursor. */
export function drawGutter({ pen, model, y, isHidden, cursor, height }: Sketch): void {
  pen.boxes([0, margins.bandTop + margins.bandHeight + 2, margins.gutter - 3, height], { colour: 'panel' })
  pen.text(12, margins.bandTop + 14, 'views', { colour: 'fg3' })
  for (const [lane, { name, kind }] of model.lanes.entries()) {
    if (isHidden[lane]) continue
    const middle = y[lane] ?? 0
    for (const { path, fill, line, width } of glyphOf(kind, model.histories[lane]?.at(cursor))) {
      pen.shape(path, 12, middle - 7, { ...(fill ? { fill: { colour: fill } } : {}), ...(line ? { line: { colour: line, width: width ?? 1.5 } } : {}) })
    }
    // A long name reaches over the beginning of its lane.
    pen.text(31, middle + 4, name, { colour: 'fg', weight: 600, ...name.length > 4 && { hasRim: true } })
  }
}

interface GlyphPart {
  readonly path: string
  readonly fill?: Token
  readonly line?: Token
  readonly width?: number
}

/** The same shapes as in GlyphSheet.vue, in a square of 14 px. */
const glyphs: Readonly<Record<Role | Exclude<NodeKind, 'replica'> | 'dead' | 'paused' | 'none', readonly GlyphPart[]>> = {
  'primary': [
    { path: 'M3 .5H11Q13.500 .5 13.500 3V11Q13.500 13.500 11 13.500H3Q.5 13.500 .5 11V3Q.5 .5 3 .5Z', fill: 'primary-fill' },
    { path: 'M5 10.6V3.6h2.5a2.1 2.1 0 0 1 0 4.2H5', line: 'on-primary', width: 1.7 },
  ],
  'backup': [
    { path: 'M3.400 1.200H10.600Q12.800 1.200 12.800 3.400V10.600Q12.800 12.800 10.600 12.800H3.400Q1.200 12.800 1.200 10.600V3.400Q1.200 1.200 3.400 1.200Z', line: 'backup-fill', width: 1.6 },
    { path: 'M5 3.8h2.3a1.55 1.55 0 0 1 0 3.1H5zm0 3.1h2.6a1.65 1.65 0 0 1 0 3.3H5z', line: 'backup', width: 1.4 },
  ],
  'idle': [{ path: 'M10.400 7A3.400 3.400 0 1 1 3.600 7A3.400 3.400 0 1 1 10.400 7Z', line: 'idle' }],
  'dead': [{ path: 'M3 3l8 8M11 3l-8 8', line: 'dead', width: 2 }],
  'paused': [{ path: 'M13 7A6 6 0 1 1 1 7A6 6 0 1 1 13 7Z', line: 'paused' }, { path: 'M5.4 4.6v4.8M8.6 4.6v4.8', line: 'paused', width: 1.7 }],
  'view-server': [{ path: 'M7 1l6 6-6 6-6-6z', fill: 'fg2' }],
  'client': [{ path: 'M3 2l9 5-9 5z', line: 'fg2' }],
  'server': [{ path: 'M2.5 2.5h9v9h-9z', line: 'fg2' }],
  'service': [{ path: 'M2.500 4A4.500 2 0 1 1 11.500 4V10A4.500 2 0 1 1 2.500 10Z', line: 'fg2' }, { path: 'M2.500 4A4.500 2 0 0 0 11.500 4', line: 'fg2' }],
  'none': [{ path: 'M4 7h6', line: 'fg3' }],
}

function glyphOf(kind: NodeKind, state: LaneState | undefined): readonly GlyphPart[] {
  if (state?.life === 'dead' || state?.life === 'failed') return glyphs.dead
  if (state?.life === 'paused') return glyphs.paused
  return kind === 'replica' ? glyphs[state?.says ?? 'none'] : glyphs[kind]
}
