import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Words } from './words'

test('no two words that have a place stand over one another, and one that is refused would', () => {
  const place = fc.record({ x: fc.nat(200), y: fc.nat(60), width: fc.integer({ min: 1, max: 80 }) })
  fc.assert(fc.property(fc.array(place, { maxLength: 30 }), (places) => {
    const words = new Words()
    const standing: typeof places = []
    const overlaps = (one: (typeof places)[number], other: (typeof places)[number]): boolean =>
      Math.abs(one.y - other.y) < 13 && one.x < other.x + other.width + 6 && other.x < one.x + one.width + 6
    for (const wanted of places) {
      expect(words.claim(wanted.x, wanted.y, wanted.width)).toBe(!standing.some((other) => overlaps(wanted, other)))
      if (!standing.some((other) => overlaps(wanted, other))) standing.push(wanted)
    }
  }))
})
