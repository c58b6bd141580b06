// How far the window is behind the lab: how long the lab has had an event that the window has not shown. Computed from the lab's reports and
// the window's clock alone, so that no two clocks are compared. It must never call a window behind that has all events.

/** Distance of the stored times, in milliseconds; the result may be too small by up to this much. */
const spacedMs = 1000
/** Most stored times; the oldest are dropped first. */
const toldMax = 3600

/** A smaller delay in milliseconds is normal and is not shown. */
export const behindMsMin = 2000
/** From this delay in milliseconds on, taking events has priority over drawing. */
export const farBehindMs = 5000

interface Told {
  readonly latest: number
  /** The time at which the lab first reported so many events. */
  readonly ms: number
}

const nothing: Told = { latest: 0, ms: 0 }

export class Lag {
  /** In order; both numbers increase. */
  #told: Told[] = []
  #newest = nothing

  /** Notes that the lab has events up to `latest`. */
  told(latest: number, nowMs: number): void {
    if (latest < this.#newest.latest) this.reset()
    if (latest === this.#newest.latest) return
    this.#newest = { latest, ms: nowMs }
    const last = this.#told.at(-1)
    if (last && nowMs - last.ms < spacedMs) return
    this.#told.push(this.#newest)
    if (this.#told.length > toldMax) this.#told.shift()
  }

  /** For how many milliseconds the lab has had an event after `shown`; 0 if it has none. */
  behindMs(shown: number, nowMs: number): number {
    while (this.#told[0] && this.#told[0].latest <= shown) this.#told.shift()
    const since = this.#told[0] ?? (this.#newest.latest > shown ? this.#newest : undefined)
    return since ? nowMs - since.ms : 0
  }

  reset(): void {
    this.#told = []
    this.#newest = nothing
  }
}

/** The text for the bar; empty for a window that keeps up. */
export function behindText(behindMs: number): string {
  if (behindMs < behindMsMin) return ''
  const seconds = Math.floor(behindMs / 1000)
  return seconds < 120 ? `${seconds} s behind` : `${Math.floor(seconds / 60)} min behind`
}
