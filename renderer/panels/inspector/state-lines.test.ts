import { describe, expect, test } from 'vitest'
import { noView, utf8ToBytes, type ReplicaState } from '../../../src/protocol'
import { changes, compare, listLinesMax, stateLines } from './state-lines'

const replica = (entries: Record<string, string>, more: Partial<ReplicaState> = {}): ReplicaState => ({
  kind: 'replica', incarnation: 1, view: { ...noView, viewnum: 2, primary: { name: 's1', incarnation: 1, address: '' } }, role: 'primary', serving: true,
  initialisedIn: 2, executed: 3, nextSeq: 4, table: [], pending: [], waiting: [], ahead: [], transfers: [], receivedChunks: 0,
  store: Object.entries(entries).map(([key, value]) => ({ key: utf8ToBytes(key), value: utf8ToBytes(value) })), ...more,
})

describe('a state as lines', () => {
  test('shows text as text, and bytes that are no text as base64', () => {
    expect(stateLines(replica({ ü: 'é' }))).toContainEqual({ group: 'Store', name: 'ü', value: 'é' })
    const odd = replica({})
    expect(stateLines({ ...odd, store: [{ key: utf8ToBytes('k'), value: '\xff' as never }] })).toContainEqual({ group: 'Store', name: 'k', value: 'base64:/w==' })
  })

  test('cuts a long list and says how much', () => {
    const many = replica(Object.fromEntries(Array.from({ length: listLinesMax + 5 }, (_, index) => [`k${index}`, ''])))
    const store = stateLines(many).filter((line) => line.group === 'Store')
    expect(store).toHaveLength(listLinesMax + 1)
    expect(store.at(-1)?.value).toBe('5 more')
  })

  test('tells what a step removed, added and changed', () => {
    expect(changes(replica({ a: '1', b: '2' }), replica({ a: '9', c: '3' }, { executed: 4 }))).toEqual([
      { sign: '-', name: 'executed', value: '3' }, { sign: '+', name: 'executed', value: '4' },
      { sign: '-', name: 'a', value: '1' }, { sign: '+', name: 'a', value: '9' },
      { sign: '+', name: 'c', value: '3' }, { sign: '-', name: 'b', value: '2' },
    ])
  })

  test('puts what differs between copies first', () => {
    const rows = compare([replica({ a: '1', z: '1' }), replica({ a: '1', z: '2' })])
    expect(rows[0]).toEqual({ name: 'z', values: ['1', '2'], differs: true })
    expect(rows.filter((row) => row.differs)).toHaveLength(1)
  })
})
