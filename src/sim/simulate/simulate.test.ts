// Plans and their runs: what a seed draws is data, a run depends on nothing else, and the protocol as it is stands every one of them.
import { expect, test } from 'vitest'
import { RuleMonitors } from '../../check'
import { anywhere } from '../../network'
import { utf8ToBytes } from '../../protocol'
import type { TraceEvent } from '../../trace'
import { drawPlan } from './draw-plan'
import type { Plan, PlannedFault, PlannedOperation } from './plan'
import { runPlan, type PlanRun } from './run-plan'

const seeds = Number(process.env['UNDERSTUDY_SEEDS'] ?? 40)

/** The run, and its events as a file has them. */
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
  expect([...kinds.keys()].sort()).toEqual(['freeze', 'kill', 'late-copy', 'network', 'pause', 'resend', 'restart'])
}, 120_000)

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
    // Roles and shares are nodes and messages now; the same happens.
    expect(recorded({ ...plan, operations: run.operations, faults: run.faults }).lines).toEqual(lines)
  }
})

test('a cluster that has every reason to serve and does not is found to make no progress', () => {
  const plan = drawPlan('1', { mutants: [], durationMs: 1000 })
  const read: PlannedOperation = { id: 1, atMs: 600, client: 'c1', session: 0, operation: { type: 'get', key: utf8ToBytes('a') } }
  const where = { ...anywhere, kinds: ['request'] } as const
  const cut: PlannedFault = { id: 1, atMs: 550, isCareful: false, act: { type: 'network', forMs: 0, fault: { name: 'cut', where, bothWays: false, effect: { type: 'cut' }, times: 0 } } }
  const alone = { ...plan, mendAtMs: 500, operations: [read], settings: { ...plan.settings, operationTimeoutMs: 0 } }
  expect(runPlan({ ...alone, faults: [] }).found).toBeNull()
  // Cut off after everything was mended, which no drawn plan is.
  expect(runPlan({ ...alone, faults: [cut] }).found).toMatchObject({ check: 'progress', text: 'Nothing is wrong any more and the cluster is not stuck, but it does not answer.' })
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
