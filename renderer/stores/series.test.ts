import { describe, expect, test } from 'vitest'
import { quantile, Series, type Returned } from './series'

const returned = (atSeconds: number, latencyMs: number, isOk = true): Returned => ({
  returnedAt: atSeconds * 1_000_000, invokedAt: atSeconds * 1_000_000 - latencyMs * 1000, isOk,
})

function seriesOf(...all: readonly Returned[]): Series {
  const series = new Series()
  for (const operation of all) series.take(operation)
  return series
}

describe('throughput and latency', () => {
  test('count what ended ok in each second, and show the seconds in which nothing did', () => {
    const series = seriesOf(returned(0.1, 1), returned(0.9, 3), returned(2.5, 5), returned(2.6, 5, false))
    expect(series.points(3.2).map((point) => point.rate)).toEqual([2, 0, 1, 0])
    expect(series.points(3.2)[1]).toMatchObject({ p50: null, p99: null })
    expect(series.points(3.2)[0]).toMatchObject({ p50: 1, p99: 3 })
  })

  test('grow while they are shown', () => {
    const series = seriesOf(returned(0.5, 1))
    expect(series.points(0)[0]?.p50).toBe(1)
    series.take(returned(0.6, 3))
    expect(series.points(0)[0]).toMatchObject({ rate: 2, p99: 3 })
  })

  test('keep the number of buckets bounded by widening them', () => {
    const series = seriesOf(returned(0.5, 1), returned(5000, 2))
    expect(series.bucketSeconds).toBe(8)
    expect(series.points(5000).length).toBeLessThanOrEqual(1200)
    expect(series.points(5000)[0]?.rate).toBeCloseTo(1 / 8)
  })

  test('take the nearest rank as quantile', () => {
    expect([quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.99), quantile([], 0.5)]).toEqual([2, 4, 0])
  })
})
