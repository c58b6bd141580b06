import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { frameMaxMs, frozenBetween, Pacing, speeds } from './pacing'

/** Cluster time after frames of 16 ms each. */
function played(speed: number, frames: number, from = 0): number {
  const pacing = new Pacing(from, 0)
  for (let frame = 1; frame <= frames; frame++) pacing.advance(frame * 16, speed)
  return pacing.micros
}

describe('the pace of play', () => {
  test('is the speed times the clock, at every speed, however the frames fall', () => {
    for (const speed of speeds) expect(played(speed, 100, 5_000_000)).toBeCloseTo(5_000_000 + 1_600_000 * speed, 3)
    fc.assert(fc.property(fc.constantFrom(...speeds), fc.array(fc.integer({ min: 1, max: frameMaxMs }), { minLength: 1, maxLength: 50 }), (speed, gaps) => {
      const pacing = new Pacing(0, 0)
      let nowMs = 0
      for (const gap of gaps) pacing.advance(nowMs += gap, speed)
      expect(pacing.micros).toBeCloseTo(nowMs * 1000 * speed, 2)
    }))
  })

  test('changes with the speed from that moment on', () => {
    const pacing = new Pacing(0, 0)
    pacing.advance(50, 1)
    expect(pacing.advance(100, 10)).toBe(550_000)
  })

  test('does not leap after a frame that came late, nor go back with a clock that does', () => {
    const pacing = new Pacing(0, 0)
    expect(pacing.advance(60_000, 1)).toBe(frameMaxMs * 1000)
    expect(pacing.advance(59_000, 1)).toBe(frameMaxMs * 1000)
  })

  test('stands while it waits for events', () => {
    const pacing = new Pacing(0, 0)
    pacing.wait(80)
    expect(pacing.advance(90, 1)).toBe(10_000)
  })
})

describe('frozen time', () => {
  test('is what wall time had more than cluster time, and no noise', () => {
    expect(frozenBetween({ at: 1_000_000, wall: 1_000_500 }, { at: 1_016_000, wall: 13_016_500 })).toBe(12_000_000)
    expect(frozenBetween({ at: 0, wall: 0 }, { at: 16_000, wall: 36_000 })).toBe(0)
  })
})
