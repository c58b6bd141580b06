// Intervals of ids answer like a set of the same ids.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IdIntervals, intervalsMax } from './id-intervals'

test('intervals say what a set says, whatever comes and goes', () => {
  const acts = fc.array(fc.record({ id: fc.integer({ min: 0, max: 40 }), isGone: fc.boolean() }), { maxLength: 120 })
  fc.assert(fc.property(acts, (all) => {
    const intervals = new IdIntervals()
    const set = new Set<number>()
    for (const { id, isGone } of all) {
      if (isGone) {
        intervals.delete(id)
        set.delete(id)
      } else {
        expect(intervals.add(id)).toBe(!set.has(id))
        set.add(id)
      }
      for (let asked = 0; asked <= 41; asked++) {
        expect(intervals.has(asked)).toBe(set.has(asked))
        const below = [...set].filter((one) => one <= asked)
        expect(intervals.atMost(asked)).toBe(below.length === 0 ? undefined : Math.max(...below))
      }
    }
    // As few intervals as possible.
    expect(intervals.intervals).toBe([...set].filter((id) => !set.has(id - 1)).length)
  }), { numRuns: 200 })
})

test('a million ids in a row are one interval, and of too many intervals the lowest are forgotten and told', () => {
  const intervals = new IdIntervals()
  for (let id = 1; id <= 1_000_000; id++) intervals.add(id)
  expect([intervals.intervals, intervals.forgottenUpTo]).toEqual([1, -1])
  for (let count = 0; count < intervalsMax; count++) intervals.add(2_000_000 + count * 2)
  expect([intervals.intervals, intervals.forgottenUpTo, intervals.has(1)]).toEqual([intervalsMax, 1_000_000, false])
})
