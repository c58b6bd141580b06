// `run SCENARIO...`: plays scripted scenarios on processes or on the simulator, several at a time, and reports. The report goes to standard output,
// the progress to standard error. It must never leave a process behind, and never lose the report of finished scenarios.
import { closeSync, existsSync, readdirSync, readSync, statSync, writeFileSync, type Dirent } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Option, type Command } from 'commander'
import { NoRegularFile, openRegularFileSync } from '../system/regular-file'
import { endLeftProcesses, isNamedHere, scenarioNodes, type GivenProgram } from '../lab'
import type { MutantName } from '../protocol'
import {
  formatReport, readScenario, reportedScenario, reportEndings, reportFormats, reportOf, summary, withMutants,
  type Report, type ReportedScenario, type ReportFormat, type Scenario,
} from '../scenario'
import { makeFolder, reasonOf, removeLeftFolders } from '../system'
import { CannotRun, wholeNumber } from './cannot-run'
import { addMutantFlag } from './mutant-flag'
import { scenariosFolder } from './pages'
import { addProgramFlags, givenPrograms, type NamedProgram } from './program-flag'
import { Progress } from './progress'
import { recordingPlaces, type RecordingPlaces } from './recording-places'
import { runInWorkers, type ScenarioJob } from './scenario-pool'
import { asGiven, say } from './terminal'

interface RunCommandOptions {
  readonly on?: 'processes' | 'simulator'
  readonly seed?: string
  readonly mutant: readonly MutantName[]
  readonly record?: string
  readonly report: readonly ReportFormat[]
  readonly out?: string
  readonly jobs: number
  readonly times: number
  readonly program: readonly NamedProgram[]
  readonly cwd: string
}

/** A file above this size is refused without being read. */
const fileBytesMax = 64 * 1024 * 1024
/** At least so many bytes are read, whatever size the system reports. */
const fileBytesLeast = 1024 * 1024

export function runCommand(program: Command): void {
  const command = program.command('run').argument('<scenarios...>', 'files, or folders whose .yaml files are taken')
    .description('scripted scenarios, on real processes or on the simulator, with a report')
    .addOption(new Option('--on <stage>', 'where to run them; without it where each file says first').choices(['processes', 'simulator']))
    .option('--seed <text>', 'another seed than the files have')
    .option('--record <path>', 'keeps the recording: a file for one scenario, a folder for several; without it those of failures are kept')
    .addOption(new Option('--report <format...>', 'one or several of them').choices(reportFormats as string[]).default(['text']))
    .option('--out <file>', 'writes the report there; with several formats each gets its own ending')
    .option('--jobs <number>', 'scenarios at a time', wholeNumber('--jobs', 1, 64), availableParallelism())
    .option('--times <number>', 'runs everything this often in a row', wholeNumber('--times', 1, 1000), 1)
  addMutantFlag(addProgramFlags(command)).action(run)
}

async function run(paths: readonly string[], options: RunCommandOptions): Promise<void> {
  const { seed } = options
  // A program of others may be of any level, and processes take all.
  const stage = options.on ?? (options.program.length > 0 ? 'processes' : undefined)
  if (seed !== undefined && (seed.length > 64 || !/^[ -~]*$/.test(seed))) throw new CannotRun('--seed is at most 64 characters of printable ASCII.')
  const given = givenPrograms(options.program, options.cwd)
  const all = readAll(paths)
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
      jobs.push({ name: scenario.name, text, on, seed: seed ?? scenario.seed, mutants: options.mutant, recordingPath, keepRecording: options.record !== undefined, given })
    }
  }
  await play(jobs, scenarios, recordings, options)
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

async function play(jobs: readonly ScenarioJob[], scenarios: readonly ReadFile[], recordings: RecordingPlaces, options: RunCommandOptions): Promise<void> {
  const progress = new Progress(jobs.length, process.stderr)
  const began = Date.now()
  const { results, stopped, problem } = await runInWorkers(jobs, options.jobs, (job, result) => progress.finished(scenarioOf(scenarios, job).title, result))
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
  const report = reportOf(reported, { createdAt: new Date(began), seconds: (Date.now() - began) / 1000, stopped })
  tell(report, options)
  // The report of finished scenarios comes first. With a problem there is no judgement, as some scenarios did not run.
  if (problem !== '') throw new CannotRun(problem)
  process.exitCode = stopped ? 130 : report.failed > 0 ? 1 : report.passed === 0 && report.notJudged > 0 ? 2 : 0
}

