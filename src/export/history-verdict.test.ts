// Another tool's history from its text to the verdict, against this file's own judge, which tries every order. The texts have all readable
// forms: lines, vectors, lists, JSON, keys beside values, values in all their spellings.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeHistory, LiveHistory, defaultLimits } from '../check'
import { createRandom, type Random } from '../network'
import { readHistory } from './history'
import { EdnProblem } from './edn-form'
import { failedOperations, historyOperations } from './history-operations'
import { historyRecording } from './history-recording'
import type { HistoryOptions } from './imported-history'

/** The index of a value in the pool; null: a missing key. */
type Value = number | null
interface Step {
  readonly process: number
  readonly f: 'read' | 'write' | 'cas' | 'delete'
  readonly key: string
  readonly expected: Value
  readonly value: Value
  invoked: number
  returned: number | null
  type: 'ok' | 'fail' | 'info' | ''
  /** The value that a read saw. */
  saw: Value
}

interface Pool {
  /** All spellings of each value. */
  readonly spellings: readonly (readonly string[])[]
  /** The index of the empty string; -1: the pool has none. */
  readonly empty: number
}

const ednPool: Pool = {
  spellings: [
    ['""'], ['1', '+1', '1N'], ['1.0', '1.00', '+1e0'], ['"a"', '"\\u0061"'], [':a'], ['#{1 :b "c"}', '#{"c", 1 :b}', '#{:b "c" 1}'], ['[1 (2 3)]', '(1 [2 3])'],
    ['{:x 1, :y #{2 3}}', '{:y #{3 2} :x 1}', '^:meta {:x 1N :y #{2 3}}'], ['\\a'], ['#tag [1]', '#tag (1)'], ['1/2', '2/4'], ['true'],
  ],
  empty: 0,
}
const jsonPool: Pool = {
  spellings: [['""'], ['1', '1.0', '1e0'], ['"a"', '"\\u0061"'], ['[1, [2]]', '[1,[2.0]]'], ['{"x": 1, "y": 2}', '{"y":2,"x":1}'], ['true'], ['0.5', '5e-1']], empty: 0,
}

/** Steps executed on a store; half of the histories are then spoiled. */
function drawn(random: Random, pool: Pool, { missing, initial }: World, hasDeletes: boolean): Step[] {
  const steps: Step[] = []
  const store = new Map<string, Value>()
  const open: { step: Step; hasRun: boolean; isRight: boolean }[] = []
  const beginsWith = missing === 'empty' ? pool.empty : initial
  const held = (key: string): Value => store.has(key) ? store.get(key) ?? null : beginsWith
  const value = (): number => random.below(pool.spellings.length)
  const count = 2 + random.below(5)
  let time = 0
  let processes = 0
  const free = [processes++, processes++, processes++]
  while (steps.length < count || open.length > 0) {
    const act = random.below(3)
    if (act === 0 && steps.length < count && free.length > 0) {
      const f = random.pick(hasDeletes ? ['read', 'read', 'write', 'cas', 'delete'] as const : ['read', 'read', 'write', 'cas'] as const)
      const step: Step = {
        process: free.shift() as number, f, key: random.pick(['k', 'l']), expected: missing === 'nil' && random.chance(0.2) ? null : value(), value: value(),
        invoked: time++, returned: null, type: '', saw: null,
      }
      steps.push(step)
      open.push({ step, hasRun: false, isRight: true })
    } else if (act === 1 && open.length > 0) {
      const some = random.pick(open)
      if (some.hasRun) continue
      some.hasRun = true
      const before = held(some.step.key)
      if (some.step.f === 'read') some.step.saw = before
      else if (some.step.f === 'write') store.set(some.step.key, some.step.value)
      else if (some.step.f === 'delete') store.set(some.step.key, missing === 'empty' ? pool.empty : null)
      else if (before === some.step.expected) store.set(some.step.key, some.step.value)
      else some.isRight = false
    } else if (act === 2 && open.length > 0) {
      const index = random.below(open.length)
      const { step, hasRun, isRight } = open[index] as (typeof open)[number]
      if (!hasRun && !random.chance(0.1)) continue
      open.splice(index, 1)
      // A step that did not execute has failed or is unknown; a step whose condition was false has failed.
      step.type = !hasRun ? random.pick(['info', 'fail', '']) : !isRight ? 'fail' : random.chance(0.15) ? 'info' : 'ok'
      if (step.type !== '') step.returned = time++
      if (step.type === 'info' || step.type === '') free.push(processes++)
      else free.push(step.process)
    }
  }
  if (random.chance(0.5)) {
    const read = steps.find((step) => step.f === 'read' && step.type === 'ok' && random.chance(0.7))
    if (read) read.saw = random.chance(0.3) ? missing === 'empty' ? pool.empty : null : value()
    const write = steps.find((step) => step.f === 'write' && step.type === 'ok' && random.chance(0.3))
    if (write) write.type = 'fail'
  }
  return steps
}

