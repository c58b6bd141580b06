// Branches on real processes: in the middle of a state transfer, with a dead node, a paused node, late messages, faults and running
// timers, and a branch of a branch. Every branch's recording must conform from its parent's first event on.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectLab, createPortPair, defaultClusterSettings, defaultWorkload, type ClusterSettings, type SessionStatus } from '../contract'
import { anywhere, atOnce, type Fault } from '../network'
import { beginState, foldEvent, type ClusterState, type EventOf, type FrozenTimer, type TraceEvent, type TraceHeader } from '../trace'
import { createLab, judgeRecording, type RunningLab } from './index'
import { Screen } from './testing/screen-harness'

const built = (name: string): string => fileURLToPath(new URL(`../../out/${name}`, import.meta.url))
const quick: ClusterSettings = { ...defaultClusterSettings, title: 'parent', clients: 2, pingIntervalMs: 50, deadPings: 20, retryMs: 25, operationTimeoutMs: 5000 }

let folder: string
let lab: RunningLab
let screen: Screen

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'branch-test-'))
  lab = await createLab({
    host: 'in-process', dataFolder: folder, version: 'test', scenariosFolder: built('../scenarios'), programs: { node: built('main/node.js'), switchboard: built('main/switchboard.js'), host: built('main/foreign.js') },
  })
  const [near, far] = createPortPair()
  lab.connect(far)
  screen = new Screen(connectLab(near))
})
afterEach(async () => {
  await lab.close()
  await rm(folder, { recursive: true, force: true })
})

const status = async (): Promise<SessionStatus> => (await screen.lab.call('hello', {})).status
const headerNow = async (): Promise<TraceHeader> => JSON.parse((await status()).header) as TraceHeader

/** Branches from the shown session and takes every event of the branch, up to its freeze. */
async function branchAt(seq: number): Promise<EventOf<'branched'>> {
  const { session } = await screen.lab.call('branch', { session: (await status()).session, seq })
  await screen.show(session)
  const branched = await screen.find('branched', ({ parent }) => parent.seq >= seq)
  await screen.find('frozen', () => true, branched.seq)
  return branched
}

async function stateNow(upTo = Infinity): Promise<ClusterState> {
  const state = beginState(await headerNow())
  for (const event of screen.events) if (event.seq <= upTo) foldEvent(state, event)
  return state
}

/** Ends the session and checks that its whole recording conforms, including the parent's part. */
async function expectConforms(): Promise<TraceEvent[]> {
  await screen.lab.call('endSession', {})
  const { recording } = await status()
  const { difference, note, events } = await judgeRecording(recording?.path ?? '')
  expect({ difference, note }).toEqual({ difference: null, note: '' })
  const lines = (await readFile(recording?.path ?? '', 'utf8')).trimEnd().split('\n').slice(1)
  expect(lines).toHaveLength(events)
  return lines.map((line) => JSON.parse(line) as TraceEvent)
}

const views = (events: readonly TraceEvent[]): number => events.filter(({ type }) => type === 'view-changed').length
const fault = (name: string, effect: Fault['effect'], more: Partial<Fault> = {}): Fault => ({ name, where: anywhere, bothWays: false, effect, times: 0, ...more })
const act = (what: Parameters<typeof screen.lab.call<'act'>>[1]): Promise<unknown> => screen.lab.call('act', what)
/** Timers by node and name. */
const timersOf = (timers: readonly FrozenTimer[]): Map<string, FrozenTimer> => new Map(timers.map((timer) => [`${timer.node} ${timer.name}`, timer]))

/** Expects the same timers, armed equally often, with the same remaining time within some milliseconds. */
function expectSameTimers(found: readonly FrozenTimer[], expected: readonly FrozenTimer[], withinMs: number): void {
  const before = timersOf(expected)
  expect([...timersOf(found).keys()].sort()).toEqual([...before.keys()].sort())
  for (const [name, timer] of timersOf(found)) {
    expect(timer.armed, name).toBe(before.get(name)?.armed)
    expect(Math.abs(timer.remainingMs - (before.get(name)?.remainingMs ?? 0)), `${name}: ${timer.remainingMs} ms, not ${before.get(name)?.remainingMs} ms`).toBeLessThan(withinMs)
  }
}

