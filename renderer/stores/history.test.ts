import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { History, type Folding } from './history'

interface Sum { total: number; count: number }
function folding(weight = 0): Folding<Sum, number> & { folds: number } {
  const counted: Folding<Sum, number> & { folds: number } = {
    folds: 0,
    begin: () => ({ total: 0, count: 0 }),
    fold: (state: Sum, event: number) => {
      counted.folds++
      state.total += event
      state.count++
    },
    copy: (state: Sum) => ({ ...state }),
    weight: () => weight,
  }
  return counted
}

/** A history over numbers, of which a test may keep only some in memory. */
function historyOf(numbers: readonly number[], options = { checkpointEvents: 4, checkpointsMax: 5 }, weight = 0) {
  const held = { first: 1, last: Infinity }
  const fold = folding(weight)
  const history = new History<Sum, number>(fold, (seq) => seq >= held.first && seq <= held.last ? numbers[seq - 1] : undefined, options)
  for (const number of numbers) history.take(number)
  return { history, held, fold }
}
const sumOf = (numbers: readonly number[], count: number): Sum => ({ total: numbers.slice(0, count).reduce((sum, number) => sum + number, 0), count })

describe('the history of folded states', () => {
  it('gives at any moment what folding from the start would give', () => {
    fc.assert(fc.property(
      fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 200 }), fc.array(fc.nat(220), { maxLength: 20 }), fc.nat(3),
      (numbers, moments, weight) => {
        const { history } = historyOf(numbers, undefined, weight)
        for (const moment of moments) expect(history.at(moment)).toEqual(sumOf(numbers, Math.min(moment, numbers.length)))
        expect(history.tail).toEqual(sumOf(numbers, numbers.length))
      }))
  })

  it('goes back from a checkpoint and not from the start', () => {
    const { history, fold } = historyOf(Array.from({ length: 1000 }, () => 1), { checkpointEvents: 100, checkpointsMax: 50 })
    const before = fold.folds
    history.at(950)
    expect(fold.folds - before).toBe(50)
    history.at(951)
    expect(fold.folds - before).toBe(51)
  })

  it('never changes the tail when it goes back', () => {
    const numbers = [1, 2, 3, 4, 5]
    const { history } = historyOf(numbers)
    history.at(3)
    expect(history.tail).toEqual({ total: 15, count: 5 })
    numbers.push(6)
    history.take(6)
    expect(history.tail).toEqual({ total: 21, count: 6 })
    expect(history.at(4)).toEqual({ total: 10, count: 4 })
  })

  it('says so where a moment needs events that are not held, and knows it again when its stretch was brought back', () => {
    const numbers = Array.from({ length: 100 }, (_, index) => index)
    const { history, held } = historyOf(numbers)
    held.first = 90
    history.thinOutside(90, 100)
    expect(history.at(50)).toBeUndefined()
    const { count } = history.checkpointBefore(50)
    held.first = count + 1
    history.beginStretch(count)
    for (let seq = count + 1; seq <= 100; seq++) history.takeOfStretch(numbers[seq - 1] as number)
    for (let moment = count; moment <= 100; moment++) expect(history.at(moment)).toEqual(sumOf(numbers, moment))
  })

  it('keeps a bounded number of checkpoints outside of what is held, each part of the past near one', () => {
    const { history } = historyOf(Array.from({ length: 10_000 }, () => 1))
    history.thinOutside(9000, 10_000)
    expect(history.checkpointCount).toBeLessThanOrEqual(5 + 1000 / 4 + 2)
    const inPast = [1000, 4000, 8000].map((moment) => moment - history.checkpointBefore(moment).count)
    expect(Math.max(...inPast)).toBeLessThan(4096)
  })

  it('copies a state that is large more rarely, and at once where it is told to', () => {
    expect(historyOf(Array.from({ length: 400 }, () => 1), undefined, 25).history.checkpointCount).toBe(5)
    const { history } = historyOf([1])
    history.take(1, true)
    expect(history.checkpointBefore(2).count).toBe(2)
  })
})
