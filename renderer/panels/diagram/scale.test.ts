import { describe, expect, it } from 'vitest'
import { freezeStepMicros, Places } from './model/places'
import { placeOfX, roundStep, secondsLabel, seqsInView, spanText, ticksOf, xOfPlace, type Scale } from './scale'

const scale: Scale = { axis: 'real', isFolded: true, from: 1_000_000, to: 2_000_000, left: 58, right: 1058 }

/** Events at 0, 100, 200 ... 1000 ms, with a freeze of two steps at 500 ms. */
function placesWithFreeze(): Places {
  const places = new Places(0, 0)
  let seq = 0
  const add = (at: number, isStep = false): void => {
    seq++
    places.add(at, true, false, isStep)
  }
  for (let at = 0; at <= 500_000; at += 100_000) add(at)
  places.freeze(seq + 1, 500_000)
  add(500_000)
  add(500_000, true)
  add(500_000, true)
  places.thaw(seq + 1)
  add(500_000)
  for (let at = 600_000; at <= 1_000_000; at += 100_000) add(at)
  return places
}

describe('the scale of the diagram', () => {
  it('goes from a place to a px and back', () => {
    for (const place of [1_000_000, 1_250_001, 2_000_000, 3_000_000]) expect(placeOfX(scale, xOfPlace(scale, place))).toBeCloseTo(place, 6)
    expect([xOfPlace(scale, 1_000_000), xOfPlace(scale, 2_000_000)]).toEqual([58, 1058])
  })

  it('has round ticks with as many digits as they need', () => {
    expect(ticksOf(scale, new Places(0, 0)).map((tick) => tick.text)).toEqual(['1.0 s', '1.1 s', '1.2 s', '1.3 s', '1.4 s', '1.5 s', '1.6 s', '1.7 s', '1.8 s', '1.9 s', '2.0 s'])
    expect([roundStep(0.3), roundStep(1), roundStep(1.1), roundStep(4.9), roundStep(71)]).toEqual([0.5, 1, 2, 5, 100])
    expect([secondsLabel(1_234_567, 1), secondsLabel(1_234_000, 1000), secondsLabel(120_000_000, 10_000_000)]).toEqual(['1.234567 s', '1.234 s', '120 s'])
    expect([spanText(12), spanText(41_230), spanText(40_010), spanText(412_300), spanText(1_204_000)]).toEqual(['12 µs', '41.2 ms', '40 ms', '412 ms', '1.204 s'])
  })

  it('gives a freeze room by its steps, counts them, and tells the time after it as the cluster does', () => {
    const places = placesWithFreeze()
    const all = 1_000_000 + 3 * freezeStepMicros
    expect(places.of(places.latest, 'real', true)).toBe(all)
    const ticks = ticksOf({ ...scale, from: 0, to: all, right: 1258 }, places)
    expect(ticks.filter((tick) => tick.isStep).map((tick) => tick.text)).toEqual(['step 1', 'step 2'])
    expect(ticks.filter((tick) => !tick.isStep).map((tick) => tick.text)).toContain('1.0 s')
    const x = (text: string): number => ticks.find((tick) => tick.text === text)?.x ?? NaN
    expect(x('0.6 s') - x('0.5 s')).toBeCloseTo((100_000 + 3 * freezeStepMicros) / all * 1200, 6)
    expect(x('0.5 s') < x('step 1') && x('step 1') < x('step 2') && x('step 2') < x('0.6 s')).toBe(true)
  })

  it('counts steps on the logical axis, and leaves out the heartbeats that are folded', () => {
    const places = new Places(0, 0)
    for (let seq = 1; seq <= 40; seq++) places.add(seq * 10, seq % 2 === 0, seq % 4 === 0, false)
    expect([places.of(40, 'logical', false), places.of(40, 'logical', true)]).toEqual([20, 10])
    expect(places.seqAt(5, 'logical', true)).toBe(places.seqAt(5.9, 'logical', true))
    const ticks = ticksOf({ ...scale, axis: 'logical', from: 0, to: 20 }, places)
    expect(ticks.map((tick) => tick.text).slice(0, 3)).toEqual(['step 2', 'step 4', 'step 6'])
  })

  it('has in view what stands between its edges, the edges with it', () => {
    const places = new Places(0, 0)
    for (let at = 0; at <= 1000; at += 100) places.add(at, true, false, false)
    const seen = (from: number, to: number) => seqsInView({ ...scale, from, to }, places)
    expect(seen(100, 300)).toEqual({ first: 2, last: 4 })
    expect(seen(101, 299)).toEqual({ first: 3, last: 3 })
    expect(seen(-500, 5000)).toEqual({ first: 1, last: 11 })
  })
})
