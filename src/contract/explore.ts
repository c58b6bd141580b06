// The schemas of an exploration for screens: what to explore, how far it has come, what was found. It must never explore: the lab does.
import * as z from 'zod'
import { mutantNames, settingLimits, type MutantName } from '../protocol'
import './network'

/** Inclusive limits, the same as the explorer's own; the lab's tests compare them. */
export const exploreFormLimits = {
  replicas: { min: 1, max: 7 }, clients: { min: 1, max: 8 }, operations: { min: 1, max: 6 }, depth: { min: 0, max: 1000 }, budget: { min: 0, max: 7 },
} as const

const Budget = z.int().min(exploreFormLimits.budget.min).max(exploreFormLimits.budget.max)
const limited = ({ min, max }: { readonly min: number; readonly max: number }): z.ZodInt => z.int().min(min).max(max)

export const ExploreRequest = z.strictObject({
  /** An event of the session that is shown: explores from the end of its step. 0: from a new cluster that is ready. */
  seq: z.int().min(0),
  /** For a new cluster only; from an event, the session's own nodes and settings are used. */
  replicas: limited(exploreFormLimits.replicas),
  clients: limited(exploreFormLimits.clients),
  backupsWanted: limited(settingLimits.backupsWanted),
  mutants: z.array(z.enum(mutantNames as [MutantName, ...MutantName[]])).max(mutantNames.length),
  /** What each client does, one after another. */
  program: z.array(z.enum(['append', 'get', 'delete'])).min(exploreFormLimits.operations.min).max(exploreFormLimits.operations.max),
  /** The limit of steps; 0: no limit. */
  depth: limited(exploreFormLimits.depth),
  crashes: Budget, restarts: Budget, losses: Budget, duplicates: Budget,
  /** Finds the shortest path to a violation, to a cluster that is stuck, or to a state in which every operation has ended. */
  goal: z.enum(['violation', 'stuck', 'finish']),
})
export type ExploreRequest = z.infer<typeof ExploreRequest>

export const defaultExploreRequest: ExploreRequest = {
  seq: 0, replicas: 3, clients: 2, backupsWanted: 1, mutants: [], program: ['append', 'get'], depth: 0, crashes: 1, restarts: 1, losses: 1, duplicates: 1,
  goal: 'violation',
}

export const ExploreStanding = z.strictObject({
  /** Distinct states, steps tried, states that wait to be explored. */
  states: z.int(), steps: z.int(), queue: z.int(),
  /** Every path of this many steps was tried. */
  depth: z.int(),
  /** Bytes kept for the states. */
  bytes: z.int(),
  /** Milliseconds without pauses. */
  ms: z.int(),
  paused: z.boolean(),
  /** Null while it goes on. */
  end: z.strictObject({
    /** `found`: there is a path to show. `complete`: every state was seen. `bound`: it reached the limit of the request or of memory. */
    type: z.enum(['found', 'complete', 'bound', 'cancelled', 'failed']),
    /** A rule's name, `linearizability` or `assertion`; empty for another goal, and if nothing was found. */
    rule: z.string(),
    /** One sentence: what was found, or how far it got without a find. */
    text: z.string(),
    /** The path, a sentence for each step. */
    way: z.array(z.string()),
  }).nullable(),
})
export type ExploreStanding = z.infer<typeof ExploreStanding>
