// What to explore: a cluster, what its clients do, and how much may go wrong. Plain data, so that workers and windows can receive it.
import { settingsProblem, utf8ToBytes, type NodeName, type Operation, type Settings } from '../../protocol'

/** How often each kind of event may happen on one path. */
export interface ExploreBounds {
  /** Steps from the initial state; 0: no limit. */
  readonly depth: number
  readonly crashes: number
  readonly restarts: number
  /** Lost messages, and pings that come too late: a ping-check round spends one for each live server that it finds silent. */
  readonly losses: number
  readonly duplicates: number
  /** Distinct states, on all levels together. */
  readonly statesMax: number
}

/**
 * `violation`: a shortest path to a broken rule. `stuck`: a shortest path to a cluster in which nothing can change although it should.
 * `finish`: a shortest path to a state in which every operation has ended.
 */
export type ExploreGoal = 'violation' | 'stuck' | 'finish'

export const programSteps = ['append', 'get', 'delete'] as const
export type Program = readonly (typeof programSteps)[number][]

export interface ExplorePlan {
  readonly settings: Settings
  readonly replicas: number
  readonly clients: number
  /** The operations of each client, one after another. */
  readonly program: Program
  /** `ready`: an acked view with its backups, all nodes idle and no message in flight. `cold`: no server has pinged yet. */
  readonly start: 'ready' | 'cold'
  readonly bounds: ExploreBounds
  readonly goal: ExploreGoal
  /** Whether nodes that differ only by name are merged and messages without effect are not delivered. Off only in tests that compare both. */
  readonly reduces: boolean
}

export const defaultPlan: Omit<ExplorePlan, 'settings'> = {
  replicas: 3, clients: 2, program: ['append', 'get'], start: 'ready', goal: 'violation', reduces: true,
  bounds: { depth: 0, crashes: 1, restarts: 1, losses: 1, duplicates: 1, statesMax: 20_000_000 },
}

/** Inclusive limits: node masks and step numbers must fit their bits, and a person must not have to wait too long. */
export const exploreLimits = {
  replicas: { min: 1, max: 7 }, clients: { min: 1, max: 8 }, operations: { min: 1, max: 6 },
  depth: { min: 0, max: 1000 }, crashes: { min: 0, max: 7 }, restarts: { min: 0, max: 7 }, losses: { min: 0, max: 7 }, duplicates: { min: 0, max: 7 },
  statesMax: { min: 1000, max: 200_000_000 },
} as const

/** Why the plan cannot be explored, in one sentence, or undefined. */
export function planProblem(plan: ExplorePlan): string | undefined {
  const values = { replicas: plan.replicas, clients: plan.clients, operations: plan.program.length, ...plan.bounds }
  for (const [name, { min, max }] of Object.entries(exploreLimits) as [keyof typeof exploreLimits, { min: number; max: number }][]) {
    const value = values[name]
    if (!Number.isInteger(value) || value < min || value > max) return `${name} must be a whole number from ${min} to ${max}, not ${String(value)}.`
  }
  if (plan.settings.replication === 'asynchronous') return 'Asynchronous replication loses acknowledged writes by design: there is nothing to look for.'
  return settingsProblem(plan.settings)
}

/** Settings under which every order is tried: one ping check without a ping makes a server dead, and no operation times out. */
export function settingsToExplore(settings: Settings): Settings {
  return { ...settings, deadPings: 1, operationTimeoutMs: 0 }
}

/** The one key of all clients: a difference between copies shows soonest where all write to the same key. */
export const exploredKey = utf8ToBytes('explored')

/** A client's operation `index`. Its value names the client and the index, so that a store shows what it has executed. */
export function operationOf(program: Program, client: NodeName, index: number): Operation {
  const type = program[index] ?? 'get'
  return type === 'append' ? { type, key: exploredKey, value: tokenOf(client, index) } : { type, key: exploredKey }
}

/** A program of this length that alternates appends and gets. */
export function usualProgram(length: number): Program {
  return Array.from({ length }, (_, index) => index % 2 === 0 ? 'append' : 'get')
}

export function tokenOf(client: NodeName, index: number): ReturnType<typeof utf8ToBytes> {
  return utf8ToBytes(`${client}.${index + 1};`)
}
