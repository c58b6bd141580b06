// The rules watched in a live session: looks at the events behind the cluster and has each rule that breaks written into the trace. In the
// lab's own process, a slice at a time, so that neither the switchboard nor a screen waits for it.
// It must never hold more than a little of what waits: the rest is read back from the log.
import { setTimeout as pause } from 'node:timers/promises'
import { RuleTeller } from '../check'
import type { TraceHeader, Violation } from '../trace'
import type { EventLines } from './cluster-seam'
import type { ReadLimits } from './event-log'
import type { FeedSource } from './feed'

/** Some 5 ms of work. */
const sliceLimits: ReadLimits = { eventsMax: 1000, bytesMax: 512 * 1024 }

/** Between two slices while it keeps up: few large slices cost less than many small ones, and a freeze by a broken rule is soon enough. */
const intervalMs = 20

/** Text of new events that is kept until its turn; reading the log costs as much again as looking. */
const keptCharactersMax = 4 * 1024 * 1024

export interface RuleWatchOptions {
  readonly header: TraceHeader
  readonly source: FeedSource
  /** Writes it into the trace; may reject where the cluster is over. */
  readonly tell: (violation: Violation) => Promise<void>
  /** Events up to this one are another recording's. */
  readonly past?: number
}

export class RuleWatch {
  readonly #source: FeedSource
  readonly #teller: RuleTeller
  #cursor = 1
  #kept: EventLines[] = []
  #keptCharacters = 0
  #running: Promise<void> | null = null
  #isOver = false

  constructor({ header, source, tell, past = 0 }: RuleWatchOptions) {
    this.#source = source
    // The session may end before its last breach is written; the events are there, and whoever opens them finds it again.
    this.#teller = new RuleTeller(header, (violation) => void tell(violation).catch(() => undefined), past)
  }

  /** The last event that was looked at. */
  get lookedAt(): number {
    return this.#cursor - 1
  }

  /** There are new events; these, and they are in the log. Cheap: called for each batch that a cluster brings. */
  take(lines: EventLines): void {
    if (this.#isOver) return
    if (this.#keptCharacters + lines.text.length <= keptCharactersMax) {
      this.#kept.push(lines)
      this.#keptCharacters += lines.text.length
    }
    this.wake()
  }

  /** Looks at what is in the log. */
  wake(): void {
    if (this.#isOver || this.#running !== null || this.#cursor > this.#source.latest) return
    this.#running = this.#run().finally(() => {
      this.#running = null
      this.wake()
    })
  }

  /** Resolves when every event that is there now was looked at. */
  async caughtUp(): Promise<void> {
    const { latest } = this.#source
    while (!this.#isOver && this.#cursor <= latest) {
      this.wake()
      await this.#running
    }
  }

  /** Looks at nothing more. */
  stop(): void {
    this.#isOver = true
    this.#kept = []
  }

  async #run(): Promise<void> {
    await pause(intervalMs)
    while (!this.#isOver && this.#cursor <= this.#source.latest) {
      const lines = this.#nextKept() ?? await this.#source.read(this.#cursor, sliceLimits)
      // Events that are lost make the rest one that nobody can judge; the session's status says that they are.
      if (lines?.from !== this.#cursor) return this.stop()
      this.#teller.takeLines(lines.text)
      this.#cursor += lines.count
      await pause(0)
    }
  }

  /** What was kept from the cursor on, a slice of it; undefined where it begins later or there is none. */
  #nextKept(): EventLines | undefined {
    let used = 0
    let count = 0
    const texts: string[] = []
    for (const { from, count: more, text } of this.#kept) {
      const next = this.#cursor + count
      if (from > next || count >= sliceLimits.eventsMax) break
      used++
      this.#keptCharacters -= text.length
      // What was read from the log meanwhile is passed over.
      if (from < next) continue
      texts.push(text)
      count += more
    }
    this.#kept.splice(0, used)
    return count === 0 ? undefined : { from: this.#cursor, count, text: texts.join('\n') }
  }
}
