import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { OperationPace } from './operation-pace'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

it('by hand a second\'s worth may come at once, and the rest waits its turn in order', async () => {
  const pace = new OperationPace(10, () => Date.now())
  const begun: number[] = []
  for (let id = 0; id < 25; id++) void pace.turn().then(() => begun.push(id))
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toHaveLength(10)
  await vi.advanceTimersByTimeAsync(1000)
  expect(begun.length).toBeGreaterThanOrEqual(19)
  expect(begun.length).toBeLessThanOrEqual(20)
  await vi.advanceTimersByTimeAsync(1000)
  expect(begun).toEqual(Array.from({ length: 25 }, (_, id) => id))
})

it('the workload shares it, and does not pass what waits', async () => {
  const pace = new OperationPace(10, () => Date.now())
  let begun = 0
  while (pace.mayBegin) {
    pace.began()
    begun++
  }
  expect(begun).toBe(10)
  let hand = 0
  void pace.turn().then(() => hand++)
  expect(pace.mayBegin).toBe(false)
  await vi.advanceTimersByTimeAsync(110)
  expect([hand, pace.mayBegin]).toEqual([1, false])
  await vi.advanceTimersByTimeAsync(100)
  expect(pace.mayBegin).toBe(true)
})

it('at the end nobody waits any more', async () => {
  const pace = new OperationPace(1, () => Date.now())
  const begun: number[] = []
  for (let id = 0; id < 3; id++) void pace.turn().then(() => begun.push(id))
  pace.end()
  await vi.advanceTimersByTimeAsync(0)
  expect(begun).toEqual([0, 1, 2])
  expect(vi.getTimerCount()).toBe(0)
})
