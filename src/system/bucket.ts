// A token bucket for rate limits: it fills continuously and must never hold more than its capacity.

export class Bucket {
  readonly #most: number
  readonly #fillMs: number
  readonly #nowMs: () => number
  #left: number
  #filledMs: number

  /** Full at first. `most`: the capacity, which fills in `fillMs`. `nowMs`: a monotonic clock in milliseconds. */
  constructor(most: number, fillMs: number, nowMs: () => number = () => performance.now()) {
    this.#most = most
    this.#fillMs = fillMs
    this.#nowMs = nowMs
    this.#left = most
    this.#filledMs = nowMs()
  }

  /** The present content; below 0 is a debt. */
  get left(): number {
    const nowMs = this.#nowMs()
    this.#left = Math.min(this.#most, this.#left + (nowMs - this.#filledMs) / this.#fillMs * this.#most)
    this.#filledMs = nowMs
    return this.#left
  }

  /** Takes `count`, even if the bucket holds less. */
  take(count: number): void {
    this.#left -= count
  }

  /** Returns what was taken and not used. */
  giveBack(count: number): void {
    this.#left = Math.min(this.#most, this.#left + count)
  }

  /** Milliseconds until the bucket holds `count`. */
  waitMs(count: number): number {
    return Math.max(0, Math.ceil((count - this.left) / this.#most * this.#fillMs))
  }
}
