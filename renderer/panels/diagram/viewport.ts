// Which stretch of the axis is in view, and how keys, wheel and fingers move it. A viewport is a value; each act makes another. Pure.
import type { Axis } from './model/places'

export interface Viewport {
  /** Places on the axis: microseconds or steps. */
  readonly from: number
  readonly to: number
  /** It stays at the newest event as events come. */
  readonly follows: boolean
}

/** Where the axis begins and where its newest event stands. */
export interface Extent {
  readonly first: number
  readonly last: number
}

/** Least that may be in view: 20 microseconds, or 4 steps. */
const leastSpan: Readonly<Record<Axis, number>> = { real: 20, logical: 4 }
/** What is in view to begin with, for each px of width: 1.6 ms, or a step for each 6 px. */
const firstSpanPerPx: Readonly<Record<Axis, number>> = { real: 1600, logical: 1 / 6 }
/** What a view that follows may hold at least, however short the session still is: a minute, or 4000 steps, so that what comes has room. */
const roomToFollow: Readonly<Record<Axis, number>> = { real: 60_000_000, logical: 4000 }
/** Share of the view that is left free right of the newest event, for the cursor's word and messages under way. */
const marginShare = 0.06

/** Follows the newest event, as a session is first shown. */
export function firstViewport(axis: Axis, { first, last }: Extent, widthPx: number): Viewport {
  const span = Math.max(leastSpan[axis], firstSpanPerPx[axis] * Math.max(200, widthPx))
  return follow({ from: first, to: first + span, follows: true }, { first, last })
}

/** The same span, at the newest event. A session that is shorter than the view begins at the left edge. */
export function follow({ from, to }: Viewport, { first, last }: Extent): Viewport {
  const span = to - from
  const end = Math.max(first + span, last + span * marginShare)
  return { from: end - span, to: end, follows: true }
}

/** Everything, with a margin. */
export function fit(axis: Axis, { first, last }: Extent): Viewport {
  const span = Math.max(leastSpan[axis], (last - first) * (1 + 2 * marginShare / 3))
  return { from: first - span * marginShare / 3, to: first - span * marginShare / 3 + span, follows: false }
}

/** Zooms in (`factor` above 1) or out around a place that stays where it is. */
export function zoom({ from, to, follows }: Viewport, axis: Axis, factor: number, around: number, extent: Extent): Viewport {
  const most = Math.max(leastSpan[axis], (extent.last - extent.first) * 1.2, follows ? roomToFollow[axis] : firstSpanPerPx[axis] * 400)
  const span = Math.min(most, Math.max(leastSpan[axis], (to - from) / factor))
  const share = (around - from) / (to - from)
  const next = { from: around - span * share, to: around + span * (1 - share), follows }
  return follows ? follow(next, extent) : kept(next, extent)
}

/** Moves the view by a stretch of the axis; it no longer follows. */
export function pan({ from, to }: Viewport, by: number, extent: Extent): Viewport {
  return kept({ from: from + by, to: to + by, follows: false }, extent)
}

/** Brings a place into view, at two thirds of it, if it is not there. */
export function reveal(viewport: Viewport, place: number, extent: Extent): Viewport {
  const span = viewport.to - viewport.from
  if (place >= viewport.from + span * 0.02 && place <= viewport.to - span * 0.02) return viewport
  return kept({ from: place - span * 2 / 3, to: place + span / 3, follows: false }, extent)
}

/** At least a fifth of the view is on the session. */
function kept({ from, to, follows }: Viewport, { first, last }: Extent): Viewport {
  const span = to - from
  const least = first - span * 0.8
  const most = Math.max(first, last) - span * 0.2
  const begin = Math.max(least, Math.min(most, from))
  return { from: begin, to: begin + span, follows }
}
