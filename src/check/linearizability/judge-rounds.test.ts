// Judging a history of many keys: the cheapest keys come first, no key waits for a hard one, and what is not judged never counts as good.
// Also the messages about values that only failed operations carry.
import { describe, expect, it } from 'vitest'
import { defaultSettings, type Operation, type Result } from '../../protocol'
import { recordOperationInput, type TraceEvent } from '../../trace'
import { defaultLimits, type HistoryOperation } from './history'
import { judgeHistory } from './judge'
import { LiveHistory } from './live-history'
import { standingSentence } from './standing-words'
import { append, bytes, done, gave, get, put } from './testing/operations'

type Row = readonly [process: string, operation: Operation, invoked: number, returned: number | null, result: Result | null]
const history = (...rows: readonly Row[]): HistoryOperation[] =>
  rows.map(([process, operation, invoked, returned, result], index) => ({ id: index + 1, process, operation, invoked, returned, result, place: `line ${index + 1}` }))

/** Many open appends and one read that no order of them explains; trying all orders would take forever. */
const hardRows = (key: string): Row[] => [
  ...Array.from({ length: 40 }, (_, index): Row => [`c${index}`, append(String(index), key), index, null, null]),
  ['w', put('', key), 50, 60, done], ['r', get(key), 55, 101, gave('0123456789101112131415?')],
]
const wrongRows = (key: string): Row[] => [['a', put('1', key), 200, 201, done], ['a', put('2', key), 202, 203, done], ['b', get(key), 204, 205, gave('1')]]
const rightRows = (key: string): Row[] => [['a', put('1', key), 300, 301, done], ['b', get(key), 302, 303, gave('1')]]

describe('a history of many keys', () => {
  it('ends at the first proof where that is enough, however hard the keys before it are, and says how many were not judged', () => {
    let looks = 0
    const limits = { ...defaultLimits, stepsMax: Infinity, milliseconds: 1_000_000, now: () => looks++ }
    const operations = history(...hardRows('a'), ...hardRows('b'), ...wrongRows('c'), ...rightRows('d'))
    const judged = judgeHistory(operations, { ...limits, untilProof: true })
    expect(judged).toMatchObject({ verdict: 'not-linearizable', unjudged: 2 })
    expect(judged.keys.map(({ key, verdict }) => [key, verdict])).toEqual([['c', 'not-linearizable'], ['d', 'linearizable']])
    // The cheapest keys come first: the hard ones, which would use up all the time, were never searched.
    expect(looks).toBeLessThan(20)
  })

  it('is judged to its end where every key is asked for, each with its own answer', () => {
    const operations = history(...hardRows('a'), ...wrongRows('b'), ...rightRows('c'), ...wrongRows('d'))
    const { verdict, keys, unjudged } = judgeHistory(operations, { stepsMax: 300_000, memoMax: 10_000 })
    expect([verdict, unjudged]).toEqual(['not-linearizable', 0])
    expect(keys.map((key) => [key.key, key.verdict])).toEqual([['a', 'unknown'], ['b', 'not-linearizable'], ['c', 'linearizable'], ['d', 'not-linearizable']])
  })

  it('ends for its time or its memory, and for nothing else', () => {
    let clock = 0
    const timed = judgeHistory(history(...hardRows('a')), { stepsMax: Infinity, memoMax: 1000, milliseconds: 300, now: () => clock++ })
    expect(timed.keys[0]).toMatchObject({ verdict: 'unknown', why: 'The time that was given ended before an order was found or ruled out.' })
    expect(clock).toBeGreaterThan(300)
    const full = judgeHistory(history(...hardRows('a')), { stepsMax: Infinity, memoMax: 1000, contentBytesMax: 2_000_000 })
    expect(full.keys[0]).toMatchObject({ verdict: 'unknown', why: expect.stringMatching(/^The search came to [\d ]+ different contents of this key, as many as there is memory for, without an answer\.$/) as string })
  })
})

describe('nothing to judge', () => {
  it('is a history without a return, whatever began in it, and never linearizable', () => {
    const opened: Row = ['c1', put('1'), 1, null, null]
    for (const operations of [[], history(opened), [{ id: 1, process: 'initial', operation: put('0'), invoked: -2, returned: -1, result: done, isInitial: true } as const, ...history(opened)]]) {
      expect(judgeHistory(operations)).toMatchObject({ verdict: 'not-exercised' })
    }
    expect(judgeHistory(history(['c1', put('1'), 1, 2, done]))).toMatchObject({ verdict: 'linearizable' })
  })
})

