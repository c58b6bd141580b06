// `run SCENARIO...`: plays scripted scenarios on processes or on the simulator, several at a time, and reports. The report goes to standard output,
// the progress to standard error. It must never leave a process behind, and never lose the report of finished scenarios.
import { availableParallelism } from 'node:os'
import { Option, type Command } from 'commander'
import { endLeftProcesses, isNamedHere, scenarioNodes, type GivenProgram } from '../lab'
import type { MutantName } from '../protocol'
import { reportedScenario, reportOf, withMutants, type Report, type ReportedScenario, type Scenario } from '../scenario'
import { removeLeftFolders } from '../system'
import { CannotRun, wholeNumber } from './cannot-run'
import { addMutantFlag } from './mutant-flag'
import { addProgramFlags, givenPrograms, type NamedProgram } from './program-flag'
import { Progress } from './progress'
import { recordingPlaces, type RecordingPlaces } from './recording-places'
import { addReportFlags, statusOf, tellReport, type ReportOptions } from './report-out'
import { readScenarios, type ReadFile } from './scenario-files'
import { runInWorkers, type ScenarioJob } from './scenario-pool'
import { say } from './terminal'

export interface RunOptions {
  readonly on?: 'processes' | 'simulator' | undefined
  readonly seed?: string | undefined
  readonly mutant: readonly MutantName[]
  readonly record?: string | undefined
  readonly jobs: number
  readonly times: number
  readonly program: readonly NamedProgram[]
  readonly cwd: string
}

export function runCommand(program: Command): void {
  const command = program.command('run').argument('<scenarios...>', 'files, or folders whose .yaml files are taken')
    .description('scripted scenarios, on real processes or on the simulator, with a report')
    .addOption(new Option('--on <stage>', 'where to run them; without it where each file says first').choices(['processes', 'simulator']))
    .option('--seed <text>', 'another seed than the files have')
    .option('--record <path>', 'keeps the recording: a file for one scenario, a folder for several; without it those of failures are kept')
    .option('--jobs <number>', 'scenarios at a time', wholeNumber('--jobs', 1, 64), availableParallelism())
    .option('--times <number>', 'runs everything this often in a row', wholeNumber('--times', 1, 1000), 1)
  addMutantFlag(addProgramFlags(addReportFlags(command))).action(run)
}

async function run(paths: readonly string[], options: RunOptions & ReportOptions): Promise<void> {
  const { report, stopped, problem } = await runScenarios(paths, options)
  tellReport(report, options)
  // The report of finished scenarios comes first. With a problem there is no judgement, as some scenarios did not run.
  if (problem !== '') throw new CannotRun(problem)
  process.exitCode = stopped ? 130 : statusOf(report)
}

/** What came of the scenarios, as far as they ran. */
export interface Ran {
  readonly report: Report
  /** A signal ended it. */
  readonly stopped: boolean
  /** Empty, or one sentence: why this machine could not run them all. */
  readonly problem: string
}

export async function runScenarios(paths: readonly string[], options: RunOptions): Promise<Ran> {
  const { seed } = options
  // A program of others may be of any level, and processes take all.
  const stage = options.on ?? (options.program.length > 0 ? 'processes' : undefined)
  if (seed !== undefined && (seed.length > 64 || !/^[ -~]*$/.test(seed))) throw new CannotRun('--seed is at most 64 characters of printable ASCII.')
  const given = givenPrograms(options.program, options.cwd)
  const all = readScenarios(paths)
    .map((file) => ({ ...file, scenario: withMutants(file.scenario, options.mutant) }))
    .filter(({ scenario }) => stage === undefined || scenario.on.includes(stage))
  const scenarios = withPrograms(all, given)
  if (scenarios.length === 0) throw new CannotRun(`There is no scenario for ${stage ?? 'this'} in ${paths.join(', ')}.`)
  const recordings = recordingPlaces(options.record, scenarios.map(({ below }) => below), options.times)
  const jobs: ScenarioJob[] = []
  for (let time = 0; time < options.times; time++) {
    for (const [index, { scenario, text }] of scenarios.entries()) {
      const on = stage ?? scenario.on[0] ?? 'processes'
      const recordingPath = recordings.of(index, time)
      const keepRecording = options.record !== undefined
      jobs.push({ name: scenario.name, text, on, seed: seed ?? scenario.seed, mutants: options.mutant, recordingPath, keepRecording, given })
    }
  }
  return play(jobs, scenarios, recordings, options.jobs)
}

/** With programs, the scenarios that have a node for one of them. */
function withPrograms(files: readonly ReadFile[], given: readonly GivenProgram[]): readonly ReadFile[] {
  if (given.length === 0) return files
  const has = ({ scenario }: ReadFile, who: string): boolean => isNamedHere(who, scenarioNodes(scenario), scenario.slots)
  const stranger = given.find(({ who }) => !files.some((file) => has(file, who)))
  if (stranger) throw new CannotRun(`No scenario here has a node or a slot ${JSON.stringify(stranger.who.slice(0, 40))}; several nodes are view-server, replicas, clients.`)
  const kept = files.filter((file) => file.scenario.slots.length > 0 || given.some(({ who }) => has(file, who)))
  if (kept.length < files.length) say(`${files.length - kept.length} of ${files.length} scenarios are left out: they have no ${given.map(({ who }) => who).join(', ')}.`)
  return kept
}

async function play(jobs: readonly ScenarioJob[], scenarios: readonly ReadFile[], recordings: RecordingPlaces, atATime: number): Promise<Ran> {
  const progress = new Progress(jobs.length, process.stderr)
  const began = Date.now()
  const { results, stopped, problem } = await runInWorkers(jobs, atATime, (job, result) => progress.finished(scenarioOf(scenarios, job).title, result))
  progress.end()
  // Cleans up after killed workers.
  if (stopped || problem !== '') {
    await removeLeftFolders()
    await endLeftProcesses(say, { isLast: true })
  }
  recordings.keepOnly(results.flatMap((result) => result?.recording || []))
  const reported = jobs.map((job, index) => {
    const scenario = scenarioOf(scenarios, job)
    return { suite: scenario.suite, reported: results[index] ?? notRun(scenario, job) }
  })
  return { report: reportOf(reported, { createdAt: new Date(began), seconds: (Date.now() - began) / 1000, stopped }), stopped, problem }
}

function scenarioOf(scenarios: readonly ReadFile[], job: ScenarioJob): Scenario {
  return (scenarios.find(({ scenario }) => scenario.name === job.name) as ReadFile).scenario
}

function notRun(scenario: Scenario, { on, seed }: ScenarioJob): ReportedScenario {
  return reportedScenario(scenario, null, { on, seed, seconds: 0, recording: '' })
}
