// Late copies of requests that are not their client's newest: the monitors and the judge's own reads must notice the effects.
import { describe, expect, test } from 'vitest'
import { endReads, judgeHistory, LiveHistory, RuleMonitors, wholeVerdict, type Violation } from '../check'
import type { Envelope } from '../network'
import { defaultSettings, utf8ToBytes, type Operation, type Settings } from '../protocol'
import type { TraceEvent } from '../trace'
import { World } from './world'

/** An idle cluster; it keeps every message, so that copies can arrive late. */
class LateCopies {
  readonly events: TraceEvent[] = []
  readonly violations: Violation[] = []
  readonly monitors: RuleMonitors
  readonly history: LiveHistory
  readonly world: World
  readonly #sent: Envelope[] = []

  constructor(given: Partial<Settings> = {}, { replicas = 3, clients = 3 } = {}) {
    const settings = { ...defaultSettings, ...given }
    const monitors = this.monitors = new RuleMonitors({ settings })
    const history = this.history = new LiveHistory({ settings, source: 'simulated' })
    this.world = new World({
      title: 'late', seed: 'late', replicas, clients, settings,
      onEvent: (event) => {
        this.events.push(event)
        this.violations.push(...monitors.take(event))
        history.take(event)
      },
      onSend: (envelope) => this.#sent.push(envelope),
    })
    this.world.run(1000)
  }

  do(client: string, operation: Operation, target = ''): void {
    this.world.invoke(client, operation, { target })
    this.world.run(50)
  }

  append(client: string, value: string): void {
    this.do(client, { type: 'append', key: utf8ToBytes('a'), value: utf8ToBytes(value) })
  }

  /** Delivers a copy of this client's request now. */
  again(client: string, requestId: number): void {
    const late = this.#sent.find(({ from, message }) => from === client && message.type === 'request' && message.requestId === requestId)
    if (!late) throw new Error(`${client} sent no request #${requestId}`)
    this.world.resend(late)
    this.world.run(100)
  }

  state(rule: Violation['rule']): ReturnType<RuleMonitors['states']>[number] | undefined {
    return this.monitors.states().find((state) => state.rule === rule)
  }

  /** The verdict on the whole run, with the judge's own reads. */
  verdict(): string {
    const limits = { stepsMax: 1_000_000, memoMax: 100_000 }
    return wholeVerdict(this.monitors.states(), this.history.finish(limits, { served: this.monitors.served, seq: this.events.length }))
  }
}

describe('a copy of a request that is not its client\'s newest', () => {
  test('is dropped, and at most once was exercised by it', () => {
    const run = new LateCopies()
    run.append('c1', 'x')
    run.append('c1', 'y')
    const before = run.state('at-most-once')?.held ?? 0
    run.again('c1', 1)
    expect(run.violations).toEqual([])
    expect(run.state('at-most-once')).toMatchObject({ standing: 'held', held: before + 1 })
    expect(run.verdict()).toBe('kept')
  })

  test('executed again without a table breaks at most once, however many operations its client did since', () => {
    for (const since of [1, 2, 30]) {
      const run = new LateCopies({ mutants: ['forgets-requests'] })
      run.append('c1', 'x')
      for (let other = 0; other < since; other++) run.append('c1', `y${other}.`)
      run.again('c1', 1)
      const violation = run.violations.find(({ rule }) => rule === 'at-most-once')
      expect(violation?.text, `${since} since`).toMatch(new RegExp(`^s1 executed request #1 of c1\\.1\\.0 as seq ${since + 2}, and it had been executed ${since < 30 ? 'as seq 1' : 'long before'}\\.$`))
      expect(violation?.because).toBeUndefined()
      expect(run.verdict()).toBe('broken')
    }
  })

  test('that no client reads after is seen by the judge\'s own reads, without any monitor', () => {
    const run = new LateCopies({ mutants: ['forgets-requests'] })
    run.append('c1', 'x')
    run.append('c1', 'y')
    run.again('c1', 1)
    const { operations } = run.history.history
    expect(judgeHistory(operations).verdict).toBe('linearizable')
    const { served } = run.monitors
    if (!served) throw new Error('s1 serves')
    const judgement = judgeHistory([...operations, ...endReads(operations, served, run.events.length)])
    expect(judgement.keys[0]?.why).toBe('the judge\'s get returned xyx, but the append of y was acknowledged to c1 before it began.')
  })
})

describe('a table that is too small for its clients', () => {
  test('executes a late copy again: a violation that names the setting', () => {
    const run = new LateCopies({ tableClientsMax: 1 })
    run.append('c1', 'x')
    run.append('c2', 'y')
    run.again('c1', 1)
    const [violation] = run.violations
    expect(violation).toMatchObject({ rule: 'at-most-once', because: 'eviction' })
    expect(violation?.text).toBe('s1 executed request #1 of c1.1.0 as seq 3, and it had been executed as seq 1: '
      + 'the row of c1.1.0 had been evicted from the at-most-once table (tableClientsMax), for 1 other client had executed since.')
    expect(run.monitors.hasEvicted).toBe(true)
    expect(run.verdict()).toBe('broken')
  })

  test('keeps the rows of the clients that executed last: of them no copy is executed', () => {
    const run = new LateCopies({ tableClientsMax: 2 })
    run.append('c1', 'x')
    run.append('c2', 'y')
    run.append('c1', 'z')
    run.again('c1', 1)
    run.again('c1', 2)
    run.again('c2', 1)
    expect(run.violations).toEqual([])
    expect([run.monitors.hasEvicted, run.verdict()]).toEqual([false, 'kept'])
  })

  test('forgets with the row what came after: a later request comes again as new once an older one has a row of its own', () => {
    const run = new LateCopies({ tableClientsMax: 1 })
    run.append('c1', 'x')
    run.append('c1', 'y')
    run.append('c2', 'z')
    run.again('c1', 1)
    run.again('c1', 2)
    expect(run.violations.map(({ rule, because }) => [rule, because])).toEqual([['at-most-once', 'eviction'], ['at-most-once', 'eviction']])
  })

  test('is no excuse where the row had to be there', () => {
    const run = new LateCopies({ tableClientsMax: 2, mutants: ['forgets-requests'] })
    run.append('c1', 'x')
    run.append('c2', 'y')
    run.again('c1', 1)
    expect(run.violations.map(({ rule, because }) => [rule, because])).toEqual([['at-most-once', undefined]])
  })
})

test('what a failover lost may be executed anew', () => {
  const run = new LateCopies({ operationTimeoutMs: 0 })
  run.append('c1', 'x')
  // The forward is lost with its primary, and the client resends.
  run.world.perform({
    type: 'add-fault', plan: { inMs: 0, forMs: 0 },
    fault: { name: 'lost', where: { from: ['s1'], to: ['s2'], kinds: ['forward'] }, bothWays: false, effect: { type: 'drop', probability: 1 }, times: 0 },
  })
  run.append('c1', 'y')
  run.world.kill('s1')
  run.world.run(3000)
  run.again('c1', 2)
  expect(run.violations).toEqual([])
  expect(run.verdict()).toBe('kept')
})
