// Cluster time: microseconds in which the cluster ran. A freeze stops it, and every delay in a session counts in it. Wall time is kept too, only for display.

/** A monotonic clock in microseconds; a parameter, so that tests can control it. */
export type Microseconds = () => number

interface Waiting {
  due: number
  readonly action: () => void
  handle: NodeJS.Timeout | undefined
}

export class ClusterClock {
  readonly #wall: Microseconds
  readonly #began: number
  #passed: number
  /** The wall time at which the clock last started; undefined while it is stopped. */
  #since: number | undefined
  readonly #waiting = new Set<Waiting>()
  /** Called before a due action runs. */
  onAction: () => void = () => undefined

  /** `begin`: the times at which a continued session begins, in microseconds. */
  constructor(wall: Microseconds, begin = { at: 0, wall: 0 }) {
    this.#wall = wall
    this.#began = wall() - begin.wall
    this.#passed = begin.at
  }

  get isRunning(): boolean {
    return this.#since !== undefined
  }

  /** Cluster time in whole microseconds. */
  now(): number {
    return Math.round(this.#passed + (this.#since === undefined ? 0 : this.#wall() - this.#since))
  }

  /** Wall time since the session began, in whole microseconds. */
  wall(): number {
    return Math.round(this.#wall() - this.#began)
  }

  run(): void {
    if (this.#since !== undefined) return
    this.#since = this.#wall()
    for (const waiting of this.#waiting) this.#arm(waiting)
  }

  stand(): void {
    this.#passed = this.now()
    this.#since = undefined
    for (const { handle } of this.#waiting) clearTimeout(handle)
  }

  /** Calls `action` once, `ms` of cluster time from now; returns the function that cancels it. */
  after(ms: number, action: () => void): () => void {
    const waiting: Waiting = { due: this.now() + ms * 1000, action, handle: undefined }
    this.#waiting.add(waiting)
    if (this.isRunning) this.#arm(waiting)
    return () => {
      clearTimeout(waiting.handle)
      this.#waiting.delete(waiting)
    }
  }

  #arm(waiting: Waiting): void {
    waiting.handle = setTimeout(() => {
      // The host's timers may fire slightly early; an action never runs early.
      if (this.now() < waiting.due) return this.#arm(waiting)
      this.#waiting.delete(waiting)
      this.onAction()
      waiting.action()
    }, Math.max(0, Math.ceil((waiting.due - this.now()) / 1000)))
  }
}
