import { describe, expect, it } from 'vitest'
import { defaultSettings, utf8ToBytes, type Result } from '../../protocol'
import { recordOperationInput, recordReport, type EventBody, type TraceEvent } from '../../trace'
import { defaultLimits, type HistoryOperation } from './history'
import { judgeHistory } from './judge'
import { LiveHistory } from './live-history'
import { allKinds, ranHistory, spoiled, type HistoryShape } from './testing/histories'

/** The history as events of a trace. An event's seq replaces the history's time, so ids change. */
function eventsOf(history: readonly HistoryOperation[]): TraceEvent[] {
  const moments = history.flatMap((operation) => [
    { at: operation.invoked, operation, isReturn: false }, ...(operation.returned === null ? [] : [{ at: operation.returned, operation, isReturn: true }]),
  ]).sort((one, other) => one.at - other.at)
  return moments.map(({ operation, isReturn }, index) => ({ seq: index + 1, at: index, wall: index, ...bodyOf(operation, isReturn) }))
}

function bodyOf({ id, process, operation, result }: HistoryOperation, isReturn: boolean): EventBody {
  const of = { node: process, incarnation: 1, step: 1 }
  if (!isReturn) return { type: 'operation-invoked', ...of, label: '', operation: recordOperationInput({ type: 'operation', operationId: id, session: -1, operation, target: '' }) }
  const outcome = { type: 'ok', result: result ?? { type: 'done' }, by: 's1', viewnum: 1, seq: 1, replayed: false, executedViewnum: 1 } as const
  return { ...of, ...recordReport({ type: 'operation-returned', operationId: id, tries: 1, outcome }) }
}

/** Settles all keys: operations that never returned end with the death of their client. */
function judgedLive(history: readonly HistoryOperation[]): LiveHistory {
  const live = new LiveHistory({ source: 'live', settings: defaultSettings })
  const events = eventsOf(history)
  for (const event of events) live.take(event)
  for (const process of new Set(history.map((operation) => operation.process))) {
    live.take({ seq: events.length + 1, at: 0, wall: 0, type: 'node-exited', node: process, incarnation: 1, code: null, signal: 'SIGKILL', stderr: '' })
  }
  return live
}

describe('a history judged live', () => {
  it('stands as the judge of whole histories says, with the same first error for each key, over 500 random ones', () => {
    const shapes: readonly HistoryShape[] = [
      { operations: 30, clients: 4, keys: 2, values: 3, kinds: allKinds, unknown: 0.03 },
      { operations: 30, clients: 5, keys: 1, values: 4, kinds: ['put', 'get'], unknown: 0.05 },
      { operations: 20, clients: 4, keys: 1, values: 2, kinds: ['append', 'get', 'delete'], unknown: 0.05 },
    ]
    const count = { linearizable: 0, 'not-linearizable': 0, unknown: 0 }
    for (let seed = 0; seed < 500; seed++) {
      const shape = shapes[seed % shapes.length] as HistoryShape
      const ran = ranHistory(`live ${seed}`, shape)
      const live = judgedLive(seed % 3 === 0 ? ran : spoiled(`live ${seed}`, ran, shape.values))
      const whole = judgeHistory(live.history.operations)
      const { verdict, errors } = live.standing()
      count[verdict]++
      expect(verdict).toBe(whole.verdict)
      const places = errors.map(({ key, unplaced, seq }) => ({ key, unplaced, seq })).sort((one, other) => one.seq - other.seq)
      expect(live.finish(defaultLimits)).toMatchObject({ verdict, errors: places })
      const told = whole.keys.filter(({ unplaced }) => unplaced !== null).map(({ unplaced }) => unplaced)
      expect(errors.map(({ unplaced }) => unplaced).sort()).toEqual(told.sort())
    }
    console.info(`500 histories live: ${JSON.stringify(count)}`)
    expect(Math.min(count.linearizable, count['not-linearizable'])).toBeGreaterThan(100)
  })

  it('holds little of a long history of one key, and settles it as it comes', () => {
    const live = judgedLive(ranHistory('long', { operations: 20_000, clients: 6, keys: 1, values: 100, kinds: ['put', 'get', 'delete', 'cas'], unknown: 0 }))
    expect(live.standing()).toMatchObject({ verdict: 'linearizable', errors: [], invoked: 20_000, judged: 20_000 })
  })

  it('tells an error with the return that is one, at once, and in words', () => {
    const live = new LiveHistory({ source: 'live', settings: defaultSettings })
    const key = utf8ToBytes('a')
    const row = (id: number, process: string, operation: HistoryOperation['operation'], at: number, result: Result): HistoryOperation =>
      ({ id, process, operation, invoked: at, returned: at + 1, result })
    const events = eventsOf([
      row(1, 'c1', { type: 'put', key, value: utf8ToBytes('1') }, 1, { type: 'done' }), row(2, 'c1', { type: 'put', key, value: utf8ToBytes('2') }, 3, { type: 'done' }),
      row(3, 'c2', { type: 'get', key }, 5, { type: 'value', value: utf8ToBytes('1') }),
    ])
    for (const event of events.slice(0, -1)) live.take(event)
    expect(live.standing().verdict).toBe('linearizable')
    live.take(events.at(-1)!)
    expect(live.standing()).toMatchObject({
      verdict: 'not-linearizable', errors: [{ key: 'a', unplaced: 5, seq: 6, why: "c2's get returned 1, but 2 was acknowledged to c1 before it began." }],
    })
  })

  it('knows as many keys and operations as it is given room for, and says where there were more', () => {
    const put = (id: number): HistoryOperation =>
      ({ id, process: 'c1', operation: { type: 'put', key: utf8ToBytes(`k${id}`), value: utf8ToBytes('1') }, invoked: id * 2, returned: id * 2 + 1, result: { type: 'done' } })
    const events = eventsOf(Array.from({ length: 30 }, (_, index) => put(index + 1)))
    const judged = (keys: number, operations: number): object => {
      const live = new LiveHistory({ source: 'live', settings: defaultSettings }, { keys, operations, bytes: 1_000_000 })
      for (const event of events) live.take(event)
      return live.finish({ stepsMax: 100_000, memoMax: 1000, milliseconds: 10_000, now: () => performance.now() })
    }
    expect(judged(30, 10)).toMatchObject({ standing: 'linearizable', judged: 30 })
    expect(judged(10, 30)).toMatchObject({ standing: 'linearizable', judged: 30 })
    expect(judged(10, 10)).toMatchObject({ standing: 'unknown', judged: 10, limit: 'There are more than 10 keys.' })
  })

  it('does not know where too many unknown writes fit', () => {
    const many = Array.from({ length: 14 }, (_, index): HistoryOperation => ({
      id: index + 1, process: `c${index}`, operation: { type: 'append', key: utf8ToBytes('a'), value: utf8ToBytes(String.fromCharCode(97 + index)) }, invoked: index, returned: null, result: null,
    }))
    const reader: HistoryOperation = { id: 99, process: 'r', operation: { type: 'get', key: utf8ToBytes('a') }, invoked: 50, returned: 51, result: { type: 'value', value: utf8ToBytes('abcdefghijklm?') } }
    expect(judgedLive([...many, reader]).standing()).toMatchObject({ verdict: 'unknown', errors: [], limit: expect.stringContaining('More than 1000') as string })
  })
})
