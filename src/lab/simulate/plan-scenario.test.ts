// What the simulator found, saved as a scenario: it reads back, plays the same run, and fails with the same sentence.
import { expect, test } from 'vitest'
import type { MutantName } from '../../protocol'
import { readScenario, runScenario } from '../../scenario'
import { drawPlan, runPlan, shrink, sizeOf, type CheckName, type Plan } from '../../sim'
import type { TraceEvent } from '../../trace'
import { SimulatorStage } from '../stages/simulator-stage'
import { scenarioOfPlan } from './plan-scenario'

function firstBad(mutant: MutantName, only?: CheckName): { plan: Plan; check: CheckName } {
  for (let seed = 1; seed <= 300; seed++) {
    const plan = drawPlan(String(seed), { mutants: [mutant] })
    const { found } = runPlan(plan, only ? { only } : {})
    if (found) return { plan, check: found.check }
  }
  throw new Error(`no seed of 300 shows ${mutant}`)
}

/** The events of a run without their numbers, and without those that only a scenario has: its steps, and what its stage tells of rules. */
function whatHappened(events: readonly TraceEvent[]): string[] {
  return events.filter(({ type }) => type !== 'scenario-step' && type !== 'violation')
    .map((event) => JSON.stringify({ ...event, seq: 0, evidence: 0, ...event.type === 'operation-invoked' ? { label: '' } : {} }))
}

/** Of every check one, and all that a step can be. */
const shown: readonly MutantName[] = [
  'answers-before-backups', 'promotes-idle', 'takes-any-forward', 'executes-in-transfer', 'takes-old-requests', 'any-ping-acks', 'forgets-requests',
  'restart-unnoticed', 'goes-back-to-old-views', 'keeps-old-keys',
]

for (const mutant of shown) {
  test(`${mutant}: the shrunk run as a scenario is the same run and fails the same check`, async () => {
    const { plan, check } = firstBad(mutant)
    // As small as it gets in a moment: a scenario must be right at any size.
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
    // The run ends within a step where the rule is broken; a scenario goes on to the end of the millisecond.
    const happened = whatHappened(ran)
    expect(whatHappened(played).slice(0, happened.length)).toEqual(happened)
  }, 30_000)
}

test('what the clients saw, as a scenario: a handful of operations that nothing explains', async () => {
  const { plan, check } = firstBad('answers-before-backups', 'linearizability')
  const shrunk = shrink(plan, check)
  const { operations, faults } = sizeOf(shrunk.plan)
  expect([check, operations <= 4, faults <= 2]).toEqual(['linearizability', true, true])
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
    // So short that its steps fit into a scenario.
    const plan = drawPlan(String(seed), { mutants: [], durationMs: 3000 })
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
  expect([...kinds].sort()).toEqual(['fault', 'freeze', 'hand', 'kill', 'mend', 'operation', 'pause', 'resend', 'restart', 'resume', 'thaw'])
}, 60_000)

test('a plan that is too long for a scenario is told so in a sentence', () => {
  const plan = drawPlan('1', { mutants: [], durationMs: 60_000 })
  const { problem } = scenarioOfPlan(plan, runPlan(plan), 'rule-1')
  expect(problem).toMatch(/^It does not fit into a scenario: .*500.*\.$/)
})
