// The position of playback: cluster time advances with the clock, times a speed. Pure: the caller passes the time once for each frame.
// It must never skip ahead after a late frame: play falls behind the clock instead.

export const speeds = [0.1, 0.25, 0.5, 1, 2, 5, 10, 50, 100] as const
export type Speed = (typeof speeds)[number]

/** A longer gap between two frames (hidden window, slow machine) counts as this many milliseconds. */
export const frameMaxMs = 100

export class Pacing {
  /** Cluster time in microseconds, not rounded, so that fractions add up at low speeds. */
  #micros: number
  #clockMs: number

  /** Begins at a cluster time in microseconds. */
  constructor(micros: number, nowMs: number) {
    this.#micros = micros
    this.#clockMs = nowMs
  }

  get micros(): number {
    return this.#micros
  }

  /** Advances to `nowMs` and returns the cluster time reached. */
  advance(nowMs: number, speed: number): number {
    const elapsedMs = Math.max(0, Math.min(frameMaxMs, nowMs - this.#clockMs))
    this.#clockMs = nowMs
    this.#micros += elapsedMs * 1000 * speed
    return this.#micros
  }

  /** Lets the clock advance without the play, while events are being fetched. */
  wait(nowMs: number): void {
    this.#clockMs = nowMs
  }
}

/** A smaller difference is no freeze: cluster time and wall time always differ a little. */
const freezeLeastMicros = 200_000

interface Moment { readonly at: number; readonly wall: number }

/** Wall time in microseconds that passed between two moments while cluster time was frozen; 0 below `freezeLeastMicros`. */
export function frozenBetween(before: Moment, after: Moment): number {
  const frozen = (after.wall - before.wall) - (after.at - before.at)
  return frozen >= freezeLeastMicros ? frozen : 0
}
