// Throughput and latency over time, in buckets that grow with the operations as they return. Pure; a bucket keeps its latencies so that
// a quantile is exact, and doubles its width when there would be too many buckets.
export interface SeriesPoint {
  /** The bucket's begin, in seconds of cluster time. */
  readonly at: number
  /** Operations a second that ended ok. */
  readonly rate: number
  /** In milliseconds; null where nothing returned. */
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
/** A plot shows no more than this, and memory is bounded by it. */
const bucketsMax = 1200
/** Latencies that one bucket keeps; beyond, every second one, so that quantiles stay close. */
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

  /** One point for each bucket up to `endSeconds`, empty ones too, so that a standstill is seen. */
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

/** The value that this share of the sorted values does not pass (nearest rank). */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
