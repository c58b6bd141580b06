// `test -w primary-backup`: the suite of scenarios with points on a person's own servers, or random runs in virtual time until one is bad.
// It must never give a point for what was not judged.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CannotRun } from './cannot-run'
import { scenariosFolder } from './pages'
import type { NamedProgram } from './program-flag'
import { statusOf, tellReport, type ReportOptions } from './report-out'
import { runScenarios, type Ran, type RunOptions } from './run'
import { simulateRuns } from './simulate'
import { say } from './terminal'

/** The workload of servers of this lab's protocol. */
export const replicaSuite = 'primary-backup'

export interface ReplicaTest extends ReportOptions {
  readonly command: readonly [string, ...string[]]
  readonly as: readonly string[]
  readonly cwd: string
  readonly on: 'processes' | 'simulator' | undefined
  /** Files and folders; undefined: all that come with the lab. */
  readonly scenarios: readonly string[] | undefined
  readonly seed: string | undefined
  readonly record: string | undefined
  readonly times: number
  readonly untilFailure: boolean
  readonly jobs: number
  readonly json: boolean
}

/** The virtual length of a random run: short ones find more in the same time. */
const runMs = 4000

/** Seeds that are run at most until one is bad. */
const seedsMax = 100_000

export async function testReplicas(test: ReplicaTest): Promise<void> {
  if (test.untilFailure || test.times > 1) return randomRuns(test)
  const { report, stopped, problem } = await playSuite(test)
  tellReport(report, test.json ? { ...test, report: ['json'] } : test)
  if (problem !== '') throw new CannotRun(problem)
  process.exitCode = stopped ? 130 : statusOf(report)
}

/** The whole suite, on the program in `cwd`. */
export function playSuite({ command, as, cwd, on, scenarios = [scenariosFolder], seed, record, jobs }: Pick<ReplicaTest, 'command' | 'as' | 'cwd' | 'on' | 'scenarios' | 'seed' | 'record' | 'jobs'>): Promise<Ran> {
  const options: RunOptions = { on, seed, mutant: [], record, jobs, times: 1, cwd, program: programs(command, as) }
  return runScenarios(scenarios, options)
}

/** Level 2 and higher, in virtual time: the same seed gives the same run, and a bad one is made small. */
async function randomRuns({ command, as, cwd, scenarios, seed, times, untilFailure, record, jobs, json }: ReplicaTest): Promise<void> {
  if (scenarios !== undefined) throw new CannotRun('Random runs draw what happens: --scenarios does not go with --times and --until-failure.')
  const from = seed === undefined ? 1 : Number(seed)
  if (!Number.isInteger(from) || from < 1) throw new CannotRun(`Random runs count their seeds: --seed is a number from 1, not ${JSON.stringify(seed)}.`)
  const save = record ?? mkdtempSync(join(tmpdir(), 'understudy-found-'))
  if (record === undefined) say(`A bad run is saved in ${save}.`)
  await simulateRuns({
    seeds: { from, to: from + (untilFailure && times === 1 ? seedsMax : times) - 1 }, mutant: [], stopAtFirst: untilFailure, save, jobs, json,
    program: programs(command, as), cwd, duration: runMs,
  })
}

function programs(command: readonly [string, ...string[]], as: readonly string[]): NamedProgram[] {
  return as.map((who) => ({ who, command }))
}
