// For random runs with every mutant, the verdict on a recording equals the verdict on its export. The export is judged twice: with our own
// reader and judge, and here. Here the EDN reader is independent, and a separate search knows what Jepsen's checkers know. So a writer and a
// reader that are wrong in the same way do not agree.
import { parseEDNString } from 'edn-data'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultLimits, judgeHistory, LiveHistory, type HistoryVerdict } from '../check'
import { execute, MapStore, mutantNames, utf8ToBytes, type ByteString, type MutantName, type Operation, type Result } from '../protocol'
import { failoverRecording } from '../sim/testing/random-recording'
import { drawPlan } from '../sim/simulate/draw-plan'
import { runPlan } from '../sim/simulate/run-plan'
import {
  bytesOf, recordBytes, recordOperationInput, recordReport, type EndedOutcome, type Recorded, type TraceEvent, type TraceHeader,
} from '../trace'
import { exportPieces, type ExportRange } from './exporter'
import { readHistory } from './history'
import { historyOperations } from './history-operations'
import { historyRecording } from './history-recording'
import type { ImportedHistory } from './imported-history'
import { jepsen } from './jepsen'

interface Session {
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
}

const textOf = ({ header, events }: Session, range?: ExportRange): string => [...exportPieces(jepsen, header, events, range)].join('')

function verdictOfRecording({ header, events }: Session): HistoryVerdict {
  const history = new LiveHistory(header)
  for (const event of events) history.take(event)
  const { standing, verdict } = history.finish(defaultLimits)
  return standing === 'not-exercised' ? standing : verdict
}

const verdictOfExport = (text: string): HistoryVerdict => judgeHistory(historyOperations(readHistory(text))).verdict

// ---- a separate checker, which knows EDN, Jepsen's rules and a key/value store

type Value = string | null

interface Seen {
  readonly f: string
  readonly value: unknown
  readonly error: unknown
  readonly invoked: number
  readonly returned: number
}

interface Line {
  readonly process: number | string
  readonly type: string
  readonly f: string
  readonly key: string
  readonly value: unknown
  readonly error?: unknown
}

/** A completion's value replaces its invocation's, as in Knossos. A failed operation never happened, except for what our docs say of :error. */
function byKey(text: string): Map<string, Seen[]> {
  const keys = new Map<string, Seen[]>()
  const open = new Map<number, { line: Line; at: number }>()
  const add = (line: Line, invoked: number, returned: number): void => {
    keys.set(line.key, [...keys.get(line.key) ?? [], { f: line.f, value: line.value, error: line.error, invoked, returned }])
  }
  for (const [at, row] of text.trimEnd().split('\n').entries()) {
    const line = parseEDNString(row, { mapAs: 'object', keywordAs: 'string' }) as Line
    if (typeof line.process !== 'number') continue
    if (line.type === 'invoke') {
      open.set(line.process, { line, at })
      continue
    }
    const begun = open.get(line.process)
    if (!begun) throw new Error(`process ${line.process} ends what it has not begun`)
    open.delete(line.process)
    if (line.type === 'ok') add(line, begun.at, at)
    else if (line.type === 'info') add(begun.line, begun.at, Infinity)
    else if (Array.isArray(line.error) || line.error === 'too-large') add(line, begun.at, at)
  }
  for (const { line, at } of open.values()) add(line, at, Infinity)
  return keys
}

/** What a key holds after an operation, or undefined if the operation cannot have given its result. */
function after(held: Value, { f, value, error, returned }: Seen): Value | undefined {
  const isKnown = returned !== Infinity
  switch (f) {
    case 'write': return value as string
    case 'append': return error === 'too-large' ? undefined : recordBytes((bytesOf(held ?? '') + bytesOf(value as string)) as never)
    case 'read': return !isKnown || value === held ? held : undefined
    case 'delete': return !isKnown || typeof value !== 'boolean' || value === (held !== null) ? null : undefined
    case 'cas': {
      const [expected, next] = value as [Value, string]
      if (Array.isArray(error)) return held === error[1] && held !== expected ? held : undefined
      if (held === expected) return next
      return isKnown ? undefined : held
    }
    default: throw new Error(`no operation ${f}`)
  }
}

