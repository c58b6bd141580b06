// `mutants`: runs every mutant against every check and prints one table: its own monitor and linearizability in random runs, the scenarios, and the
// explorer. The last row is the unbroken protocol, which no check may fail.
// Status 0: every mutant was caught and the protocol passed; 1: otherwise.
// Each kind of check finishes all mutants before the next kind starts, so that no core waits for one long search.
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { ownMonitor } from '../check'
import { ExplorationPool, simulateMutants, simulateSeeds, type SimulationOptions } from '../lab'
import { mutantNames, type MutantName } from '../protocol'
import { ladder, whyNotExplored } from '../sim'
import { reasonOf } from '../system'
import { counted } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { scenariosThatFail } from './failing-scenarios'
import { mutantOption } from './mutant-flag'
import { printJson, printLines, say } from './terminal'

interface MutantsOptions {
  readonly only: readonly MutantName[]
  readonly seeds: number
  readonly statesMax: number
  readonly markdown?: string
  readonly json?: boolean
}

/** The result of one check; empty: it caught nothing. */
interface Caught {
  readonly by: string
  readonly detail: string
}

/** A mutant; empty: the unbroken protocol. */
type Broken = MutantName | ''

interface Row {
  readonly mutant: Broken
  readonly monitor: Caught
  readonly linearizability: Caught
  readonly scenarios: Caught
  readonly explorer: Caught
}

type Part = Exclude<keyof Row, 'mutant'>
type Found = Map<Broken, Caught>

const nothing: Caught = { by: '', detail: '' }

/** Fewer seeds for linearizability: a violation appears early or never, and each search costs as much as ten monitors. */
const historySeedsMax = 100
/** The limit of runs for shrinking a failing run; the result is then small enough for a table. */
const shrinkRunsMax = 400

export function mutantsCommand(program: Command): void {
  program.command('mutants').description('every mutant against every check: which catch it, how soon, and the shortest way to it')
    .addOption(mutantOption('--only <name>', 'this mutant; may be given again'))
    .option('--seeds <number>', 'random runs of each mutant, at most', wholeNumber('--seeds', 1, 100_000), 300)
    .option('--states-max <number>', 'distinct states of each exploration', wholeNumber('--states-max', 1000, 200_000_000), 300_000)
    .option('--markdown <file>', 'writes the table there too')
    .option('--json', 'one line of JSON for each mutant')
    .action(tabulate)
}

async function tabulate({ only, seeds, statesMax, markdown, json = false }: MutantsOptions): Promise<void> {
  const names: readonly Broken[] = [...only.length > 0 ? only : mutantNames, '']
  const began = performance.now()
  const monitor = await timed('monitor', names, (onDone) => byRandomRuns(names, seeds, (mutant) => ownMonitor[mutant], null, onDone))
  const linearizability = await timed('linearizability', names, (onDone) => byRandomRuns(names, Math.min(seeds, historySeedsMax), () => 'linearizability', 'linearizability', onDone))
  const scenarios = await timed('scenarios', names, (onDone) => inTurn(names, byScenarios, onDone))
  const explorer = await timed('explorer', names, (onDone) => inTurn(names, (mutant) => byExplorer(mutant, statesMax), onDone))
  const of = (found: Found, mutant: Broken): Caught => found.get(mutant) ?? nothing
  const rows = names.map((mutant): Row => (
    { mutant, monitor: of(monitor, mutant), linearizability: of(linearizability, mutant), scenarios: of(scenarios, mutant), explorer: of(explorer, mutant) }
  ))
  const table = tableOf(rows)
  if (json) for (const row of rows) printJson(row)
  else printLines(table.trimEnd().split('\n'))
  const minutes = (performance.now() - began) / 60_000
  say(`${counted(rows.length - 1, 'mutant')} in ${minutes.toFixed(1)} minutes on ${counted(availableParallelism(), 'core')}`)
  if (markdown !== undefined) {
    const text = `${headingOf(seeds, statesMax)}${table}`
    await writeFile(markdown, text).catch((error: Error) => { throw new CannotRun(`${markdown} cannot be written: ${reasonOf(error)}.`) })
  }
  process.exitCode = rows.every(isRight) ? 0 : 1
}

/** Reports the progress of a part and its duration. */
async function timed(part: Part, names: readonly Broken[], work: (onDone: (mutant: Broken, caught: Caught) => void) => Promise<void>): Promise<Found> {
  const began = performance.now()
  const found: Found = new Map()
  await work((mutant, caught) => {
    found.set(mutant, caught)
    say(`${part} ${found.size}/${names.length} ${mutant === '' ? 'none' : mutant}: ${caught.by === '' ? '-' : `${caught.by}, ${caught.detail}`}`)
  })
  say(`${part}: ${Math.round((performance.now() - began) / 1000)} s`)
  return found
}

