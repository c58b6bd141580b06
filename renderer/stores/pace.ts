// How often something may be shown: acts come as fast as they like, and the screen is drawn for no more than a share of the time. It must
// never lose the last act.

export interface PaceOptions {
  nowMs(): number
  /** Acts after so many milliseconds; what it returns calls that off. */
  later(ms: number, act: () => void): () => void
  /** Resolves when what was shown last is drawn. */
  drawn(): Promise<void>
}

export interface PaceLimits {
  /** Milliseconds between two acts: at least, and however slow drawing is at most. */
  readonly leastMs: number
  readonly mostMs: number
  /** Share of the time that drawing may take. */
  share(): number
}

export class Pace {
  readonly #options: PaceOptions
  readonly #limits: PaceLimits
  /** When the next act may be at the earliest. */
  #nextMs = 0
  #due: (() => void) | null = null
  #callOff: (() => void) | null = null

  constructor(options: PaceOptions, limits: PaceLimits) {
    this.#options = options
    this.#limits = limits
  }

  /** Acts now, or as soon as it may in the place of what waits; one that `mayBeLeft` is left out instead of waiting. */
  offer(act: () => void, { mayBeLeft = false } = {}): void {
    const waitMs = this.#nextMs - this.#options.nowMs()
    if (waitMs <= 0) return this.#actNow(act)
    if (mayBeLeft) return
    this.#due = act
    this.#callOff ??= this.#options.later(waitMs, () => {
      this.#callOff = null
      // Drawing took longer than was known then.
      if (this.#due) this.offer(this.#due)
    })
  }

  /** Forgets what waits, and lets the next act be at once. */
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
    // Where nothing depends on it what drawing costs is not asked: to ask is a frame.
    if (this.#limits.leastMs < this.#limits.mostMs) void this.#noteCost(actedMs)
  }

  async #noteCost(actedMs: number): Promise<void> {
    await this.#options.drawn()
    const costMs = this.#options.nowMs() - actedMs
    this.#nextMs = Math.max(this.#nextMs, actedMs + Math.min(this.#limits.mostMs, costMs / this.#limits.share()))
  }
}

/** Resolves when everything else that waited has had its turn: no timer, which would wait for milliseconds more. */
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

/** The window's own clock and frames. A window that is not drawn has no frames to wait for. */
export const paceOfWindow: PaceOptions = {
  nowMs: () => performance.now(),
  later: (ms, act) => {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
  drawn: () => document.hidden ? pauseByMessage() : new Promise((resolve) => requestAnimationFrame(() => resolve(pauseByMessage()))),
}
