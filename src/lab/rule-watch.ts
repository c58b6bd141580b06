// Watches the rules in a live session: it judges the events after the cluster has produced them, and writes each violation into the trace.
// It works in slices in the lab's process, so that neither the switchboard nor a screen waits for it.
// It must never hold more than a few pending events in memory: the rest is read from the log.
import { setTimeout as pause } from 'node:timers/promises'
import { RuleTeller } from '../check'
import type { TraceEvent, TraceHeader, ViolationFound } from '../trace'
import type { EventLines } from './cluster-seam'
import type { ReadLimits } from './event-log'
import type { FeedSource } from './feed'

/** One slice: about 5 ms of work. */
const sliceLimits: ReadLimits = { eventsMax: 1000, bytesMax: 512 * 1024 }

/** The pause between two slices while it keeps up: a few large slices cost less than many small ones, and a freeze after a violation may be this late. */
const intervalMs = 20

/** Characters of new events that are kept in memory until they are judged. Reading them from the log costs as much as judging them. */
const keptCharactersMax = 4 * 1024 * 1024

export interface RuleWatchOptions {
  readonly header: TraceHeader
  readonly source: FeedSource
  /** Writes a violation into the trace; may reject if the cluster has ended. */
  readonly tell: (violation: ViolationFound) => Promise<void>
  /** Events up to this seq belong to the parent recording. */
  readonly past?: number
  /** Called with each parsed event; events that no rule needs are skipped. */
  readonly look?: (event: TraceEvent) => void
}

export class RuleWatch {
  readonly #source: FeedSource
  readonly #teller: RuleTeller
  #cursor = 1
  #kept: EventLines[] = []
  #keptCharacters = 0
  #running: Promise<void> | null = null
  #isOver = false
  #isBlind = false

  constructor({ header, source, tell, past = 0, look }: RuleWatchOptions) {
    this.#source = source
    // The session may end before its last violation is written. The events are recorded, so a later reader finds it again.
    this.#teller = new RuleTeller(header, (violation) => void tell(violation).catch(() => undefined), past, look)
  }

  /** The seq of the last judged event. */
  get lookedAt(): number {
    return this.#cursor - 1
  }

  /** True if events were lost before they were judged; nothing after them was judged. */
  get isBlind(): boolean {
    return this.#isBlind
  }

  /** Takes new events that are also in the log. It must stay cheap: it is called for each batch of a cluster. */
  take(lines: EventLines): void {
    if (this.#isOver) return
    if (this.#keptCharacters + lines.text.length <= keptCharactersMax) {
      this.#kept.push(lines)
      this.#keptCharacters += lines.text.length
    }
    this.wake()
  }

  /** Starts judging what is in the log. */
  wake(): void {
    if (this.#isOver || this.#running !== null || this.#cursor > this.#source.latest) return
    this.#running = this.#run().finally(() => {
      this.#running = null
      this.wake()
    })
  }

  /** Resolves when every event that is in the log now has been judged. */
  async caughtUp(): Promise<void> {
    const { latest } = this.#source
    while (!this.#isOver && this.#cursor <= latest) {
      this.wake()
      await this.#running
    }
  }

  /** Stops judging. */
  stop(): void {
    this.#isOver = true
    this.#kept = []
  }

  async #run(): Promise<void> {
    await pause(intervalMs)
    while (!this.#isOver && this.#cursor <= this.#source.latest) {
      const lines = this.#nextKept() ?? await this.#source.read(this.#cursor, sliceLimits)
      // After lost events nothing can be judged any more; the session's status reports the loss.
      if (lines?.from !== this.#cursor) {
        this.#isBlind = true
        return this.stop()
      }
      this.#teller.takeLines(lines.text)
      this.#cursor += lines.count
      await pause(0)
    }
  }

  /** A slice of the kept events from the cursor on; undefined if they start later or there are none. */
  #nextKept(): EventLines | undefined {
    let used = 0
    let count = 0
    const texts: string[] = []
    for (const { from, count: more, text } of this.#kept) {
      const next = this.#cursor + count
      if (from > next || count >= sliceLimits.eventsMax) break
      used++
      this.#keptCharacters -= text.length
      // Already read from the log.
      if (from < next) continue
      texts.push(text)
      count += more
    }
    this.#kept.splice(0, used)
    return count === 0 ? undefined : { from: this.#cursor, count, text: texts.join('\n') }
  }
}
