// The timers of a node in a lab, which a freeze stops. A timer that fires late because the machine had no time is reported as a stall.
// It must never fire a timer in a freeze, nor one that was cancelled or armed again since it was due.
import { afterSignals } from '../switchboard/stalls'

export interface NodeTimersOptions {
  readonly nowMs: () => number
  /** Wraps what a timer starts. A node that shares its process with others uses it to be stoppable, where the system would stop a process. */
  readonly whileRunning?: ((action: () => void) => void) | undefined
  readonly onDue: (name: string, armed: number) => void
  /** A timer was this much too late, in milliseconds: a stall. */
  readonly onStall: (lateMs: number) => void
}

interface Timer {
  readonly armed: number
  /** While running: its due time. While frozen: unused. */
  dueMs: number
  remainingMs: number
}

/** A timer of a frozen node. `armed`: how often it was armed in this incarnation; part of its identity. */
export interface StoppedTimer {
  readonly name: string
  readonly armed: number
  readonly remainingMs: number
}

export class NodeTimers {
  readonly #options: NodeTimersOptions
  readonly #timers = new Map<string, Timer>()
  readonly #armed = new Map<string, number>()
  /** One host timer for all timers, because most are cancelled long before they are due. */
  #wake: NodeJS.Timeout | undefined
  #wakeAtMs = Number.POSITIVE_INFINITY
  /** A node starts frozen and waits for the first thaw. */
  #isFrozen = true
  /** A timer that is this late is a stall; infinity until the settings are known. */
  stallMs = Number.POSITIVE_INFINITY
  /** When this process continued after it was stopped. */
  #continuedMs = Number.NEGATIVE_INFINITY

  constructor(options: NodeTimersOptions) {
    this.#options = options
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  set(name: string, ms: number): void {
    const armed = (this.#armed.get(name) ?? 0) + 1
    this.#armed.set(name, armed)
    const timer: Timer = { armed, dueMs: 0, remainingMs: ms }
    this.#timers.set(name, timer)
    if (!this.#isFrozen) this.#run(timer)
  }

  cancel(name: string): void {
    this.#timers.delete(name)
  }

  /** Takes the timer away to fire it; returns false if this armed timer is no longer there. */
  take(name: string, armed: number): boolean {
    return this.#timers.get(name)?.armed === armed && this.#timers.delete(name)
  }

  freeze(): void {
    if (this.#isFrozen) return
    this.#isFrozen = true
    const now = this.#options.nowMs()
    for (const timer of this.#timers.values()) timer.remainingMs = Math.max(0, timer.dueMs - now)
    clearTimeout(this.#wake)
    this.#wakeAtMs = Number.POSITIVE_INFINITY
  }

  thaw(): void {
    if (!this.#isFrozen) return
    this.#isFrozen = false
    for (const timer of this.#timers.values()) this.#run(timer)
  }

  /** All timers of a frozen node. */
  stopped(): readonly StoppedTimer[] {
    return [...this.#timers].map(([name, { armed, remainingMs }]) => ({ name, armed, remainingMs: Math.round(remainingMs * 1000) / 1000 }))
  }

  /** Begins as another incarnation had left them, frozen. */
  begin(armed: Iterable<readonly [string, number]>, timers: Iterable<StoppedTimer>): void {
    for (const [name, count] of armed) this.#armed.set(name, count)
    for (const { name, armed: count, remainingMs } of timers) this.#timers.set(name, { armed: count, dueMs: 0, remainingMs })
  }

  /** The process was stopped by a signal and continues: that time is no stall. */
  continued(): void {
    this.#continuedMs = this.#options.nowMs()
  }

  #run(timer: Timer): void {
    timer.dueMs = this.#options.nowMs() + timer.remainingMs
    this.#wakeBy(timer.dueMs)
  }

  #wakeBy(dueMs: number): void {
    if (dueMs >= this.#wakeAtMs) return
    clearTimeout(this.#wake)
    this.#wakeAtMs = dueMs
    this.#wake = setTimeout(() => this.#onWake(), Math.max(0, Math.ceil(dueMs - this.#options.nowMs())))
  }

  #onWake(): void {
    const wakeAtMs = this.#wakeAtMs
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    // A process that was stopped finds its timers due before it has read that the cluster is frozen. So it reads its socket first.
    const { whileRunning = runNow, nowMs, onDue } = this.#options
    setImmediate(() => whileRunning(() => {
      if (this.#isFrozen) return
      const now = nowMs()
      if (now - wakeAtMs >= this.stallMs) afterSignals(() => { if (!this.#isFrozen) this.#tellStall(now - Math.max(wakeAtMs, this.#continuedMs)) })
      const due = [...this.#timers].filter(([, { dueMs }]) => dueMs <= now).sort(([, one], [, other]) => one.dueMs - other.dueMs)
      for (const [name, timer] of due) if (!this.#isFrozen && this.#timers.get(name) === timer && this.take(name, timer.armed)) onDue(name, timer.armed)
      for (const { dueMs } of this.#timers.values()) this.#wakeBy(dueMs)
    }))
  }

  #tellStall(lateMs: number): void {
    if (lateMs >= this.stallMs) this.#options.onStall(lateMs)
  }
}

function runNow(action: () => void): void {
  action()
}
