import { describe, expect, test } from 'vitest'
import { areaPath, niceTicks, spread } from './strip'

describe('the time line', () => {
  test('draws throughput as steps, and nothing where nothing returned', () => {
    const point = (at: number, rate: number) => ({ at, rate, p50: null, p99: null })
    expect(areaPath([point(0, 0), point(1, 0)], 10, 100, 20)).toBe('')
    expect(areaPath([point(0, 5), point(1, 10)], 10, 100, 20)).toBe('M0 20L0.0 10.0L10.0 10.0L10.0 0.0L20.0 0.0L20.0 20Z')
  })

  test('marks round times, no more than there is room for', () => {
    expect(niceTicks(10, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(niceTicks(42, 5)).toEqual([0, 10, 20, 30, 40])
    expect(niceTicks(100_000, 8).length).toBeLessThanOrEqual(9)
  })

  test('keeps the later of two marks that would lie on each other', () => {
    expect(spread([0, 5, 30], (x) => x, 12)).toEqual([{ item: 5, x: 5 }, { item: 30, x: 30 }])
  })
})
