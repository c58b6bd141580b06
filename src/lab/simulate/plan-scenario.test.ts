// What the simulator found, saved as a scenario: it reads back, plays the same run, and fails with the same sentence.
import { expect, test } from 'vitest'
import { mutantNames, type MutantName } from '../../protocol'
import { readScenario, runScenario } from '../../scenario'
import { drawPlan, runPlan, shrink, type CheckName, type Plan } from '../../sim'
import type { TraceEvent } from '../../trace'
import { SimulatorStage } from '../stages/simulator-stage'
import { scenarioOfPlan } from './plan-scenario'

function firstBad(mutant: MutantName): { plan: Plan; check: CheckName } {
  for (let seed = 1; seed <= 300; seed++) {
    const plan = drawPlan(String(seed), { mutants: [mutant] })
    const { found } = runPlan(plan)
    if (found) return { plan, check: found.check }
  }
  throw new Error(`no seed of 300 shows ${mutant}`)
}

/** The events of a run without their numbers, and without those that only a scenario has: its steps, and what its stage tells of rules. */
function whatHappened(events: readonly TraceEvent[]): string[] {
  return events.filter(({ type }) => type !== 'scenario-step' && type !== 'violation')
    .map((event) => JSON.stringify({ ...event, seq: 0, evidence: 0, ...event.type === 'operation-invoked' ? { label: '' } : {} }))
}

for (const mutant of mutantNames) {
  test(`${mutant}: the shrunk run as a scenario is the same run and fails the same check`, async () => {
    const { plan, check } = firstBad(mutant)
    const shrunk = shrink(plan, check)
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
    expect(whatHappened(played).slice(0, ran.length)).toEqual(whatHappened(ran))
  }, 30_000)
}

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
