import { describe, expect, test } from 'vitest'
import { AtMostOnceTable } from './at-most-once'
import { askersOf, PendingOperations, type PendingOperation } from './pending'

const done = { type: 'done' } as const

describe('the at-most-once table', () => {
  test('knows a request that was executed, an older one, and none of the later ones', () => {
    const table = new AtMostOnceTable(10)
    table.remember('c', 5, done, 1, 2)
    expect([4, 5, 6].map((requestId) => table.look('c', requestId).type)).toEqual(['old', 'executed', 'new'])
    expect(table.look('d', 1).type).toBe('new')
  })

  test('lets the client go that executed longest ago', () => {
    const table = new AtMostOnceTable(2)
    table.remember('a', 1, done, 1, 1)
    table.remember('b', 1, done, 2, 1)
    table.remember('a', 2, done, 3, 1)
    table.remember('c', 1, done, 4, 1)
    expect([...table.rows()].map((row) => row.clientId)).toEqual(['a', 'c'])
  })
})

describe('pending operations', () => {
  const pending = (seq: number, clientId = `c${seq}`) =>
    ({ seq, from: 'c', also: [], request: { type: 'request', clientId, requestId: seq, viewnum: 1, operation: { type: 'get', key: '' as never } } }) as const

  test('are found by number, leave in order, and are known while they are in flight', () => {
    const queue = new PendingOperations()
    for (let seq = 1; seq <= 3000; seq++) queue.push(pending(seq))
    for (let seq = 1; seq <= 2500; seq++) expect(queue.shift()?.seq).toBe(seq)
    expect([queue.at(2500), queue.at(2501)?.seq, queue.at(3000)?.seq, queue.at(3001)]).toEqual([undefined, 2501, 3000, undefined])
    expect([queue.takesCopy('c2500', 2500, 'c'), queue.takesCopy('c2600', 2600, 'c')]).toEqual([false, true])
    expect([...queue].length).toBe(queue.length)
  })

  test('count an older request of a client as a copy, and a later one as new', () => {
    const queue = new PendingOperations()
    queue.push(pending(7, 'c'))
    expect([6, 7, 8].map((requestId) => queue.takesCopy('c', requestId, 'c'))).toEqual([true, true, false])
  })

  test('know the first who asked and the newest of those who asked again, each once, and share none of it with a copy', () => {
    const queue = new PendingOperations()
    queue.push(pending(7, 'c'))
    for (const from of ['c/2', 'c', 'c/3', 'c/2']) queue.takesCopy('c', 7, from)
    const copy = queue.copy()
    for (const from of ['c/4', 'c/5']) queue.takesCopy('c', 7, from)
    queue.takesCopy('c', 6, 'c/6')
    expect(askersOf(queue.first as PendingOperation)).toEqual(['c', 'c/3', 'c/4', 'c/5'])
    expect(askersOf(copy.first as PendingOperation)).toEqual(['c', 'c/2', 'c/3'])
  })
})