/** Expects a time that is not early. Lateness depends on the machine, but a restarted timer would be late by `restMs`. */
function expectAt(ms: number, dueMs: number, restMs: number): void {
  expect(ms).toBeGreaterThan(dueMs - 2)
  expect(ms).toBeLessThan(dueMs + restMs)
}

const halfATransfer = `
understudy: scenario
version: 1
title: half a transfer
suite: Branches
points: 0
about: Stops when some chunks of a state transfer are acked and others held.
cluster: { replicas: 2, clients: 2, start: [c1, c2, s1], transferChunkBytes: 10, transferWindow: 2, pingIntervalMs: 50, deadPings: 20, retryMs: 25 }
steps:
  - wait: { view: { viewnum: 1, primary: s1, acked: true } }
  - put: { key: a, value: aaaaaaaaaaaaaaaaaaaaaaaa }
  - put: { key: b, value: bbbbbbbbbbbbbbbbbbbbbbbb }
  - put: { key: c, value: cccccccccccccccccccccccc }
  - fault: { name: hold chunks, kinds: state-transfer, hold: true }
  - start: s2
  - wait: { waiting: { kinds: state-transfer, atLeast: 2 } }
  - append: { key: a, value: "!", as: meanwhile }
  - deliver: { kinds: state-transfer }
  - run: 100
`

test('from the middle of a state transfer: it completes, the operation that waits is answered, the workload goes on, and no view changes', async () => {
  const { session } = await screen.lab.call('runScenario', { name: 'half.yaml', text: halfATransfer })
  await screen.show(session)
  await screen.find('scenario-step', ({ step, state }) => step === 10 && state === 'passed')
  await screen.lab.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 100 } })
  await screen.find('operation-invoked', ({ label }) => label === 'workload')
  const { latest } = await status()
  const before = [...screen.events]
  const branched = await branchAt(latest)
  expect((await status()).frozen).toBe(true)
  expect(await headerNow()).toMatchObject({ source: 'live', title: `half a transfer from #${branched.parent.seq}`, parent: branched.parent })
  // The parent's events are unchanged and keep their seqs.
  expect(screen.events.slice(0, before.length)).toEqual(before)
  expect(branched.seq).toBe(branched.parent.seq + 1)
  const state = await stateNow()
  const held = [...state.inFlight].filter(([, { place }]) => place === 'held').map(([id]) => id)
  expect(held.length).toBeGreaterThan(0)
  expect(state.faults.get('hold chunks')?.isOn).toBe(true)
  expect(state.transfers.get('s2')?.chunks).toBeGreaterThan(0)
  expect((await status()).workload).toMatchObject({ rate: 100 })

  await screen.lab.call('act', { type: 'thaw' })
  await act({ type: 'remove-fault', fault: 'hold chunks' })
  for (const id of held) await act({ type: 'deliver', id })
  const installed = await screen.find('transfer-installed', () => true, branched.seq)
  expect(installed.node).toBe('s2')
  // The append was invoked in the parent and returns here.
  const append = screen.events.find((event) => event.type === 'operation-invoked' && event.operation.operation.type === 'append') as EventOf<'operation-invoked'>
  const answered = await screen.find('operation-returned', ({ operationId }) => operationId === append.operation.operationId, branched.seq)
  expect(answered.outcome.type).toBe('ok')
  const invoked = await screen.find('operation-invoked', ({ label }) => label === 'workload', installed.seq)
  expect((await screen.find('operation-returned', ({ operationId }) => operationId === invoked.operation.operationId)).outcome.type).toBe('ok')
  const value = await screen.invoke({ type: 'get', key: 'c' })
  expect(value).toMatchObject({ type: 'ok', result: { type: 'value', value: 'cccccccccccccccccccccccc' } })
  const events = await expectConforms()
  // No false failover: the view of the transfer is still the last one. Operation ids are unique.
  expect(views(events)).toBe(2)
  const ids = events.flatMap((event) => event.type === 'operation-invoked' ? [event.operation.operationId] : [])
  expect(new Set(ids).size).toBe(ids.length)
  const values = events.flatMap((event) => event.type === 'operation-invoked' && event.label === 'workload' && 'value' in event.operation.operation ? [event.operation.operation.value] : [])
  expect(new Set(values).size).toBe(values.length)
})

