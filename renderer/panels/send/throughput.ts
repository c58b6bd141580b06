// Operations per second over the last second of the session, from the events as they arrive. Pure; memory is bounded by the buckets.
import type { TraceEvent } from '../../../src/trace'

const bucketMicros = 100_000
const buckets = 10

export interface Throughput {
  take(event: TraceEvent): void
  /** Number of operations that returned in the last second before the newest event. */
  perSecond(): number
}

export function createThroughput(): Throughput {
  const counts = new Array<number>(buckets).fill(0)
  let newest = 0

  function take(event: TraceEvent): void {
    const bucket = Math.floor(event.wall / bucketMicros)
    // The buckets between the last event and this one are empty.
    for (let passed = Math.max(newest + 1, bucket - buckets + 1); passed <= bucket; passed++) counts[passed % buckets] = 0
    newest = Math.max(newest, bucket)
    if (event.type === 'operation-returned') counts[bucket % buckets] = (counts[bucket % buckets] ?? 0) + 1
  }

  return { take, perSecond: () => counts.reduce((sum, count) => sum + count, 0) * (1_000_000 / (buckets * bucketMicros)) }
}
