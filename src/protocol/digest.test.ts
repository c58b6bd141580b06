// The digest of a state: equal for equal states, whatever their history and their store, and different if anything differs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AtMostOnceTable } from './at-most-once'
import type { ByteString } from './byte-string'
import { foldBytes, foldView, hashOfEntry, hashOfRow } from './digest'
import { MapStore } from './map-store'
import type { Result, StoreEntry, TableRow } from './messages'
import { PackedEntry } from './packed-entry'
import { SlabStore } from './slab-store'
import { bucketCount, bucketOf, bucketOfEntry, hashOf, type Store } from './store'

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => String.fromCharCode(...array) as ByteString)
const entries = fc.uniqueArray(fc.record({ key: bytes, value: bytes }), { selector: ({ key }) => key, maxLength: 40 })
const wholeHash = (store: Store): number => store.hashOfBuckets(0, bucketCount) >>> 0

function filled(store: Store, written: readonly StoreEntry[]): Store {
  for (const entry of written) store.put(entry)
  return store
}

describe('the hash of a store', () => {
  test('is the sum of its entries, in both stores, in whatever order they came and in whatever pieces it is counted', () => {
    fc.assert(fc.property(entries, fc.array(fc.nat(bucketCount), { maxLength: 4 }), (written, cuts) => {
      const sum = written.reduce((total, entry) => (total + hashOfEntry(entry)) >>> 0, 0)
      const stores = [filled(new MapStore(), written), filled(new SlabStore(), written), filled(new SlabStore(), written.toReversed())]
      for (const store of stores) {
        expect(wholeHash(store)).toBe(sum)
        const places = [0, ...cuts.sort((one, other) => one - other), bucketCount]
        const pieces = places.slice(1).reduce((total, to, at) => (total + store.hashOfBuckets(places[at] as number, to)) >>> 0, 0)
        expect(pieces).toBe(sum)
      }
    }))
  })

  test('follows what is written over, appended and deleted', () => {
    fc.assert(fc.property(fc.array(fc.record({ type: fc.constantFrom('put' as const, 'append' as const, 'delete' as const), key: fc.constantFrom('a', 'b', 'c'), value: bytes }), { maxLength: 30 }), (steps) => {
      const [maps, slab] = [new MapStore(), new SlabStore()]
      for (const store of [maps, slab]) {
        for (const { type, key, value } of steps) {
          if (type === 'delete') store.delete(key as ByteString)
          else store[type]({ key: key as ByteString, value })
        }
      }
      expect(wholeHash(slab)).toBe(wholeHash(maps))
      expect(wholeHash(filled(new SlabStore(), slab.sortedEntries()))).toBe(wholeHash(slab))
    }))
  })

  test('is another where one value, one key or one byte of either is another, and where two values change places', () => {
    fc.assert(fc.property(entries.filter(({ length }) => length >= 2), fc.nat(), fc.nat(), (written, which, at) => {
      const before = wholeHash(filled(new MapStore(), written))
      const [one, other] = [written[which % written.length], written[(which + 1) % written.length]] as [StoreEntry, StoreEntry]
      const rest = written.filter((entry) => entry !== one)
      const changed = (text: ByteString): ByteString => text === '' ? 'x' as ByteString
        : (text.slice(0, at % text.length) + String.fromCharCode(text.charCodeAt(at % text.length) ^ (1 << (at % 8))) + text.slice(at % text.length + 1)) as ByteString
      const others = [rest, [...rest, { key: one.key, value: changed(one.value) }], [...rest, { key: one.key, value: (one.value + '\0') as ByteString }]]
      if (one.value !== other.value) others.push([...rest.filter((entry) => entry !== other), { key: one.key, value: other.value }, { key: other.key, value: one.value }])
      for (const wrong of others) expect(wholeHash(filled(new SlabStore(), wrong))).not.toBe(before)
    }))
  })

  test('reads bytes that lie in memory as those of a string, wherever they begin', () => {
    fc.assert(fc.property(bytes, fc.nat(7), fc.integer(), (text, before, hash) => {
      const memory = new Uint8Array(before + text.length + 3).fill(0xee)
      for (let at = 0; at < text.length; at++) memory[before + at] = text.charCodeAt(at)
      expect(foldView(hash, new DataView(memory.buffer), before, before + text.length)).toBe(foldBytes(hash, text))
      const entry = new PackedEntry(memory, before, before + text.length, before, before)
      expect(bucketOfEntry(entry)).toBe(bucketOf(hashOf(text)))
    }))
  })
})

test('the example of the wire protocol page is counted as the page says', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/wire-protocol.md'), 'utf8')
  const of = (text: string): ByteString => text as ByteString
  const hash = (hashOfEntry({ key: of('a'), value: of('1') }) + hashOfRow({ clientId: '9f1c.0', requestId: 3, seq: 58, viewnum: 2, result: { type: 'value', value: of('1') } }, 0)) >>> 0
  expect(page).toContain(`"digest": { "keys": 1, "rows": 1, "hash": ${hash} }`)
})

describe('the hash of a table', () => {
  const result: fc.Arbitrary<Result> = fc.oneof(
    fc.constantFrom<Result>({ type: 'done' }, { type: 'missing' }, { type: 'too-large' }), fc.record({ type: fc.constant('value' as const), value: bytes }),
    fc.record({ type: fc.constant('mismatch' as const), actual: fc.option(bytes) }),
  )
  const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
  const rows = fc.uniqueArray(fc.record({ clientId: fc.stringMatching(/^[!-~]{1,8}$/), requestId: count, result, seq: count, viewnum: fc.nat(0xffff_ffff) }), { selector: ({ clientId }) => clientId, maxLength: 10 })

  function tableOf(installed: readonly TableRow[]): AtMostOnceTable {
    const table = new AtMostOnceTable(100)
    for (const row of installed) table.install(row)
    return table
  }

  test('is the sum of its rows, each with the number of the one before', () => {
    fc.assert(fc.property(rows, (installed) => {
      const sum = installed.reduce((total, row, at) => (total + hashOfRow(row, installed[at - 1]?.seq ?? 0)) | 0, 0)
      expect(tableOf(installed).hash()).toBe(sum)
    }))
  })

  test('is another where a row is missing, is another, or has another place', () => {
    fc.assert(fc.property(rows.filter(({ length }) => length >= 2), fc.nat(), (installed, which) => {
      const before = tableOf(installed).hash()
      const at = which % installed.length
      const row = installed[at] as TableRow
      const replaced = (one: TableRow): TableRow[] => installed.map((known, index) => index === at ? one : known)
      const wrong = [
        installed.filter((known) => known !== row), replaced({ ...row, requestId: row.requestId + 1 }), replaced({ ...row, viewnum: row.viewnum ^ 1 }),
        replaced({ ...row, result: row.result.type === 'done' ? { type: 'missing' } : { type: 'done' } }),
      ]
      const turned = [...installed.slice(0, at), ...installed.slice(at + 1), row]
      if (at < installed.length - 1 && new Set(installed.map(({ seq }) => seq)).size === installed.length) wrong.push(turned)
      for (const other of wrong) expect(tableOf(other).hash()).not.toBe(before)
    }))
  })
})
