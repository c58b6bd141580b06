import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { align, rowStates, type Alignment } from './align'
import type { Digests } from './event-digests'

/** An event as `lane:shape` or `lane:shape.words`; a lane of `beat` is a heartbeat of lane a. */
function digestsOf(events: readonly string[]): Digests {
  const laneNames: string[] = []
  const numbers = events.map((event) => {
    const [lane = '', what = ''] = event.split(':')
    const name = lane === 'beat' ? 'a' : lane
    if (!laneNames.includes(name)) laneNames.push(name)
    const [shape = '', words = ''] = what.split('.')
    return { lane: laneNames.indexOf(name), shape: numberOf(shape), whole: numberOf(`${shape}.${words}`), beat: Number(lane === 'beat') }
  })
  return {
    laneNames, lanes: Uint16Array.from(numbers, ({ lane }) => lane), shapes: Uint32Array.from(numbers, ({ shape }) => shape),
    wholes: Uint32Array.from(numbers, ({ whole }) => whole), beats: Uint8Array.from(numbers, ({ beat }) => beat), sent: new Uint32Array(numbers.length),
  }
}

function numberOf(text: string): number {
  let number = 7
  for (const letter of text) number = Math.imul(number, 131) + letter.charCodeAt(0) >>> 0
  return number
}

/** Rows as `1=1` alike, `2~2` differs, `3<` only in the first, `>3` only in the second. */
function rowsOf({ first, second, states }: Alignment): string {
  const signs = { 'alike': '=', 'differs': '~', 'only-first': '<', 'only-second': '>' }
  return [...first].map((one, row) => `${one || ''}${signs[rowStates[states[row] as number] as (typeof rowStates)[number]]}${second[row] || ''}`).join(' ')
}

const rows = (a: string, b: string, heartbeats = false): string => rowsOf(align(digestsOf(a.split(' ')), digestsOf(b.split(' ')), { heartbeats }))

describe('rows', () => {
  test('are alike where every lane has the same, however the lanes fell between one another', () => {
    expect(rows('a:p b:q a:r b:s', 'b:q b:s a:p a:r')).toBe('1=3 2=1 3=4 4=2')
  })

  test('differ where both are about the same and say something else', () => {
    expect(rows('a:put.1 a:put.2', 'a:put.1 a:put.3')).toBe('1=1 2~2')
  })

  test('show what is missing and what is more beside nothing, and go on alike after it', () => {
    expect(rows('a:p a:q a:r a:s', 'a:p a:r a:s')).toBe('1=1 2< 3=2 4=3')
    expect(rows('a:p a:r a:s', 'a:p a:q a:r a:s')).toBe('1=1 >2 2=3 3=4')
  })

  test('stand side by side where a lane has something else in the same place', () => {
    expect(rows('a:p a:q a:s a:t', 'a:p a:x a:s a:t')).toBe('1=1 2~2 3=3 4=4')
  })

  test('find the nearest of many places that look alike', () => {
    expect(rows('a:p a:q a:r a:p a:q a:r a:p a:q a:z', 'a:x a:p a:q a:r a:p a:q a:r a:p a:q a:z')).toBe('>1 1=2 2=3 3=4 4=5 5=6 6=7 7=8 8=9 9=10')
  })

  test('put what only the second has after what was before it in its lane, and together', () => {
    expect(rows('a:p b:p a:q b:q', 'a:p b:p b:x b:y a:q b:q')).toBe('1=1 2=2 >3 >4 3=5 4=6')
  })

  test('let what only the second has wait until something later of it is shown', () => {
    expect(rows('a:p a:q', 'a:p b:x a:q')).toBe('1=1 >2 2=3')
  })

  test('believe a place only where both go on alike for a while', () => {
    expect(rows('a:p a:m a:q a:r a:s', 'a:p a:n a:m a:o a:q a:r a:s')).toBe('1=1 2~2 >3 >4 3=5 4=6 5=7')
  })

  test('leave heartbeats out, unless they are wanted', () => {
    expect(rows('a:p beat:ping a:q', 'beat:ping beat:ping a:p a:q')).toBe('1=3 3=4')
    expect(rows('a:p beat:ping a:q', 'beat:ping beat:ping a:p a:q', true)).not.toBe('1=3 3=4')
    expect(align(digestsOf(['a:p', 'beat:x']), digestsOf(['a:p']), { heartbeats: false }).leftOut).toEqual({ first: 1, second: 0 })
  })

  test('end where one recording ends, and a recording without events is beside nothing', () => {
    expect(rows('a:p a:q', 'a:p')).toBe('1=1 2<')
    expect(rowsOf(align(digestsOf([]), digestsOf(['a:p']), { heartbeats: false }))).toBe('>1')
  })
})

