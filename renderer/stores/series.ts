// Throughput and latency over time, in buckets of returned operations. A bucket stores its latencies, so that a quantile is exact up to
// `latenciesMax`. The width of the buckets doubles when there would be too many. Pure.
export interface SeriesPoint {
  /** The begin of the bucket, in seconds of cluster time. */
  readonly at: number
  /** Operations per second that ended ok. */
  readonly rate: number
  /** In milliseconds; null if no operation returned. */
  readonly p50: number | null
  readonly p99: number | null
}

/** An operation that has returned; times in microseconds of cluster time. */
export interface Returned {
  readonly invokedAt: number
  readonly returnedAt: number
  readonly isOk: boolean
}

interface Bucket {
  ok: number
  latenciesMs: number[]
  isSorted: boolean
}

const firstBucketSeconds = 1
/** Most buckets; a plot cannot show more, and this bounds the memory. */
const bucketsMax = 1200
/** Most latencies of one bucket; beyond it every second one is dropped, and quantiles stay approximately right. */
const latenciesMax = 4000

export class Series {
  #width = firstBucketSeconds
  #buckets: Bucket[] = []

  get bucketSeconds(): number {
    return this.#width
  }

  /** Takes the next operation that has returned. */
  take({ returnedAt, invokedAt, isOk }: Returned): void {
    const index = Math.floor(returnedAt / 1_000_000 / this.#width)
    if (index >= bucketsMax) {
      this.#widen()
      return this.take({ returnedAt, invokedAt, isOk })
    }
    while (this.#buckets.length <= index) this.#buckets.push({ ok: 0, latenciesMs: [], isSorted: true })
    const bucket = this.#buckets[index] as Bucket
    if (isOk) bucket.ok++
    bucket.latenciesMs.push((returnedAt - invokedAt) / 1000)
    bucket.isSorted = false
    if (bucket.latenciesMs.length > latenciesMax) bucket.latenciesMs = bucket.latenciesMs.filter((_, at) => at % 2 === 0)
  }

  /** One point for each bucket up to `endSeconds`, including empty ones, so that a pause is visible. */
  points(endSeconds: number): SeriesPoint[] {
    const count = Math.max(this.#buckets.length, Math.floor(endSeconds / this.#width) + 1)
    return Array.from({ length: Math.min(count, bucketsMax) }, (_, index) => this.#point(index))
  }

  #point(index: number): SeriesPoint {
    const bucket = this.#buckets[index]
    const at = index * this.#width
    if (!bucket || bucket.latenciesMs.length === 0) return { at, rate: 0, p50: null, p99: null }
    if (!bucket.isSorted) {
      bucket.latenciesMs.sort((one, other) => one - other)
      bucket.isSorted = true
    }
    return { at, rate: bucket.ok / this.#width, p50: quantile(bucket.latenciesMs, 0.5), p99: quantile(bucket.latenciesMs, 0.99) }
  }

  #widen(): void {
    this.#width *= 2
    const wider: Bucket[] = []
    for (let index = 0; index < this.#buckets.length; index += 2) {
      const [one, other] = [this.#buckets[index], this.#buckets[index + 1]]
      wider.push({ ok: (one?.ok ?? 0) + (other?.ok ?? 0), latenciesMs: [...one?.latenciesMs ?? [], ...other?.latenciesMs ?? []], isSorted: false })
    }
    this.#buckets = wider
  }
}

/** The quantile of sorted values by the nearest-rank method; `share` from 0 to 1. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
