// What is explored: a cluster, what its clients do, and how much may go wrong. Plain data, so that a worker and a window can be handed it.
import { settingsProblem, utf8ToBytes, type NodeName, type Operation, type Settings } from '../../protocol'

/** How often each kind of thing may happen on one path. */
export interface ExploreBounds {
  /** Steps from the start; 0: as many as there are. */
  readonly depth: number
  readonly crashes: number
  readonly restarts: number
  /** Messages that are lost, and pings that come too late: a look of the view server that finds a live server silent takes one for each. */
  readonly losses: number
  readonly duplicates: number
  /** Distinct states, all levels together. */
  readonly statesMax: number
}

/**
 * `violation`: the shortest way to a broken rule. `stuck`: the shortest way to a cluster in which nothing can change although it should.
 * `finish`: the shortest way to where every operation has ended.
 */
export type ExploreGoal = 'violation' | 'stuck' | 'finish'

export const programSteps = ['append', 'get', 'delete'] as const
export type Program = readonly (typeof programSteps)[number][]

export interface ExplorePlan {
  readonly settings: Settings
  readonly replicas: number
  readonly clients: number
  /** What each client does, one after another. */
  readonly program: Program
  /** `ready`: an acked view with its backups, everybody idle and quiet. `cold`: nobody has pinged yet. */
  readonly start: 'ready' | 'cold'
  readonly bounds: ExploreBounds
  readonly goal: ExploreGoal
  /** Nodes that differ by name only are taken for one another; what can have no effect any more is not delivered. Off for tests of both. */
  readonly reduces: boolean
}

export const defaultPlan: Omit<ExplorePlan, 'settings'> = {
  replicas: 3, clients: 2, program: ['append', 'get'], start: 'ready', goal: 'violation', reduces: true,
  bounds: { depth: 0, crashes: 1, restarts: 1, losses: 1, duplicates: 1, statesMax: 20_000_000 },
}

/** Inclusive limits: a mask of nodes and a step's number must fit their places, and a person's patience its own. */
export const exploreLimits = {
  replicas: { min: 1, max: 7 }, clients: { min: 1, max: 8 }, operations: { min: 1, max: 6 },
  depth: { min: 0, max: 1000 }, crashes: { min: 0, max: 7 }, restarts: { min: 0, max: 7 }, losses: { min: 0, max: 7 }, duplicates: { min: 0, max: 7 },
  statesMax: { min: 1000, max: 200_000_000 },
} as const

/** One sentence for what cannot be explored, or undefined. */
export function planProblem(plan: ExplorePlan): string | undefined {
  const values = { replicas: plan.replicas, clients: plan.clients, operations: plan.program.length, ...plan.bounds }
  for (const [name, { min, max }] of Object.entries(exploreLimits) as [keyof typeof exploreLimits, { min: number; max: number }][]) {
    const value = values[name]
    if (!Number.isInteger(value) || value < min || value > max) return `${name} must be a whole number from ${min} to ${max}, not ${String(value)}.`
  }
  if (plan.settings.replication === 'asynchronous') return 'Asynchronous replication loses acknowledged writes by design: there is nothing to look for.'
  return settingsProblem(plan.settings)
}

/** The settings under which every order is tried: one look without a ping is death, and no operation is given up. */
export function settingsToExplore(settings: Settings): Settings {
  return { ...settings, deadPings: 1, operationTimeoutMs: 0 }
}

/** Everybody's key: what is wrong with one copy shows soonest where all write to the same. */
export const exploredKey = utf8ToBytes('explored')

/** What a client does as its operation `index`. A value names its client and its place, so that a store tells what it has executed. */
export function operationOf(program: Program, client: NodeName, index: number): Operation {
  const type = program[index] ?? 'get'
  return type === 'append' ? { type, key: exploredKey, value: tokenOf(client, index) } : { type, key: exploredKey }
}

/** A program of this length that writes and reads by turns. */
export function usualProgram(length: number): Program {
  return Array.from({ length }, (_, index) => index % 2 === 0 ? 'append' : 'get')
}

export function tokenOf(client: NodeName, index: number): ReturnType<typeof utf8ToBytes> {
  return utf8ToBytes(`${client}.${index + 1};`)
}
