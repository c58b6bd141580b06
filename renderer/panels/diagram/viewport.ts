// The stretch of the axis in view, and how keys, wheel and fingers move it. A viewport is an immutable value; each act makes a new one. Pure.
import type { Axis } from './model/places'

export interface Viewport {
  /** Positions on the axis: microseconds or steps. */
  readonly from: number
  readonly to: number
  /** The view stays at the newest event as events arrive. */
  readonly follows: boolean
}

/** The begin of the axis and the position of the newest event. */
export interface Extent {
  readonly first: number
  readonly last: number
}

/** Least span of a view: 20 microseconds, or 4 steps. */
const leastSpan: Readonly<Record<Axis, number>> = { real: 20, logical: 4 }
/** Initial span for each px of width: 1.6 ms, or one step for 6 px. */
const firstSpanPerPx: Readonly<Record<Axis, number>> = { real: 1600, logical: 1 / 6 }
/** The span up to which a view that follows may always zoom out, however short the session is: a minute, or 4000 steps. New events need the room. */
const roomToFollow: Readonly<Record<Axis, number>> = { real: 60_000_000, logical: 4000 }
/** Share of the view kept free right of the newest event, for the cursor's label and messages in flight. */
const marginShare = 0.06

/** The first viewport of a session; it follows the newest event. */
export function firstViewport(axis: Axis, { first, last }: Extent, widthPx: number): Viewport {
  const span = Math.max(leastSpan[axis], firstSpanPerPx[axis] * Math.max(200, widthPx))
  return follow({ from: first, to: first + span, follows: true }, { first, last })
}

/** Moves the same span to the newest event. A session shorter than the view begins at the left edge. */
export function follow({ from, to }: Viewport, { first, last }: Extent): Viewport {
  const span = to - from
  const end = Math.max(first + span, last + span * marginShare)
  return { from: end - span, to: end, follows: true }
}

/** The whole session, with a margin. */
export function fit(axis: Axis, { first, last }: Extent): Viewport {
  const span = Math.max(leastSpan[axis], (last - first) * (1 + 2 * marginShare / 3))
  return { from: first - span * marginShare / 3, to: first - span * marginShare / 3 + span, follows: false }
}

/** Zooms in (`factor` above 1) or out around a position that does not move. */
export function zoom({ from, to, follows }: Viewport, axis: Axis, factor: number, around: number, extent: Extent): Viewport {
  const most = Math.max(leastSpan[axis], (extent.last - extent.first) * 1.2, follows ? roomToFollow[axis] : firstSpanPerPx[axis] * 400)
  const span = Math.min(most, Math.max(leastSpan[axis], (to - from) / factor))
  const share = (around - from) / (to - from)
  const next = { from: around - span * share, to: around + span * (1 - share), follows }
  return follows ? follow(next, extent) : kept(next, extent)
}

/** Moves the view along the axis; it no longer follows. */
export function pan({ from, to }: Viewport, by: number, extent: Extent): Viewport {
  return kept({ from: from + by, to: to + by, follows: false }, extent)
}

/** Brings a position into view, at two thirds of the width, if it is not in view. */
export function reveal(viewport: Viewport, place: number, extent: Extent): Viewport {
  const span = viewport.to - viewport.from
  if (place >= viewport.from + span * 0.02 && place <= viewport.to - span * 0.02) return viewport
  return kept({ from: place - span * 2 / 3, to: place + span / 3, follows: false }, extent)
}

/** Limits a view so that at least a fifth of it shows the session. */
function kept({ from, to, follows }: Viewport, { first, last }: Extent): Viewport {
  const span = to - from
  const least = first - span * 0.8
  const most = Math.max(first, last) - span * 0.2
  const begin = Math.max(least, Math.min(most, from))
  return { from: begin, to: begin + span, follows }
}
