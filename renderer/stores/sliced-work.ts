// Work of any length done in slices, so that it never holds the window up: a few milliseconds, then whatever else waits (a frame, a
// click), then the next. Pure of Vue. It must never work for something that was given up.
import { shownEveryMs, sliceMs } from './intake'

export interface SlicedWorkOptions {
  /** Does a little; true if there is more to do. It is called until a slice's time is over. */
  step(): boolean
  /** What was done may be shown. Called at the end, and now and then on the way. */
  shown(isMore: boolean): void
  nowMs(): number
  /** Resolves when everything else that waited has had its turn. */
  pause(): Promise<void>
}

export class SlicedWork {
  readonly #options: SlicedWorkOptions
  #isRunning = false
  #shownAtMs = 0
  /** Grows with `stop`: a run of before ends. */
  #generation = 0

  constructor(options: SlicedWorkOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Begins, unless it runs already: then it will find what there is more to do. What fits in a slice is done before it returns. */
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

  /** True if there is more to do. */
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
