import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createHistory, type Folding } from './history'

interface Sum { total: number; count: number }
const folding = (): Folding<Sum, number> & { folds: number } => {
  const counted = {
    folds: 0,
    begin: () => ({ total: 0, count: 0 }),
    fold: (state: Sum, event: number) => {
      counted.folds++
      state.total += event
      state.count++
    },
    copy: (state: Sum) => ({ ...state }),
  }
  return counted
}

describe('the history of folded states', () => {
  it('gives at any moment what folding from the start would give', () => {
    fc.assert(fc.property(
      fc.array(fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 30 }), { maxLength: 10 }), fc.array(fc.nat(400), { maxLength: 20 }),
      (batches, moments) => {
        const events: number[] = []
        const history = createHistory(folding(), events, { checkpointEvents: 4, checkpointsMax: 5 })
        for (const batch of batches) {
          events.push(...batch)
          history.advance()
          for (const moment of moments) {
            const count = Math.min(moment, events.length)
            expect(history.at(moment)).toEqual({ total: events.slice(0, count).reduce((sum, event) => sum + event, 0), count })
          }
        }
        expect(history.tail().count).toBe(events.length)
      }))
  })

  it('goes back from a checkpoint and not from the start', () => {
    const counted = folding()
    const events = Array.from({ length: 1000 }, () => 1)
    const history = createHistory(counted, events, { checkpointEvents: 100, checkpointsMax: 50 })
    history.advance()
    const before = counted.folds
    history.at(950)
    expect(counted.folds - before).toBe(50)
    history.at(951)
    expect(counted.folds - before).toBe(51)
  })

  it('never changes the tail when it goes back', () => {
    const events = [1, 2, 3, 4, 5]
    const history = createHistory(folding(), events, { checkpointEvents: 2, checkpointsMax: 50 })
    history.advance()
    history.at(3)
    expect(history.tail()).toEqual({ total: 15, count: 5 })
    events.push(6)
    history.advance()
    expect(history.tail()).toEqual({ total: 21, count: 6 })
    expect(history.at(4)).toEqual({ total: 10, count: 4 })
  })
})
