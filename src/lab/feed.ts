// Sends a session's events to one screen in numbered batches, each only after the ack of the one before.
// A slow screen gets later and bigger batches, not a longer queue: the feed holds only a cursor.
// It must never skip an event that is still available, and never send one twice.
import type { EventBatch } from '../contract'
import type { EventLines } from './cluster-seam'
import type { ReadLimits } from './event-log'

/** The minimum interval between two batches for a screen that keeps up. */
export const batchIntervalMs = 33

/** The largest batch for a screen that keeps up. */
export const batchLimits: ReadLimits = { eventsMax: 2000, bytesMax: 1024 * 1024 }

/**
 * The largest batch for a screen that is more than one batch behind: an opened recording, or a busy window. Then only the ack limits the rate.
 * One mebibyte: a screen can receive it without blocking for long, and larger batches were not faster.
 */
export const catchUpLimits: ReadLimits = { eventsMax: 20_000, bytesMax: 1024 * 1024 }

/** The source of a feed: the event log. */
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
  /** Never reset between subscriptions of this screen, so that a late ack of an earlier one matches no batch. */
  #batch = 0
  #isUnacked = false
  #isReading = false
  #lastSentMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  constructor(tell: (batch: EventBatch) => void) {
    this.#tell = tell
  }

  /** Sends the events of this session from `since` on, and replaces the earlier subscription. The first batch goes at once. */
  subscribe(session: number, source: FeedSource, since: number): void {
    this.stop()
    this.#subscription = { session, source, cursor: since }
    this.#isUnacked = false
    this.#lastSentMs = Number.NEGATIVE_INFINITY
    this.wake()
  }

  /** The screen has received a batch; an ack of any other than the last one is ignored. */
  ack(session: number, batch: number): void {
    if (session !== this.#subscription?.session || batch !== this.#batch) return
    this.#isUnacked = false
    this.wake()
  }

  /** To be called when there may be new events. It must stay cheap: it is called for each batch of a cluster. */
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

  /** Stops sending until the next subscription. */
  stop(): void {
    this.#subscription = null
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  async #send(subscription: Subscription, limits: ReadLimits): Promise<void> {
    this.#isReading = true
    const lines = await subscription.source.read(subscription.cursor, limits)
    this.#isReading = false
    if (this.#subscription !== subscription) return this.wake() // Replaced during the read.
    if (lines === undefined) {
      // None of the remaining events is available any more; the session's status says so.
      subscription.cursor = subscription.source.latest + 1
      return
    }
    subscription.cursor = lines.from + lines.count
    this.#isUnacked = true
    this.#lastSentMs = performance.now()
    this.#tell({ session: subscription.session, batch: ++this.#batch, ...lines })
  }
}
