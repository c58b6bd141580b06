// Exploring as a screen asks for it: what to explore, how far it has come, what was found. The schemas alone; the lab explores.
import * as z from 'zod'
import { mutantNames, settingLimits, type MutantName } from '../protocol'
import './network'

/** Inclusive; the explorer's own limits, which the lab's tests hold to be the same. */
export const exploreFormLimits = {
  replicas: { min: 1, max: 7 }, clients: { min: 1, max: 8 }, operations: { min: 1, max: 6 }, depth: { min: 0, max: 1000 }, budget: { min: 0, max: 7 },
} as const

const Budget = z.int().min(exploreFormLimits.budget.min).max(exploreFormLimits.budget.max)
const limited = ({ min, max }: { readonly min: number; readonly max: number }): z.ZodInt => z.int().min(min).max(max)

export const ExploreRequest = z.strictObject({
  /** An event of the session that is shown: from the end of its step on. 0: from a new cluster that is ready. */
  seq: z.int().min(0),
  /** Of a new cluster; from an event the session's own nodes and settings are taken. */
  replicas: limited(exploreFormLimits.replicas),
  clients: limited(exploreFormLimits.clients),
  backupsWanted: limited(settingLimits.backupsWanted),
  mutants: z.array(z.enum(mutantNames as [MutantName, ...MutantName[]])).max(mutantNames.length),
  /** What each client does, one after another. */
  program: z.array(z.enum(['append', 'get', 'delete'])).min(exploreFormLimits.operations.min).max(exploreFormLimits.operations.max),
  /** Steps; 0: no limit. */
  depth: limited(exploreFormLimits.depth),
  crashes: Budget, restarts: Budget, losses: Budget, duplicates: Budget,
  /** The shortest way to a broken rule, to a cluster that is stuck, or to where every operation has ended. */
  goal: z.enum(['violation', 'stuck', 'finish']),
})
export type ExploreRequest = z.infer<typeof ExploreRequest>

export const defaultExploreRequest: ExploreRequest = {
  seq: 0, replicas: 3, clients: 2, backupsWanted: 1, mutants: [], program: ['append', 'get'], depth: 0, crashes: 1, restarts: 1, losses: 1, duplicates: 1,
  goal: 'violation',
}

export const ExploreStanding = z.strictObject({
  /** Distinct states, steps tried, states that wait to be looked at. */
  states: z.int(), steps: z.int(), queue: z.int(),
  /** Every way of this many steps was tried. */
  depth: z.int(),
  /** Of what is kept of states. */
  bytes: z.int(),
  /** Milliseconds without pauses. */
  ms: z.int(),
  paused: z.boolean(),
  /** Null while it goes on. */
  end: z.strictObject({
    /** `found`: there is a way to show. `complete`: every state was seen. `bound`: as far as was asked for or is kept. */
    type: z.enum(['found', 'complete', 'bound', 'cancelled', 'failed']),
    /** A rule's name, `linearizability` or `assertion`; empty for a goal, and where nothing was found. */
    rule: z.string(),
    /** One sentence: what was found, or how far it went without. */
    text: z.string(),
    /** The way, a sentence for each step. */
    way: z.array(z.string()),
  }).nullable(),
})
export type ExploreStanding = z.infer<typeof ExploreStanding>
