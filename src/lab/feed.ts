// Brings a session's events to one screen, in numbered batches, the next only when the earlier was acknowledged.
// A slow screen gets later and bigger batches, never a longer queue: all that waits here is one cursor.
// It must never skip an event that can still be had, and never send one twice.
import type { EventBatch } from '../contract'
import type { EventLines } from './cluster-seam'
import type { ReadLimits } from './event-log'

/** A screen that keeps up is told at most this often. */
export const batchIntervalMs = 33

/** What a screen that keeps up gets at once. */
export const batchLimits: ReadLimits = { eventsMax: 2000, bytesMax: 1024 * 1024 }

/**
 * What a screen gets that is further behind than one batch: an opened recording, a window that was busy. No interval then, only the ack.
 * A mebibyte, so that a screen is not held up by taking it off the wire; more in one batch were no faster.
 */
export const catchUpLimits: ReadLimits = { eventsMax: 20_000, bytesMax: 1024 * 1024 }

/** Where a feed reads: the event log. */
export interface FeedSource {
  readonly latest: number
  read(from: number, limits: ReadLimits): Promise<EventLines | undefined>
}

interface Subscription {
  readonly session: number
  readonly source: FeedSource
  /** seq of the next event to send. */
  cursor: number
}

export class Feed {
  readonly #tell: (batch: EventBatch) => void
  #subscription: Subscription | null = null
  /** Grows over all subscriptions of this screen, so that a late ack of an earlier one acknowledges nothing. */
  #batch = 0
  #isUnacked = false
  #isReading = false
  #lastSentMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  constructor(tell: (batch: EventBatch) => void) {
    this.#tell = tell
  }

  /** Events of this session from `since` on; replaces what was subscribed before. The first batch goes at once. */
  subscribe(session: number, source: FeedSource, since: number): void {
    this.stop()
    this.#subscription = { session, source, cursor: since }
    this.#isUnacked = false
    this.#lastSentMs = Number.NEGATIVE_INFINITY
    this.wake()
  }

  /** The screen has taken a batch; an ack of any other than the last one changes nothing. */
  ack(session: number, batch: number): void {
    if (session !== this.#subscription?.session || batch !== this.#batch) return
    this.#isUnacked = false
    this.wake()
  }

  /** There may be new events. Cheap: called for each batch that a cluster brings. */
  wake(): void {
    const subscription = this.#subscription
    if (subscription === null || this.#isUnacked || this.#isReading || this.#timer !== null) return
    const waiting = subscription.source.latest - subscription.cursor + 1
    if (waiting <= 0) return
    const isBehind = waiting > batchLimits.eventsMax
    const waitMs = isBehind ? 0 : this.#lastSentMs + batchIntervalMs - performance.now()
    if (waitMs <= 0) return void this.#send(subscription, isBehind ? catchUpLimits : batchLimits)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.wake()
    }, Math.ceil(waitMs))
  }

  /** Sends nothing more, until the next subscription. */
  stop(): void {
    this.#subscription = null
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  async #send(subscription: Subscription, limits: ReadLimits): Promise<void> {
    this.#isReading = true
    const lines = await subscription.source.read(subscription.cursor, limits)
    this.#isReading = false
    if (this.#subscription !== subscription) return this.wake() // Replaced while it was read.
    if (lines === undefined) {
      // None of what waits can be had any more; the session's status says so.
      subscription.cursor = subscription.source.latest + 1
      return
    }
    subscription.cursor = lines.from + lines.count
    this.#isUnacked = true
    this.#lastSentMs = performance.now()
    this.#tell({ session: subscription.session, batch: ++this.#batch, ...lines })
  }
}
