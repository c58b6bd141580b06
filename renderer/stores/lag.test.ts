import { expect, it } from 'vitest'
import { behindText, Lag } from './lag'

it('a window that has shown everything is not behind, however long ago that came', () => {
  const lag = new Lag()
  lag.told(100, 0)
  expect(lag.behindMs(100, 60_000)).toBe(0)
  lag.told(101, 60_000)
  expect(lag.behindMs(100, 60_500)).toBe(500)
})

it('a window is behind since the lab has had the event after the one that is shown', () => {
  const lag = new Lag()
  for (let second = 0; second <= 60; second++) lag.told(1000 * second, second * 1000)
  // The window shows the events that the lab had after 18 s.
  expect(lag.behindMs(18_000, 60_000)).toBe(41_000)
  expect(lag.behindMs(18_500, 60_000)).toBe(41_000)
  // The window catches up.
  expect(lag.behindMs(59_000, 60_000)).toBe(0)
  expect(lag.behindMs(60_000, 61_000)).toBe(0)
})

it('remembers one time a second, and never says more than is so', () => {
  const lag = new Lag()
  for (let time = 1; time <= 100_000; time++) lag.told(time, time)
  const behind = lag.behindMs(50_000, 100_000)
  expect(behind).toBeLessThanOrEqual(49_999)
  expect(behind).toBeGreaterThan(48_500)
  // The time of the newest event is known exactly.
  expect(lag.behindMs(99_999, 100_500)).toBe(500)
})

it('remembers an hour', () => {
  const lag = new Lag()
  for (let second = 1; second <= 10_000; second++) lag.told(second, second * 1000)
  expect(lag.behindMs(0, 10_000_000)).toBeGreaterThan(3_590_000)
  expect(lag.behindMs(0, 10_000_000)).toBeLessThan(3_610_000)
})

it('begins anew with another session, whose numbers are lower', () => {
  const lag = new Lag()
  lag.told(5000, 0)
  lag.told(3, 10_000)
  expect(lag.behindMs(2, 10_100)).toBe(100)
  lag.reset()
  expect(lag.behindMs(0, 20_000)).toBe(0)
})

it('is said in seconds, and from two minutes on in minutes', () => {
  expect([0, 1999, 2000, 42_700, 119_999, 120_000, 3_600_000].map(behindText)).toEqual(['', '', '2 s behind', '42 s behind', '119 s behind', '2 min behind', '60 min behind'])
})
