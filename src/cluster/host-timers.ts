// The timers of a node that runs alone: one for each name, on the host's clock. (In a lab timers stand still in a freeze: node-process.ts.)
// A client arms and cancels two for every operation, so neither touches the host's own timers where that can be helped: a timer that
// is armed for later than the host's is waits for it and asks for the rest, and one that is cancelled lets it pass.
import { performance } from 'node:perf_hooks'

interface Timer {
  /** When it is due, in milliseconds of the host's clock; infinity while it is not armed. */
  dueMs: number
  /** When the host's timer for it ends; infinity while there is none. */
  wakesMs: number
  handle: NodeJS.Timeout | undefined
}

export class HostTimers {
  readonly #timers = new Map<string, Timer>()
  readonly #onTimer: (name: string) => void
  #isClosed = false

  constructor(onTimer: (name: string) => void) {
    this.#onTimer = onTimer
  }

  /** Arms the timer; one of that name that is armed is replaced. */
  set(name: string, ms: number): void {
    if (this.#isClosed) return
    const timer = this.#timers.get(name) ?? this.#add(name)
    timer.dueMs = performance.now() + ms
    if (timer.dueMs < timer.wakesMs) this.#wait(name, timer, ms)
  }

  cancel(name: string): void {
    const timer = this.#timers.get(name)
    if (timer) timer.dueMs = Infinity
  }

  #add(name: string): Timer {
    const timer: Timer = { dueMs: Infinity, wakesMs: Infinity, handle: undefined }
    this.#timers.set(name, timer)
    return timer
  }

  #wait(name: string, timer: Timer, ms: number): void {
    clearTimeout(timer.handle)
    timer.wakesMs = timer.dueMs
    timer.handle = setTimeout(() => this.#onWake(name, timer), ms)
  }

  #onWake(name: string, timer: Timer): void {
    timer.wakesMs = Infinity
    timer.handle = undefined
    if (timer.dueMs === Infinity) return
    const restMs = timer.dueMs - performance.now()
    // The host counts in whole milliseconds and may wake a fraction early.
    if (restMs >= 1) return this.#wait(name, timer, restMs)
    timer.dueMs = Infinity
    this.#onTimer(name)
  }

  /** Cancels all, and arms none again. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) clearTimeout(timer.handle)
  }
}
