// The workload's driver on a clock that the test controls.
import { describe, expect, it, test } from 'vitest'
import { createRandom } from '../network'
import { withinRate, WorkloadDriver } from './workload'

test('an answer that comes while a client stands still brings its next operation when it goes on', () => {
  const waiting: (() => void)[] = []
  let isFrozen = false
  const clock = { now: () => 0, after: (_ms: number, action: () => void) => {
    waiting.push(action)
    return () => undefined
  } }
  let invoked = 0
  const driver = new WorkloadDriver({
    plan: { rate: 0, inFlight: 1, mix: { put: 1, append: 0, get: 0, delete: 0, cas: 0 }, keys: 1, valueBytes: 4, clients: ['c1'] },
    clock, random: createRandom('driver', 'workload'), takes: () => !isFrozen, invoke: () => ++invoked,
  })
  driver.returned(1)
  expect(invoked).toBe(2)
  isFrozen = true
  driver.returned(2)
  expect(invoked).toBe(2)
  isFrozen = false
  for (const action of waiting.splice(0)) action()
  expect(invoked).toBe(3)
})

describe('a rate that may not be passed', () => {
  const plan = { rate: 0, inFlight: 1 }
  it.each([[0, 0, 0], [0, 50, 50], [20, 50, 20], [50, 50, 50], [51, 50, 50], [100_000, 0, 100_000]])('of %i, %i at most: %i', (rate, most, kept) => {
    expect(withinRate({ ...plan, rate }, most)).toEqual({ ...plan, rate: kept })
  })
})