async function inTurn(names: readonly Broken[], look: (mutant: Broken) => Promise<Caught>, onDone: (mutant: Broken, caught: Caught) => void): Promise<void> {
  for (const mutant of names) onDone(mutant, await look(mutant))
}

/** True if at least one check caught the mutant; for the unbroken protocol, if none did. */
function isRight({ mutant, monitor, linearizability, scenarios, explorer }: Row): boolean {
  const caught = [monitor, linearizability, scenarios, explorer].some(({ by }) => by !== '')
  return mutant === '' ? !caught : caught
}

// ---- random runs

type Check = SimulationOptions['look']['only']

async function byRandomRuns(
  names: readonly Broken[], seeds: number, checkOf: (mutant: MutantName) => Check, ofNone: Check, onDone: (mutant: Broken, caught: Caught) => void,
): Promise<void> {
  const program = new URL('./simulate-worker.js', import.meta.url)
  const options = { program, workers: availableParallelism(), from: 1, to: seeds, look: { only: ofNone, draw: { mutants: [] } } } satisfies SimulationOptions
  const broken = names.filter((name): name is MutantName => name !== '')
  await simulateMutants(broken, { ...options, checkOf, shrinkRunsMax, onRow: ({ mutant, shrunk }) => {
    if (!shrunk) return onDone(mutant, nothing)
    const { operations, faults } = shrunk.size
    onDone(mutant, { by: shrunk.check, detail: `seed ${shrunk.seed}, ${counted(operations, 'operation')} and ${counted(faults, 'fault')} when small` })
  } })
  const results = await simulateSeeds({ ...options, stopAtFirst: true, onResults: () => undefined })
  const bad = results.find(({ found }) => found !== null)
  onDone('', bad?.found ? { by: bad.found.check, detail: `seed ${bad.seed}` } : nothing)
}

// ---- scenarios

async function byScenarios(mutant: Broken): Promise<Caught> {
  const failed = await scenariosThatFail(mutant)
  const named = failed.slice(0, 2).join(', ')
  return failed.length === 0 ? nothing : { by: String(failed.length), detail: `${named}${failed.length > 2 ? ' ...' : ''}` }
}

// ---- the explorer

async function byExplorer(mutant: Broken, statesMax: number): Promise<Caught> {
  if (mutant !== '' && whyNotExplored(mutant) !== '') return { by: '', detail: whyNotExplored(mutant) }
  const began = performance.now()
  for (const plan of ladder(mutant === '' ? [] : [mutant], statesMax)) {
    const pool = new ExplorationPool({
      plan, workers: availableParallelism(), program: fileURLToPath(new URL('./explore-worker.js', import.meta.url)), onProgress: () => undefined,
    })
    const end = await pool.ended
    if (end.type === 'failed') throw new CannotRun(end.reason)
    if (end.type !== 'found' || !end.violation) continue
    const seconds = (performance.now() - began) / 1000
    return { by: end.violation.rule, detail: `${counted(end.path.length, 'step')}, ${counted(plan.replicas, 'server')}, ${counted(plan.clients, 'client')}, ${seconds.toFixed(1)} s` }
  }
  return nothing
}

// ---- the table

function headingOf(seeds: number, statesMax: number): string {
  return `# Every mutant against every check

Made by \`npm run lab -- mutants --seeds ${seeds} --states-max ${statesMax} --markdown docs/mutants.md\`; what each mutant does is in [the protocol](protocol.md),
with the conversation that shows it. A monitor judges up to ${seeds} random runs, linearizability up to ${Math.min(seeds, historySeedsMax)}; a bad run is shrunk in at most ${shrinkRunsMax} runs.
Of the scenarios, those that fail on the simulator are counted. The explorer's path is the shortest in the smallest cluster that shows a violation within
${statesMax.toLocaleString('en')} states; where it can find none, the row gives the reason. The last row is the protocol without a mutant.

`
}

function tableOf(rows: readonly Row[]): string {
  const cell = ({ by, detail }: Caught): string => by === '' ? detail === '' ? '-' : `- (${detail})` : `${by} (${detail})`
  const lines = rows.map(({ mutant, monitor, linearizability, scenarios, explorer }) => (
    `| ${mutant === '' ? 'none' : `\`${mutant}\``} | ${cell(monitor)} | ${linearizability.by === '' ? '-' : linearizability.detail} | ${cell(scenarios)} | ${cell(explorer)} |`
  ))
  return `${['| mutant | its monitor | linearizability | scenarios | explorer |', '|---|---|---|---|---|', ...lines].join('\n')}\n`
}
