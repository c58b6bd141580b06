// Stalls: the machine gave a process of the lab no time, so an untouched server seemed silent. They are measured without extra wake-ups, by how
// late normal work is. A node compares when a timer was due with when it fired (node-process.ts); the switchboard compares that with when it read
// of it. It must never report a stall for a process that was stopped or frozen on purpose.
import type { Settings } from '../../protocol'

/** Shorter delays are normal on a healthy machine. */
const nothingMs = 25

/** The shortest stall that is reported, in milliseconds. A shorter one hides one ping at most. */
export function stallMsMin({ pingCheckIntervalMs }: Pick<Settings, 'pingCheckIntervalMs'>): number {
  return Math.max(nothingMs, pingCheckIntervalMs)
}

/**
 * Wait for a pending SIGCONT. Node handles a signal after the pending socket input, and its signal thread must run first. This is long enough for
 * that, and short enough not to distort the reported time of a stall.
 */
const signalMs = 10

/**
 * Calls back after every signal that was sent before this call was handled. Timers run before pending input: if reading took long, the wait is over
 * and the signal still pending. So `setImmediate` adds a whole round of reading.
 */
export function afterSignals(callback: () => void): void {
  setTimeout(() => setImmediate(callback), signalMs)
}

/** Microseconds of the clock that all processes of a machine share. */
export function hostMicros(): number {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1_000_000 + Math.floor(nanos / 1000)
}

/**
 * The switchboard's own stalls. A single late frame may have waited in a node that was stopped while writing. The switchboard itself stalled only
 * if it read nothing at all in that time.
 */
export class ReadingStalls {
  readonly #microsMin: number
  readonly #now: () => number
  #readMicros = Number.NEGATIVE_INFINITY
  #continuedMicros = Number.NEGATIVE_INFINITY

  constructor(settings: Pick<Settings, 'pingCheckIntervalMs'>, now: () => number) {
    this.#microsMin = stallMsMin(settings) * 1000
    this.#now = now
  }

  /** This process was stopped by a signal and continues. */
  continued(): void {
    this.#continuedMicros = this.#now()
  }

  /** True if this process was stopped since `micros`. Call it {@link afterSignals}. */
  wasStoppedSince(micros: number): boolean {
    return this.#continuedMicros >= micros
  }

  /** A node's timer fired at `firedMicros`, and the switchboard reads of it now. Returns for how many whole milliseconds nothing was read; 0 if that is no stall. */
  read(firedMicros: number): number {
    const now = this.#now()
    const stillMicros = now - Math.max(firedMicros, this.#readMicros)
    this.#readMicros = now
    return stillMicros >= this.#microsMin ? Math.round(stillMicros / 1000) : 0
  }
}
