// Every scenario that comes with the lab, on the simulator; and the messages of failing scenarios.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { readScenario, runScenario, type Scenario, type ScenarioResult } from '../../scenario'
import type { TraceEvent } from '../../trace'
import { SimulatorStage } from './simulator-stage'

const folder = fileURLToPath(new URL('../../../scenarios', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml')).sort()

function scenarioIn(text: string): Scenario {
  const { scenario, problems } = readScenario('test.yaml', text)
  if (!scenario) throw new Error(JSON.stringify(problems))
  return scenario
}

async function play(scenario: Scenario, seed = scenario.seed): Promise<{ result: ScenarioResult; events: TraceEvent[] }> {
  const events: TraceEvent[] = []
  const result = await runScenario(scenario, new SimulatorStage(scenario, seed, (event) => events.push(event)), { seed })
  return { result, events }
}

const withSteps = (...steps: string[]): string => `understudy: scenario\nversion: 1\ntitle: t\ncluster: { replicas: 2, clients: 2 }\nsteps:\n${steps.map((step) => `  - ${step}\n`).join('')}`
const readyStep = 'wait: { view: { viewnum: 2, acked: true } }'

describe('on the simulator', () => {
  it.each(files)('%s passes', async (file) => {
    const { result, events } = await play(scenarioIn(readFileSync(join(folder, file), 'utf8')))
    expect(result.reason).toBe('')
    expect(events.filter(({ type }) => type === 'violation')).toEqual([])
    expect(result.steps.every(({ state }) => state === 'passed')).toBe(true)
  })

  it('the same seed gives the same trace, byte for byte', async () => {
    const scenario = scenarioIn(readFileSync(join(folder, 'mit-primary-backup/08-repeated-crash-unreliable.yaml'), 'utf8'))
    const trace = async (seed: string): Promise<string> => (await play(scenario, seed)).events.map((event) => JSON.stringify(event)).join('\n')
    expect(await trace('7')).toBe(await trace('7'))
    expect(await trace('7')).not.toBe(await trace('8'))
  })
})

describe('a cluster that is broken on purpose', () => {
  const broken = withSteps(readyStep, 'break: { rule: broken }', 'put: { key: a, value: "1", as: p }', 'wait: { broken: rule-1, frozen: true }', 'thaw: true', 'wait: { returned: p }')
    .replace('clients: 2 }', 'clients: 2, mutants: [answers-before-backups] }')

  it('tells the violation once, which a condition sees and a break condition stops at', async () => {
    const scenario = scenarioIn(broken)
    expect(scenario.steps.map(({ text }) => text)).toEqual(expect.arrayContaining([expect.stringContaining('a rule is broken'), expect.stringContaining('rule-1 is broken')]))
    const { result, events } = await play(scenario)
    expect(result.reason).toBe('')
    const [violation, ...more] = events.filter((event) => event.type === 'violation')
    expect(more).toEqual([])
    expect(events.find((event) => event.type === 'frozen')).toMatchObject({ metBy: violation?.seq, reason: 'a rule is broken' })
  })

  it('fails an expectation that no rule is broken, with the sentence', async () => {
    const { result } = await play(scenarioIn(broken.replace('broken: rule-1, frozen: true', 'frozen: true').replace('  - thaw: true', '  - expect: { rulesKept: true }\n  - thaw: true')))
    expect(result).toMatchObject({ state: 'failed', reason: expect.stringMatching(/Rule 1 is broken: s1 answered put a 1 as seq 1 in view 2 before s2, its backup/) as string })
  })

  it('is refused with the list where there is no such mutant', () => {
    const { problems } = readScenario('test.yaml', broken.replace('answers-before-backups', 'answers-never'))
    expect(problems).toMatchObject([{ line: 4, sentence: expect.stringMatching(/^cluster\.mutants\.0 must be "answers-before-backups" or "promotes-idle" or /) as string }])
  })
})

describe('a step that fails ends the scenario with what was seen instead', () => {
  it.each([
    ['a condition that never comes', 'wait: { view: { viewnum: 3 } }\n    within: 500', 'not within 500 ms: view 2: s1 primary, s2 backup, acked. s2 joins as backup.'],
    ['an expectation', 'expect: { role: { node: s2, is: primary } }', 's2 is up, believes it is backup and serves'],
    ['a result', 'get: { key: a, gives: { value: "1" } }', 'it gave no such key, not "1"'],
    ['a value', 'expect: { value: { key: a, is: "1", at: s1 } }', 's1 holds nothing under a'],
    ['always', 'run: 500\n    always: { view: { viewnum: 1 } }', 'view 2: s1 primary, s2 backup, acked. s2 joins as backup.'],
    ['an act that makes no sense', 'resume: s1', 's1 is not paused.'],
    ['a message that does not wait', 'deliver: { kinds: forward }', 'no such message waits'],
    ['a role that nobody has', 'kill: idle', 'there is no idle now'],
    ['the view server cannot be restarted', 'restart: vs', 'The view server is not restarted'],
    ['a refusal that did not come', 'put: { key: a, value: "1", to: s1, gives: rejected }', 'it gave ok, not rejected'],
    ['a history that can be explained', 'expect: { linearizable: false }', 'no operation has returned, so there is nothing to judge'],
    ['a write that was not lost', 'expect: { writesKept: false }', 'no acknowledged write is lost'],
  ])('%s', async (_what, step, seen) => {
    const { result } = await play(scenarioIn(withSteps(readyStep, step, 'run: 1')))
    expect(result.state).toBe('failed')
    expect(result.reason).toContain('Line 7: ')
    expect(result.reason).toContain(seen)
    expect(result.steps.map(({ state }) => state)).toEqual(['passed', 'failed', 'skipped'])
    expect(result.lastEvents.length).toBeGreaterThan(0)
  })

  it('an operation that does not return in time', async () => {
    const { result } = await play(scenarioIn(withSteps(readyStep, 'fault: { isolate: c1 }', 'put: { key: a, value: "1", within: 300 }')))
    expect(result.reason).toContain('it has not returned within 300 ms')
  })

  it('a history that can be explained where it should not be, and one that cannot where it should', async () => {
    const explained = await play(scenarioIn(withSteps(readyStep, 'put: { key: a, value: "1" }', 'expect: { linearizable: true }', 'expect: { linearizable: false }')))
    expect(explained.result.reason).toContain('what the clients saw can be explained')
    const losing = readFileSync(join(folder, 'corner-cases/asynchronous-loses-a-write.yaml'), 'utf8').replace('linearizable: false', 'linearizable: true')
    expect((await play(scenarioIn(losing))).result.reason).toContain("key a: c1's get returned 1, but 2 was acknowledged to c1 before it began.")
  })

  it('a lost write, by name', async () => {
    const { result } = await play(scenarioIn(withSteps(readyStep, 'put: { key: a, value: "1" }', 'kill: [s1, s2]', 'expect: { writesKept: true }')))
    expect(result.reason).toContain('the primary is dead, so nobody can tell')
  })
})

test('the gate holds a scenario before any step, and stops it there', async () => {
  const scenario = scenarioIn(withSteps('run: 1', 'run: 2', 'run: 3'))
  const seen: number[] = []
  const result = await runScenario(scenario, new SimulatorStage(scenario, '1'), {
    gate: ({ number }) => {
      seen.push(number)
      return Promise.resolve(number < 3)
    },
  })
  expect(seen).toEqual([1, 2, 3])
  expect(result).toMatchObject({ state: 'stopped', steps: [{ state: 'passed' }, { state: 'passed' }, { state: 'skipped' }] })
})

test('what was played is in the trace, step by step', async () => {
  const { events } = await play(scenarioIn(withSteps(readyStep, 'kill: s1')))
  expect(events.filter(({ type }) => type === 'scenario-step').map((event) => event.type === 'scenario-step' ? [event.step, event.state, event.text] : []))
    .toEqual([[1, 'running', 'wait until view 2, acked'], [1, 'passed', 'wait until view 2, acked'], [2, 'running', 'kill s1'], [2, 'passed', 'kill s1']])
})
