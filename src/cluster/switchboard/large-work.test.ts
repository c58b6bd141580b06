import { expect, test } from 'vitest'
import { utf8ToBytes, type Operation } from '../../protocol'
import { largeBytesOutMax, LargeWork } from './large-work'

const put = (bytes: number): Operation => ({ type: 'put', key: utf8ToBytes('k'), value: utf8ToBytes('v'.repeat(bytes)) })

test('large operations are out up to so many bytes, and more when some have returned or their client has ended', () => {
  const work = new LargeWork()
  const half = put(largeBytesOutMax / 2)
  work.began(1, 'c1', half)
  expect(work.isFull).toBe(false)
  work.began(2, 'c2', half)
  expect(work.isFull).toBe(true)
  work.returned(1)
  work.returned(1)
  expect(work.isFull).toBe(false)
  work.began(3, 'c1', half)
  work.ended('c2')
  expect(work.isFull).toBe(false)
  work.began(4, 'c2', half)
  expect(work.isFull).toBe(true)
})

test('small operations are never too many', () => {
  const work = new LargeWork()
  for (let id = 0; id < 100_000; id++) work.began(id, 'c1', put(100))
  expect(work.isFull).toBe(false)
})
