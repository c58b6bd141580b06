// `explore`: explores every order of deliveries, losses, duplicates, timers, crashes and restarts within bounds. It searches breadth first, so the
// first path that it finds is a shortest one.
// Status 0: nothing is broken within the reported bounds; 1: something is, with the path; 2: it cannot be explored.
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Option, type Command } from 'commander'
import { ExplorationPool, type ExplorationEnd } from '../lab'
import type { MutantName } from '../protocol'
import {
  counterexample, defaultPlan, exploreLimits, planProblem, programSteps, usualProgram,
  type Counterexample, type ExploreBounds, type ExploreGoal, type ExplorePlan, type Program,
} from '../sim'
import { reasonOf } from '../system'
import { formatEvent, formatHeader } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { violationsOf, exploredJson, exploredLines, progressText, titleOf, type Explored } from './explore-report'
import { addMutantFlag } from './mutant-flag'
import { addSettingFlags, settingsFrom } from './settings-flags'
import { printJson, printLines, say } from './terminal'

/** The minimum interval between two progress lines. */
const progressEveryMs = 1000

interface ExploreOptions extends ExploreBounds {
  readonly replicas: number
  readonly clients: number
  readonly operations: number
  readonly program?: Program
  readonly cold?: boolean
  readonly goal: ExploreGoal
  readonly mutant: readonly MutantName[]
  readonly reduction: boolean
  readonly workers: number
  readonly seconds?: number
  readonly record?: string
  readonly json?: boolean
}

export function exploreCommand(program: Command): void {
  const command = program.command('explore').description('every order of what can happen, breadth first, and the shortest way to a broken rule')
  const number = (name: keyof typeof exploreLimits, flag: string, what: string, usual: number): void => {
    const { min, max } = exploreLimits[name]
    command.option(`--${flag} <number>`, `${what}, ${min} to ${max}`, wholeNumber(`--${flag}`, min, max), usual)
  }
  number('replicas', 'replicas', 'servers', defaultPlan.replicas)
  number('clients', 'clients', 'clients', defaultPlan.clients)
  number('operations', 'operations', 'operations of each client, an append and a get by turns', defaultPlan.program.length)
  number('depth', 'depth', 'steps from the start; 0: no limit', defaultPlan.bounds.depth)
  number('crashes', 'crashes', 'servers that crash', defaultPlan.bounds.crashes)
  number('restarts', 'restarts', 'of them that come back', defaultPlan.bounds.restarts)
  number('losses', 'losses', 'messages that are lost', defaultPlan.bounds.losses)
  number('duplicates', 'duplicates', 'messages that come twice', defaultPlan.bounds.duplicates)
  number('statesMax', 'states-max', 'distinct states', defaultPlan.bounds.statesMax)
  addMutantFlag(addSettingFlags(command))
    .option('--cold', 'begin before the first ping, not with an acked view and its backups')
    .addOption(new Option('--goal <what>', 'what is looked for').choices(goals).argParser(goal).default('violation'))
    .option('--no-reduction', 'try what differs by names only, and deliver what can have no effect')
    .option('--program <operations>', 'what each client does in place of that, of append, get and delete, separated by commas', programFrom)
    .option('--workers <number>', 'threads', wholeNumber('--workers', 1, 64), availableParallelism())
    .option('--seconds <number>', 'stop after so long', wholeNumber('--seconds', 1, 1_000_000))
    .option('--record <file>', 'where the way there is saved as a recording')
    .option('--json', 'one line of JSON')
    .action((options: ExploreOptions & Record<string, unknown>) => explore(options))
}

const goals = ['violation', 'stuck', 'finish'] as const satisfies readonly ExploreGoal[]

function goal(text: string): ExploreGoal {
  const known = goals.find((each) => each === text)
  if (known !== undefined) return known
  throw new CannotRun(`--goal is violation, stuck or finish, not ${JSON.stringify(text.slice(0, 40))}.`)
}

function programFrom(text: string): Program {
  const steps = text.split(',')
  const strange = steps.find((step) => !programSteps.some((known) => known === step))
  if (strange !== undefined) throw new CannotRun(`--program has append, get and delete, separated by commas, not ${JSON.stringify(strange.slice(0, 40))}.`)
  return steps as Program
}

function planOf(options: ExploreOptions & Record<string, unknown>): ExplorePlan {
  const { replicas, clients, cold = false, reduction, depth, crashes, restarts, losses, duplicates, statesMax } = options
  const plan: ExplorePlan = {
    settings: settingsFrom(options, { mutants: options.mutant }), replicas, clients, goal: options.goal, program: options.program ?? usualProgram(options.operations),
    start: cold ? 'cold' : 'ready', reduces: reduction, bounds: { depth, crashes, restarts, losses, duplicates, statesMax },
  }
  const problem = planProblem(plan)
  if (problem !== undefined) throw new CannotRun(problem)
  return plan
}

async function explore(options: ExploreOptions & Record<string, unknown>): Promise<void> {
  const plan = planOf(options)
  const began = performance.now()
  const { pool, end } = await run(plan, options, began)
  if (end.type === 'failed') throw new CannotRun(end.reason)
  const acts = end.type === 'found' ? pool.acts(end.path) : []
  const stuck = end.type === 'found' && plan.goal === 'stuck' ? pool.stuckAfter(end.path) : ''
  const example = end.type === 'found' ? await counterexample(plan, titleOf(plan, end), acts, end.violation) : null
  const violations = example ? violationsOf(example) : []
  const explored: Explored = { plan, end, acts, stuck, violations, seconds: (performance.now() - began) / 1000, progress: pool.progress }
  if (options.json) printJson(exploredJson(explored))
  else printLines(exploredLines(explored))
  process.exitCode = end.type === 'found' && plan.goal !== 'finish' ? 1 : 0
  // Last: a failed write must not hide the result of a long search.
  if (example && options.record !== undefined) await save(options.record, example)
}

/** Runs until the exploration ends, or a signal or the time limit stops it. */
async function run(plan: ExplorePlan, { workers, seconds }: ExploreOptions, began: number): Promise<{ pool: ExplorationPool; end: ExplorationEnd }> {
  let told = began
  const pool = new ExplorationPool({
    plan, workers, program: fileURLToPath(new URL('./explore-worker.js', import.meta.url)),
    onProgress: (progress) => {
      if (performance.now() - told < progressEveryMs) return
      told = performance.now()
      say(progressText(progress, told - began))
    },
  })
  const cancel = (): void => pool.cancel()
  process.once('SIGINT', cancel)
  const timer = seconds === undefined ? undefined : setTimeout(cancel, seconds * 1000)
  const end = await pool.ended
  clearTimeout(timer)
  process.off('SIGINT', cancel)
  return { pool, end }
}

async function save(path: string, { header, events }: Counterexample): Promise<void> {
  try {
    await writeFile(path, `${[formatHeader(header), ...events.map(formatEvent)].join('\n')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new CannotRun(`${path} cannot be written: ${reasonOf(error)}.`)
  }
}
