// The timers of a node that runs alone: one for each name, on the host's clock. (In a lab timers stand still in a freeze: node-process.ts.)
// A timer that its own step arms again keeps its beat: twelve checks of 5 ms take 60 ms, not 60 and twelve times what each was late.

interface Armed {
  readonly timeout: NodeJS.Timeout
  readonly dueMs: number
}

export class HostTimers {
  readonly #timers = new Map<string, Armed>()
  readonly #onTimer: (name: string) => void
  /** The timer whose step runs now, and when it was due. */
  #firing: { readonly name: string; readonly dueMs: number } | null = null
  #isClosed = false

  constructor(onTimer: (name: string) => void) {
    this.#onTimer = onTimer
  }

  /** Arms the timer; one of that name that is armed is replaced. */
  set(name: string, ms: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#timers.get(name)?.timeout)
    const nowMs = performance.now()
    const dueMs = this.#firing?.name === name ? nextBeat(this.#firing.dueMs, ms, nowMs) : nowMs + ms
    const timeout = setTimeout(() => this.#fire(name, dueMs), Math.round(dueMs - nowMs))
    this.#timers.set(name, { timeout, dueMs })
  }

  cancel(name: string): void {
    clearTimeout(this.#timers.get(name)?.timeout)
    this.#timers.delete(name)
  }

  /** Cancels all, and arms none again. */
  close(): void {
    this.#isClosed = true
    for (const { timeout } of this.#timers.values()) clearTimeout(timeout)
  }

  #fire(name: string, dueMs: number): void {
    this.#timers.delete(name)
    this.#firing = { name, dueMs }
    try {
      this.#onTimer(name)
    } finally {
      this.#firing = null
    }
  }
}

/** When a timer that was due at `dueMs` is due again. A beat that was missed is not made up for: checks in a burst would find everybody silent. */
export function nextBeat(dueMs: number, ms: number, nowMs: number): number {
  return nowMs - dueMs < ms ? dueMs + ms : nowMs + ms
}
