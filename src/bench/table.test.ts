import { expect, test } from 'vitest'
import type { Goal } from './bench'
import { Ledger } from './ledger'
import { goalTable, rowTable } from './table'

const goals: readonly Goal[] = [
  { name: 'ours / theirs', better: 'higher', needed: 0.75, aim: 1 },
  { name: 'kill to answer', better: 'lower', needed: 85, aim: 61, unit: 'ms' },
  { name: 'ours / etcd', better: 'higher', needed: 7, aim: 12 },
]

function filled(): Ledger {
  const ledger = new Ledger(goals)
  for (const [round, foreignCores] of [[1, 0], [2, 0.9], [3, 0.1]] as const) {
    ledger.round({ round, row: 'ours | UDS', opsPerSecond: round * 1000.4, p50Us: 10 + round, foreignCores })
    ledger.round({ round, row: 'theirs', opsPerSecond: 2000 })
    ledger.value('ours / theirs', round / 2, foreignCores)
    ledger.value('kill to answer', 100, 0)
  }
  return ledger
}

test('goals are a table: what was absent is in it, and how many rounds were quiet', () => {
  expect(goalTable(filled().summaries())).toBe([
    '| goal | median | spread | rounds | needed | aim | met |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| ours / theirs | 1 | 0.5 to 1.5 | 3, 2 quiet | >= 0.75 | >= 1 | aim |',
    '| kill to answer | 100 ms | 100 to 100 | 3 | <= 85 | <= 61 | **missed** |',
    '| ours / etcd |  |  | 0 | >= 7 | >= 12 | absent |',
    '',
  ].join('\n'))
})

test('rows are a table with a column for each number, of the quiet rounds', () => {
  expect(rowTable(filled().rows())).toBe([
    '| row | opsPerSecond | p50Us | foreignCores | rounds |',
    '| --- | --- | --- | --- | --- |',
    '| ours \\| UDS | 2001 | 12 | 0.05 | 3, 2 quiet |',
    '| theirs | 2000 |  |  | 3 |',
    '',
  ].join('\n'))
})

test('a value for a goal that the bench does not have is a mistake of ours', () => {
  expect(() => filled().value('ours / nobody', 1, 0)).toThrow('"ours / nobody" is no goal of this bench')
})