test('with a dead node, a paused one, late and waiting messages, planned faults and timers half way, as they were', async () => {
  await screen.start(quick)
  await screen.ackedWithBackup()
  await screen.invoke({ type: 'put', key: 'a', value: '1' })
  await screen.lab.call('act', { type: 'kill', node: 's3' })
  await act({ type: 'add-fault', fault: fault('slow', { type: 'delay', probability: 1, delay: { type: 'constant', ms: 400 } }, { where: { ...anywhere, to: ['s2'], kinds: ['forward'] } }), plan: atOnce })
  await act({ type: 'add-fault', fault: fault('later', { type: 'duplicate', probability: 1 }), plan: { inMs: 1500, forMs: 100 } })
  await act({ type: 'add-fault', fault: fault('for a while', { type: 'drop', probability: 0.01 }), plan: { inMs: 0, forMs: 1700 } })
  await act({ type: 'add-break', condition: { name: 'stuck', on: { type: 'stuck' }, exact: false, stays: true } })
  // Half a second of the planned faults passes in the parent: a restarted fault in the branch would be later by that time.
  await screen.find('timer-fired', ({ at }) => at > (screen.events.find(({ type }) => type === 'fault-added')?.at ?? Infinity) + 500_000)
  await screen.lab.call('act', { type: 'invoke', client: 'c1', operation: { type: 'put', key: 'a', value: '2' }, target: '' })
  await screen.find('message-delayed')
  await screen.lab.call('act', { type: 'pause', node: 'c2' })
  await screen.lab.call('act', { type: 'freeze' })
  const frozen = await screen.find('frozen')
  const parent = await stateNow(frozen.seq)
  const { latest } = await status()

  const branched = await branchAt(latest)
  expect(branched.processes.map(({ node }) => node)).toEqual(['vs', 's1', 's2', 'c1', 'c2'])
  const again = await screen.find('frozen', () => true, branched.seq)
  expect(again).toMatchObject({ freeze: frozen.freeze + 1, at: frozen.at })
  // A paused process cannot report its timers in the parent; in a branch it can, before it is stopped.
  expectSameTimers(again.timers.filter(({ node }) => node !== 'c2'), frozen.timers, 8)
  const state = await stateNow()
  const place = (of: ClusterState) => [...of.inFlight].map(([id, message]) => [id, message.place === 'handed' ? 'waits' : message.place, message.dueAt])
  expect(place(state)).toEqual(place(parent))
  expect(place(state).some(([, where]) => where === 'late')).toBe(true)
  expect([...state.faults.keys(), ...state.breaks.keys()]).toEqual(['slow', 'later', 'for a while', 'stuck'])
  expect([state.nodes.get('s3')?.life, state.nodes.get('c2')?.life]).toEqual(['dead', 'paused'])

  await screen.lab.call('act', { type: 'thaw' })
  const late = place(state).find(([, where]) => where === 'late') as [string, string, number]
  const handed = await screen.find('message-handed', ({ id }) => id === late[0], branched.seq)
  expectAt(handed.at / 1000, late[2] / 1000, 300)
  const added = (name: string) => (screen.events.find((event) => event.type === 'fault-added' && event.fault === name)?.at ?? 0) / 1000
  const began = await screen.find('fault-switched', ({ fault: name }) => name === 'later', branched.seq)
  expectAt(began.at / 1000, added('later') + 1500, 400)
  const ended = await screen.find('fault-removed', ({ fault: name }) => name === 'for a while', branched.seq)
  expectAt(ended.at / 1000, added('for a while') + 1700, 400)
  await screen.find('fault-removed', ({ fault: name }) => name === 'later', branched.seq)
  await screen.lab.call('act', { type: 'resume', node: 'c2' })
  const { operationId } = await screen.lab.call('act', { type: 'invoke', client: 'c2', operation: { type: 'get', key: 'a' }, target: '' })
  expect((await screen.find('operation-returned', (event) => event.operationId === operationId)).node).toBe('c2')
  // The next incarnation of the dead node has the next number.
  await screen.lab.call('act', { type: 'restart', node: 's3' })
  expect((await screen.find('node-started', ({ node }) => node === 's3', branched.seq)).incarnation).toBe(2)
  expect((await screen.invoke({ type: 'get', key: 'a' }))).toMatchObject({ type: 'ok', result: { value: '2' } })
  const events = await expectConforms()
  expect(views(events)).toBe(views(screen.events.filter(({ seq }) => seq < branched.seq)))
})

