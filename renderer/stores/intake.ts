// Batches of events are taken in slices, so that a million of them never hold the window up: a few milliseconds, then whatever else
// waits (a frame, a click), then the next. A batch that fits in one slice is taken at once.
// It must never reorder, and never take what belongs to a session that is over.

import { Pace, type PaceOptions } from './pace'

export interface IntakeOptions extends PaceOptions {
  /** Takes one line of events that come in order: from `at` to `end` of a text. */
  take(text: string, at: number, end: number): void
  /** What was taken may be shown. Called soon after the end, and now and then on the way. */
  taken(): void
  /** Resolves when everything else that waited has had its turn. */
  pause(): Promise<void>
}

/** What one slice may cost: with it a frame still fits into its 16 ms. */
export const sliceMs = 5
/** Lines between two looks at the clock. */
const linesAtOnce = 8
/**
 * How often what was taken is shown: nobody reads faster, and a screen that is drawn with every batch has no time left to answer. On a slow
 * screen more rarely, so that drawing costs no more than a share of the time: less of it while more waits to be taken, and least in a flood,
 * as when a long file is read: then every drawing makes a person wait for the end.
 */
export const shownEveryMs = { least: 80, most: 500 } as const
export const shownShareMax = { idle: 0.4, busy: 0.25, flooded: 0.06 } as const
/** Who brings events waits while so many characters are not taken yet: the next batch comes while this one is worked on. */
export const aheadCharacters = 1024 * 1024
/** A flood: so many batches one after another, each of so many characters. What comes from running clusters is far from it. */
export const flood = { batches: 3, characters: 512 * 1024 } as const

interface Batch {
  readonly text: string
  at: number
}

export class Intake {
  readonly #options: IntakeOptions
  #batches: Batch[] = []
  #characters = 0
  /** Large batches since the last that was not. */
  #largeBatches = 0
  #isRunning = false
  readonly #pace: Pace
  #waiting: (() => void)[] = []
  /** Grows with `clear`: a run of before ends. */
  #generation = 0

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#pace = new Pace(options, {
      leastMs: shownEveryMs.least, mostMs: shownEveryMs.most, share: () => shownShareMax[this.#load()],
    })
  }

  #load(): keyof typeof shownShareMax {
    if (this.#largeBatches >= flood.batches) return 'flooded'
    return this.isIdle ? 'idle' : 'busy'
  }

  /** Nothing waits to be taken. */
  get isIdle(): boolean {
    return this.#batches.length === 0
  }

  /** Takes lines that are joined by line feeds. Resolves when more may be brought; what fits in a slice is taken before it returns. */
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

  /** Forgets what waits. */
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

  /** True if more waits. */
  #slice(): boolean {
    const endMs = this.#options.nowMs() + sliceMs
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      if (!this.#takeOf(batch, endMs)) return true
      this.#batches.shift()
    }
    return false
  }

  /** True if the batch is done; false if the time is over. */
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