/** Wing and Gong's search with a memo; true, false, or null if it takes too long. */
function isLinearizable(history: readonly Seen[]): boolean | null {
  const all = [...history].sort((one, other) => one.invoked - other.invoked)
  const tried = new Set<string>()
  let steps = 0
  const search = (done: ReadonlySet<number>, held: Value): boolean | null => {
    const left = all.flatMap((seen, index) => done.has(index) ? [] : [{ seen, index }])
    const first = Math.min(...left.map(({ seen }) => seen.returned))
    if (first === Infinity) return true
    const name = `${[...done].sort((one, other) => one - other).join()} ${JSON.stringify(held)}`
    if (tried.has(name)) return false
    tried.add(name)
    if (++steps > 30_000) return null
    let isUnknown = false
    for (const { seen, index } of left.filter(({ seen: { invoked } }) => invoked < first).sort((one, other) => one.seen.returned - other.seen.returned)) {
      const holds = after(held, seen)
      if (holds === undefined) continue
      const found = search(new Set([...done, index]), holds)
      if (found === true) return true
      if (found === null) isUnknown = true
    }
    return isUnknown ? null : false
  }
  return search(new Set(), null)
}

function verdictOfOwnChecker(text: string): HistoryVerdict {
  const histories = [...byKey(text).values()]
  if (!histories.flat().some(({ returned }) => returned !== Infinity)) return 'not-exercised'
  const keys = histories.map(isLinearizable)
  return keys.includes(false) ? 'not-linearizable' : keys.includes(null) ? 'unknown' : 'linearizable'
}

// ---- runs

function ran(seed: string, mutants: readonly MutantName[]): Session {
  const events: TraceEvent[] = []
  const { header } = runPlan(drawPlan(seed, { mutants, durationMs: 3000 }), { only: 'linearizability', onEvent: (event) => events.push(event) })
  return { header, events }
}

const key = (text: string) => utf8ToBytes(text)

/** A recording of operations one after another, each with the given outcome. */
function told(steps: readonly (readonly [Operation, EndedOutcome | null])[], headerOf: Session = failoverRecording()): Session {
  const events: TraceEvent[] = []
  const stamp = (): { seq: number; at: number; wall: number } => ({ seq: events.length + 1, at: events.length * 1000, wall: events.length * 1000 })
  for (const [index, [operation, outcome]] of steps.entries()) {
    const of = { node: `c${index % 2 + 1}`, incarnation: 1, step: index } as const
    const input = recordOperationInput({ type: 'operation', operationId: index + 1, session: -1, target: '', operation })
    events.push({ ...stamp(), type: 'operation-invoked', ...of, label: 'test', operation: input })
    if (outcome) events.push({ ...stamp(), type: 'operation-returned', ...of, operationId: index + 1, outcome, tries: 1 } as TraceEvent)
  }
  return { header: headerOf.header, events }
}

const ok = (result: Recorded<Result>): EndedOutcome => ({ type: 'ok', result, by: 's1', viewnum: 1, seq: 1, replayed: true, executedViewnum: 1 })

const results: readonly Recorded<Result>[] = [
  { type: 'done' }, { type: 'missing' }, { type: 'too-large' }, { type: 'value', value: 'held' }, { type: 'value', value: 'other' }, { type: 'value', value: '' },
  { type: 'mismatch', actual: null }, { type: 'mismatch', actual: 'held' }, { type: 'mismatch', actual: 'wanted' }, { type: 'mismatch', actual: '' },
]

/** Texts that a format or a reader may mistake for syntax. */
const texts = ['nil', ':missing', 'true', '', '[:mismatch nil]', 'base64:no', '"', '\\', '\n', ';', '#{1}', '1', 'grün 漢字 😀', '\u202e', '\u0007']

const seeds = Number(process.env['UNDERSTUDY_EXPORT_SEEDS'] ?? (process.env['CI'] === undefined ? 2 : 4))

