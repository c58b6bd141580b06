// The feed in virtual time: the rate and size of its batches, and no batch before the ack of the last.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { EventBatch } from '../contract'
import { batchIntervalMs, batchLimits, catchUpLimits, Feed, type FeedSource } from './feed'

/** A log of numbered lines of adjustable length. */
function numbers(): FeedSource & { latest: number; holeTo: number } {
  return {
    latest: 0,
    holeTo: 0,
    read(from, { eventsMax }) {
      const first = Math.max(from, this.holeTo + 1)
      const count = Math.min(eventsMax, this.latest - first + 1)
      return Promise.resolve(count < 1 ? undefined : { from: first, count, text: Array.from({ length: count }, (_, index) => first + index).join('\n') })
    },
  }
}

let log: ReturnType<typeof numbers>
let batches: EventBatch[]
let feed: Feed
beforeEach(() => {
  vi.useFakeTimers()
  log = numbers()
  batches = []
  feed = new Feed((batch) => batches.push(batch))
})
afterEach(() => { vi.useRealTimers() })

async function add(count: number): Promise<void> {
  log.latest += count
  feed.wake()
  await vi.advanceTimersByTimeAsync(0)
}

async function ackLast(): Promise<void> {
  feed.ack(1, batches.at(-1)?.batch ?? 0)
  await vi.advanceTimersByTimeAsync(0)
}

const spans = (): string[] => batches.map(({ batch, from, count }) => `${batch}: ${from}+${count}`)

it('sends the first batch at once', async () => {
  feed.subscribe(1, log, 1)
  await add(3)
  expect(batches).toEqual([{ session: 1, batch: 1, from: 1, count: 3, text: '1\n2\n3' }])
})

it('sends one batch in an interval, with all that came meanwhile', async () => {
  feed.subscribe(1, log, 1)
  await add(1)
  await ackLast()
  for (let ms = 0; ms < batchIntervalMs - 1; ms++) {
    await add(1)
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(spans()).toEqual(['1: 1+1'])
  await vi.advanceTimersByTimeAsync(1)
  expect(spans()).toEqual(['1: 1+1', `2: 2+${batchIntervalMs - 1}`])
})

it('sends at most one batch in an interval over a long run of a screen that keeps up', async () => {
  feed.subscribe(1, log, 1)
  for (let ms = 0; ms < 1000; ms++) {
    await add(3)
    await ackLast()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(batches.length).toBeLessThanOrEqual(1000 / batchIntervalMs + 1)
  expect(batches.length).toBeGreaterThan(25)
})

it('sends nothing before the ack, and then one bigger batch', async () => {
  feed.subscribe(1, log, 1)
  await add(1)
  for (let second = 0; second < 10; second++) {
    await add(150)
    await vi.advanceTimersByTimeAsync(1000)
  }
  expect(spans()).toEqual(['1: 1+1'])
  await ackLast()
  expect(spans()).toEqual(['1: 1+1', '2: 2+1500'])
})

it('brings a screen that is far behind forward by acks alone, in larger batches', async () => {
  log.latest = 45_000
  feed.subscribe(1, log, 1)
  await vi.advanceTimersByTimeAsync(0)
  await ackLast()
  await ackLast()
  expect(spans()).toEqual([`1: 1+${catchUpLimits.eventsMax}`, '2: 20001+20000', '3: 40001+5000'])
})

it('keeps to the limit of a batch for a screen that keeps up', async () => {
  feed.subscribe(1, log, 1)
  await add(batchLimits.eventsMax)
  expect(spans()).toEqual([`1: 1+${batchLimits.eventsMax}`])
})

it('resumes from the event that it is told', async () => {
  log.latest = 500
  feed.subscribe(1, log, 401)
  await vi.advanceTimersByTimeAsync(0)
  expect(spans()).toEqual(['1: 401+100'])
})

it('starts again at once when it is subscribed again, and a late ack of the earlier subscription counts for nothing', async () => {
  log.latest = 5
  feed.subscribe(1, log, 1)
  await vi.advanceTimersByTimeAsync(0)
  feed.subscribe(1, log, 3)
  await vi.advanceTimersByTimeAsync(0)
  expect(spans()).toEqual(['1: 1+5', '2: 3+3'])
  feed.ack(1, 1)
  await add(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(spans()).toHaveLength(2)
  feed.ack(1, 2)
  await vi.advanceTimersByTimeAsync(0)
  expect(spans()[2]).toBe('3: 6+1')
})

it('an ack of another session counts for nothing', async () => {
  feed.subscribe(2, log, 1)
  await add(1)
  feed.ack(1, 1)
  await add(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(batches).toHaveLength(1)
})

it('goes on after events that can no longer be had', async () => {
  log.latest = 10
  log.holeTo = 6
  feed.subscribe(1, log, 1)
  await vi.advanceTimersByTimeAsync(0)
  expect(spans()).toEqual(['1: 7+4'])
})

it('sends nothing after it was stopped, not even what was being read', async () => {
  feed.subscribe(1, log, 1)
  log.latest = 5
  feed.wake()
  feed.stop()
  await vi.advanceTimersByTimeAsync(1000)
  expect(batches).toEqual([])
})
