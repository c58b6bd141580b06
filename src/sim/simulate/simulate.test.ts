// Plans and runs: a seed draws plain data, a run depends on nothing else, and the protocol survives all of them.
import { expect, test } from 'vitest'
import { Conformance, RuleMonitors } from '../../check'
import { anywhere } from '../../network'
import { defaultSettings, utf8ToBytes } from '../../protocol'
import type { TraceEvent } from '../../trace'
import { drawPlan } from './draw-plan'
import type { Plan, PlannedFault, PlannedOperation } from './plan'
import { runPlan, type PlanRun } from './run-plan'

const seeds = Number(process.env['UNDERSTUDY_SEEDS'] ?? 40)

/** The run, with its events as a file holds them. */
function recorded(plan: Plan): { run: PlanRun; lines: string[] } {
  const lines: string[] = []
  const run = runPlan(plan, { onEvent: (event) => lines.push(JSON.stringify(event)) })
  return { run, lines }
}

test(`the protocol as it is stands ${seeds} seeds, each with many operations and faults of every kind, and is rarely stuck`, () => {
  const kinds = new Map<string, number>()
  let stuck = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const run = runPlan(drawPlan(String(seed), { mutants: [] }))
    expect(run.found, `seed ${seed}`).toBeNull()
    expect(run.operations.length, `seed ${seed}`).toBeGreaterThanOrEqual(200)
    expect(run.faults.length, `seed ${seed}`).toBeGreaterThanOrEqual(10)
    expect(run.virtualMs, `seed ${seed}`).toBeGreaterThanOrEqual(10_000)
    for (const { act } of run.faults) kinds.set(act.type, (kinds.get(act.type) ?? 0) + 1)
    if (run.isStuck) stuck++
  }
  expect(stuck).toBeLessThanOrEqual(seeds / 5)
  expect([...kinds.keys()].sort()).toEqual(['disconnect', 'freeze', 'kill', 'late-copy', 'network', 'pause', 'resend', 'restart', 'restart-with-echoes'])
})

test('a plan is plain data, the same for the same seed, and what was chosen wins over what is drawn', () => {
  const plan = drawPlan('7', { mutants: ['promotes-idle'] })
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  expect(drawPlan('7', { mutants: ['promotes-idle'] })).toEqual(plan)
  expect(drawPlan('8', { mutants: [] })).not.toEqual(plan)
  expect(drawPlan('7', { mutants: [], replicas: 3, clients: 1, backups: 2, durationMs: 2000 }))
    .toMatchObject({ replicas: 3, clients: 1, durationMs: 2000, settings: { backupsWanted: 2, mutants: [] } })
})

test('two runs of a plan are the same, event for event, and so is the run of what it came to', () => {
  for (const seed of ['1', '2', '3', '4']) {
    const plan = drawPlan(seed, { mutants: [] })
    const { run, lines } = recorded(plan)
    expect(recorded(plan).lines).toEqual(lines)
    // With names instead of roles and shares, the same happens.
    expect(recorded({ ...plan, operations: run.operations, faults: run.faults }).lines).toEqual(lines)
  }
})

test('a cluster that has every reason to serve and does not is found to make no progress', () => {
  const plan = drawPlan('1', { mutants: [], durationMs: 1000 })
  const read: PlannedOperation = { id: 1, atMs: 600, client: 'c1', session: 0, operation: { type: 'get', key: utf8ToBytes('a') }, target: '' }
  const where = { ...anywhere, kinds: ['request'] } as const
  const cut: PlannedFault = { id: 1, atMs: 550, isCareful: false, waits: null, act: { type: 'network', forMs: 0, fault: { name: 'cut', where, bothWays: false, effect: { type: 'cut' }, times: 0 } } }
  const alone = { ...plan, mendAtMs: 500, operations: [read], settings: { ...plan.settings, operationTimeoutMs: 0 } }
  expect(runPlan({ ...alone, faults: [] }).found).toBeNull()
  // A cut after everything was healed; no drawn plan has one.
  expect(runPlan({ ...alone, faults: [cut] }).found).toMatchObject({ check: 'progress', text: 'Nothing is wrong any more and the cluster is not stuck, but it does not answer.' })
})

