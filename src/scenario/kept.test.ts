import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OperationRecord } from './evidence'
import { appendsProblem, appendValue, lostWrites } from './kept'

describe('appends', () => {
  const acknowledged = (client: string): readonly number[] => client === 'c1' ? [1, 2, 3] : [1]
  it.each([
    ['all there', 'c1:1;c2:1;c1:2;c1:3;', undefined],
    ['one more, unknown to its client', 'c1:1;c2:1;c1:2;c1:3;c1:4;', undefined],
    ['one is lost', 'c1:1;c2:1;c1:3;', '1 acknowledged append of c1 is lost, the first is number 2'],
    ['one is there twice', 'c1:1;c2:1;c1:2;c1:2;c1:3;', 'append 2 of c1 is there twice'],
    ['two are out of order', 'c1:2;c2:1;c1:1;c1:3;', 'append 1 of c1 stands after append 2'],
  ])('%s', (_what, value, problem) => {
    expect(appendsProblem(value, ['c1', 'c2'], acknowledged)).toBe(problem)
  })

  it('any interleaving of what was acknowledged is well; without any one of them it is not', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('c1', 'c2', 'c3'), { minLength: 1, maxLength: 30 }), fc.nat(), (order, at) => {
      const counts = new Map<string, number>()
      const parts = order.map((client) => {
        const number = (counts.get(client) ?? 0) + 1
        counts.set(client, number)
        return appendValue(client, number)
      })
      const all = (client: string): number[] => Array.from({ length: counts.get(client) ?? 0 }, (_, index) => index + 1)
      expect(appendsProblem(parts.join(''), ['c1', 'c2', 'c3'], all)).toBeUndefined()
      expect(appendsProblem(parts.toSpliced(at % parts.length, 1).join(''), ['c1', 'c2', 'c3'], all)).toContain('lost')
    }))
  })
})

describe('writes', () => {
  let seq = 0
  /** A write that is invoked at `from` and returns at `to`; `unknown`: it never got an answer. */
  function write(type: 'put' | 'append' | 'delete', value: string, { from = ++seq, to = ++seq, unknown = false } = {}): OperationRecord {
    const operation = type === 'delete' ? { type, key: 'a' } as const : { type, key: 'a', value } as const
    const outcome = unknown ? { type: 'unknown', reason: 'timeout' } as const
      : { type: 'ok', result: { type: 'done' }, by: 's1', viewnum: 2, seq: from, replayed: false, executedViewnum: 2 } as const
    return { client: 'c1', label: '', operation, invokedSeq: from, invokedAt: 0, outcome, returnedSeq: unknown ? 0 : to, returnedAt: 0 }
  }
  const lost = (writes: OperationRecord[], value: string | null): number => lostWrites(writes, () => value).length

  it.each<[string, () => [OperationRecord[], string | null], number]>([
    ['the last put is there', () => [[write('put', 'x'), write('put', 'y')], 'y'], 0],
    ['an earlier put is there instead', () => [[write('put', 'x'), write('put', 'y')], 'x'], 1],
    ['either of two at the same time', () => [[write('put', 'x', { from: 1, to: 9 }), write('put', 'y', { from: 2, to: 8 })], 'x'], 0],
    ['an unknown put may have replaced it', () => [[write('put', 'x'), write('put', 'y', { unknown: true })], 'y'], 0],
    ['nothing is there', () => [[write('put', 'x')], null], 1],
    ['it was deleted since', () => [[write('put', 'x'), write('delete', '')], null], 0],
    ['an append is missing', () => [[write('put', 'x'), write('append', 'y')], 'x'], 1],
    ['an append is there', () => [[write('put', 'x'), write('append', 'y')], 'xy'], 0],
    ['an append that a later put replaced', () => [[write('append', 'y'), write('put', 'z')], 'z'], 0],
    ['a put that was taken back by an older delete', () => [[write('delete', ''), write('put', 'x')], null], 1],
  ])('%s', (_what, make, count) => {
    const [writes, value] = make()
    expect(lost(writes, value)).toBe(count)
  })
})
