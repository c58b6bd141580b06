// The position of each event on the two axes. Real: cluster time in microseconds, plus some room for each step taken during a freeze.
// Logical: one step for each drawn event, with or without heartbeats. Positions must never decrease. Pure.
import { firstCapacity, grown, lowerBound } from './columns'

/** Room of a step in a freeze on the real axis, in microseconds. */
export const freezeStepMicros = 50_000

export type Axis = 'real' | 'logical'

export interface Freeze {
  readonly seq: number
  /** 0 while the freeze lasts. */
  endSeq: number
  /** Cluster time, in microseconds. */
  readonly at: number
  readonly place: number
  endPlace: number
  /** Total room of all freezes before this one, in microseconds. */
  readonly before: number
  steps: number
}

export class Places {
  /** seq of the event before the first one here, and its cluster time. */
  readonly base: number
  readonly #baseAt: number
  #real = new Float64Array(firstCapacity)
  #all = new Int32Array(firstCapacity)
  #folded = new Int32Array(firstCapacity)
  #length = 0
  readonly freezes: Freeze[] = []
  #extra = 0

  constructor(base: number, baseAt: number) {
    this.base = base
    this.#baseAt = baseAt
  }

  get length(): number {
    return this.#length
  }

  /** seq of the newest event. */
  get latest(): number {
    return this.base + this.#length
  }

  /** `isDrawn`: it has a mark of its own. `isStep`: an input, which takes room during a freeze. */
  add(at: number, isDrawn: boolean, isHeartbeat: boolean, isStep: boolean): void {
    const index = this.#length++
    if (index >= this.#real.length) this.#grow(index * 2)
    const freeze = this.openFreeze
    if (freeze && isStep) {
      this.#extra += freezeStepMicros
      freeze.steps++
    }
    const place = Math.max(at + this.#extra, this.#real[index - 1] ?? this.#baseAt)
    if (freeze) freeze.endPlace = place
    this.#real[index] = place
    const counts = isDrawn ? 1 : 0
    this.#all[index] = (this.#all[index - 1] ?? 0) + counts
    this.#folded[index] = (this.#folded[index - 1] ?? 0) + (isHeartbeat ? 0 : counts)
  }

  get openFreeze(): Freeze | undefined {
    const last = this.freezes.at(-1)
    return last && last.endSeq === 0 ? last : undefined
  }

  /** Begins a freeze at the event `seq`, which is the newest event or the one before the first. */
  freeze(seq: number, at: number): void {
    const place = at + this.#extra
    this.freezes.push({ seq, endSeq: 0, at, place, endPlace: place, before: this.#extra, steps: 0 })
  }

  /** Ends the freeze at the next event. Every freeze gets some room, so that it is visible. */
  thaw(seq: number): void {
    const freeze = this.openFreeze
    if (!freeze) return
    this.#extra += freezeStepMicros
    freeze.endSeq = seq
    freeze.endPlace += freezeStepMicros
  }

  /** The position of the event `seq`; the nearest end of the axis for an event outside. */
  of(seq: number, axis: Axis, isFolded: boolean): number {
    const index = Math.min(seq - this.base, this.#length) - 1
    if (axis === 'real') return index < 0 ? this.#baseAt : this.#real[index] as number
    return index < 0 ? 0 : (isFolded ? this.#folded : this.#all)[index] as number
  }

  /** The last event at or before a position; `base` if there is none. */
  seqAt(place: number, axis: Axis, isFolded: boolean): number {
    const column = axis === 'real' ? this.#real : isFolded ? this.#folded : this.#all
    // Positions on the logical axis are whole numbers, so the next later one is `floor + 1`.
    return this.base + lowerBound(column, this.#length, axis === 'real' ? nextUp(place) : Math.floor(place) + 1)
  }

  /** The cluster time at a position on the real axis, in microseconds. */
  timeAt(place: number): number {
    const freeze = this.#freezeBefore(place, (found) => found.place)
    if (!freeze) return place
    if (place <= freeze.endPlace) return freeze.at
    return place - freeze.before - (freeze.endPlace - freeze.place)
  }

  /** The position of a cluster time; for the time of a freeze, the beginning of the freeze. */
  placeOf(at: number): number {
    const freeze = this.#freezeBefore(at, (found) => found.at)
    if (!freeze || at <= freeze.at) return at + (freeze?.before ?? 0)
    return at + freeze.before + (freeze.endPlace - freeze.place)
  }

  #freezeBefore(value: number, of: (freeze: Freeze) => number): Freeze | undefined {
    let low = 0
    let high = this.freezes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (of(this.freezes[middle] as Freeze) < value) low = middle + 1
      else high = middle
    }
    return this.freezes[low - 1]
  }

  #grow(capacity: number): void {
    this.#real = grown(this.#real, capacity)
    this.#all = grown(this.#all, capacity)
    this.#folded = grown(this.#folded, capacity)
  }
}

function nextUp(place: number): number {
  return place + Math.max(1e-9, Math.abs(place) * Number.EPSILON)
}
