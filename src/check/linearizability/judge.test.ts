// The judge compared with one that tries every order; its speed, its limits and its messages.
import { describe, expect, it } from 'vitest'
import type { Operation, Result } from '../../protocol'
import { memoBytesMax } from './configurations'
import { defaultLimits, type HistoryOperation } from './history'
import { judgeHistory } from './judge'
import { searchOrder } from './search'
import { sweep } from './sweep'
import { allKinds, isLinearizableByBruteForce, ranHistory, spoiled, type HistoryShape } from './testing/histories'
import { append, bytes, done, gave, get, put } from './testing/operations'

const small: readonly HistoryShape[] = [
  { operations: 7, clients: 3, keys: 1, values: 2, kinds: allKinds, unknown: 0.2 },
  { operations: 7, clients: 4, keys: 1, values: 3, kinds: ['put', 'get'], unknown: 0.3 },
  { operations: 6, clients: 3, keys: 2, values: 2, kinds: allKinds, unknown: 0.1 },
  { operations: 7, clients: 4, keys: 1, values: 2, kinds: ['append', 'get', 'put'], unknown: 0.3 },
  { operations: 7, clients: 4, keys: 1, values: 2, kinds: ['cas', 'delete', 'get', 'put'], unknown: 0.4 },
]

/** Rows of [process, operation, invoked, returned, result]; ids are row numbers from 1. */
type Row = readonly [process: string, operation: Operation, invoked: number, returned: number | null, result: Result | null]
const history = (...rows: readonly Row[]): HistoryOperation[] =>
  rows.map(([process, operation, invoked, returned, result], index) => ({ id: index + 1, process, operation, invoked, returned, result }))