interface World {
  readonly missing: 'nil' | 'empty'
  readonly initial: Value
}

/** Tries every order of the steps on one key. */
function isExplained(steps: readonly Step[], pool: Pool, { missing, initial }: World): boolean {
  const nothing = missing === 'empty' ? pool.empty : null
  const seen = (value: Value): Value => value ?? nothing
  const all = steps.filter(({ type }) => type !== 'fail')
  const explain = (left: readonly Step[], held: Value): boolean => {
    if (left.every(({ type }) => type !== 'ok')) return true
    return left.some((step) => {
      if (left.some((other) => other !== step && other.type === 'ok' && (other.returned ?? Infinity) < step.invoked)) return false
      const next = after(step, held)
      return next !== undefined && explain(left.filter((other) => other !== step), next)
    })
  }
  const after = (step: Step, held: Value): Value | undefined => {
    switch (step.f) {
      case 'read': return step.type !== 'ok' || seen(step.saw) === held ? held : undefined
      case 'write': return step.value
      case 'delete': return nothing
      case 'cas': return seen(step.expected) === held ? step.value : step.type === 'ok' ? undefined : held
    }
  }
  const begin = initial ?? nothing
  return ['k', 'l'].every((key) => explain(all.filter((step) => step.key === key), begin))
}

const notations = ['lines', 'vector', 'list', 'nested', 'json lines', 'json array'] as const
type Notation = (typeof notations)[number]
type Keys = 'field' | 'pair'

function textOf(steps: readonly Step[], random: Random, pool: Pool, notation: Notation, keys: Keys): string {
  const isJson = notation.startsWith('json')
  const nil = isJson ? 'null' : 'nil'
  const spell = (value: Value): string => value === null ? nil : random.pick(pool.spellings[value] as readonly string[])
  const pair = (one: string, other: string): string => isJson ? `[${one}, ${other}]` : random.pick([`[${one} ${other}]`, `(${one}, ${other})`])
  const line = (step: Step, type: string): string => {
    const own = step.f === 'cas' ? pair(spell(step.expected), spell(step.value)) : step.f === 'write' ? spell(step.value) : step.f === 'read' && type === 'ok' ? spell(step.saw) : nil
    const value = keys === 'pair' ? pair(`"${step.key}"`, own) : own
    const fields = isJson
      ? [`"process": ${step.process}`, `"type": "${type}"`, `"f": "${step.f}"`, `"value": ${value}`, ...(keys === 'field' ? [`"key": "${step.key}"`] : [])]
      : [`:process ${step.process}`, `:type :${type}`, `:f :${step.f}`, `:value ${value}`, ...(keys === 'field' ? [`:key "${step.key}"`] : []), ':x/y #{}']
    const shuffled = random.chance(0.5) ? fields.reverse() : fields
    return isJson ? `{${shuffled.join(', ')}}` : random.pick(['', '#jepsen.history.Op', '#_ [1 2] ', '; a note\n']) + `{${shuffled.join(random.pick([', ', ' ']))}}`
  }
  const entries = steps.flatMap((step) => [
    { at: step.invoked, text: line(step, 'invoke') }, ...(step.returned === null ? [] : [{ at: step.returned, text: line(step, step.type) }]),
  ]).sort((one, other) => one.at - other.at).map(({ text }) => text)
  switch (notation) {
    case 'lines':
    case 'json lines': return entries.join(random.pick(['\n', '\r\n']))
    case 'vector': return `[${entries.join('\n ')}]`
    case 'list': return `\ufeff(${entries.join('\n')})`
    case 'nested': return `[(${entries.join('\n')})]`
    case 'json array': return `[${entries.join(',\n')}]`
  }
}

type Told = 'linearizable' | 'not-linearizable' | 'not-exercised' | 'unknown' | 'refused'

