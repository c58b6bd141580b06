// `run SCENARIO...`: scripted scenarios on processes or on the simulator, several at a time, with a report. Standard output carries the
// report, standard error the progress. It must never leave a process behind, and never lose the report of what has run.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { MutantName } from '../protocol'
import {
  formatReport, readScenario, reportedScenario, reportEndings, reportFormats, reportOf, summary, withMutants,
  type Report, type ReportedScenario, type ReportFormat, type Scenario,
} from '../scenario'
import { CannotRun, wholeNumber } from './cannot-run'
import { addMutantFlag } from './mutant-flag'
import { Progress } from './progress'
import { runInWorkers, type ScenarioJob } from './scenario-pool'

interface RunCommandOptions {
  readonly on?: 'processes' | 'simulator'
  readonly seed?: string
  readonly mutant: readonly MutantName[]
  readonly record?: string
  readonly report: readonly ReportFormat[]
  readonly out?: string
  readonly jobs: number
  readonly times: number
}

/** Bytes of a file that are read to say that it is too long. */
const fileBytesMax = 64 * 1024 * 1024

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
  addMutantFlag(command).action(run)
}

async function run(paths: readonly string[], options: RunCommandOptions): Promise<void> {
  const { seed } = options
  if (seed !== undefined && (seed.length > 64 || !/^[ -~]*$/.test(seed))) throw new CannotRun('--seed is at most 64 characters of printable ASCII.')
  const scenarios = readAll(paths)
    .map(({ scenario, text }) => ({ scenario: withMutants(scenario, options.mutant), text }))
    .filter(({ scenario }) => options.on === undefined || scenario.on.includes(options.on))
  if (scenarios.length === 0) throw new CannotRun(`There is no scenario for ${options.on ?? 'this'} in ${paths.join(', ')}.`)
  const recordings = recordingPlaces(options.record, scenarios.length * options.times)
  const jobs: ScenarioJob[] = []
  for (let time = 0; time < options.times; time++) {
    for (const { scenario, text } of scenarios) {
      const on = options.on ?? scenario.on[0] ?? 'processes'
      const recordingPath = recordings(scenario.name, time)
      jobs.push({ name: scenario.name, text, on, seed: seed ?? scenario.seed, mutants: options.mutant, recordingPath, keepRecording: options.record !== undefined })
    }
  }
  const progress = new Progress(jobs.length, process.stderr)
  const began = Date.now()
  const { results, stopped } = await runInWorkers(jobs, options.jobs, (job, result) => progress.finished(scenarioOf(scenarios, job).title, result))
  progress.end()
  const reported = jobs.map((job, index) => {
    const scenario = scenarioOf(scenarios, job)
    return { suite: scenario.suite, reported: results[index] ?? notRun(scenario, job) }
  })
  const report = reportOf(reported, { createdAt: new Date(began), seconds: (Date.now() - began) / 1000, stopped })
  tell(report, options)
  process.exitCode = stopped ? 130 : report.failed > 0 ? 1 : 0
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
    if (out === undefined) process.stdout.write(text)
    else {
      const path = formats.length === 1 ? out : `${out.replace(/\.(txt|json|xml|html)$/, '')}${reportEndings[format]}`
      writeReport(path, text)
      process.stderr.write(`The ${format} report is in ${path}.\n`)
    }
  }
  if (!formats.includes('text') || out !== undefined) process.stderr.write(`${summary(report)}\n`)
}

function writeReport(path: string, text: string): void {
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true })
    writeFileSync(path, text)
  } catch (error) {
    throw new CannotRun(`The report could not be written to ${path}: ${(error as Error).message}.`)
  }
}

// ---- files

interface ReadFile {
  readonly scenario: Scenario
  readonly text: string
}

/** Every scenario, or one refusal that names every problem. */
function readAll(paths: readonly string[]): ReadFile[] {
  const problems: string[] = []
  const files = [...new Set(paths.flatMap(filesOf))]
  const read = files.flatMap((file) => {
    const name = relative(process.cwd(), file) || basename(file)
    const text = readText(file)
    const { scenario, problems: found } = readScenario(name, text)
    for (const { line, column, sentence } of found) problems.push(`${name}:${line}:${column}: ${sentence}`)
    return scenario ? [{ scenario, text }] : []
  })
  if (problems.length > 0) throw new CannotRun(problems.join('\n'))
  return read
}

function filesOf(path: string): string[] {
  const found = statOf(path)
  if (!found.isDirectory()) return [resolve(path)]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => resolve(entry.parentPath, entry.name)).sort()
}

function statOf(path: string): ReturnType<typeof statSync> & object {
  try {
    return statSync(path)
  } catch {
    throw new CannotRun(`There is no file or folder ${path}.`)
  }
}

function readText(file: string): string {
  const { size } = statOf(file)
  if (Number(size) > fileBytesMax) throw new CannotRun(`${file}:1:1: It is ${Math.round(Number(size) / 1024 / 1024)} MB long; a scenario has at most 256 KB.`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    throw new CannotRun(`${file}:1:1: It cannot be read: ${error instanceof TypeError ? 'it is not UTF-8 text' : (error as Error).message}.`)
  }
}

/** Where each recording goes. */
function recordingPlaces(record: string | undefined, count: number): (name: string, time: number) => string {
  const flat = (name: string, time: number): string => `${name.replaceAll(/[/\\]/g, '-').replace(/\.ya?ml$/, '')}${time === 0 ? '' : `.${time + 1}`}.jsonl`
  if (record === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-run-'))
    return (name, time) => join(folder, flat(name, time))
  }
  if (count === 1) return () => resolve(record)
  mkdirSync(record, { recursive: true })
  return (name, time) => join(resolve(record), flat(name, time))
}
