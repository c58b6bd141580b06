// Converts positions on an axis to px and back, and computes the ticks of the axis. Pure.
import { countText } from '../../words/figures'
import { freezeStepMicros, type Axis, type Places } from './model/places'

export interface Scale {
  readonly axis: Axis
  /** Folded heartbeats take no steps on the logical axis. */
  readonly isFolded: boolean
  /** Positions at the left and at the right edge: microseconds or steps. */
  readonly from: number
  readonly to: number
  /** The same edges in px. */
  readonly left: number
  readonly right: number
}

export interface Tick {
  readonly x: number
  readonly text: string
  /** The tick is a step of a freeze and not a time. */
  readonly isStep: boolean
}

export function xOfPlace({ from, to, left, right }: Scale, place: number): number {
  return left + (place - from) / (to - from) * (right - left)
}

export function placeOfX({ from, to, left, right }: Scale, x: number): number {
  return from + (x - left) / (right - left) * (to - from)
}

export function xOfSeq(scale: Scale, places: Places, seq: number): number {
  return xOfPlace(scale, places.of(seq, scale.axis, scale.isFolded))
}

/** The first and last event in view; `first` may be after `last` if there are none. */
export function seqsInView(scale: Scale, places: Places): { readonly first: number; readonly last: number } {
  const first = places.seqAt(scale.from, scale.axis, scale.isFolded)
  const last = places.seqAt(scale.to, scale.axis, scale.isFolded)
  // Events exactly at the left edge are in view too.
  return { first: firstAtSamePlace(scale, places, first), last }
}

function firstAtSamePlace(scale: Scale, places: Places, seq: number): number {
  if (seq <= places.base) return places.base + 1
  const place = places.of(seq, scale.axis, scale.isFolded)
  return place < scale.from ? seq + 1 : places.seqAt(place - (scale.axis === 'real' ? 1e-3 : 1), scale.axis, scale.isFolded) + 1
}

/** The least round step (1, 2 or 5 times a power of ten) that is not below `atLeast`. */
export function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(atLeast, 1e-9)))
  for (const times of [1, 2, 5]) if (times * power >= atLeast * (1 - 1e-9)) return times * power
  return 10 * power
}

/** Ticks at least `apart` px from each other. */
export function ticksOf(scale: Scale, places: Places, apart = 76): Tick[] {
  return scale.axis === 'logical' ? stepTicks(scale, apart) : [...timeTicks(scale, places, apart), ...freezeTicks(scale, places)].sort((one, other) => one.x - other.x)
}

function stepTicks(scale: Scale, apart: number): Tick[] {
  const step = Math.max(1, roundStep((scale.to - scale.from) * apart / (scale.right - scale.left)))
  const ticks: Tick[] = []
  for (let at = Math.max(step, Math.ceil(scale.from / step) * step); at <= scale.to; at += step) ticks.push({ x: xOfPlace(scale, at), text: `step ${countText(at)}`, isStep: false })
  return ticks
}

function timeTicks(scale: Scale, places: Places, apart: number): Tick[] {
  const step = roundStep((scale.to - scale.from) * apart / (scale.right - scale.left))
  const ticks: Tick[] = []
  const end = places.timeAt(scale.to)
  for (let count = Math.max(0, Math.ceil(places.timeAt(scale.from) / step)); count * step <= end; count++) {
    const at = count * step
    const x = xOfPlace(scale, places.placeOf(at))
    if (x < scale.left || x > scale.right) continue
    ticks.push({ x, text: secondsLabel(at, step), isStep: false })
  }
  return ticks
}

/** The ticks "step 1", "step 2" and so on of each freeze, if there is room for the text. */
function freezeTicks(scale: Scale, places: Places): Tick[] {
  const stepPx = freezeStepMicros / (scale.to - scale.from) * (scale.right - scale.left)
  if (stepPx < 44) return []
  const ticks: Tick[] = []
  for (const { place, steps } of places.freezes) {
    for (let step = 1; step <= steps; step++) {
      const x = xOfPlace(scale, place + step * freezeStepMicros)
      if (x >= scale.left && x <= scale.right) ticks.push({ x, text: `step ${step}`, isStep: true })
    }
  }
  return ticks
}

/** A cluster time with as many digits as ticks of this step need. */
export function secondsLabel(micros: number, step: number): string {
  const digits = Math.max(0, Math.min(6, 6 - Math.floor(Math.log10(step) + 1e-9)))
  return `${(micros / 1_000_000).toFixed(digits)} s`
}

/** A duration: "412 µs", "41.2 ms", "40 ms", "1.204 s". */
export function spanText(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(micros < 100_000 && Math.round(micros / 100) % 10 !== 0 ? 1 : 0)} ms`
  return `${(micros / 1_000_000).toFixed(3)} s`
}
