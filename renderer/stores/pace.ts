// Limits how often something is drawn: acts may arrive at any rate, and drawing takes at most a share of the time.
// It must never lose the last act.

export interface PaceOptions {
  nowMs(): number
  /** Runs `act` after so many milliseconds; the returned function cancels it. */
  later(ms: number, act: () => void): () => void
  /** Resolves when the last act has been drawn. */
  drawn(): Promise<void>
}

export interface PaceLimits {
  /** Milliseconds between two acts: the minimum, and the maximum however slow drawing is. */
  readonly leastMs: number
  readonly mostMs: number
  /** The share of the time that drawing may take, from 0 to 1. */
  share(): number
}

export class Pace {
  readonly #options: PaceOptions
  readonly #limits: PaceLimits
  /** The earliest time of the next act. */
  #nextMs = 0
  #due: (() => void) | null = null
  #callOff: (() => void) | null = null

  constructor(options: PaceOptions, limits: PaceLimits) {
    this.#options = options
    this.#limits = limits
  }

  /** Runs `act` now or as soon as allowed, replacing a waiting act; an act with `mayBeLeft` is dropped instead of waiting. */
  offer(act: () => void, { mayBeLeft = false } = {}): void {
    const waitMs = this.#nextMs - this.#options.nowMs()
    if (waitMs <= 0) return this.#actNow(act)
    if (mayBeLeft) return
    this.#due = act
    this.#callOff ??= this.#options.later(waitMs, () => {
      this.#callOff = null
      // Offers it again, because drawing may have taken longer than was known when the timer was set.
      if (this.#due) this.offer(this.#due)
    })
  }

  /** Drops a waiting act, and allows the next act at once. */
  clear(): void {
    this.#callOff?.()
    this.#callOff = null
    this.#due = null
    this.#nextMs = 0
  }

  #actNow(act: () => void): void {
    this.#callOff?.()
    this.#callOff = null
    this.#due = null
    const actedMs = this.#options.nowMs()
    this.#nextMs = actedMs + this.#limits.leastMs
    act()
    // The cost of drawing is measured only if the limits depend on it, because measuring it takes a frame.
    if (this.#limits.leastMs < this.#limits.mostMs) void this.#noteCost(actedMs)
  }

  async #noteCost(actedMs: number): Promise<void> {
    await this.#options.drawn()
    const costMs = this.#options.nowMs() - actedMs
    this.#nextMs = Math.max(this.#nextMs, actedMs + Math.min(this.#limits.mostMs, costMs / this.#limits.share()))
  }
}

/** Resolves when all other waiting work has run. It uses a message and no timer, which would add milliseconds. */
export function pauseByMessage(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/** The window's own clock and frames. A hidden window has no frames, so it does not wait for one. */
export const paceOfWindow: PaceOptions = {
  nowMs: () => performance.now(),
  later: (ms, act) => {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
  drawn: () => document.hidden ? pauseByMessage() : new Promise((resolve) => requestAnimationFrame(() => resolve(pauseByMessage()))),
}
