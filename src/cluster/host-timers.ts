// The timers of a node that runs alone: one for each name, on the host's clock. (In a lab timers stand still in a freeze: node-process.ts.)
// A timer that its own step arms again keeps its beat: twelve checks of 5 ms take 60 ms, not 60 and twelve times what each was late.
// A client arms and cancels two for every operation, so neither touches the host's own timers where that can be helped: a timer that
// is armed for later than the host's waits for it and asks for the rest, and one that is cancelled lets it pass.

interface Timer {
  /** When it is due, in milliseconds of the host's clock; infinity while it is not armed. */
  dueMs: number
  /** When the host's timer for it ends; infinity while there is none. */
  wakesMs: number
  timeout: NodeJS.Timeout | undefined
}

export class HostTimers {
  readonly #timers = new Map<string, Timer>()
  readonly #onTimer: (name: string) => void
  /** The timer whose step runs now, and when it was due. */
  #firing: { readonly timer: Timer; readonly dueMs: number } | null = null
  #isClosed = false

  constructor(onTimer: (name: string) => void) {
    this.#onTimer = onTimer
  }

  /** Arms the timer; one of that name that is armed is replaced. */
  set(name: string, ms: number): void {
    if (this.#isClosed) return
    const timer = this.#timers.get(name) ?? this.#add(name)
    const nowMs = performance.now()
    timer.dueMs = this.#firing?.timer === timer ? nextBeat(this.#firing.dueMs, ms, nowMs) : nowMs + ms
    if (timer.dueMs < timer.wakesMs) this.#wait(name, timer, nowMs)
  }

  cancel(name: string): void {
    const timer = this.#timers.get(name)
    if (timer) timer.dueMs = Infinity
  }

  /** Cancels all, and arms none again. */
  close(): void {
    this.#isClosed = true
    for (const { timeout } of this.#timers.values()) clearTimeout(timeout)
  }

  #add(name: string): Timer {
    const timer: Timer = { dueMs: Infinity, wakesMs: Infinity, timeout: undefined }
    this.#timers.set(name, timer)
    return timer
  }

  /** The host counts in whole milliseconds. */
  #wait(name: string, timer: Timer, nowMs: number): void {
    clearTimeout(timer.timeout)
    timer.wakesMs = timer.dueMs
    timer.timeout = setTimeout(() => this.#onWake(name, timer), Math.round(timer.dueMs - nowMs))
  }

  #onWake(name: string, timer: Timer): void {
    timer.wakesMs = Infinity
    if (timer.dueMs === Infinity) return
    const nowMs = performance.now()
    if (timer.dueMs - nowMs >= 1) return this.#wait(name, timer, nowMs)
    this.#fire(name, timer)
  }

  #fire(name: string, timer: Timer): void {
    this.#firing = { timer, dueMs: timer.dueMs }
    timer.dueMs = Infinity
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
