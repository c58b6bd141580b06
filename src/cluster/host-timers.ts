// The timers of a node that runs alone: one for each name, on the host's clock. (In a lab timers stand still in a freeze: node-process.ts.)

export class HostTimers {
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #onTimer: (name: string) => void
  #isClosed = false

  constructor(onTimer: (name: string) => void) {
    this.#onTimer = onTimer
  }

  /** Arms the timer; one of that name that is armed is replaced. */
  set(name: string, ms: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#timers.get(name))
    this.#timers.set(name, setTimeout(() => {
      this.#timers.delete(name)
      this.#onTimer(name)
    }, ms))
  }

  cancel(name: string): void {
    clearTimeout(this.#timers.get(name))
    this.#timers.delete(name)
  }

  /** Cancels all, and arms none again. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }
}
