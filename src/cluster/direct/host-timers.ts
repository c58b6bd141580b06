// The timers of a direct-mode node: one for each name, on the host's clock. (In a lab, timers are frozen too: node-process.ts.) A timer that its
// own step arms again keeps its period: twelve checks of 5 ms take 60 ms, without adding each delay. A client arms and cancels two timers for every
// operation, so host timers are touched as little as possible. A timer with a later due time keeps the earlier host timer, which then waits for the
// rest. A cancelled timer lets its host timer fire for nothing. It must never fire a timer after `close`.

interface Timer {
  /** Due time in milliseconds of the host's clock; infinity while it is not armed. */
  dueMs: number
  /** When the host's timer fires; infinity while there is none. */
  wakesMs: number
  timeout: NodeJS.Timeout | undefined
}

export class HostTimers {
  readonly #timers = new Map<string, Timer>()
  readonly #onTimer: (name: string) => void
  /** The timer whose step is running, and when it was due. */
  #firing: { readonly timer: Timer; readonly dueMs: number } | null = null
  #isClosed = false

  constructor(onTimer: (name: string) => void) {
    this.#onTimer = onTimer
  }

  /** Arms the timer; replaces an armed timer of that name. */
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

  /** Cancels all timers; later calls of `set` do nothing. */
  close(): void {
    this.#isClosed = true
    for (const { timeout } of this.#timers.values()) clearTimeout(timeout)
  }

  #add(name: string): Timer {
    const timer: Timer = { dueMs: Infinity, wakesMs: Infinity, timeout: undefined }
    this.#timers.set(name, timer)
    return timer
  }

  /** The host's timers use whole milliseconds. */
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

/** The next due time of a periodic timer that was due at `dueMs`. A missed period is skipped: a burst of checks would find every server silent. */
export function nextBeat(dueMs: number, ms: number, nowMs: number): number {
  return nowMs - dueMs < ms ? dueMs + ms : nowMs + ms
}
