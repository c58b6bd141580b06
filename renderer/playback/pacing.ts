// How far play has come: cluster time goes on by the clock, times a speed. Pure: the caller looks once for each frame and says what time
// it is. A frame that comes late does not leap: play falls behind the clock rather than skip what happened.

export const speeds = [0.1, 0.25, 0.5, 1, 2, 5, 10, 50, 100] as const
export type Speed = (typeof speeds)[number]

/** A longer gap between two frames (a hidden window, a slow machine) counts as this much. */
export const frameMaxMs = 100

export class Pacing {
  /** Cluster time in microseconds; whole ones would stand still at a tenth of the speed. */
  #micros: number
  #clockMs: number

  /** Begins at a cluster time. */
  constructor(micros: number, nowMs: number) {
    this.#micros = micros
    this.#clockMs = nowMs
  }

  get micros(): number {
    return this.#micros
  }

  /** The cluster time that is reached at this moment of the clock. */
  advance(nowMs: number, speed: number): number {
    const elapsedMs = Math.max(0, Math.min(frameMaxMs, nowMs - this.#clockMs))
    this.#clockMs = nowMs
    this.#micros += elapsedMs * 1000 * speed
    return this.#micros
  }

  /** The clock goes on and play does not: events are on their way. */
  wait(nowMs: number): void {
    this.#clockMs = nowMs
  }
}

/** Less than this is no freeze: cluster time and wall time are never quite alike. */
const freezeLeastMicros = 200_000

interface Moment { readonly at: number; readonly wall: number }

/** Wall time in microseconds that passed between two moments while cluster time stood still; 0 for next to none. */
export function frozenBetween(before: Moment, after: Moment): number {
  const frozen = (after.wall - before.wall) - (after.at - before.at)
  return frozen >= freezeLeastMicros ? frozen : 0
}
