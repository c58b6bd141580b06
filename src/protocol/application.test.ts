import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { execute } from './application'
import { emptyBytes, layBytes, utf8ToBytes, type ByteString } from './byte-string'
import { MapStore } from './map-store'
import type { StoreEntry } from './messages'
import type { Operation } from './operations'
import { PackedEntry, PackedWrite } from './packed-entry'
import { valueBytesMax } from './settings'
import { SlabStore } from './slab-store'
import { initialCursor, isAtEnd, type Store } from './store'

const key = fc.constantFrom('', 'a', 'b', 'key', 'ü').map(utf8ToBytes)
const value = fc.string({ maxLength: 4 }).map(utf8ToBytes)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constantFrom('put' as const, 'append' as const), key, value }),
  fc.record({ type: fc.constantFrom('get' as const, 'delete' as const), key }),
  fc.record({ type: fc.constant('cas' as const), key, expected: fc.option(value), value }),
)

/** The simplest implementation of the store, to compare with. */
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
  while (!isAtEnd(cursor)) entries.push(...store.take(cursor, bytesMax).entries.map(({ key: name, value: held }) => ({ key: name, value: held })))
  return entries
}

const put = (store: Store, name: ByteString, held: ByteString): void => store.put({ key: name, value: held })

/** The same entry packed as in a frame, with other bytes before, between and after the key and value. */
function packed({ key: name, value: held }: StoreEntry): PackedEntry {
  const bytes = new Uint8Array(name.length + held.length + 7).fill(0xee)
  layBytes(name, bytes, 3)
  layBytes(held, bytes, name.length + 5)
  return new PackedEntry(bytes, 3, name.length + 3, name.length + 5, name.length + 5 + held.length)
}

function asInFrame(one: Operation): Operation {
  if (one.type !== 'put' && one.type !== 'append') return one
  const { bytes, keyAt, keyEnd, valueAt, valueEnd } = packed(one)
  return new PackedWrite(one.type, bytes, keyAt, keyEnd, valueAt, valueEnd)
}