function scenarioOf(scenarios: readonly ReadFile[], job: ScenarioJob): Scenario {
  return (scenarios.find(({ scenario }) => scenario.name === job.name) as ReadFile).scenario
}

function notRun(scenario: Scenario, { on, seed }: ScenarioJob): ReportedScenario {
  return reportedScenario(scenario, null, { on, seed, seconds: 0, recording: '' })
}

function tell(report: Report, { report: formats, out }: RunCommandOptions): void {
  for (const format of formats) {
    const text = formatReport(report, format)
    if (out === undefined) process.stdout.write(asGiven(text))
    else {
      const path = formats.length === 1 ? out : `${out.replace(/\.(txt|json|xml|html)$/, '')}${reportEndings[format]}`
      writeReport(path, text)
      say(`The ${format} report is in ${path}.`)
    }
  }
  if (!formats.includes('text') || out !== undefined) say(summary(report))
}

function writeReport(path: string, text: string): void {
  try {
    makeFolder(dirname(resolve(path)))
    writeFileSync(path, text)
  } catch (error) {
    throw new CannotRun(`The report could not be written to ${path}: ${reasonOf(error)}.`)
  }
}

// ---- files

interface ReadFile {
  readonly scenario: Scenario
  readonly text: string
  /** Its path below the named folder; for a file that was named itself, its name. */
  readonly below: string
}

interface FoundFile {
  /** Absolute. */
  readonly path: string
  readonly below: string
}

/** All scenarios, or one CannotRun with every problem. */
function readAll(paths: readonly string[]): ReadFile[] {
  const problems: string[] = []
  const files = new Map(paths.flatMap(filesOf).map((file) => [file.path, file]))
  const read = [...files.values()].flatMap(({ path: file, below }) => {
    const name = nameOf(file)
    const text = readText(file)
    const { scenario, problems: found } = readScenario(name, text)
    for (const { line, column, sentence } of found) problems.push(`${name}:${line}:${column}: ${sentence}`)
    return scenario ? [{ scenario, text, below }] : []
  })
  if (problems.length > 0) throw new CannotRun(...problems)
  return read
}

/** The name as a person would type it: relative to the working directory, or as the lab's own scenarios are called. */
function nameOf(file: string): string {
  const here = relative(process.cwd(), file) || basename(file)
  const isElsewhere = /^(\.\.|node_modules)[/\\]/.test(here) && file.startsWith(scenariosFolder + sep)
  return isElsewhere ? relative(dirname(scenariosFolder), file) : here
}

/** The path itself if it exists. Otherwise the lab's own file of that name, such as `scenarios/mit-view-service`, which is logged. */
function pathOf(path: string): string {
  if (existsSync(path) || !/^scenarios[/\\]./.test(path) || path.split(/[/\\]/).includes('..')) return path
  const ofTheLab = join(dirname(scenariosFolder), path)
  if (!existsSync(ofTheLab)) return path
  say(`There is no ${path} in this folder; the lab's own is run.`)
  return ofTheLab
}

function filesOf(asked: string): FoundFile[] {
  const path = pathOf(asked)
  const found = statOf(path)
  if (!found.isDirectory()) return [{ path: resolve(path), below: basename(path) }]
  return entriesOf(path)
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => resolve(entry.parentPath, entry.name)).sort()
    .map((file) => ({ path: file, below: relative(resolve(path), file) }))
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
  } catch (error) {
    throw new CannotRun(`The folder ${folder} cannot be read: ${reasonOf(error)}.`)
  }
}

function statOf(path: string): ReturnType<typeof statSync> & object {
  try {
    return statSync(path)
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new CannotRun(isMissing ? `There is no file or folder ${path}.` : `${path} cannot be read: ${reasonOf(error)}.`)
  }
}

function readText(path: string): string {
  try {
    const { file, size } = openRegularFileSync(path)
    try {
      if (size > fileBytesMax) throw new CannotRun(`${path}:1:1: It is ${Math.round(size / 1024 / 1024)} MB long; a scenario has at most 256 KB.`)
      // Bounded: a file may grow while it is read, and some files report size 0.
      const bytes = Buffer.alloc(Math.max(size, fileBytesLeast))
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0)))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof CannotRun) throw error
    if (error instanceof NoRegularFile) throw new CannotRun(`${path} is ${error.kind}, not a scenario.`)
    throw new CannotRun(`${path}:1:1: It cannot be read: ${error instanceof TypeError ? 'it is not UTF-8 text' : reasonOf(error)}.`)
  }
}