describe('the judge', () => {
  it('agrees with a judge that tries every order, on 1000 small histories of which half were spoiled', () => {
    const wrong = { accused: 0, missed: 0, unknown: 0 }
    const of = { linearizable: 0, not: 0, withUnknownOutcomes: 0 }
    for (let seed = 0; seed < 1000; seed++) {
      const shape = small[seed % small.length] as HistoryShape
      const ran = ranHistory(`small ${seed}`, shape)
      const operations = seed % 2 === 0 ? ran : spoiled(`twice ${seed}`, spoiled(`small ${seed}`, ran, shape.values), shape.values)
      const truth = isLinearizableByBruteForce(operations)
      const { verdict } = judgeHistory(operations)
      if (operations.every(({ returned }) => returned === null)) {
        expect([truth, verdict]).toEqual([true, 'not-exercised'])
        continue
      }
      of[truth ? 'linearizable' : 'not']++
      if (operations.some(({ returned }) => returned === null)) of.withUnknownOutcomes++
      if (verdict === 'unknown') wrong.unknown++
      else if (truth && verdict !== 'linearizable') wrong.accused++
      else if (!truth && verdict === 'linearizable') wrong.missed++
    }
    console.info(`1000 histories: ${JSON.stringify(of)}; wrong answers: ${JSON.stringify(wrong)}`)
    expect(wrong).toEqual({ accused: 0, missed: 0, unknown: 0 })
    expect(Math.min(of.linearizable, of.not, of.withUnknownOutcomes)).toBeGreaterThan(150)
  })

  it('gives an order that explains the history, and names an operation before whose return all was well', () => {
    for (let seed = 0; seed < 300; seed++) {
      const shape = small[seed % small.length] as HistoryShape
      const operations = spoiled(`order ${seed}`, ranHistory(`order ${seed}`, shape), shape.values)
      const byId = new Map(operations.map((operation) => [operation.id, operation]))
      for (const { key, verdict, order, unplaced } of judgeHistory(operations).keys) {
        const chain = order.map((id, index) => {
          const { returned, result, ...rest } = byId.get(id) as HistoryOperation
          return { ...rest, invoked: index * 2, returned: index * 2 + 1, result: returned === null ? null : result }
        })
        expect(isLinearizableByBruteForce(chain)).toBe(true)
        if (verdict === 'linearizable') continue
        const blamed = byId.get(unplaced ?? -1) as HistoryOperation
        const ofKey = operations.filter(({ operation }) => operation.key === key)
        expect(isLinearizableByBruteForce(ofKey, (blamed.returned as number) - 0.5)).toBe(true)
        expect(isLinearizableByBruteForce(ofKey, (blamed.returned as number) + 0.5)).toBe(false)
      }
    }
  })

  it('judges 10 000 operations of 10 clients over 20 keys in under a second, and finds one changed value', () => {
    const operations = ranHistory('large', { operations: 10_000, clients: 10, keys: 20, values: 50, kinds: allKinds, unknown: 0.001 })
    const begin = performance.now()
    const { verdict } = judgeHistory(operations)
    const ms = performance.now() - begin
    const victim = operations.findIndex(({ operation, result }, index) => index > 7000 && operation.type === 'get' && result?.type === 'value')
    const changed = operations.map((operation, index) => index === victim ? { ...operation, result: gave('never') } : operation)
    const beginChanged = performance.now()
    const judged = judgeHistory(changed)
    console.info(`10 000 operations: ${ms.toFixed(0)} ms; with one value changed: ${(performance.now() - beginChanged).toFixed(0)} ms`)
    expect(verdict).toBe('linearizable')
    expect(ms).toBeLessThan(1000)
    expect(judged.verdict).toBe('not-linearizable')
    expect(judged.keys.flatMap(({ unplaced }) => unplaced ?? [])).toEqual([victim])
  })

  it('a history of one key and of closely raced clients is judged as well', () => {
    const operations = ranHistory('raced', { operations: 5000, clients: 10, keys: 1, values: 1000, kinds: ['put', 'get', 'cas'], unknown: 0 })
    expect(judgeHistory(operations).verdict).toBe('linearizable')
  })

  it('finds what is wrong at the end of a long history of one key, where the search alone would not come in time', () => {
    const ran = ranHistory('long', { operations: 20_000, clients: 8, keys: 1, values: 100, kinds: ['put', 'get'], unknown: 0 })
    const last = Math.max(...ran.map(({ returned }) => returned ?? 0))
    const wrong: HistoryOperation = { id: 99_999, process: 'r', operation: get('k0'), invoked: last + 1, returned: last + 2, result: gave('never') }
    expect(judgeHistory([...ran, wrong])).toMatchObject({ verdict: 'not-linearizable', keys: [{ unplaced: 99_999, why: "r's get returned never, which no operation had written." }] })
    expect(judgeHistory(ran)).toMatchObject({ verdict: 'linearizable' })
  })

  it('a sweep says of small histories what the judge says', () => {
    for (let seed = 0; seed < 200; seed++) {
      const shape = { ...(small[seed % small.length] as HistoryShape), keys: 1 }
      const operations = spoiled(`sweep ${seed}`, ranHistory(`sweep ${seed}`, shape), shape.values)
      expect(sweep(operations, defaultLimits).verdict).toBe(judgeHistory(operations).verdict)
    }
    expect(sweep(ranHistory('sweep', small[0] as HistoryShape), { ...defaultLimits, stepsMax: 1 }).verdict).toBe('unknown')
  })

  it('finds the one order of many appends that raced, by the one look at its end', () => {
    const operations = ranHistory('appends', { operations: 400, clients: 5, keys: 1, values: 10_000, kinds: ['append'], unknown: 0 })
    const last = Math.max(...operations.map(({ returned }) => returned ?? 0))
    // The read sees an order in which some appends overtook others, as concurrent ones may.
    const order = [...operations].sort((one, other) => (one.returned ?? 0) - (other.returned ?? 0))
    const seen = order.map(({ operation }) => operation.type === 'append' ? operation.value : '').join('')
    const look: HistoryOperation = { id: 1000, process: 'r', operation: get('k0'), invoked: last + 1, returned: last + 2, result: gave(seen) }
    expect(judgeHistory([...operations, look])).toMatchObject({ verdict: 'linearizable', keys: [{ operations: 401 }] })
    const swapped = { ...look, result: gave(`?${seen}`) }
    expect(judgeHistory([...operations, swapped])).toMatchObject({ verdict: 'not-linearizable', keys: [{ unplaced: 1000 }] })
    const lost = { ...look, result: gave(seen.slice(0, -1)) }
    expect(judgeHistory([...operations, lost])).toMatchObject({ verdict: 'not-linearizable', keys: [{ unplaced: 1000 }] })
  })

  it('ends at its limit with "unknown" where many unknown writes fit any order, with its memory bounded', () => {
    const many: Row[] = Array.from({ length: 40 }, (_, index) => [`c${index}`, append('ab'.slice(index % 2) + 'a'.repeat(index)), index, null, null] as const)
    const operations = history(...many, ['w', put('', 'x'), 50, 60, done], ['reader', get(), 55, 101, gave('aabaaabab?')])
    const limits = { stepsMax: 2_000_000, memoMax: 100_000 }
    const found = searchOrder(operations, limits)
    console.info(`worst case: ended by its ${found.limit} limit after ${found.steps} steps, memory ${(found.memoBytes / 1024 / 1024).toFixed(1)} MiB`)
    expect(found.end).toBe('limit')
    expect(found.memoBytes).toBeLessThan(memoBytesMax)
    expect(judgeHistory(operations, limits)).toMatchObject({ verdict: 'unknown', keys: [{ verdict: 'unknown', unplaced: null }] })
    expect(searchOrder(operations, { ...limits, contentBytesMax: 1_000_000 })).toMatchObject({ end: 'limit', limit: 'memory' })
    expect(searchOrder(operations, { stepsMax: 5000, memoMax: 1e9 })).toMatchObject({ end: 'limit', limit: 'steps' })
  })

  it('ends when its time is over, by the clock that it was given', () => {
    const many: Row[] = Array.from({ length: 30 }, (_, index) => [`c${index}`, append(String(index)), index, null, null] as const)
    let clock = 0
    const limits = { stepsMax: 1e9, memoMax: 1e7, milliseconds: 50, now: () => clock++ }
    expect(judgeHistory(history(...many, ['w', put(''), 50, 60, done], ['reader', get(), 55, 101, gave('01234567890?')]), limits)).toMatchObject({ verdict: 'unknown' })
    expect(clock).toBeLessThan(60)
  })
})

