import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { execute, initialCursor, isAtEnd, Store } from './application'
import { utf8ToBytes, type ByteString } from './byte-string'
import type { Operation, StoreEntry } from './messages'
import { valueBytesMax } from './settings'

const key = fc.constantFrom('', 'a', 'b', 'key', 'ü').map(utf8ToBytes)
const value = fc.string({ maxLength: 4 }).map(utf8ToBytes)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constantFrom('put' as const, 'append' as const), key, value }),
  fc.record({ type: fc.constantFrom('get' as const, 'delete' as const), key }),
  fc.record({ type: fc.constant('cas' as const), key, expected: fc.option(value), value }),
)

/** The store as anybody would write it first. */
function executePlainly(map: Map<string, string>, { type, ...rest }: Operation): unknown {
  const { key: name, value: written, expected } = rest as { key: string; value: string; expected: string | null }
  const before = map.get(name)
  switch (type) {
    case 'put': map.set(name, written); return { type: 'done' }
    case 'append': map.set(name, (before ?? '') + written); return { type: 'done' }
    case 'get': return before === undefined ? { type: 'missing' } : { type: 'value', value: before }
    case 'delete': return map.delete(name) ? { type: 'done' } : { type: 'missing' }
    case 'cas':
      if ((before ?? null) !== expected) return { type: 'mismatch', actual: before ?? null }
      map.set(name, written)
      return { type: 'done' }
  }
}

const walk = (store: Store, bytesMax: number): StoreEntry[] => {
  const cursor = initialCursor()
  const entries: StoreEntry[] = []
  while (!isAtEnd(cursor)) entries.push(...store.take(cursor, bytesMax).entries)
  return entries
}

describe('the store', () => {
  test('answers as a plain map does, and holds the same', () => {
    fc.assert(fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const store = new Store()
      const map = new Map<string, string>()
      for (const one of operations) expect(execute(store, one)).toEqual(executePlainly(map, one))
      expect(store.sortedEntries()).toEqual([...map].sort(([one], [other]) => one < other ? -1 : 1).map(([name, held]) => ({ key: name, value: held })))
      expect(store.size).toBe(map.size)
    }))
  })

  test('is walked in an order that its content alone decides, whole, however the chunks are cut', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.string({ maxLength: 3 }).map(utf8ToBytes), { maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (keys, bytesMax) => {
      const forwards = new Store()
      const backwards = new Store()
      for (const one of keys) forwards.set(one, one)
      for (const one of keys.toReversed()) backwards.set(one, one)
      const whole = walk(forwards, Infinity)
      expect(walk(forwards, bytesMax)).toEqual(whole)
      expect(walk(backwards, bytesMax)).toEqual(whole)
      expect(whole).toHaveLength(keys.length)
    }))
  })

  test('is walked in that order also where many keys share a bucket', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => utf8ToBytes(`key${index}`))
    const forwards = new Store()
    const backwards = new Store()
    for (const one of keys) forwards.set(one, one)
    for (const one of keys.toReversed()) backwards.set(one, one)
    expect(walk(backwards, 5000)).toEqual(walk(forwards, 777))
  })

  test('refuses an append that would pass 8 MiB, and writes nothing', () => {
    const store = new Store()
    const name = utf8ToBytes('k')
    store.set(name, 'v'.repeat(valueBytesMax) as ByteString)
    expect(execute(store, { type: 'append', key: name, value: utf8ToBytes('x') })).toEqual({ type: 'too-large' })
    expect(store.get(name)?.length).toBe(valueBytesMax)
  })
})