test('every recording of a drawn run conforms, also where messages come again that were taken or lost long before', () => {
  let late = 0
  for (let seed = 1; seed <= 20; seed++) {
    const events: TraceEvent[] = []
    const { header } = runPlan(drawPlan(String(seed), { mutants: [], durationMs: 3000 }), { onEvent: (event) => events.push(event) })
    const conformance = new Conformance(header)
    for (const event of events) conformance.take(event)
    expect(conformance.finish().difference, `seed ${seed}`).toBeNull()
    late += events.filter((event) => event.type === 'message-duplicated' && event.carries !== null).length
  }
  expect(late).toBeGreaterThan(20)
})

test('an ack that was lost and comes again is an ack, so rule 1 is not said to be broken', () => {
  const drawn = drawPlan('1', { mutants: [], durationMs: 1000, replicas: 3, clients: 1, backups: 1 })
  const write: PlannedOperation = { id: 1, atMs: 610, client: 'c1', session: 0, operation: { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes('1') }, target: '' }
  const where = { ...anywhere, kinds: ['forward-ack'] } as const
  const faults: PlannedFault[] = [
    { id: 1, atMs: 600, isCareful: false, waits: null, act: { type: 'network', forMs: 0, fault: { name: 'lost', where, bothWays: false, effect: { type: 'drop', probability: 1 }, times: 1 } } },
    { id: 2, atMs: 620, isCareful: false, waits: null, act: { type: 'resend', kind: 'forward-ack', pick: { type: 'share', share: 0.999 } } },
  ]
  // The retry is so long that only the repeated ack can bring the answer.
  const plan: Plan = { ...drawn, mendAtMs: null, operations: [write], faults, settings: { ...drawn.settings, retryMs: 5000, operationTimeoutMs: 0 } }
  expect(runPlan(plan)).toMatchObject({ found: null, acknowledged: 1 })
  expect(runPlan({ ...plan, faults: faults.slice(0, 1) })).toMatchObject({ found: null, acknowledged: 0 })
})

test('seed 655, made small: an ack of an earlier life that comes late takes nothing back of what the present one has said', () => {
  const drawn = drawPlan('655', { mutants: [], replicas: 5, clients: 1, backups: 3 })
  const write: PlannedOperation = { id: 8, atMs: 291, client: 'c1', session: 0, operation: { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes('1') }, target: '' }
  const between = { from: 's1', to: 's2', kind: 'state-transfer', which: 1 } as const
  const faults: PlannedFault[] = [
    { id: 1, atMs: 0, isCareful: false, waits: null, act: { type: 'network', forMs: 0, fault: { name: 'jitter', where: anywhere, bothWays: false, effect: { type: 'delay', probability: 1, delay: { type: 'uniform', minMs: 0, maxMs: 4 } }, times: 0 } } },
    { id: 6, atMs: 334, isCareful: false, waits: null, act: { type: 'restart-with-echoes', node: 's2', echoes: [
      { kind: 'state-transfer', pick: { type: 'nth', ...between }, afterMs: 17, times: 1, everyMs: 0 },
      { kind: 'state-transfer-ack', pick: { type: 'nth', from: 's2', to: 's1', kind: 'state-transfer-ack', which: 1 }, afterMs: 277, times: 1, everyMs: 0 },
    ] } },
  ]
  const settings = { ...defaultSettings, pingIntervalMs: 40, pingCheckIntervalMs: 40, deadPings: 3, backupsWanted: 3, retryMs: 250 }
  const { found, acknowledged, faults: happened } = runPlan({ ...drawn, seed: '655', settings, stores: 'map', durationMs: 1500, mendAtMs: null, operations: [write], faults })
  expect([found, acknowledged, happened.length]).toEqual([null, 1, 2])
})

test.each([
  ['527', 'a request that comes again after an older one of its client did, both evicted'],
  ['2901', 'a row that was evicted by what a primary alone may have taken over'],
])('seed %s is no violation of the protocol: %s', (seed) => {
  expect(runPlan(drawPlan(seed, { mutants: [] }))).toMatchObject({ found: null, isExcused: true })
})

test('the judges are given events that nobody changes afterwards', () => {
  for (const seed of ['1', '2', '3']) {
    const plan = drawPlan(seed, { mutants: [] })
    const events: TraceEvent[] = []
    const texts: string[] = []
    const { header } = runPlan(plan, { onEvent: (event) => {
      events.push(event)
      texts.push(JSON.stringify(event))
    } })
    expect(events.map((event) => JSON.stringify(event))).toEqual(texts)
    const monitors = new RuleMonitors(header)
    for (const text of texts) expect(monitors.take(JSON.parse(text) as TraceEvent)).toEqual([])
  }
})