describe('a value that only failed operations carry', () => {
  const failed = (...rows: readonly Row[]): HistoryOperation[] => history(...rows).map((operation) => ({ ...operation, id: operation.id + 100 }))
  const why = (operations: readonly HistoryOperation[], of: readonly HistoryOperation[]): string => judgeHistory(operations, defaultLimits, { failed: of }).keys.map((key) => key.why).join(' ')
  const reads = (value: string): HistoryOperation[] => history(['process 1', put('1'), 3, 4, done], ['process 2', get(), 5, 6, gave(value)])

  it('is said to be theirs, with who and where', () => {
    expect(why(reads('638'), failed(['process 1', put('638'), 1, 2, null]))).toBe("process 2's get returned 638, which only process 1's write (line 1) carries, and it failed.")
    expect(why(reads('7'), failed(['process 3', { type: 'cas', key: bytes('x'), expected: bytes('1'), value: bytes('7') }, 1, 2, null])))
      .toBe("process 2's get returned 7, which only process 3's cas (line 1) carries, and it failed.")
    expect(why(reads('9'), failed(['p', put('9'), 1, 2, null], ['q', put('9'), 1, 2, null]))).toBe("process 2's get returned 9, which only p's write (line 1) and 1 other operation carry, and all of them failed.")
    expect(why(reads('1b'), failed(['p', append('b'), 1, 2, null]))).toBe("process 2's get returned 1b, which only p's append (line 1) carries, and it failed.")
    const middle = history(['a', append('a'), 1, 2, done], ['a', append('c'), 5, 6, done], ['r', get(), 7, 8, gave('abc')])
    expect(why(middle, failed(['p', append('b'), 3, 4, null]))).toMatch(/^r's get returned abc, which has b in it, of p's append \(line 1\) alone, and that failed, and no order/)
  })

  it('is still of nobody where the failed operation began later, or on another key', () => {
    expect(why(reads('638'), failed(['p', put('638'), 7, 8, null]))).toBe("process 2's get returned 638, which no operation had written.")
    expect(why(reads('638'), failed(['p', put('638', 'y'), 1, 2, null]))).toBe("process 2's get returned 638, which no operation had written.")
  })

  it('is said live and of a recording too, with the event of the invocation', () => {
    const rows = [['c1', put('7'), 'failed'], ['c2', get(), gave('7')]] as const
    const events = rows.flatMap(([node, operation, ended], index): TraceEvent[] => {
      const of = { node, incarnation: 1, step: 1 } as const
      const outcome = ended === 'failed' ? { type: 'failed', reason: 'timeout', by: '' } : { type: 'ok', result: ended, by: 's1', viewnum: 1, seq: 1, replayed: false, executedViewnum: 1 }
      return [
        { seq: index * 2 + 1, at: 0, wall: 0, type: 'operation-invoked', ...of, label: '', operation: recordOperationInput({ type: 'operation', operationId: 1, session: -1, operation, target: '' }) },
        { seq: index * 2 + 2, at: 0, wall: 0, type: 'operation-returned', ...of, operationId: 1, tries: 1, outcome } as TraceEvent,
      ]
    })
    const live = new LiveHistory({ source: 'live', settings: defaultSettings })
    for (const event of events) live.take(event)
    for (const standing of [live.standing(), live.finish(defaultLimits)]) expect(standingSentence(standing)).toBe("Key x: c2's get returned 7, which only c1's write (#1) carries, and it failed.")
  })

  it('what a key began with is told as that', () => {
    const begin: HistoryOperation = { id: 50, process: 'initial', operation: put('0'), invoked: -2, returned: -1, result: done, isInitial: true }
    expect(why([begin, ...history(['c1', get(), 1, 2, { type: 'missing' }])], [])).toBe("c1's get found no value, but the key began with 0.")
    expect(judgeHistory([begin, ...history(['c1', get(), 1, 2, gave('0')])])).toMatchObject({ verdict: 'linearizable', keys: [{ operations: 1 }] })
  })
})
