// The clusters in which something broken is looked for, smallest first: most of what breaks a protocol shows with two servers and one client,
// and what is found there is the easiest to read. Together they give every mutant what it needs to be seen.
import { defaultSettings, type MutantName } from '../../protocol'
import { defaultPlan, type ExplorePlan, type Program } from './plan'

interface Rung {
  readonly replicas: number
  readonly backups: number
  readonly clients: number
  readonly program: Program
  readonly crashes: number
  readonly restarts: number
  readonly losses: number
  readonly duplicates: number
}

const rungs: readonly Rung[] = [
  { replicas: 2, backups: 1, clients: 1, program: ['append', 'get'], crashes: 1, restarts: 1, losses: 1, duplicates: 1 },
  { replicas: 2, backups: 1, clients: 2, program: ['append'], crashes: 1, restarts: 1, losses: 1, duplicates: 1 },
  { replicas: 3, backups: 2, clients: 1, program: ['append'], crashes: 1, restarts: 0, losses: 1, duplicates: 0 },
  { replicas: 3, backups: 1, clients: 1, program: ['append'], crashes: 0, restarts: 0, losses: 2, duplicates: 0 },
  { replicas: 2, backups: 1, clients: 1, program: ['append', 'delete'], crashes: 0, restarts: 0, losses: 2, duplicates: 0 },
  { replicas: 3, backups: 1, clients: 1, program: ['append', 'append'], crashes: 1, restarts: 1, losses: 1, duplicates: 1 },
]

/** A first look at each: what shows soon in a later cluster need not wait for the whole of an earlier one. */
const firstLook = 200_000

/** Plans for a protocol that is broken so, or not at all, in the order in which they are worth trying: each with few states, then with all. */
export function ladder(mutants: readonly MutantName[], statesMax: number): ExplorePlan[] {
  return [...statesMax > firstLook ? plansOf(mutants, firstLook) : [], ...plansOf(mutants, statesMax)]
}

function plansOf(mutants: readonly MutantName[], statesMax: number): ExplorePlan[] {
  return rungs.map(({ replicas, backups, clients, program, ...bounds }) => ({
    ...defaultPlan, settings: { ...defaultSettings, backupsWanted: backups, mutants }, replicas, clients, program,
    bounds: { depth: 0, statesMax, ...bounds },
  }))
}
