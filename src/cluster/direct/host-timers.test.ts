import { afterEach, expect, test, vi } from 'vitest'
import { HostTimers, nextBeat } from './host-timers'

afterEach(() => {
  vi.useRealTimers()
})

test('a beat that was a little late is made up for, one that was missed is not', () => {
  expect(nextBeat(100, 5, 100.4)).toBe(105)
  expect(nextBeat(100, 5, 104.9)).toBe(105)
  expect(nextBeat(100, 5, 105)).toBe(110)
  expect(nextBeat(100, 5, 160)).toBe(165)
})

test('a timer that its own step arms again keeps its beat, however long the step takes', () => {
  vi.useFakeTimers()
  const fired: number[] = []
  const begin = performance.now()
  const timers = new HostTimers((name) => {
    fired.push(performance.now() - begin)
    // The step itself takes two milliseconds.
    vi.setSystemTime(Date.now() + 2)
    timers.set(name, 5)
  })
  timers.set('check', 5)
  vi.advanceTimersByTime(60)
  timers.close()
  expect(fired).toHaveLength(12)
  expect(fired.at(-1)).toBe(60)
})

test('a timer that another step arms counts from then, and a closed set arms none', () => {
  vi.useFakeTimers()
  const fired: string[] = []
  const timers = new HostTimers((name) => {
    fired.push(name)
    if (name === 'first') timers.set('second', 10)
  })
  timers.set('first', 5)
  vi.advanceTimersByTime(14)
  expect(fired).toEqual(['first'])
  vi.advanceTimersByTime(1)
  expect(fired).toEqual(['first', 'second'])
  timers.close()
  timers.set('third', 1)
  vi.advanceTimersByTime(10)
  expect(fired).toEqual(['first', 'second'])
})

test('a timer that is armed again and again fires once, when it was last said to, be that later or earlier', () => {
  vi.useFakeTimers()
  const fired: string[] = []
  const timers = new HostTimers((name) => void fired.push(name))
  for (let turn = 0; turn < 20; turn++) {
    timers.set('retry', 10)
    vi.advanceTimersByTime(5)
  }
  expect(fired).toEqual([])
  vi.advanceTimersByTime(5)
  expect(fired).toEqual(['retry'])
  timers.set('retry', 100)
  timers.set('retry', 3)
  vi.advanceTimersByTime(3)
  expect(fired).toEqual(['retry', 'retry'])
  vi.advanceTimersByTime(200)
  expect(fired).toHaveLength(2)
})

test('a timer that is cancelled does not fire, and may be armed again while the host still waits for it', () => {
  vi.useFakeTimers()
  const fired: string[] = []
  const timers = new HostTimers((name) => void fired.push(name))
  timers.set('retry', 10)
  timers.cancel('retry')
  timers.cancel('never armed')
  vi.advanceTimersByTime(5)
  timers.set('retry', 10)
  vi.advanceTimersByTime(9)
  expect(fired).toEqual([])
  vi.advanceTimersByTime(1)
  expect(fired).toEqual(['retry'])
})
