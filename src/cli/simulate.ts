// `simulate`: thousands of random fault runs in virtual time, judged by every monitor. The first failing run is shrunk and can be saved.
// Findings go to standard output, progress to standard error. Status 0: nothing was found; 1: something was; 2: it could not run.
import { availableParallelism } from 'node:os'
import { Option, type Command } from 'commander'
import { checkNames, coverageOf, ProgramFolder, saveFound, simulateMutants, simulateSeeds, shrinkBad, type CheckName, type SeedResult, type ShrunkRun, type SimulatedPrograms, type SimulationOptions } from '../lab'
import { mutantNames, type MutantName } from '../protocol'
import { reasonOf } from '../system'
import { CannotRun, wholeNumber } from './cannot-run'
import { mutantOption } from './mutant-flag'
import { addProgramFlags, givenPrograms, type NamedProgram } from './program-flag'
import { coverageLines, mutantTable, seedsSummary, shrunkLines, summaryOf } from './simulate-report'
import { printJson, printLines, say } from './terminal'

export interface SimulateOptions {
  readonly seeds: { readonly from: number; readonly to: number }
  readonly mutant: readonly MutantName[]
  readonly eachMutant?: boolean
  readonly check?: CheckName
  readonly duration?: number
  readonly replicas?: number
  readonly clients?: number
  readonly backups?: number
  readonly stopAtFirst?: boolean
  readonly coverage?: boolean
  readonly save?: string
  readonly jobs: number
  readonly json?: boolean
  readonly program: readonly NamedProgram[]
  readonly cwd: string
}

const seedMax = 1_000_000_000

export function simulateCommand(program: Command): void {
  const command = program.command('simulate')
    .description('random fault runs in virtual time, every one judged; the first bad one is made small')
    .option('--seeds <range>', 'from..to, or one', seedRange, { from: 1, to: 200 })
    .addOption(mutantOption('--mutant <name>', 'breaks a rule on purpose (understudy help broken-rules); may be given several times'))
    .addOption(new Option('--each-mutant', 'for every mutant the first seed that shows it, made small').conflicts('mutant'))
    .addOption(new Option('--check <name>', 'looks for this and nothing else').choices(checkNames as string[]))
    .option('--duration <ms>', 'virtual time of a run; 10 000 without it', wholeNumber('--duration', 500, 600_000))
    .option('--replicas <number>', 'drawn from the seed without it', wholeNumber('--replicas', 1, 7))
    .option('--clients <number>', 'drawn from the seed without it', wholeNumber('--clients', 1, 8))
    .option('--backups <number>', 'drawn from the seed without it', wholeNumber('--backups', 0, 4))
    .option('--stop-at-first', 'ends with the first bad seed')
    .addOption(new Option('--coverage', 'what the runs have reached: settings, operations, faults, limits, messages across lives and views').conflicts('eachMutant'))
    .option('--save <folder>', 'writes the small run there, as a scenario and as a recording')
    .option('--jobs <number>', 'seeds at a time', wholeNumber('--jobs', 1, 64), availableParallelism())
    .option('--json', 'lines of JSON')
  addProgramFlags(command).action(simulateRuns)
}

function seedRange(text: string): { from: number; to: number } {
  const match = /^(\d{1,10})(?:\.\.(\d{1,10}))?$/.exec(text)
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  if (!match || from > to || to > seedMax) throw new CannotRun(`--seeds is a number or a range as 1..2000, up to ${seedMax}, not ${JSON.stringify(text.slice(0, 40))}.`)
  return { from, to }
}

