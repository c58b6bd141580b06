import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawIncarnation } from './incarnation'

const years = { 2026: Date.UTC(2026, 0), 2108: Date.UTC(2108, 0) }

test('a later slot of the clock gives a later life whatever chance says, and every one fits into the wire', () => {
  const chance = fc.double({ min: 0, max: 0.999999, noNaN: true })
  fc.assert(fc.property(fc.integer({ min: 0, max: years[2108] }), fc.integer({ min: 16, max: 1000 }), chance, chance, (nowMs, laterMs, one, other) => {
    expect(drawIncarnation(nowMs + laterMs, other)).toBeGreaterThan(drawIncarnation(nowMs, one))
    expect(Number.isSafeInteger(drawIncarnation(nowMs, one))).toBe(true)
  }))
})

test('at one moment chance tells two processes apart', () => {
  expect(drawIncarnation(years[2026], 0.25)).not.toBe(drawIncarnation(years[2026], 0.75))
})
