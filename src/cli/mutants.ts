// `mutants`: every mutant against every check, as one table: its own monitor and linearizability over random runs, the scenarios, the explorer.
// The last row is the protocol as it is, which nothing may catch. Status 0: all is so; 1: a mutant got away, or something caught what is right.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { ownMonitor } from '../check'
import { ExplorationPool, simulateMutants, simulateSeeds, type SimulationOptions } from '../lab'
import { mutantNames, type MutantName } from '../protocol'
import { ladder } from '../sim'
import { counted } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { mutantTaken } from './mutant-flag'

interface MutantsOptions {
  readonly only: readonly MutantName[]
  readonly seeds: number
  readonly statesMax: number
  readonly markdown?: string
  readonly json?: boolean
}

/** What one check came to: empty, it caught nothing. */
interface Caught {
  readonly by: string
  readonly detail: string
}

interface Row {
  readonly mutant: MutantName | ''
  readonly monitor: Caught
  readonly linearizability: Caught
  readonly scenarios: Caught
  readonly explorer: Caught
}

/** Of a report of scenarios, what is read here. */
interface Report {
  readonly suites: readonly { readonly scenarios: readonly { readonly file: string; readonly state: string }[] }[]
}

const nothing: Caught = { by: '', detail: '' }

export function mutantsCommand(program: Command): void {
  program.command('mutants').description('every mutant against every check: which catch it, how soon, and the shortest way to it')
    .option('--only <name>', 'this mutant; may be given again', mutantTaken, [])
    .option('--seeds <number>', 'random runs of each mutant, at most', wholeNumber('--seeds', 1, 100_000), 300)
    .option('--states-max <number>', 'distinct states of each exploration', wholeNumber('--states-max', 1000, 200_000_000), 4_000_000)
    .option('--markdown <file>', 'writes the table there too')
    .option('--json', 'one line of JSON for each mutant')
    .action(tabulate)
}

async function tabulate({ only, seeds, statesMax, markdown, json = false }: MutantsOptions): Promise<void> {
  const names = only.length > 0 ? only : mutantNames
  const rows: Row[] = []
  for (const mutant of [...names, '' as const]) {
    const row = await rowOf(mutant, seeds, statesMax)
    rows.push(row)
    process.stderr.write(`${rows.length}/${names.length + 1} ${mutant === '' ? 'none' : mutant}: ${row.monitor.by || '-'} / ${row.explorer.by || '-'}\n`)
    if (json) process.stdout.write(`${JSON.stringify(row)}\n`)
  }
  const table = tableOf(rows)
  if (!json) process.stdout.write(table)
  if (markdown !== undefined) await writeFile(markdown, `${heading}${table}`).catch((error: Error) => { throw new CannotRun(`${markdown} cannot be written: ${error.message}.`) })
  process.exitCode = rows.every(isRight) ? 0 : 1
}

function isRight({ mutant, monitor, linearizability, scenarios, explorer }: Row): boolean {
  const all = [monitor, linearizability, scenarios, explorer]
  return mutant === '' ? all.every(({ by }) => by === '') : monitor.by !== '' && explorer.by !== ''
}

async function rowOf(mutant: MutantName | '', seeds: number, statesMax: number): Promise<Row> {
  return {
    mutant, monitor: await byMonitor(mutant, seeds), linearizability: await byLinearizability(mutant, Math.min(seeds, 100)),
    scenarios: await byScenarios(mutant), explorer: await byExplorer(mutant, statesMax),
  }
}

function simulation(to: number, only: SimulationOptions['look']['only']): SimulationOptions {
  return { program: new URL('./simulate-worker.js', import.meta.url), workers: availableParallelism(), from: 1, to, look: { only, draw: { mutants: [] } } }
}

async function byMonitor(mutant: MutantName | '', seeds: number): Promise<Caught> {
  if (mutant === '') return anySeed(seeds, null)
  return firstSeed(mutant, seeds, ownMonitor[mutant])
}

