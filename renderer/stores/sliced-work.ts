// Runs work of any length in slices of a few milliseconds, so that it never blocks the window: other work (a frame, a click) runs between
// two slices. Does not use Vue. It must never continue work that was cancelled.
import { shownEveryMs, sliceMs } from './intake'

export interface SlicedWorkOptions {
  /** Does a small part of the work; returns true if more is left. It is called until the slice's time is over. */
  step(): boolean
  /** The result so far may be shown. Called now and then, and at the end. */
  shown(isMore: boolean): void
  nowMs(): number
  /** Resolves when all other waiting work has run. */
  pause(): Promise<void>
}

export class SlicedWork {
  readonly #options: SlicedWorkOptions
  #isRunning = false
  #shownAtMs = 0
  /** Increases with `stop`, so that an earlier run ends. */
  #generation = 0

  constructor(options: SlicedWorkOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Starts the work; a running one finds new work by itself. Work that fits in a slice is done before it returns. */
  start(): void {
    if (!this.#isRunning) void this.#run()
  }

  stop(): void {
    this.#generation++
    this.#isRunning = false
  }

  async #run(): Promise<void> {
    const generation = this.#generation
    this.#isRunning = true
    while (this.#slice()) {
      this.#show()
      await this.#options.pause()
      if (generation !== this.#generation) return
    }
    this.#isRunning = false
    this.#options.shown(false)
  }

  /** Runs one slice; returns true if more work is left. */
  #slice(): boolean {
    const endMs = this.#options.nowMs() + sliceMs
    while (this.#options.step()) if (this.#options.nowMs() >= endMs) return true
    return false
  }

  #show(): void {
    const nowMs = this.#options.nowMs()
    if (nowMs - this.#shownAtMs < shownEveryMs.least) return
    this.#shownAtMs = nowMs
    this.#options.shown(true)
  }
}