describe('the verdict of a history', { timeout: 600_000 }, () => {
  it(`is that of its recording, for ${seeds} random runs of each mutant and of none`, () => {
    const counts: Record<HistoryVerdict, number> = { 'linearizable': 0, 'not-linearizable': 0, 'unknown': 0, 'not-exercised': 0 }
    let judgedHere = 0
    for (const mutants of [[], ...mutantNames.map((mutant) => [mutant])]) {
      for (let seed = 1; seed <= seeds; seed++) {
        const session = ran(String(seed), mutants)
        const text = textOf(session)
        const verdict = verdictOfRecording(session)
        counts[verdict]++
        expect(verdictOfExport(text), `${mutants[0] ?? 'none'} ${seed}`).toBe(verdict)
        const here = verdictOfOwnChecker(text)
        if (here === 'unknown' || verdict === 'unknown') continue
        judgedHere++
        expect(here, `${mutants[0] ?? 'none'} ${seed}, by another checker`).toBe(verdict)
      }
    }
    // Both verdicts occur, and the separate checker judges most histories.
    expect(Math.min(counts.linearizable, counts['not-linearizable'])).toBeGreaterThan(3)
    expect(judgedHere).toBeGreaterThan(seeds * mutantNames.length * 0.8)
  })

  describe.each(['held', null])('of one operation on a key that holds %s', (held) => {
    const operations: readonly Operation[] = [
      { type: 'put', key: key('k'), value: key('x') }, { type: 'append', key: key('k'), value: key('x') }, { type: 'get', key: key('k') }, { type: 'delete', key: key('k') },
      { type: 'cas', key: key('k'), expected: key('held'), value: key('x') }, { type: 'cas', key: key('k'), expected: key('wanted'), value: key('x') },
      { type: 'cas', key: key('k'), expected: null, value: key('x') }, { type: 'cas', key: key('k'), expected: key(''), value: key('x') },
    ]
    it.each(operations.flatMap((operation) => results.map((result) => [`${operation.type}${'expected' in operation ? ` of ${operation.expected}` : ''} answered with ${JSON.stringify(result)}`, operation, result] as const)))(
      '%s is that of its recording', (_, operation, result) => {
        const before = held === null ? [] : [[{ type: 'put', key: key('k'), value: key(held) }, ok({ type: 'done' })] as const]
        const session = told([...before, [operation, ok(result)]])
        const text = textOf(session)
        expect([verdictOfExport(text), verdictOfOwnChecker(text)]).toEqual([verdictOfRecording(session), verdictOfRecording(session)])
      })
  })

  it('of a range that begins in the middle is none: neither the file nor a recording made of it is judged', () => {
    const recording = failoverRecording()
    const first = recording.events.find(({ type }) => type === 'operation-invoked')?.seq ?? 0
    const [whole, middle] = [{ from: first, to: 9999 }, { from: first + 1, to: 9999 }].map((range) => readHistory(textOf(recording, range)))
    expect([whole?.isFromBeginning, middle?.isFromBeginning]).toEqual([true, false])
    const facts = { title: 'middle', createdAt: new Date(0), protocolHash: '' }
    expect(() => historyRecording(middle as ImportedHistory, facts)).toThrow(/^This history begins in the middle of a longer one, and what its keys held there is not in it\./)
    expect(historyRecording(whole as ImportedHistory, facts).header.source).toBe('imported')
    expect(readHistory(textOf(recording, { from: first + 1, to: 9999 }), { initial: '"0"' }).isFromBeginning).toBe(true)
  })

  it('of an imported history is that of the file that it came from, also where that does not say what was found', () => {
    const line = (process: number, type: string, rest: string): string => `{:process ${process}, :type :${type}, ${rest}}`
    const written = [line(0, 'invoke', ':f :write, :value 1'), line(0, 'ok', ':f :write, :value 1')]
    for (const [entries, options, expected] of [
      [[...written, line(0, 'invoke', ':f :read, :value nil'), line(0, 'ok', ':f :read, :value nil')], { missing: 'any' }, 'linearizable'],
      [[...written, line(0, 'invoke', ':f :read, :value nil'), line(0, 'ok', ':f :read, :value nil')], {}, 'not-linearizable'],
      [[...written, line(0, 'invoke', ':f :delete, :value nil'), line(0, 'ok', ':f :delete, :value nil')], {}, 'linearizable'],
      [[line(0, 'invoke', ':f :read, :value nil'), line(0, 'ok', ':f :read, :value 7')], { initial: '7' }, 'linearizable'],
      [[line(0, 'invoke', ':f :read, :value nil'), line(0, 'ok', ':f :read, :value ""'), ...['invoke', 'ok'].map((type) => line(0, type, ':f :write, :value "1"'))], {}, 'linearizable'],
    ] as const) {
      const imported = readHistory(entries.join('\n'), options)
      const { header, events } = historyRecording(imported, { title: 'imported', createdAt: new Date(0), protocolHash: '' })
      const session = { header, events: [...events] }
      const again = textOf(session)
      const verdicts = [judgeHistory(historyOperations(imported)).verdict, verdictOfRecording(session), verdictOfExport(again), verdictOfOwnChecker(again)]
      expect(verdicts).toEqual(verdicts.map(() => expected))
    }
  })

  it('of a history that says that a missing key reads nil is not guessed to be another', () => {
    const session = told([[{ type: 'get', key: key('k') }, ok({ type: 'value', value: '' })], [{ type: 'put', key: key('k'), value: key('1') }, ok({ type: 'done' })]])
    expect(verdictOfRecording(session)).toBe('not-linearizable')
    expect(verdictOfExport(textOf(session))).toBe('not-linearizable')
    // Without that entry it would be linearizable.
    expect(verdictOfExport(textOf(session).split('\n').slice(1).join('\n'))).toBe('linearizable')
  })

  it('is that of its recording whatever keys and values are, and whatever the answers', () => {
    const verdicts = new Set<HistoryVerdict>()
    const text = fc.constantFrom(...texts).map(utf8ToBytes)
    const bytes = fc.oneof(text, fc.uint8Array({ maxLength: 3 }).map((array) => String.fromCharCode(...array) as ByteString))
    const operation: fc.Arbitrary<Operation> = fc.oneof(
      fc.record({ type: fc.constantFrom('put' as const, 'append' as const), key: text, value: bytes }), fc.record({ type: fc.constantFrom('get' as const, 'delete' as const), key: text }),
      fc.record({ type: fc.constant('cas' as const), key: text, expected: fc.option(bytes), value: bytes }),
    )
    // Mostly what the store gives; else the result of another operation, or none.
    const answer = fc.oneof(
      { weight: 12, arbitrary: fc.constant<{ result: Recorded<Result> | null }>({ result: null }) }, fc.constantFrom(...results).map((result) => ({ result })),
      fc.constantFrom<EndedOutcome | null>(null, { type: 'unknown', reason: 'timeout' }, { type: 'failed', reason: 'never-sent', by: '' }).map((outcome) => ({ outcome })),
    )
    fc.assert(fc.property(fc.array(fc.tuple(operation, answer), { maxLength: 12 }), (drawn) => {
      const store = new MapStore()
      const session = told(drawn.map(([one, given]) => {
        if ('outcome' in given) return [one, given.outcome] as const
        const own = execute(store, one)
        return [one, ok(given.result ?? recordResult(own))] as const
      }))
      const written = textOf(session)
      const verdict = verdictOfRecording(session)
      verdicts.add(verdict)
      expect([verdictOfExport(written), verdictOfOwnChecker(written)]).toEqual([verdict, verdict])
    }), { numRuns: 300 })
    expect(verdicts).toEqual(new Set(['linearizable', 'not-linearizable', 'not-exercised']))
  })
})

function recordResult(result: Result): Recorded<Result> {
  const report = recordReport({ type: 'operation-returned', operationId: 1, outcome: { type: 'ok', result, by: '', viewnum: 0, seq: 0, replayed: false, executedViewnum: 0 }, tries: 1 })
  if (report.type !== 'operation-returned' || report.outcome.type !== 'ok' || report.outcome.result.type === 'answered') throw new Error('a report of one type is recorded as that type')
  return report.outcome.result
}
