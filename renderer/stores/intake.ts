// Takes batches of events in slices of a few milliseconds, so that a million events never block the window: other work (a frame, a click)
// runs between two slices. A batch that fits in one slice is taken at once.
// It must never reorder events, and never take events of a session that has ended.

import { Pace, type PaceOptions } from './pace'

export interface IntakeOptions extends PaceOptions {
  /** Takes the line of the next event: from `at` to `end` of a text. */
  take(text: string, at: number, end: number): void
  /** The taken events may be shown. Called now and then during a batch, and soon after its end. */
  taken(): void
  /** Resolves when all other waiting work has run. */
  pause(): Promise<void>
  /** The source has had many more events for seconds, so taking them has priority over drawing. */
  isFarBehind?(): boolean
}

/** The length of a slice; a frame still fits into its 16 ms with it. */
export const sliceMs = 5
/** Lines between two checks of the clock. */
const linesAtOnce = 8
/**
 * Milliseconds between two updates of the screen. Nobody reads faster than `least`, and drawing every batch would leave no time to respond.
 * If drawing is slow, updates are rarer, up to `most`, so that drawing takes at most `shownShareMax` of the time. That share is lower while
 * events wait, and lowest in a flood (a long file is read), because then every update delays the end.
 */
export const shownEveryMs = { least: 80, most: 500 } as const
export const shownShareMax = { idle: 0.4, busy: 0.25, flooded: 0.06 } as const
/** The source must wait while more characters than this are not taken; below it, the next batch arrives while this one is taken. */
export const aheadCharacters = 1024 * 1024
/** A flood is so many consecutive batches with so many characters each; a running cluster sends far less. */
export const flood = { batches: 3, characters: 512 * 1024 } as const

interface Batch {
  readonly text: string
  at: number
}

export class Intake {
  readonly #options: IntakeOptions
  #batches: Batch[] = []
  #characters = 0
  /** Number of large batches since the last small one. */
  #largeBatches = 0
  #isRunning = false
  readonly #pace: Pace
  #waiting: (() => void)[] = []
  /** Increases with `clear`, so that an earlier run ends. */
  #generation = 0

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#pace = new Pace(options, {
      leastMs: shownEveryMs.least, mostMs: shownEveryMs.most, share: () => shownShareMax[this.#load()],
    })
  }

  #load(): keyof typeof shownShareMax {
    if (this.#largeBatches >= flood.batches || this.#options.isFarBehind?.()) return 'flooded'
    return this.isIdle ? 'idle' : 'busy'
  }

  /** True if no events wait to be taken. */
  get isIdle(): boolean {
    return this.#batches.length === 0
  }

  /** Takes lines joined by line feeds. Resolves when the source may send more; lines that fit in a slice are taken before it returns. */
  add(text: string): Promise<void> {
    if (text !== '') {
      this.#batches.push({ text, at: 0 })
      this.#characters += text.length + 1
      this.#largeBatches = text.length >= flood.characters ? this.#largeBatches + 1 : 0
    }
    if (!this.#isRunning) void this.#run()
    if (this.#characters <= aheadCharacters) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Drops all waiting events. */
  clear(): void {
    this.#generation++
    this.#batches = []
    this.#characters = 0
    this.#largeBatches = 0
    this.#isRunning = false
    this.#pace.clear()
    this.#release()
  }

  async #run(): Promise<void> {
    const generation = this.#generation
    this.#isRunning = true
    while (this.#slice()) {
      this.#pace.offer(() => this.#options.taken(), { mayBeLeft: true })
      await this.#options.pause()
      if (generation !== this.#generation) return
    }
    this.#isRunning = false
    this.#pace.offer(() => this.#options.taken())
  }

  /** Takes one slice; returns true if events still wait. */
  #slice(): boolean {
    const endMs = this.#options.nowMs() + sliceMs
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      if (!this.#takeOf(batch, endMs)) return true
      this.#batches.shift()
    }
    return false
  }

  /** Returns true if the batch is done, false if the time is over. */
  #takeOf(batch: Batch, endMs: number): boolean {
    const { text } = batch
    for (let lines = 1; batch.at < text.length; lines++) {
      const lineFeed = text.indexOf('\n', batch.at)
      const end = lineFeed === -1 ? text.length : lineFeed
      const { at } = batch
      this.#characters -= end + 1 - at
      batch.at = end + 1
      this.#options.take(text, at, end)
      if (lines % linesAtOnce === 0 && this.#options.nowMs() >= endMs) break
    }
    if (this.#characters <= aheadCharacters) this.#release()
    return batch.at >= text.length
  }

  #release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
