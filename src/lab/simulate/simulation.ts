// Simulations for the command line: many seeds on all cores. The first failing run is shrunk, and findings are saved as files.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MutantName } from '../../protocol'
import { runPlan } from '../../sim'
import { makeFolder } from '../../system'
import { formatEvent, formatHeader } from '../../trace'
import { drawnPrograms, type SimulatedPrograms } from '../programs/simulated-programs'
import type { Job, Look, MutantRow, SeedResult, ShrunkRun } from './jobs'
import { scenarioOfPlan } from './plan-scenario'
import { runJobs } from './worker-pool'

export interface SimulationOptions {
  /** The built program of a worker. */
  readonly program: URL
  readonly workers: number
  readonly from: number
  readonly to: number
  readonly look: Look
  /** The programs of others that the runs use. */
  readonly programs?: SimulatedPrograms | null
}

interface SeedsOptions {
  readonly stopAtFirst: boolean
  readonly onResults: (results: readonly SeedResult[]) => void
}

/** Seeds of one job: enough to make the hand-over cheap, few enough that all cores finish together. */
const seedsOfJob = 20

/** Runs the seeds; `onResults` is called with results as they arrive, in any order. With `stopAtFirst`, seeds after the first failing one stop soon. */
export async function simulateSeeds(options: SimulationOptions & SeedsOptions): Promise<SeedResult[]> {
  const { from, to, look, stopAtFirst, onResults } = options
  const jobs: Job[] = []
  for (let seed = from; seed <= to; seed += seedsOfJob) jobs.push({ type: 'seeds', from: seed, to: Math.min(to, seed + seedsOfJob - 1), stopAtFirst, look })
  const all: SeedResult[] = []
  await runJobs(jobs, { ...options, onAnswer: (answer) => {
    if (answer.type !== 'seeds') return true
    all.push(...answer.results)
    onResults(answer.results)
    return !stopAtFirst || answer.results.every(({ found }) => found === null)
  } })
  all.sort((one, other) => one.seed - other.seed)
  // Later seeds may have run before the first failing one was known.
  const first = stopAtFirst ? all.findIndex(({ found }) => found !== null) : -1
  return first < 0 ? all : all.slice(0, first + 1)
}

/** A run with programs takes as long as they do, so shrinking one tries fewer. */
const programRunsMax = 300

/** Shrinks the run of a failing seed. */
export async function shrinkBad({ seed, found }: SeedResult, options: SimulationOptions): Promise<ShrunkRun> {
  if (!found) throw new Error(`nothing was found with seed ${seed}`)
  let shrunk: ShrunkRun | undefined
  await runJobs([{ type: 'shrink', seed, found, draw: options.look.draw, ...options.programs ? { runsMax: programRunsMax } : {} }], { ...options, onAnswer: (answer) => {
    if (answer.type === 'shrink') shrunk = answer.shrunk
    return true
  } })
  if (!shrunk) throw new Error('a worker answers')
  return shrunk
}

interface MutantsOptions {
  readonly onRow: (row: MutantRow) => void
  /** The only check for a mutant; by default the check in `look`. */
  readonly checkOf?: (mutant: MutantName) => Look['only']
  /** The limit of runs for shrinking; by default unlimited. */
  readonly shrinkRunsMax?: number
}

/** Finds the first seed that exposes each mutant and shrinks its run; rows are in the order of the mutants. */
export async function simulateMutants(mutants: readonly MutantName[], options: SimulationOptions & MutantsOptions): Promise<MutantRow[]> {
  const { from, to, look, onRow, checkOf, shrinkRunsMax } = options
  const rows: MutantRow[] = []
  const jobs = mutants.map((mutant): Job => (
    { type: 'mutant', mutant, from, to, look: checkOf ? { ...look, only: checkOf(mutant) } : look, ...(shrinkRunsMax === undefined ? {} : { shrinkRunsMax }) }
  ))
  await runJobs(jobs, { ...options, onAnswer: (answer) => {
    if (answer.type !== 'mutant') return true
    rows.push(answer.row)
    onRow(answer.row)
    return true
  } })
  return rows.sort((one, other) => mutants.indexOf(one.mutant) - mutants.indexOf(other.mutant))
}

export interface SavedFiles {
  readonly recording: string
  /** Empty if there is no scenario; `problem` says why. */
  readonly scenario: string
  readonly problem: string
}

/** Saves a failing run as a recording and as a scenario. Throws the file system's error. */
export function saveShrunk({ seed, check, plan }: ShrunkRun, folder: string, protocolHash: string, given: SimulatedPrograms | null = null): SavedFiles {
  const mutants = plan.settings.mutants.map((mutant) => `${mutant}-`).join('')
  const name = join(folder, `${mutants}seed-${seed}-${check}`)
  const lines: string[] = []
  const programs = given === null ? undefined : drawnPrograms(given)
  const run = runPlan(plan, { only: check, ...programs ? { programs } : {}, onEvent: (event) => lines.push(formatEvent(event)) })
  programs?.close()
  makeFolder(folder)
  writeFileSync(`${name}.jsonl`, [formatHeader({ ...run.header, protocolHash }), ...lines, ''].join('\n'))
  const { text, problem } = scenarioOfPlan(plan, run, check)
  if (problem !== '') return { recording: `${name}.jsonl`, scenario: '', problem }
  writeFileSync(`${name}.yaml`, text)
  return { recording: `${name}.jsonl`, scenario: `${name}.yaml`, problem: '' }
}
