// Tells that something changed, at most ten times a second: the first change at once (with those that come in the same breath), the rest together.
// It must never hold the last change back for longer than the interval.

export const statusIntervalMs = 100

export class StatusTeller {
  readonly #tell: () => void
  #timer: NodeJS.Timeout | null = null
  #isChanged = false

  constructor(tell: () => void) {
    this.#tell = tell
  }

  /** Something changed. Cheap: called for each batch of events. */
  change(): void {
    this.#isChanged = true
    if (this.#timer === null) this.#tellNow()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#isChanged) this.#tell()
    this.#isChanged = false
  }

  #tellNow(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.#isChanged) this.#tellNow()
    }, statusIntervalMs)
    queueMicrotask(() => {
      if (!this.#isChanged) return
      this.#isChanged = false
      this.#tell()
    })
  }
}