export async function simulateRuns(options: SimulateOptions): Promise<void> {
  const { seeds, mutant, duration, replicas, clients, backups, jobs } = options
  if (replicas !== undefined && backups !== undefined && backups >= replicas) throw new CannotRun(`${replicas} replicas leave room for ${replicas - 1} backups.`)
  const simulation: SimulationOptions = {
    program: new URL('./simulate-worker.js', import.meta.url), workers: jobs, ...seeds,
    look: {
      only: options.check ?? null, coverage: options.coverage ?? false,
      draw: {
        mutants: mutant, ...duration === undefined ? {} : { durationMs: duration }, ...replicas === undefined ? {} : { replicas },
        ...clients === undefined ? {} : { clients }, ...backups === undefined ? {} : { backups },
      },
    },
  }
  const given = givenPrograms(options.program, options.cwd)
  if (given.length > 0 && options.eachMutant) throw new CannotRun('--each-mutant breaks rules in nodes of ours; it goes without --program.')
  const folder = given.length > 0 ? new ProgramFolder() : null
  const programs = folder && { given, folder: folder.path, guard: new URL('./program-guard.js', import.meta.url).href }
  try {
    process.exitCode = await (options.eachMutant ? eachMutant(simulation, options) : manySeeds({ ...simulation, programs }, options))
  } catch (error) {
    throw error instanceof CannotRun ? error : new CannotRun(error instanceof Error ? error.message : String(error))
  } finally {
    await folder?.close()
  }
}

async function manySeeds(simulation: SimulationOptions, { stopAtFirst = false, json = false, coverage = false, save }: SimulateOptions): Promise<number> {
  const began = performance.now()
  const progress = new SeedProgress(simulation.to - simulation.from + 1)
  const results = await simulateSeeds({ ...simulation, stopAtFirst, onResults: (some) => progress.took(some) })
  progress.end()
  const summary = summaryOf(results, (performance.now() - began) / 1000)
  const rows = coverage ? coverageOf(results.map(({ reached }) => reached ?? {})) : []
  if (json) {
    for (const { reached: _, ...result } of results) printJson({ type: 'seed', ...result })
    for (const row of rows) printJson({ type: 'coverage', ...row })
  } else printLines([...seedsSummary(summary), ...coverageLines(rows)])
  const bad = results.find(({ found }) => found !== null)
  if (bad) report(await shrinkBad(bad, simulation), { json, save, programs: simulation.programs ?? null })
  if (json) printJson({ type: 'summary', ...summary })
  return bad ? 1 : 0
}

function report(shrunk: ShrunkRun, { json, save, programs }: { json: boolean; save: string | undefined; programs: SimulatedPrograms | null }): void {
  const saved = save === undefined ? undefined : saveIn(save, shrunk, programs)
  if (json) printJson({ type: 'shrunk', ...shrunk, ...saved ? { saved } : {} })
  else printLines(shrunkLines(shrunk, saved))
}

function saveIn(folder: string, shrunk: ShrunkRun, programs: SimulatedPrograms | null = null): ReturnType<typeof saveFound> {
  try {
    return saveFound(shrunk, folder, programs)
  } catch (error) {
    throw new CannotRun(`It could not be saved in ${folder}: ${reasonOf(error)}.`)
  }
}

/** Resolves with status 0 if every mutant was found. */
async function eachMutant(simulation: SimulationOptions, { json = false, save }: SimulateOptions): Promise<number> {
  let done = 0
  const rows = await simulateMutants(mutantNames, { ...simulation, onRow: ({ mutant, shrunk }) => {
    say(`${++done}/${mutantNames.length} ${mutant}: ${shrunk ? `seed ${shrunk.seed}` : 'not found'}`)
  } })
  for (const { shrunk } of rows) if (shrunk && save !== undefined) saveIn(save, shrunk)
  if (json) for (const row of rows) printJson({ type: 'mutant', ...row })
  else printLines(mutantTable(rows))
  return rows.every(({ shrunk }) => shrunk !== null) ? 0 : 1
}

/** Progress: one line that is overwritten on a terminal, otherwise occasional lines. */
class SeedProgress {
  readonly #total: number
  #done = 0
  #bad = 0
  #told = 0

  constructor(total: number) {
    this.#total = total
  }

  took(results: readonly SeedResult[]): void {
    this.#done += results.length
    this.#bad += results.filter(({ found }) => found !== null).length
    const line = `${this.#done}/${this.#total} seeds${this.#bad > 0 ? `, ${this.#bad} bad` : ''}`
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${line}`)
    else if (this.#done - this.#told >= this.#total / 10) {
      this.#told = this.#done
      process.stderr.write(`${line}\n`)
    }
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K')
  }
}