/** The verdict on the history itself, and on the recording made of it. */
function judged(text: string, options: HistoryOptions): { verdict: Told; ofRecording: Told; isAssumed: boolean } {
  try {
    const history = readHistory(text, options)
    const { header, events } = historyRecording(history, { title: '', createdAt: new Date(0), protocolHash: '' })
    const live = new LiveHistory(header)
    for (const event of events) live.take(event)
    return {
      verdict: judgeHistory(historyOperations(history), defaultLimits, { failed: failedOperations(history) }).verdict,
      ofRecording: live.finish(defaultLimits).standing as Told, isAssumed: history.assumed.length > 0,
    }
  } catch (error) {
    if (error instanceof EdnProblem) return { verdict: 'refused', ofRecording: 'refused', isAssumed: false }
    throw error
  }
}

function truthOf(steps: readonly Step[], pool: Pool, world: World): Told {
  if (!steps.some(({ type }) => type === 'ok')) return 'not-exercised'
  return isExplained(steps, pool, world) ? 'linearizable' : 'not-linearizable'
}

describe('a history, from its text to its verdict', { timeout: 120_000 }, () => {
  const counts = new Map<string, number>()
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const shape = fc.tuple(fc.string({ minLength: 8, maxLength: 8 }), fc.constantFrom(...notations), fc.constantFrom<Keys>('field', 'pair'))

  it('is judged as by trying every order, whatever its form, with and without a value at the beginning', () => {
    fc.assert(fc.property(shape, fc.boolean(), ([seed, notation, keys], hasInitial) => {
      const random = createRandom(seed, 'text')
      const pool = notation.startsWith('json') ? jsonPool : ednPool
      const world: World = { missing: 'nil', initial: hasInitial ? random.below(pool.spellings.length) : null }
      const steps = drawn(random, pool, world, true)
      const options: HistoryOptions = { missing: 'nil', model: keys === 'pair' ? 'keys' : undefined, initial: world.initial === null ? undefined : pool.spellings[world.initial]?.[0] }
      const { verdict, ofRecording } = judged(textOf(steps, random, pool, notation, keys), options)
      count(`nil ${verdict}`)
      expect(ofRecording).toBe(verdict)
      // A history in which reads give a collection but writes write single values is refused.
      if (verdict !== 'refused') expect(verdict).toBe(truthOf(steps, pool, world))
    }), { numRuns: 3000 })
  })

  it('is judged as by trying every order where a missing key reads as an empty value', () => {
    fc.assert(fc.property(shape, ([seed, notation, keys]) => {
      const random = createRandom(seed, 'empty')
      const pool = notation.startsWith('json') ? jsonPool : ednPool
      const world: World = { missing: 'empty', initial: null }
      const steps = drawn(random, pool, world, true)
      const { verdict, ofRecording } = judged(textOf(steps, random, pool, notation, keys), { missing: 'empty', model: keys === 'pair' ? 'keys' : undefined })
      count(`empty ${verdict}`)
      expect(ofRecording).toBe(verdict)
      if (verdict !== 'refused') expect(verdict).toBe(truthOf(steps, pool, world))
    }), { numRuns: 2000 })
  })

  it('is judged by what it says was assumed, where nobody says what a missing key reads as', () => {
    fc.assert(fc.property(shape, fc.constantFrom<World['missing']>('nil', 'empty'), ([seed, notation, keys], missing) => {
      const random = createRandom(seed, 'guessed')
      const pool = notation.startsWith('json') ? jsonPool : ednPool
      const steps = drawn(random, pool, { missing, initial: null }, true)
      const { verdict, isAssumed } = judged(textOf(steps, random, pool, notation, keys), { model: keys === 'pair' ? 'keys' : undefined })
      count(`guessed ${isAssumed ? 'empty' : 'nil'} ${verdict}`)
      if (verdict === 'refused') return
      expect(verdict).toBe(truthOf(steps, pool, { missing: isAssumed ? 'empty' : 'nil', initial: null }))
      if (isAssumed) expect(steps.some(({ type, saw, f }) => f === 'read' && type === 'ok' && saw === null)).toBe(false)
    }), { numRuns: 2000 })
  })

  it('all of this has happened often enough to mean something', () => {
    console.info(`verdicts: ${JSON.stringify(Object.fromEntries([...counts].sort()))}`)
    for (const what of ['nil linearizable', 'nil not-linearizable', 'nil not-exercised', 'empty linearizable', 'empty not-linearizable', 'guessed empty linearizable', 'guessed nil not-linearizable']) {
      expect(counts.get(what) ?? 0).toBeGreaterThan(50)
    }
    const refused = [...counts].filter(([what]) => what.endsWith('refused')).reduce((sum, [, times]) => sum + times, 0)
    expect(refused).toBeLessThan(1500)
  })
})