async function byLinearizability(mutant: MutantName | '', seeds: number): Promise<Caught> {
  return mutant === '' ? anySeed(seeds, 'linearizability') : firstSeed(mutant, seeds, 'linearizability')
}

async function firstSeed(mutant: MutantName, seeds: number, only: SimulationOptions['look']['only']): Promise<Caught> {
  const [row] = await simulateMutants([mutant], { ...simulation(seeds, only), onRow: () => undefined })
  const shrunk = row?.shrunk
  if (!shrunk) return nothing
  const { operations, faults } = shrunk.size
  return { by: shrunk.check, detail: `seed ${shrunk.seed}, ${counted(operations, 'operation')} and ${counted(faults, 'fault')} when small` }
}

async function anySeed(seeds: number, only: SimulationOptions['look']['only']): Promise<Caught> {
  const results = await simulateSeeds({ ...simulation(seeds, only), stopAtFirst: true, onResults: () => undefined })
  const bad = results.find(({ found }) => found !== null)
  return bad?.found ? { by: bad.found.check, detail: `seed ${bad.seed}` } : nothing
}

/** The scenarios that fail with it, on the simulator, in a process of their own: what a person would run. */
async function byScenarios(mutant: MutantName | ''): Promise<Caught> {
  const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
  const folder = await mkdtemp(join(tmpdir(), 'understudy-mutants-'))
  const out = join(folder, 'report.json')
  const flags = ['run', beside('../../scenarios'), '--on', 'simulator', '--report', 'json', '--out', out, ...mutant === '' ? [] : ['--mutant', mutant]]
  try {
    // The status says what the report says.
    await new Promise<void>((settle) => execFile(process.execPath, [beside('./cli.js'), ...flags], { cwd: folder }, () => settle()))
    const { suites } = JSON.parse(await readFile(out, 'utf8')) as Report
    const failed = suites.flatMap(({ scenarios }) => scenarios).filter(({ state }) => state !== 'passed')
    const named = failed.slice(0, 2).map(({ file }) => `${basename(dirname(file))}/${basename(file, '.yaml')}`)
    return failed.length === 0 ? nothing : { by: String(failed.length), detail: `${named.join(', ')}${failed.length > named.length ? ' ...' : ''}` }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function byExplorer(mutant: MutantName | '', statesMax: number): Promise<Caught> {
  const began = performance.now()
  for (const plan of ladder(mutant === '' ? [] : [mutant], statesMax)) {
    const pool = new ExplorationPool({
      plan, workers: availableParallelism(), program: fileURLToPath(new URL('./explore-worker.js', import.meta.url)), onProgress: () => undefined,
    })
    const end = await pool.ended
    if (end.type === 'failed') throw new CannotRun(end.reason)
    if (end.type !== 'found' || !end.breach) continue
    const seconds = (performance.now() - began) / 1000
    return { by: end.breach.rule, detail: `${counted(end.path.length, 'step')}, ${counted(plan.replicas, 'server')}, ${counted(plan.clients, 'client')}, ${seconds.toFixed(1)} s` }
  }
  return nothing
}

const heading = `# Every mutant against every check

Made by \`npm run lab -- mutants --markdown docs/mutants.md\`; what each mutant does is in [the protocol](protocol.md). A monitor is asked over random
runs, and so is linearizability; of the scenarios those that fail on the simulator are counted; the explorer's way is the shortest in the smallest
cluster that shows anything. The last row is the protocol as it is.

`

function tableOf(rows: readonly Row[]): string {
  const cell = ({ by, detail }: Caught): string => by === '' ? '-' : `${by} (${detail})`
  const lines = rows.map(({ mutant, monitor, linearizability, scenarios, explorer }) => (
    `| ${mutant === '' ? 'none' : `\`${mutant}\``} | ${cell(monitor)} | ${linearizability.by === '' ? '-' : linearizability.detail} | ${cell(scenarios)} | ${cell(explorer)} |`
  ))
  return `${['| mutant | its monitor | linearizability | scenarios | explorer |', '|---|---|---|---|---|', ...lines].join('\n')}\n`
}
