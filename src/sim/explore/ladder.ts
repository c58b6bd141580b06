// The clusters to explore when looking for a violation, smallest first: most bugs show with two servers and one client, and are easiest to
// read there. Together they can show every mutant that an exploration can show.
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
  /** Each entry and each row of a state transfer is a chunk of its own, with a window of two chunks. */
  readonly inChunks?: boolean
}

const rungs: readonly Rung[] = [
  { replicas: 2, backups: 1, clients: 1, program: ['append', 'get'], crashes: 1, restarts: 1, losses: 1, duplicates: 1 },
  { replicas: 2, backups: 1, clients: 2, program: ['append'], crashes: 1, restarts: 1, losses: 1, duplicates: 1 },
  { replicas: 3, backups: 2, clients: 1, program: ['append'], crashes: 1, restarts: 0, losses: 1, duplicates: 0 },
  { replicas: 3, backups: 1, clients: 1, program: ['append'], crashes: 0, restarts: 0, losses: 2, duplicates: 0 },
  { replicas: 3, backups: 1, clients: 1, program: ['append'], crashes: 1, restarts: 0, losses: 1, duplicates: 0, inChunks: true },
  { replicas: 2, backups: 1, clients: 1, program: ['append'], crashes: 2, restarts: 2, losses: 0, duplicates: 1, inChunks: true },
  { replicas: 2, backups: 1, clients: 1, program: ['append', 'delete'], crashes: 0, restarts: 0, losses: 2, duplicates: 0 },
  { replicas: 3, backups: 1, clients: 1, program: ['append', 'append'], crashes: 1, restarts: 1, losses: 1, duplicates: 1 },
]

const chunked = { transferChunkBytes: 1, transferWindow: 2 } as const

/** The first round explores this many states of each cluster, so that a quick find in a later one need not wait for the earlier ones. */
const firstLook = 200_000

/** Plans for a protocol with these mutants (or none), in the order to try them: each with few states first, then each with all. */
export function ladder(mutants: readonly MutantName[], statesMax: number): ExplorePlan[] {
  return [...statesMax > 2 * firstLook ? plansOf(mutants, firstLook) : [], ...plansOf(mutants, statesMax)]
}

/** Why no exploration can show this mutant; empty if one can. */
export function whyNotExplored(mutant: MutantName): string {
  return notExplored[mutant] ?? ''
}

const otherStore = 'it keeps entries in the other store'
const notExplored: Partial<Record<MutantName, string>> = {
  'slab-store-skips-entry': otherStore, 'slab-store-skips-bucket': otherStore, 'slab-store-drops-append': otherStore,
  'deletes-not-forwarded': 'asynchronous replication is not explored', 'waits-for-three-backups': 'no rung has four backups',
  'evicts-by-arrival': 'no table is smaller than its clients', 'takes-empty-for-missing': 'no program compares and swaps',
  'transfer-without-empty': 'no program writes an empty value', 'reuses-failed-id': 'nobody asks a server straight', 'calls-refusals-definite': 'nobody asks a server straight',
  'forms-view-at-once': 'no view server starts again', 'keeps-ack-list': 'a primary of ours lists every backup in its ack',
  'promotes-second-backup': 'who of two takes over breaks no rule that it knows',
}

function plansOf(mutants: readonly MutantName[], statesMax: number): ExplorePlan[] {
  return rungs.map(({ replicas, backups, clients, program, inChunks = false, ...bounds }) => ({
    ...defaultPlan, settings: { ...defaultSettings, backupsWanted: backups, mutants, ...inChunks ? chunked : {} }, replicas, clients, program,
    bounds: { depth: 0, statesMax, ...bounds },
  }))
}