test('under load and of a branch, and of a recording that was opened: each goes on without a failover, and with other choices', async () => {
  await screen.start(quick)
  await screen.ackedWithBackup()
  await screen.lab.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 0, inFlight: 8 } })
  await screen.find('operation-returned', ({ seq }) => seq > 3000)
  const middle = 2500
  const first = await branchAt(middle)
  expect(first.parent.seq).toBeGreaterThanOrEqual(middle)
  expect(first.parent.seq).toBeLessThan(middle + 30)
  await screen.lab.call('act', { type: 'thaw' })
  await screen.find('operation-returned', ({ seq }) => seq > first.seq + 2000)

  const second = await branchAt(first.seq + 1000)
  expect(screen.events.filter(({ type }) => type === 'branched')).toHaveLength(2)
  expect((await headerNow()).title).toBe(`parent from #${second.parent.seq}`)
  await screen.lab.call('act', { type: 'thaw' })
  await screen.lab.call('act', { type: 'kill', node: 's1' })
  await screen.find('view-acked', ({ view }) => view.primary?.name === 's2', second.seq)
  await screen.find('operation-returned', ({ seq, outcome }) => seq > second.seq + 2000 && outcome.type === 'ok')
  const events = await expectConforms()
  const path = (await status()).recording?.path ?? ''

  // The file alone suffices: it is opened and branched just before the kill, and there no failover happens.
  await lab.openRecording(path)
  const killed = events.find(({ type, seq }) => type === 'node-killed' && seq > second.seq)?.seq ?? 0
  const third = await branchAt(killed - 1)
  await screen.lab.call('act', { type: 'thaw' })
  await screen.find('operation-returned', ({ seq, outcome }) => seq > third.seq + 2000 && outcome.type === 'ok')
  const last = await expectConforms()
  expect(views(last)).toBe(views(last.filter(({ seq }) => seq < first.seq)))
})

test('what cannot be is refused with one sentence, and the session goes on', async () => {
  await screen.start(quick)
  await screen.ackedWithBackup()
  const { session } = await status()
  const refused = (seq: number, of = session) => screen.lab.call('branch', { session: of, seq }).then(() => '', (error: Error) => error.message)
  expect(await refused(1_000_000)).toMatch(/^There is no event #1000000; the newest is #\d+\.$/)
  expect(await refused(100, session + 1)).toBe(`Session ${session + 1} is over; the lab shows session ${session}.`)
  expect((await screen.invoke({ type: 'put', key: 'a', value: '1' })).type).toBe('ok')
  await screen.lab.call('endSession', {})
  expect(await refused((await status()).latest)).toMatch(/^No process lived any more at event #\d+; branch from an earlier moment\.$/)
})
