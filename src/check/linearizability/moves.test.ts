import { describe, expect, it } from 'vitest'
import { createRandom } from '../../network'
import { utf8ToBytes, valueBytesMax, type ByteString, type Operation, type Result } from '../../protocol'
import { execute, MapStore } from '../../protocol'
import { sameValue } from '../same-value'
import { Moves } from './moves'

const key = utf8ToBytes('x')
const texts = ['', 'a', 'ab', 'b', 'aab'].map(utf8ToBytes)

describe('moves', () => {
  it('fit exactly where the store gives what the client saw, and lead where it leads', () => {
    const random = createRandom('moves')
    for (let round = 0; round < 3000; round++) {
      const text = (): ByteString => random.pick(texts)
      const operation: Operation = random.pick<() => Operation>([
        () => ({ type: 'put', key, value: text() }), () => ({ type: 'append', key, value: text() }), () => ({ type: 'get', key }), () => ({ type: 'delete', key }),
        () => ({ type: 'cas', key, expected: random.chance(0.2) ? null : text(), value: text() }),
      ])()
      const result: Result = random.pick<() => Result>([
        () => ({ type: 'done' }), () => ({ type: 'missing' }), () => ({ type: 'value', value: text() }), () => ({ type: 'mismatch', actual: random.chance(0.2) ? null : text() }),
      ])()
      const holds = random.chance(0.2) ? null : text()
      const store = new MapStore()
      if (holds !== null) store.put({ key, value: holds })
      const gave = execute(store, operation)
      const moves = new Moves([{ id: 1, process: 'c1', operation, invoked: 1, returned: 2, result }])
      const next = moves.next(moves.states.of(holds), 0)
      expect(next === -1 ? undefined : moves.states.valueOf(next), JSON.stringify({ operation, result, holds }))
        .toBe(sameValue(gave, result) ? store.get(key) ?? null : undefined)
    }
  })

  it('a value that would be too large is refused, and only that', () => {
    const operation: Operation = { type: 'append', key, value: utf8ToBytes('ab') }
    const of = (result: Result): Moves => new Moves([{ id: 1, process: 'c1', operation, invoked: 1, returned: 2, result }])
    const full = utf8ToBytes('x'.repeat(valueBytesMax - 1))
    for (const [holds, fits] of [[full, 'too-large'], [texts[1] as ByteString, 'done']] as const) {
      for (const type of ['done', 'too-large'] as const) {
        const moves = of({ type })
        expect(moves.next(moves.states.of(holds), 0) !== -1).toBe(type === fits)
      }
    }
  })
})
