// The workload's driver on a clock in the test's hand.
import { expect, test } from 'vitest'
import { createRandom } from '../network'
import { WorkloadDriver } from './workload'

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