describe('operations whose outcome is unknown', () => {
  it('may take effect at any later time', () => {
    const operations = history(
      ['c1', put('1'), 1, 2, done], ['c2', put('2'), 3, null, null], ['c3', get(), 10, 11, gave('1')], ['c3', get(), 12, 13, gave('2')], ['c3', get(), 14, 15, gave('2')],
    )
    expect(judgeHistory(operations)).toMatchObject({ verdict: 'linearizable', keys: [{ order: [1, 3, 2, 4, 5] }] })
  })

  it('take effect once', () => {
    const operations = history(
      ['c1', put('1'), 1, 2, done], ['c2', put('2'), 3, null, null], ['c3', get(), 10, 11, gave('2')], ['c1', put('1'), 12, 13, done], ['c3', get(), 14, 15, gave('2')],
    )
    expect(judgeHistory(operations).verdict).toBe('not-linearizable')
  })

  it('never take effect before they began', () => {
    expect(judgeHistory(history(['c3', get(), 1, 2, gave('2')], ['c2', put('2'), 3, null, null])).verdict).toBe('not-linearizable')
  })

  it('or took effect, and nobody says what they gave', () => {
    const deleted: Operation = { type: 'delete', key: bytes('x') }
    expect(judgeHistory(history(['c1', put('1'), 1, 2, done], ['c2', deleted, 3, 4, null], ['c3', get(), 5, 6, { type: 'missing' }])).verdict).toBe('linearizable')
    expect(judgeHistory(history(['c1', put('1'), 1, 2, done], ['c2', deleted, 3, 4, null], ['c3', get(), 5, 6, gave('1')])).verdict).toBe('not-linearizable')
  })
})

describe('why an operation has no place', () => {
  const why = (...rows: readonly Row[]): string => judgeHistory(history(...rows)).keys.map((key) => key.why).join(' ')

  it('a lost write', () => {
    expect(why(['c1', put('1'), 1, 2, done], ['c1', put('2'), 3, 4, done], ['c2', get(), 5, 6, gave('1')]))
      .toBe("c2's get returned 1, but 2 was acknowledged to c1 before it began.")
  })

  it('a value that nobody wrote, and one that was written too late', () => {
    expect(why(['c1', put('1'), 1, 2, done], ['c2', get(), 3, 4, gave('9')])).toBe("c2's get returned 9, which no operation had written.")
    expect(why(['c2', get(), 3, 4, gave('9')], ['c1', put('9'), 5, 6, done])).toBe("c2's get returned 9, which no operation had written.")
  })

  it('a value that had been seen to be gone', () => {
    expect(why(['c1', put('1'), 1, 2, done], ['c2', put('2'), 3, null, null], ['c3', get(), 4, 5, gave('2')], ['c1', get(), 6, 7, gave('1')]))
      .toBe("c1's get returned 1, but c3's get had already returned 2 before it began.")
  })

  it('nothing where something was acknowledged, a swap that could not be, and an append done twice', () => {
    expect(why(['c1', put('1'), 1, 2, done], ['c2', get(), 3, 4, { type: 'missing' }])).toBe("c2's get found no value, but 1 was acknowledged to c1 before it began.")
    expect(why(['c1', put('1'), 1, 2, done], ['c2', { type: 'cas', key: bytes('x'), expected: bytes('7'), value: bytes('8') }, 3, 4, done]))
      .toBe("c2's cas found 7, which no operation had written.")
    expect(why(['c1', append('a'), 1, 2, done], ['c2', get(), 3, 4, gave('aa')]))
      .toBe("c2's get returned aa, and no order of the operations explains it: after the longest that was found the key holds a.")
  })

  it('the longest part that has an order is told beside it', () => {
    const judged = judgeHistory(history(['c1', put('1'), 1, 2, done], ['c1', put('2'), 3, 4, done], ['c2', get(), 5, 6, gave('1')], ['c2', put('3'), 7, 8, done]))
    expect(judged.keys).toMatchObject([{ order: [1, 2], unplaced: 3 }])
  })
})
