import { expect, it } from 'vitest'
import { Bucket } from './bucket'

it('holds what fills it in its time, and no more; what is owed is waited for', () => {
  let nowMs = 0
  const bucket = new Bucket(20, 1000, () => nowMs)
  expect([bucket.left, bucket.waitMs(20), bucket.waitMs(21)]).toEqual([20, 0, 50])
  bucket.take(30)
  expect([bucket.left, bucket.waitMs(0), bucket.waitMs(1)]).toEqual([-10, 500, 550])
  nowMs = 750
  expect(bucket.left).toBe(5)
  bucket.giveBack(30)
  expect(bucket.left).toBe(20)
  nowMs = 60_000
  expect(bucket.left).toBe(20)
})
