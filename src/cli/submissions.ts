// `test --submissions FOLDER`: the program of each folder there, one after the other, with one table of all. What one of them does must never change the
// verdict of another: each runs in its own folder, and all that it started has ended before the next begins.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { commandIn } from '../lab'
import type { Report } from '../scenario'
import { makeFolder, reasonOf } from '../system'
import { CannotRun } from './cannot-run'
import { asGiven, say } from './terminal'
import type { TestOptions } from './test'
import { playSuite, replicaSuite } from './test-replicas'
import { reportOfResults, runWorkload } from './test-workload'

/** A line of the table. */
export interface SubmissionRow {
  readonly name: string
  readonly points: number
  readonly pointsMax: number
  readonly passed: number
  readonly failed: number
  readonly notJudged: number
  /** Why it could not be run, or what failed first; empty if nothing did. */
  readonly reason: string
  /** Paths of the recordings of its failures. */
  readonly recordings: readonly string[]
}

export async function testSubmissions(folder: string, options: TestOptions): Promise<void> {
  const names = submissionsIn(folder)
  refuseTaken(options.record)
  const rows: SubmissionRow[] = []
  for (const [index, name] of names.entries()) {
    say(`${index + 1}/${names.length} ${name}`)
    rows.push(await rowOf(name, join(resolve(folder), name), options))
  }
  const text = options.json === true || options.out?.endsWith('.json') === true ? `${JSON.stringify(rows, null, 2)}\n` : csvOf(rows)
  if (options.out === undefined) process.stdout.write(asGiven(text))
  else {
    writeTable(options.out, text)
    say(`The table is in ${options.out}.`)
  }
  process.exitCode = rows.some(({ failed }) => failed > 0) ? 1 : rows.every(({ passed }) => passed === 0) ? 2 : 0
}

function submissionsIn(folder: string): string[] {
  try {
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name).sort()
    if (names.length === 0) throw new CannotRun(`There is no folder in ${folder}: each submission is one.`)
    return names
  } catch (error) {
    throw error instanceof CannotRun ? error : new CannotRun(`The folder ${folder} cannot be read: ${reasonOf(error)}.`)
  }
}

/** Refused for all at once: else everybody's row would say it, in place of the points of the run before. */
function refuseTaken(record: string | undefined): void {
  if (record !== undefined && existsSync(record) && readdirSync(record).length > 0) throw new CannotRun(`The folder ${record} is not empty; choose another --record.`)
}

/** A program that cannot be run costs its own line and no other. */
async function rowOf(name: string, folder: string, options: TestOptions): Promise<SubmissionRow> {
  try {
    const record = options.record === undefined ? undefined : join(options.record, name)
    return rowOfReport(name, await reportFor(folder, record, options))
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error
    return { name, points: 0, pointsMax: 0, passed: 0, failed: 0, notJudged: 0, reason: error.message, recordings: [] }
  }
}

async function reportFor(folder: string, record: string | undefined, options: TestOptions): Promise<Report> {
  const { bin, workload, as, on, scenarios, seed, jobs } = options
  const command = commandIn(folder, bin)
  if (workload !== replicaSuite) {
    const began = Date.now()
    return reportOfResults((await runWorkload({ ...options, workload, command, cwd: folder, record })).results, began)
  }
  const { report, problem } = await playSuite({ command, as, cwd: folder, on, scenarios, seed, record, jobs })
  if (problem !== '') throw new CannotRun(problem)
  return report
}

function rowOfReport(name: string, { points, pointsMax, passed, failed, notJudged, suites }: Report): SubmissionRow {
  const scenarios = suites.flatMap((suite) => suite.scenarios)
  const first = scenarios.find(({ state }) => state === 'failed')
  return {
    name, points, pointsMax, passed, failed, notJudged, reason: first ? `${first.title}: ${first.reason}` : '',
    recordings: scenarios.flatMap(({ state, recording }) => state === 'failed' && recording !== '' ? [recording] : []),
  }
}

function csvOf(rows: readonly SubmissionRow[]): string {
  const head = 'name,points,points_max,passed,failed,not_judged,reason,recordings'
  const lines = rows.map(({ name, points, pointsMax, passed, failed, notJudged, reason, recordings }) => (
    [name, points, pointsMax, passed, failed, notJudged, reason, recordings.join(' ')].map((field) => cellOf(String(field))).join(',')
  ))
  return `${[head, ...lines].join('\r\n')}\r\n`
}

/** A text that a spreadsheet would take for a formula gets an apostrophe: a submission chooses some of it. */
function cellOf(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function writeTable(path: string, text: string): void {
  try {
    makeFolder(dirname(resolve(path)))
    writeFileSync(path, text)
  } catch (error) {
    throw new CannotRun(`The table could not be written to ${path}: ${reasonOf(error)}.`)
  }
}
