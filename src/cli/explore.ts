// `explore`: every order of deliveries, losses, copies, timers, crashes and restarts within bounds, breadth first: what is found first is shortest.
// Status 0: nothing is broken as far as it went, and it says how far that was; 1: something is, with the way there; 2: it cannot be explored.
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { RuleMonitors, ruleTexts } from '../check'
import { ExplorationPool, reasonOf, type ExplorationEnd, type ExplorationProgress } from '../lab'
import type { MutantName } from '../protocol'
import {
  actText, counterexample, defaultPlan, exploreLimits, planProblem, programSteps, usualProgram,
  type Counterexample, type ExploreBounds, type ExploreGoal, type ExplorePlan, type Program,
} from '../sim'
import { formatEvent, formatHeader, grouped } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { addMutantFlag } from './mutant-flag'
import { addSettingFlags, settingsFrom } from './settings-flags'

/** How often progress is told, at most. */
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
    .option('--goal <what>', 'violation, stuck or finish', goal, 'violation')
    .option('--no-reduction', 'try what differs by names only, and deliver what can have no effect')
    .option('--program <operations>', 'what each client does in place of that, of append, get and delete, separated by commas', programFrom)
    .option('--workers <number>', 'threads', wholeNumber('--workers', 1, 64), availableParallelism())
    .option('--seconds <number>', 'stop after so long', wholeNumber('--seconds', 1, 1_000_000))
    .option('--record <file>', 'where the way there is saved as a recording')
    .option('--json', 'one line of JSON')
    .action((options: ExploreOptions & Record<string, unknown>) => explore(options))
}

function goal(text: string): ExploreGoal {
  if (text === 'violation' || text === 'stuck' || text === 'finish') return text
  throw new CannotRun(`--goal is violation, stuck or finish, not ${JSON.stringify(text.slice(0, 40))}.`)
}

function programFrom(text: string): Program {
  const steps = text.split(',')
  const strange = steps.find((step) => !programSteps.some((known) => known === step))
  if (strange !== undefined) throw new CannotRun(`--program has append, get and delete, separated by commas, not ${JSON.stringify(strange.slice(0, 40))}.`)
  return steps as Program
}

export function planOf(options: ExploreOptions & Record<string, unknown>): ExplorePlan {
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
  let told = began
  const pool = new ExplorationPool({
    plan, workers: options.workers, program: fileURLToPath(new URL('./explore-worker.js', import.meta.url)),
    onProgress: (progress) => {
      if (performance.now() - told < progressEveryMs) return
      told = performance.now()
      process.stderr.write(`${progressText(progress, told - began)}\n`)
    },
  })
  const cancel = (): void => pool.cancel()
  process.once('SIGINT', cancel)
  const timer = options.seconds === undefined ? undefined : setTimeout(cancel, options.seconds * 1000)
  const end = await pool.ended
  clearTimeout(timer)
  process.off('SIGINT', cancel)
  const seconds = (performance.now() - began) / 1000
  if (end.type === 'failed') throw new CannotRun(end.reason)
  const acts = end.type === 'found' ? pool.acts(end.path) : []
  const example = end.type === 'found' ? await counterexample(plan, titleOf(plan, end), acts) : null
  if (example && options.record !== undefined) await save(options.record, example)
  const judged = example === null ? [] : breachesOf(example)
  if (options.json) process.stdout.write(`${JSON.stringify({ plan, ...endJson(end), length: end.type === 'found' ? end.path.length : undefined, acts: acts.map(actText), monitors: judged, seconds, ...pool.progress })}\n`)
  else process.stdout.write(`${[endText(plan, end, pool.progress, seconds), ...acts.map((act, index) => `  ${String(index + 1).padStart(2)}. ${actText(act)}`), ...judged.map(({ title, text, seq }) => `  ${title}: ${text} (event #${seq})`)].join('\n')}\n`)
  process.exitCode = end.type === 'found' && plan.goal !== 'finish' ? 1 : 0
}

function progressText({ states, depth, queue, bytes, locals }: ExplorationProgress, ms: number): string {
  return `step ${depth + 1}: ${grouped(states)} states, ${grouped(queue)} to look at, ${grouped(Math.round(states / ms * 1000))} a second, ${Math.round(bytes / 2 ** 20)} MiB, ${grouped(locals)} states of single nodes`
}

function titleOf({ settings }: ExplorePlan, end: ExplorationEnd): string {
  const what = end.type === 'found' && end.breach ? (end.breach.rule in ruleTexts ? ruleTexts[end.breach.rule as keyof typeof ruleTexts].title : end.breach.rule) : 'explored'
  return settings.mutants.length === 0 ? what : `${what}: ${settings.mutants.join(', ')}`
}

function endText({ goal: wanted, settings }: ExplorePlan, end: ExplorationEnd, { states, depth, steps, bytes }: ExplorationProgress, seconds: number): string {
  const how = `${grouped(states)} states, ${grouped(steps)} steps tried, ${seconds.toFixed(1)} s: ${grouped(Math.round(states / seconds))} states a second, ${Math.round(bytes / states)} bytes a state`
  const broken = settings.mutants.length > 0 ? ` Broken on purpose: ${settings.mutants.join(', ')}.` : ''
  switch (end.type) {
    case 'complete': return `${wanted === 'finish' ? 'No order lets every operation finish' : 'Nothing was found'}: every state was seen, to ${depth} steps (${how}).${broken}`
    case 'bound': return `Nothing was found to ${depth} steps; ${end.bound === 'depth' ? 'no deeper was asked for' : 'more states are not kept'} (${how}).${broken}`
    case 'cancelled': return `Stopped: nothing was found to ${depth} steps (${how}).${broken}`
    case 'found': return `${end.breach ? `Broken after ${end.path.length} steps: ${end.breach.rule}. ${end.breach.text}` : `After ${end.path.length} steps: ${wanted === 'stuck' ? 'the cluster is stuck' : 'every operation has ended'}.`} (${how})${broken}`
    case 'failed': return end.reason
  }
}

function endJson(end: ExplorationEnd): Record<string, unknown> {
  return end.type === 'found' ? { end: 'found', breach: end.breach } : { end: end.type === 'bound' ? `bound: ${end.bound}` : end.type }
}

function breachesOf({ header, events }: Counterexample): { title: string; rule: string; text: string; seq: number }[] {
  const monitors = new RuleMonitors(header)
  return events.flatMap((event) => monitors.take(event)).map(({ rule, text, seq }) => ({ title: ruleTexts[rule].title, rule, text, seq }))
}

async function save(path: string, { header, events }: Counterexample): Promise<void> {
  try {
    await writeFile(path, `${[formatHeader(header), ...events.map(formatEvent)].join('\n')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new CannotRun(`${path} cannot be written: ${reasonOf(error)}.`)
  }
}
