// The result of a run of scenarios, as data. Scripts and courses rely on its schema (docs/scenarios.md, `scenarios/report.schema.json`).
// Text, JUnit and HTML are made from it and must never hold anything more.
import * as z from 'zod'
import type { ScenarioResult } from './run'
import type { Scenario } from './scenario'

const ReportedStep = z.strictObject({
  number: z.int(), text: z.string(), line: z.int().describe('In the scenario\'s file, from 1.'),
  state: z.enum(['passed', 'failed', 'not-judged', 'skipped']), detail: z.string(), atMs: z.number().describe('Cluster time at its end.'),
})

const ReportedScenario = z.strictObject({
  file: z.string(), title: z.string(), about: z.string(),
  on: z.enum(['processes', 'simulator']), seed: z.string(),
  mutants: z.array(z.string()).describe('Rules that were broken on purpose; empty for the protocol as it should be.'),
  state: z.enum(['passed', 'failed', 'not-judged', 'stopped', 'not-run']).describe('not-judged: a program told too little for a verdict; it gives no points and takes none.'),
  reason: z.string().describe('Empty if it passed; else the step and what was seen instead.'),
  points: z.number(), pointsMax: z.number(),
  seconds: z.number().describe('Wall time.'), events: z.int(), seq: z.int().describe('The last event: where the failing moment is in the recording.'),
  recording: z.string().describe('Path of the kept recording; empty if none was kept.'),
  determinism: z.string().describe('A program did not answer alike to the same input, and where; empty if each did, or has no steps.'),
  steps: z.array(ReportedStep), lastEvents: z.array(z.string()),
})
export type ReportedScenario = z.infer<typeof ReportedScenario>

const ReportedSuite = z.strictObject({
  name: z.string(), scenarios: z.array(ReportedScenario),
  passed: z.int(), failed: z.int(), notJudged: z.int(), notRun: z.int(), points: z.number(), pointsMax: z.number(),
})

export const ReportSchema = z.strictObject({
  understudy: z.literal('report'), version: z.literal(1),
  createdAt: z.string().describe('ISO 8601, UTC.'), seconds: z.number(),
  stopped: z.boolean().describe('It was ended before every scenario had run.'),
  passed: z.int(), failed: z.int(), notJudged: z.int(), notRun: z.int(), points: z.number(), pointsMax: z.number(),
  suites: z.array(ReportedSuite),
})
export type Report = z.infer<typeof ReportSchema>

export interface RunFacts {
  readonly on: 'processes' | 'simulator'
  readonly seed: string
  readonly seconds: number
  readonly recording: string
  readonly determinism?: string
}

/** One scenario's part of a report; without a result it was not run. */
export function reportedScenario(scenario: Scenario, result: ScenarioResult | null, { on, seed, seconds, recording, determinism = '' }: RunFacts): ReportedScenario {
  return {
    file: scenario.name, title: scenario.title, about: scenario.about.trim(), on, seed, mutants: [...scenario.settings.mutants],
    state: result?.state ?? 'not-run', reason: result?.reason ?? '', points: result?.state === 'passed' ? scenario.points : 0,
    pointsMax: result?.state === 'not-judged' ? 0 : scenario.points,
    seconds: Math.round(seconds * 1000) / 1000, events: result?.events ?? 0, seq: result?.seq ?? 0, recording, determinism,
    steps: result ? [...result.steps] : [], lastEvents: result ? [...result.lastEvents] : [],
  }
}

export interface ReportFacts {
  readonly createdAt: Date
  readonly seconds: number
  readonly stopped: boolean
}

/** The whole report: scenarios by suite, in the order in which the suites first come. */
export function reportOf(scenarios: readonly { readonly suite: string; readonly reported: ReportedScenario }[], { createdAt, seconds, stopped }: ReportFacts): Report {
  const bySuite = new Map<string, ReportedScenario[]>()
  for (const { suite, reported } of scenarios) bySuite.set(suite, [...bySuite.get(suite) ?? [], reported])
  const suites = [...bySuite].map(([name, own]) => ({ name, scenarios: own, ...totals(own) }))
  return {
    understudy: 'report', version: 1, createdAt: createdAt.toISOString(), seconds: Math.round(seconds * 1000) / 1000, stopped,
    ...totals(suites.flatMap((suite) => suite.scenarios)), suites,
  }
}

function totals(scenarios: readonly ReportedScenario[]): { passed: number; failed: number; notJudged: number; notRun: number; points: number; pointsMax: number } {
  const count = (...states: ReportedScenario['state'][]): number => scenarios.filter(({ state }) => states.includes(state)).length
  const sum = (of: (scenario: ReportedScenario) => number): number => scenarios.reduce((total, scenario) => total + of(scenario), 0)
  return { passed: count('passed'), failed: count('failed'), notJudged: count('not-judged'), notRun: count('not-run', 'stopped'), points: sum(({ points }) => points), pointsMax: sum(({ pointsMax }) => pointsMax) }
}

/** The schema for readers of reports, as JSON Schema (draft 2020-12). */
export function reportJsonSchema(): unknown {
  const schema = z.toJSONSchema(ReportSchema, { target: 'draft-2020-12', reused: 'ref' })
  return { title: 'Understudy report', description: 'What a run of scenarios came to.', ...schema }
}