test('the first difference of each lane is told, in order of the rows', () => {
  const { lanes, differences } = align(digestsOf('a:p b:p c:p b:q a:q'.split(' ')), digestsOf('a:p b:p c:p b:q.x'.split(' ')), { heartbeats: false })
  expect(lanes).toEqual([{ lane: 'b', first: 4, second: 4 }, { lane: 'a', first: 5, second: 0 }])
  expect([...differences]).toEqual([3])
})

test('a stretch that is longer than what is looked through is given up, and what follows it may still be alike', () => {
  const many = (letter: string): string[] => Array.from({ length: 4096 }, (_, index) => `a:${letter}${index}`)
  const end = ['a:p', 'a:q', 'a:r', 'a:s']
  const { states } = align(digestsOf([...many('x'), ...end]), digestsOf([...many('y'), ...end]), { heartbeats: false })
  expect([...states].slice(-4)).toEqual([0, 0, 0, 0])
  expect(states).toHaveLength(4100)
})

const event = fc.tuple(fc.constantFrom('a', 'b', 'c', 'beat'), fc.constantFrom('p', 'q', 'r'), fc.constantFrom('', '.1', '.2')).map(([lane, shape, words]) => `${lane}:${shape}${words}`)
const recording = fc.array(event, { maxLength: 60 })

describe('any two recordings', () => {
  test('have every event in one row, the first in its order and the second in the order of each lane', () => {
    fc.assert(fc.property(recording, recording, fc.boolean(), (a, b, heartbeats) => {
      const { first, second, states } = align(digestsOf(a), digestsOf(b), { heartbeats })
      const isIn = (events: readonly string[]) => (seq: number): boolean => heartbeats || !events[seq - 1]?.startsWith('beat')
      const all = (events: readonly string[]): number[] => events.map((_, index) => index + 1).filter(isIn(events))
      expect([...first].filter((seq) => seq > 0)).toEqual(all(a))
      const ofB = [...second].filter((seq) => seq > 0)
      expect([...ofB].sort((one, other) => one - other)).toEqual(all(b))
      for (const lane of ['a', 'b', 'c']) {
        const inLane = ofB.filter((seq) => (b[seq - 1]?.split(':')[0]?.replace('beat', 'a')) === lane)
        expect(inLane).toEqual([...inLane].sort((one, other) => one - other))
      }
      for (const [row, state] of states.entries()) {
        const [one, other] = [first[row] as number, second[row] as number]
        if (state === 0) expect(a[one - 1]?.replace('beat', 'a')).toBe(b[other - 1]?.replace('beat', 'a'))
        else expect(one + other).toBeGreaterThan(0)
      }
    }), { numRuns: 500 })
  })

  test('are alike with themselves, and with themselves in another order of lanes', () => {
    fc.assert(fc.property(recording, (events) => {
      const { differences, lanes, states } = align(digestsOf(events), digestsOf(events), { heartbeats: true })
      expect([differences.length, lanes.length, states.length]).toEqual([0, 0, events.length])
      const byLane = [...events].sort((one, other) => Number(one.startsWith('c')) - Number(other.startsWith('c')))
      expect(align(digestsOf(events), digestsOf(byLane), { heartbeats: true }).differences).toHaveLength(0)
    }))
  })

  test('have one difference where one event is missing', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.nat(1_000_000), { minLength: 2, maxLength: 50 }), fc.nat(), (shapes, missing) => {
      const events = shapes.map((shape, index) => `${'ab'.charAt(index % 2)}:${shape}`)
      const { states } = align(digestsOf(events), digestsOf(events.toSpliced(missing % events.length, 1)), { heartbeats: false })
      expect([...states].filter((state) => state !== 0)).toEqual([rowStates.indexOf('only-first')])
    }))
  })
})
