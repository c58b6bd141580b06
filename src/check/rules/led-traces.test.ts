// Monitors on hand-written traces, for what no random run reaches or the protocol never does. Each trace is first correct and must give no
// violation; then it has the one error that its monitor is for.
import { describe, expect, test } from 'vitest'
import { defaultSettings, type Message, type Result, type Settings } from '../../protocol'
import { messageId, type EventBody, type Recorded, type TraceEvent } from '../../trace'
import type { Violation, RuleName, RuleState } from './violation'
import { RuleMonitors } from './rule-monitors'

interface Life { readonly name: string; readonly incarnation: number }
type View = Extract<TraceEvent, { type: 'view-changed' }>['view']

const life = (name: string, incarnation = 1): Life => ({ name, incarnation })
const view = (viewnum: number, primary: Life, ...backups: readonly Life[]): View => ({
  viewnum, primary: { ...primary, address: '' }, backups: backups.map((backup) => ({ ...backup, address: '' })),
})

class Trace {
  readonly violations: Violation[] = []
  readonly #monitors: RuleMonitors
  readonly #steps = new Map<string, number>()
  readonly #indexes = new Map<string, number>()
  #seq = 0

  constructor(settings: Partial<Settings> = {}) {
    this.#monitors = new RuleMonitors({ settings: { ...defaultSettings, deadPings: 2, ...settings } })
    this.start('view-server', life('vs'))
  }

  get rules(): RuleName[] {
    return [...new Set(this.violations.map(({ rule }) => rule))]
  }

  textOf(rule: RuleName): string {
    return this.violations.find((violation) => violation.rule === rule)?.text ?? ''
  }

  state(rule: RuleName): RuleState | undefined {
    return this.#monitors.states().find((state) => state.rule === rule)
  }