describe.each([['of maps', () => new MapStore()], ['of slabs', () => new SlabStore()]] as [string, () => Store][])('the store %s', (_, makeStore) => {
  test('answers as a plain map does, and holds the same', () => {
    fc.assert(fc.property(fc.array(fc.tuple(operation, fc.boolean()), { maxLength: 40 }), (operations) => {
      const store = makeStore()
      const map = new Map<string, string>()
      for (const [one, isInFrame] of operations) expect(execute(store, isInFrame ? asInFrame(one) : one)).toEqual(executePlainly(map, one))
      expect(store.sortedEntries()).toEqual([...map].sort(([one], [other]) => one < other ? -1 : 1).map(([name, held]) => ({ key: name, value: held })))
      expect(store.size).toBe(map.size)
    }))
  })

  test('holds what was written last when entries grow, shrink, go and come back, thousands of them', () => {
    const store = makeStore()
    const map = new Map<string, string>()
    let luck = 1
    const draw = (below: number): number => (luck = (Math.imul(luck, 1103515245) + 12345) >>> 0) % below
    for (let turn = 0; turn < 20_000; turn++) {
      const name = utf8ToBytes(`key${draw(3000)}`)
      const held = String.fromCharCode(97 + draw(26)).repeat(draw(20) === 0 ? draw(3000) : draw(60)) as ByteString
      const one: Operation = draw(5) === 0 ? { type: 'delete', key: name } : { type: draw(3) === 0 ? 'append' : 'put', key: name, value: held }
      expect(execute(store, draw(2) === 0 ? asInFrame(one) : one)).toEqual(executePlainly(map, one))
    }
    expect(store.sortedEntries()).toEqual([...map].sort(([one], [other]) => one < other ? -1 : 1).map(([name, held]) => ({ key: name, value: held })))
  })

  test('keeps large values, also as they grow by small appends, and gives way to small ones', () => {
    const store = makeStore()
    const name = utf8ToBytes('large')
    let expected = 'x'.repeat(300_000)
    put(store, name, expected as ByteString)
    for (let turn = 0; turn < 300; turn++) {
      store.append(packed({ key: name, value: utf8ToBytes(`piece ${turn};`) }))
      expected += `piece ${turn};`
    }
    expect(store.get(name)).toBe(expected)
    put(store, name, utf8ToBytes('small'))
    put(store, utf8ToBytes('other'), 'y'.repeat(100_000) as ByteString)
    expect([store.get(name), store.get(utf8ToBytes('other'))?.length, store.size]).toEqual(['small', 100_000, 2])
  })

  test('is walked in an order that its content alone decides, whole, however the chunks are cut, and the same for both kinds', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.string({ maxLength: 3 }).map(utf8ToBytes), { maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (keys, bytesMax) => {
      const [forwards, backwards, ofMaps] = [makeStore(), makeStore(), new MapStore()]
      for (const one of keys) put(forwards, one, one)
      for (const one of keys.toReversed()) put(backwards, one, one)
      for (const one of keys) put(ofMaps, one, one)
      const whole = walk(forwards, Infinity)
      expect(walk(forwards, bytesMax)).toEqual(whole)
      expect(walk(backwards, bytesMax)).toEqual(whole)
      expect(walk(ofMaps, bytesMax)).toEqual(whole)
      expect(whole).toHaveLength(keys.length)
    }))
  })

  test('is walked in that order also where many keys share a bucket', () => {
    const keys = Array.from({ length: 20_000 }, (_none, index) => utf8ToBytes(`key${index}`))
    const [forwards, backwards, ofMaps] = [makeStore(), makeStore(), new MapStore()]
    for (const one of keys) put(forwards, one, one)
    for (const one of keys.toReversed()) put(backwards, one, one)
    for (const one of keys) put(ofMaps, one, one)
    expect(walk(backwards, 5000)).toEqual(walk(forwards, 777))
    expect(walk(ofMaps, 5000)).toEqual(walk(forwards, 777))
  })

  test('gives chunks that stay as they were when it is written to', () => {
    const store = makeStore()
    put(store, utf8ToBytes('a'), utf8ToBytes('before'))
    const { entries, bytes } = store.take(initialCursor(), Infinity)
    put(store, utf8ToBytes('a'), utf8ToBytes('behind'))
    expect([entries[0]?.value, bytes]).toEqual(['before', 7])
  })

  test('is copied: a later write, append or deletion in either is not seen in the other', () => {
    const store = makeStore()
    for (let index = 0; index < 2000; index++) put(store, utf8ToBytes(`k${index}`), utf8ToBytes(`v${index}`))
    const copy = store.copy()
    put(copy, utf8ToBytes('k1'), utf8ToBytes('w1'))
    copy.append({ key: utf8ToBytes('k2'), value: 'z'.repeat(500) as ByteString })
    store.delete(utf8ToBytes('k3'))
    expect(['k1', 'k2', 'k3'].map((name) => store.get(utf8ToBytes(name)))).toEqual(['v1', 'v2', undefined])
    expect(['k1', 'k3'].map((name) => copy.get(utf8ToBytes(name)))).toEqual(['w1', 'v3'])
    expect([copy.get(utf8ToBytes('k2'))?.length, store.size, copy.size]).toEqual([502, 1999, 2000])
  })

  test('takes any bytes for keys and values, empty ones too', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 })), { maxLength: 20 }), (pairs) => {
      const store = makeStore()
      const map = new Map<string, string>()
      for (const [name, held] of pairs) {
        const entry = { key: String.fromCharCode(...name) as ByteString, value: String.fromCharCode(...held) as ByteString }
        store.put(packed(entry))
        map.set(entry.key, entry.value)
      }
      for (const [name, held] of map) expect(store.get(name as ByteString)).toBe(held)
      expect([store.get(emptyBytes) ?? null, store.size]).toEqual([map.get('') ?? null, map.size])
    }))
  })

  test('refuses an append that would pass 8 MiB, and writes nothing', () => {
    const store = makeStore()
    const name = utf8ToBytes('k')
    put(store, name, 'v'.repeat(valueBytesMax) as ByteString)
    expect(execute(store, { type: 'append', key: name, value: utf8ToBytes('x') })).toEqual({ type: 'too-large' })
    expect(store.get(name)?.length).toBe(valueBytesMax)
  })
})
