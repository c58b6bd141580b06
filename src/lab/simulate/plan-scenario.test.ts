// A finding of the simulator, saved as a scenario: it parses, plays the same run, and fails with the same sentence.
import { expect, test } from 'vitest'
import type { MutantName } from '../../protocol'
import { readScenario, runScenario } from '../../scenario'
import { drawPlan, runPlan, shrink, sizeOf, type CheckName, type DrawOptions, type Plan } from '../../sim'
import type { TraceEvent } from '../../trace'
import { SimulatorStage } from '../stages/simulator-stage'
import { scenarioOfPlan } from './plan-scenario'

/** A seed's plan without the parts that a scenario cannot express. */
function sayable(seed: number, options: DrawOptions): Plan {
  const { faults, settings, ...drawn } = drawPlan(String(seed), options)
  return { ...drawn, faults: faults.filter(({ act }) => !('node' in act) || act.node !== 'vs' || act.type === 'pause'), stores: 'map', settings: { ...settings, newCluster: true } }
}

function firstBad(mutant: MutantName, only?: CheckName): { plan: Plan; check: CheckName } {
  for (let seed = 1; seed <= 300; seed++) {
    const plan = sayable(seed, { mutants: [mutant] })
    const { found } = runPlan(plan, only ? { only } : {})
    if (found) return { plan, check: found.check }
  }
  throw new Error(`no seed of 300 shows ${mutant}`)
}

/** A run's events without seqs, and without events that only a scenario has: its steps, and its stage's rule violations. */
function whatHappened(events: readonly TraceEvent[]): string[] {
  return events.filter(({ type }) => type !== 'scenario-step' && type !== 'violation')
    .map((event) => JSON.stringify({ ...event, seq: 0, evidence: 0, ...event.type === 'operation-invoked' ? { label: '' } : {} }))
}

/** One mutant for every check; together they cover every kind of step. */
const shown: readonly MutantName[] = [
  'answers-before-backups', 'promotes-idle', 'takes-any-forward', 'executes-in-transfer', 'takes-old-requests', 'any-ping-acks', 'forgets-requests',
  'restart-unnoticed', 'goes-back-to-old-views', 'keeps-old-keys',
]

for (const mutant of shown) {
  test(`${mutant}: the shrunk run as a scenario is the same run and fails the same check`, async () => {
    const { plan, check } = firstBad(mutant)
    // Only partly shrunk, to save time: a scenario must be right at any size.
    const shrunk = shrink(plan, check, { runsMax: 60 })
    const { text, problem } = scenarioOfPlan(shrunk.plan, shrunk.run, check)
    expect(problem).toBe('')
    const { scenario } = readScenario('found.yaml', text)
    if (!scenario) throw new Error('it was read')
    expect(scenario.settings).toEqual(shrunk.plan.settings)
    const [ran, played]: [TraceEvent[], TraceEvent[]] = [[], []]
    runPlan(shrunk.plan, { only: check, onEvent: (event) => ran.push(event) })
    const stage = new SimulatorStage(scenario, scenario.seed, (event) => played.push(event))
    const { state, reason } = await runScenario(scenario, stage)
    expect(state, text).toBe('failed')
    if (check.startsWith('rule-') || check === 'at-most-once') expect(reason).toContain(shrunk.run.found?.text)
    // The run ends within the step that breaks the rule; a scenario continues to the end of the millisecond.
    const happened = whatHappened(ran)
    expect(whatHappened(played).slice(0, happened.length)).toEqual(happened)
  }, 30_000)
}

test('what the clients saw, as a scenario: a handful of operations that nothing explains', async () => {
  const { plan, check } = firstBad('answers-before-backups', 'linearizability')
  const shrunk = shrink(plan, check)
  const { operations, faults } = sizeOf(shrunk.plan)
  expect([check, operations <= 4, faults <= 4]).toEqual(['linearizability', true, true])
  const { text } = scenarioOfPlan(shrunk.plan, shrunk.run, check)
  const { scenario } = readScenario('found.yaml', text)
  if (!scenario) throw new Error('it was read')
  const { state, reason } = await runScenario(scenario, new SimulatorStage(scenario, scenario.seed))
  expect([state, reason]).toEqual(['failed', expect.stringContaining('acknowledged to') as string])
  expect(shrunk.run.found?.text).toContain('acknowledged to')
})

test('any run, with faults of every kind, is the same run as a scenario', async () => {
  const kinds = new Set<string>()
  for (let seed = 1; seed <= 12; seed++) {
    // Short, so that its steps fit into a scenario.
    const plan = sayable(seed, { mutants: [], durationMs: 3000 })
    const ran: TraceEvent[] = []
    const run = runPlan(plan, { onEvent: (event) => ran.push(event) })
    for (const { type } of run.script) kinds.add(type)
    const { text } = scenarioOfPlan(plan, run, 'rule-1')
    const { scenario } = readScenario('run.yaml', text)
    if (!scenario) throw new Error('it was read')
    const played: TraceEvent[] = []
    const stage = new SimulatorStage(scenario, scenario.seed, (event) => played.push(event))
    expect(await runScenario(scenario, stage)).toMatchObject({ state: 'passed', reason: '' })
    expect(whatHappened(played), `seed ${seed}`).toEqual(whatHappened(ran).slice(0, played.length))
  }
  expect([...kinds].sort()).toEqual(['disconnect', 'fault', 'freeze', 'hand', 'kill', 'mend', 'operation', 'pause', 'resend', 'restart', 'resume', 'thaw'])
})

test('what a scenario cannot say of a plan is told in a sentence', () => {
  const plan: Plan = { ...sayable(1, { mutants: [], durationMs: 1000 }), faults: [] }
  const problemOf = (other: Plan): string => scenarioOfPlan(other, runPlan(other), 'rule-1').problem
  expect(problemOf(plan)).toBe('')
  expect(problemOf({ ...plan, stores: 'mixed' })).toBe('It does not fit into a scenario: its servers keep their entries in slabs and maps, and those of a scenario on the simulator in maps.')
  expect(problemOf({ ...plan, settings: { ...plan.settings, newCluster: false } })).toMatch(/its view server listens before it forms a view/)
  expect(problemOf({ ...plan, faults: [{ id: 1, atMs: 100, isCareful: false, waits: null, act: { type: 'restart', node: 'vs' } }] })).toMatch(/its view server is restarted/)
})

test('a plan that is too long for a scenario is told so in a sentence', () => {
  const plan = sayable(1, { mutants: [], durationMs: 60_000 })
  const { problem } = scenarioOfPlan(plan, runPlan(plan), 'rule-1')
  expect(problem).toMatch(/^It does not fit into a scenario: .*500.*\.$/)
})
