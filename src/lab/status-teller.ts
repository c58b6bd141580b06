// Throttles change notifications to ten a second: the first change at once (with those of the same tick), later ones together.
// It must never delay the last change longer than the interval.

export const statusIntervalMs = 100

export class StatusTeller {
  readonly #tell: () => void
  #timer: NodeJS.Timeout | null = null
  #isChanged = false

  constructor(tell: () => void) {
    this.#tell = tell
  }

  /** To be called on a change. It must stay cheap: it is called for each batch of events. */
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