  event(body: EventBody): void {
    this.violations.push(...this.#monitors.take({ seq: ++this.#seq, at: this.#seq, wall: this.#seq, ...body }))
  }

  start(kind: 'view-server' | 'replica' | 'client', of: Life): void {
    this.#steps.set(of.name, -1)
    this.event({ type: 'node-started', ...this.#step(of), kind, pid: 0, seed: '' })
  }

  /** Begins the node's next step. */
  #step({ name, incarnation }: Life): { node: string; incarnation: number; step: number } {
    const step = (this.#steps.get(name) ?? -1) + 1
    this.#steps.set(name, step)
    this.#indexes.set(name, 0)
    return { node: name, incarnation, step }
  }

  /** Names the node's current step. */
  of({ name, incarnation }: Life): { node: string; incarnation: number; step: number } {
    return { node: name, incarnation, step: this.#steps.get(name) ?? 0 }
  }

  send(from: Life, to: string, message: Recorded<Message>): string {
    const index = this.#indexes.get(from.name) ?? 0
    this.#indexes.set(from.name, index + 1)
    const id = messageId(from.name, from.incarnation, this.#steps.get(from.name) ?? 0, index)
    this.event({ type: 'message-sent', id, from: from.name, to, message })
    return id
  }

  take(by: Life, id: string): void {
    this.event({ type: 'message-taken', id, ...this.#step(by) })
  }

  fire(by: Life, name: string): void {
    this.event({ type: 'timer-fired', ...this.#step(by), name, armed: 1 })
  }

  /** The view server takes a ping of this incarnation. */
  ping(from: Life, viewnum: number, initialised: readonly Life[] = []): void {
    this.fire(from, 'ping')
    this.take(vs, this.send(from, 'vs', { type: 'ping', viewnum, incarnation: from.incarnation, address: '', initialised }))
  }

  check(): void {
    this.fire(vs, 'ping-check')
  }

  changes(to: View): void {
    this.event({ type: 'view-changed', ...this.of(vs), view: to, cause: { type: 'first-server', server: to.primary?.name ?? '' } })
  }

  acks(to: View): void {
    this.event({ type: 'view-acked', ...this.of(vs), view: to })
  }

  role(of: Life, role: 'primary' | 'backup' | 'idle', viewnum: number, serving: boolean): void {
    this.event({ type: 'role-changed', ...this.of(of), role, viewnum, serving })
  }
}

const vs = life('vs')
const [s1, s2, s3, c1] = [life('s1'), life('s2'), life('s3'), life('c1')]

/** View 2 of s1 with its backups, acked; each backup has installed the state, which is empty. */
function served(settings: Partial<Settings>, ...backups: readonly Life[]): Trace {
  const trace = new Trace({ backupsWanted: backups.length, ...settings })
  for (const server of [s1, ...backups]) trace.start('replica', server)
  trace.start('client', c1)
  trace.ping(s1, 0)
  trace.changes(view(1, s1))
  trace.role(s1, 'primary', 1, true)
  for (const backup of backups) trace.ping(backup, 0)
  trace.ping(s1, 1)
  trace.acks(view(1, s1))
  trace.changes(view(2, s1, ...backups))
  trace.role(s1, 'primary', 2, false)
  for (const backup of backups) {
    trace.role(backup, 'backup', 2, false)
    transfer(trace, 2, backup)
  }
  trace.role(s1, 'primary', 2, true)
  trace.ping(s1, 2, backups)
  trace.acks(view(2, s1, ...backups))
  return trace
}

function transfer(trace: Trace, viewnum: number, to: Life, acksAs = to): void {
  const chunk = trace.send(s1, to.name, { type: 'state-transfer', viewnum, fromIncarnation: 1, toIncarnation: to.incarnation, chunk: 0, last: true, executed: 0, entries: [], rows: [] })
  trace.take(to, chunk)
  trace.event({ type: 'transfer-installed', ...trace.of(to), from: 's1', viewnum, executed: 0, keys: 0 })
  trace.role(to, 'backup', viewnum, true)
  const ack = trace.send(to, 's1', { type: 'state-transfer-ack', viewnum, fromIncarnation: acksAs.incarnation, toIncarnation: 1, chunk: 0, installed: true })
  trace.take(s1, ack)
}

const done: Result = { type: 'done' }
const put = { type: 'put', key: 'a', value: '1' } as const

function request(trace: Trace, requestId: number, viewnum = 2, to = 's1'): string {
  trace.event({ type: 'operation-invoked', ...trace.of(c1), operation: { type: 'operation', operationId: requestId, session: 0, operation: put, target: '' }, label: '' })
  trace.event({ type: 'operation-started', ...trace.of(c1), operationId: requestId, clientId: 'c1.1.0', requestId })
  return trace.send(c1, to, { type: 'request', clientId: 'c1.1.0', requestId, viewnum, operation: put })
}

function forwardOf(to: Life, seq: number, requestId: number): Recorded<Message & { type: 'forward' }> {
  return { type: 'forward', viewnum: 2, fromIncarnation: 1, toIncarnation: to.incarnation, seq, clientId: 'c1.1.0', requestId, operation: put }
}

function forward(trace: Trace, to: Life, seq: number, requestId: number): string {
  return trace.send(s1, to.name, forwardOf(to, seq, requestId))
}

function forwardAck(trace: Trace, from: Life, executed: number): string {
  return trace.send(from, 's1', { type: 'forward-ack', viewnum: 2, fromIncarnation: from.incarnation, toIncarnation: 1, executed })
}

function reply(trace: Trace, seq: number, requestId: number, more: { replayed?: boolean; viewnum?: number; executedViewnum?: number } = {}): string {
  return trace.send(s1, 'c1', { type: 'reply', clientId: 'c1.1.0', requestId, viewnum: 2, seq, replayed: false, executedViewnum: 2, result: done, ...more })
}

/** The violations, without equal-copies: a hand-written trace does not match a replay. */
const said = (trace: Trace): RuleName[] => trace.rules.filter((rule) => rule !== 'equal-copies')

test('a run that is told right: nothing is said, and what was exercised held', () => {
  const trace = served({}, s2)
  trace.take(s1, request(trace, 1))
  trace.take(s2, forward(trace, s2, 1, 1))
  trace.take(s1, forwardAck(trace, s2, 1))
  trace.take(c1, reply(trace, 1, 1))
  trace.ping(s2, 2)
  trace.check()
  expect(said(trace)).toEqual([])
  for (const rule of ['rule-1', 'rule-4', 'rule-6', 'right-view', 'backup-not-ahead'] as const) expect(trace.state(rule)?.standing, rule).toBe('held')
})

describe('right view', () => {
  test('a ping of an earlier life keeps nobody alive: the view that is due is missed', () => {
    const [late, early] = [life('s1', 2), life('s1', 1)]
    for (const isMade of [true, false]) {
      const trace = new Trace()
      trace.start('replica', late)
      trace.start('replica', s2)
      trace.ping(late, 0)
      trace.changes(view(1, late))
      trace.ping(late, 1)
      trace.acks(view(1, late))
      trace.ping(s2, 0)
      trace.changes(view(2, late, s2))
      trace.ping(late, 2, [s2])
      trace.acks(view(2, late, s2))
      for (let check = 0; check < 3; check++) {
        trace.ping(s2, 2)
        trace.take(vs, trace.send(early, 'vs', { type: 'ping', viewnum: 2, incarnation: 1, address: '', initialised: [] }))
        trace.send(vs, 's1', { type: 'superseded', toIncarnation: 1, incarnation: 2 })
        trace.check()
        if (check === 2 && isMade) trace.changes(view(3, s2))
      }
      trace.ping(s2, isMade ? 3 : 2)
      expect(said(trace)).toEqual(isMade ? [] : ['right-view'])
      expect(trace.textOf('right-view')).toBe(isMade ? '' : 'The view server made no view 3, and by the pings there had to be one: s2 alone.')
    }
  })

  test('the first live backup is promoted, and no other', () => {
    for (const [promoted, other] of [[s2, s3], [s3, s2]] as const) {
      const trace = served({}, s2, s3)
      for (let check = 0; check < 3; check++) {
        trace.ping(s2, 2)
        trace.ping(s3, 2)
        trace.check()
      }
      trace.changes(view(3, promoted, other))
      expect(trace.textOf('right-view')).toBe(promoted === s2 ? '' : 'View 3 is s3 with s2, and by the pings it had to be s2 with s3.')
    }
  })

  test('a view server that starts again listens before it forms a view', () => {
    const trace = new Trace({ newCluster: false })
    trace.start('replica', s1)
    trace.ping(s1, 0)
    trace.changes(view(1, s1))
    expect(trace.textOf('right-view')).toBe('View 1 is s1 alone, and by the pings a view server that has started again has to listen first.')
    const listening = new Trace({ newCluster: false })
    listening.start('replica', s1)
    listening.ping(s1, 0)
    listening.check()
    listening.ping(s1, 0)
    listening.check()
    listening.changes(view(1, s1))
    expect(said(listening)).toEqual([])
  })

  test('a view server that was told of a view which it never made forms none', () => {
    const trace = new Trace()
    trace.start('replica', s1)
    trace.ping(s1, 7)
    trace.changes(view(1, s1))
    expect(said(trace)).toEqual(['right-view'])
  })

  test('lives that an earlier ack listed count for that view only', () => {
    // s2 restarted before the ack of view 2 and is initialised in incarnation 2; no ack of view 3 has listed it.
    const again = life('s2', 2)
    const trace = served({}, s2, s3)
    trace.start('replica', again)
    trace.ping(again, 0)
    trace.changes(view(3, s1, s3, again))
    expect(said(trace)).toEqual([])
  })
})

test('acked views: a client is told the last view that was acked, and no other', () => {
  for (const [told, text] of [
    [2, ''], [3, 'c1 was told view 3, which its primary had not acked: it may not answer yet.'], [1, 'c1 was told view 1, and view 2 had been acked since.'],
  ] as const) {
    const trace = served({}, s2)
    for (let check = 0; check < 3; check++) {
      trace.ping(s1, 2, [s2])
      trace.check()
    }
    trace.changes(view(3, s1))
    trace.take(vs, trace.send(c1, 'vs', { type: 'get-view' }))
    trace.send(vs, 'c1', { type: 'view-reply', view: told === 1 ? view(1, s1) : told === 2 ? view(2, s1, s2) : view(3, s1), toIncarnation: 0 })
    expect(said(trace)).toEqual(text === '' ? [] : ['acked-views'])
    expect(trace.textOf('acked-views')).toBe(text)
  }
})

describe('nothing stale', () => {
  test('a ping of an earlier life is answered "superseded" and with nothing else', () => {
    for (const answer of ['superseded', 'view-reply'] as const) {
      const trace = served({}, life('s2', 2))
      trace.take(vs, trace.send(s2, 'vs', { type: 'ping', viewnum: 2, incarnation: 1, address: '', initialised: [] }))
      trace.send(vs, 's2', answer === 'superseded' ? { type: 'superseded', toIncarnation: 1, incarnation: 2 } : { type: 'view-reply', view: view(2, s1), toIncarnation: 2 })
      expect(said(trace)).toEqual(answer === 'superseded' ? [] : ['nothing-stale'])
    }
  })

  test('a client does nothing about the refusal of an earlier send', () => {
    for (const refused of [2, 3]) {
      const trace = served({}, s2)
      request(trace, 1, 2)
      trace.send(c1, 's2', { type: 'request', clientId: 'c1.1.0', requestId: 1, viewnum: 3, operation: put })
      trace.take(c1, trace.send(s2, 'c1', { type: 'rejected', clientId: 'c1.1.0', requestId: 1, reason: 'not-primary', requestViewnum: refused, viewnum: 3 }))
      trace.send(c1, 'vs', { type: 'get-view' })
      expect(said(trace)).toEqual(refused === 3 ? [] : ['nothing-stale'])
      expect(trace.textOf('nothing-stale')).toBe(refused === 3 ? '' : 'c1 sent get-view to vs because of a rejected of s2, and that was of an earlier send: it had to change nothing.')
    }
  })

  test('what is reported counts as an effect too, and the next step does not', () => {
    const trace = served({}, s2)
    trace.take(c1, trace.send(s1, 'c1', { type: 'reply', clientId: 'c1.1.0', requestId: 9, viewnum: 2, seq: 9, replayed: true, executedViewnum: 2, result: done }))
    expect(said(trace)).toEqual([])
    request(trace, 10)
    trace.take(c1, trace.send(s1, 'c1', { type: 'rejected', clientId: 'c1.1.0', requestId: 9, reason: 'busy', requestViewnum: 2, viewnum: 2 }))
    trace.event({ type: 'operation-returned', ...trace.of(c1), operationId: 10, outcome: { type: 'unknown', reason: 'busy' }, tries: 1 })
    expect(said(trace)).toEqual(['nothing-stale'])
  })
})

describe('rule 4', () => {
  test('the ack of a transfer by another life than it went to begins no view', () => {
    for (const acksAs of [life('s2', 2), life('s2', 1)]) {
      const trace = new Trace()
      for (const server of [s1, life('s2', 2)]) trace.start('replica', server)
      trace.ping(s1, 0)
      trace.changes(view(1, s1))
      trace.role(s1, 'primary', 1, true)
      trace.ping(life('s2', 2), 0)
      trace.ping(s1, 1)
      trace.acks(view(1, s1))
      trace.changes(view(2, s1, life('s2', 2)))
      trace.role(s1, 'primary', 2, false)
      trace.role(life('s2', 2), 'backup', 2, false)
      transfer(trace, 2, life('s2', 2), acksAs)
      trace.event({ type: 'transfer-progress', ...trace.of(s1), to: 's2', viewnum: 2, chunks: 1, bytes: 0, done: true })
      trace.role(s1, 'primary', 2, true)
      const isRight = acksAs.incarnation === 2
      expect(said(trace)).toEqual(isRight ? [] : expect.arrayContaining(['nothing-stale', 'rule-4']))
      expect(trace.textOf('rule-4')).toBe(isRight ? '' : 's1 begins to serve view 2, and s2, its backup, has not said in its life 2 that it has the state.')
    }
  })

  test('the ack of a view lists whom its transfers went to, all of them and in those lives', () => {
    for (const [listed, text] of [
      [[s2, s3], ''],
      [[s2], 's1 acked view 2, and of those who have its state it does not name s3, to which it has sent its state.'],
      [[s2, life('s3', 2)], 's1 acked view 2, and of those who have its state it names life 2 of s3, to which it has not sent its state.'],
    ] as const) {
      const trace = served({}, s2, s3)
      trace.ping(s1, 2, listed)
      expect(trace.textOf('rule-4')).toBe(text)
    }
  })
})

test('rule 1: the ack of another life of a backup is not its ack', () => {
  for (const from of [life('s2', 2), life('s2', 1)]) {
    const trace = served({}, life('s2', 2))
    trace.take(s1, request(trace, 1))
    trace.take(life('s2', 2), forward(trace, life('s2', 2), 1, 1))
    trace.take(s1, forwardAck(trace, from, 1))
    reply(trace, 1, 1)
    expect(trace.state('rule-1')?.standing).toBe(from.incarnation === 2 ? 'held' : 'broken')
  }
})

test('rule 6: a ping of another life of the primary is no ack', () => {
  const trace = new Trace()
  trace.start('replica', s1)
  trace.ping(s1, 0)
  trace.changes(view(1, s1))
  trace.ping(life('s1', 2), 1)
  trace.acks(view(1, s1))
  expect(trace.textOf('rule-6')).toBe('The view server took view 1 for acked by s1, and only another life of it had pinged with it.')
})

test('backup not ahead: what was sent and not taken is not executed', () => {
  for (const isTaken of [true, false]) {
    const trace = served({}, s2)
    trace.take(s1, request(trace, 1))
    const first = forward(trace, s2, 1, 1)
    if (isTaken) trace.take(s2, first)
    trace.take(s1, request(trace, 2))
    trace.take(s2, forward(trace, s2, 2, 2))
    forwardAck(trace, s2, 2)
    expect(trace.textOf('backup-not-ahead')).toBe(isTaken ? '' : 's2 says that it executed seq 2 in view 2, and it has not taken seq 1.')
  }
})

test('no lost write: an answer from the table acknowledges too', () => {
  const trace = served({}, s2)
  trace.take(s1, request(trace, 1))
  trace.take(c1, reply(trace, 5, 1, { replayed: true }))
  trace.event({ type: 'view-changed', ...trace.of(vs), view: view(3, s2), cause: { type: 'first-server', server: 's2' } })
  trace.send(s2, 'c1', { type: 'reply', clientId: 'c1.1.0', requestId: 2, viewnum: 3, seq: 5, replayed: false, executedViewnum: 3, result: done })
  expect(trace.textOf('no-lost-write')).toBe('s2 serves view 3 from a state that ends before seq 5, and a client had been told that seq 5 was done.')
})

describe('honest failure', () => {
  const failed = (trace: Trace, operationId: number, reason: 'not-primary' | 'value-too-large' = 'not-primary'): void => {
    trace.event({ type: 'operation-returned', ...trace.of(c1), operationId, outcome: { type: 'failed', reason, by: 's1' }, tries: 1 })
  }

  test('what failed was executed by nobody, not before and not after', () => {
    for (const isFailedFirst of [true, false]) {
      const trace = served({}, s2)
      trace.take(s1, request(trace, 1))
      trace.take(s2, forward(trace, s2, 1, 1))
      if (isFailedFirst) failed(trace, 1)
      trace.take(s1, forwardAck(trace, s2, 1))
      reply(trace, 1, 1)
      if (!isFailedFirst) failed(trace, 1)
      expect(said(trace)).toEqual(['honest-failure'])
      expect(trace.textOf('honest-failure')).toBe('The client was told that request #1 of c1.1.0 had failed, as s1 refused it, and it was executed as seq 1.')
    }
  })

  test('what was refused and never executed, and what was too large, failed honestly', () => {
    const trace = served({}, s2)
    request(trace, 1)
    failed(trace, 1)
    trace.take(s1, request(trace, 2))
    trace.take(s2, forward(trace, s2, 1, 2))
    trace.take(s1, forwardAck(trace, s2, 1))
    trace.send(s1, 'c1', { type: 'reply', clientId: 'c1.1.0', requestId: 2, viewnum: 2, seq: 1, replayed: false, executedViewnum: 2, result: { type: 'too-large' } })
    failed(trace, 2, 'value-too-large')
    expect(said(trace)).toEqual([])
    expect(trace.state('honest-failure')).toMatchObject({ standing: 'held', held: 1 })
  })

  test('a client that gives the next operation the id of one that failed is told at once', () => {
    const trace = served({}, s2)
    request(trace, 1)
    failed(trace, 1)
    request(trace, 1)
    expect(said(trace)).toEqual(['at-most-once'])
  })
})

describe('copies of what is gone', () => {
  test('are known: a copy of a forward that was taken long before is judged as what it is', () => {
    const trace = served({}, s2)
    trace.take(s1, request(trace, 1))
    const id = forward(trace, s2, 1, 1)
    trace.take(s2, id)
    trace.event({ type: 'message-duplicated', id: `${id}+1`, of: id, reason: 'by hand', carries: { from: 's1', to: 's2', message: forwardOf(s2, 1, 1) } })
    trace.start('replica', life('s2', 2))
    trace.take(life('s2', 2), `${id}+1`)
    forwardAck(trace, life('s2', 2), 1)
    expect(said(trace)).toContain('rule-3')
    expect(said(trace)).toContain('nothing-stale')
  })
})
