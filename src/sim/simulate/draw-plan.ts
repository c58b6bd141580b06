// Draws the plan of a run from its seed: the cluster, its settings and stores, a few hundred operations (draw-operations.ts) and a few
// dozen faults of every kind (draw-faults.ts). It must never look at a run: what depends on the run is drawn as a role or a share, and
// resolved when it is due.
import { createRandom, type Random } from '../../network'
import { defaultSettings, type MutantName, type NodeName, type Settings } from '../../protocol'
import { drawFaults, type FaultsFor } from './draw-faults'
import { drawOperations } from './draw-operations'
import { storeWords, type Plan } from './plan'

/** What a person chose; the seed decides the rest. */
export interface DrawOptions {
  readonly mutants: readonly MutantName[]
  /** The length of the run; 10 s by default. */
  readonly durationMs?: number
  readonly replicas?: number
  readonly clients?: number
  readonly backups?: number
}

const usualDurationMs = 10_000
/** The share of the run after which everything is healed; then the cluster must recover. */
const mendedAfter = 0.76
/** One seed in this many is careless: its faults may leave the cluster stuck. */
const carelessOneIn = 14
/** One seed in this many has a view server that listens first and is restarted once. */
const forgetfulOneIn = 25

export function drawPlan(seed: string, options: DrawOptions): Plan {
  const random = createRandom(seed, 'plan')
  const durationMs = options.durationMs ?? usualDurationMs
  const isForgetful = random.below(forgetfulOneIn) === 0
  const settings: Settings = { ...drawSettings(random, options), newCluster: !isForgetful && !random.chance(0.05) }
  // Mostly one more than a view has members: an idle server replaces a dead backup.
  const replicas = options.replicas ?? Math.max(3, settings.backupsWanted + 1 + random.below(2))
  const clients = options.clients ?? 1 + random.below(4)
  const mendAtMs = Math.floor(durationMs * mendedAfter)
  const cluster: FaultsFor = {
    servers: named('s', replicas), clients: named('c', clients), mendAtMs, isCareless: random.below(carelessOneIn) === 0, isForgetful,
    length: durationMs / usualDurationMs, settings,
  }
  return {
    seed, replicas, clients, settings, stores: random.pick(storeWords), durationMs, mendAtMs,
    operations: drawOperations(random, { ...cluster, durationMs }), faults: drawFaults(random, createRandom(seed, 'rare faults'), cluster),
  }
}

function named(prefix: string, count: number): NodeName[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
}

const { tableClientsMax, inFlightMax, waitingRequestsMax, transferChunkBytes } = defaultSettings

/** The values that each setting is drawn from; a value listed twice is drawn twice as often. */
export const settingChoices = {
  backupsWanted: [0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4],
  retryMs: [10, 20, 40, 40, 100, 100, 250],
  operationTimeoutMs: [10_000, 10_000, 2000, 500, 250, 0],
  // From one entry per chunk to all entries in one; sizes in between cut chunks anywhere, also at the end of an entry.
  transferChunkBytes: [...often(4, transferChunkBytes), 1, 5, 12, 20, 60, 60, 150, 400],
  transferWindow: [1, 1, 2, 3, 4, 64],
  inFlightMax: [...often(17, inFlightMax), 1, 2, 3],
  waitingRequestsMax: [...often(13, waitingRequestsMax), 1, 2],
  tableClientsMax: [...often(24, tableClientsMax), 1, 2, 3, 5],
} as const satisfies Partial<Record<keyof Settings, readonly number[]>>

function often<Value>(times: number, value: Value): Value[] {
  return Array.from({ length: times }, () => value)
}

function drawSettings(random: Random, { mutants, backups, replicas }: DrawOptions): Omit<Settings, 'newCluster'> {
  const drawn = {
    backupsWanted: random.pick(settingChoices.backupsWanted), retryMs: random.pick(settingChoices.retryMs),
    operationTimeoutMs: random.pick(settingChoices.operationTimeoutMs), transferChunkBytes: random.pick(settingChoices.transferChunkBytes),
    transferWindow: random.pick(settingChoices.transferWindow), inFlightMax: random.pick(settingChoices.inFlightMax),
    waitingRequestsMax: random.pick(settingChoices.waitingRequestsMax), tableClientsMax: random.pick(settingChoices.tableClientsMax),
  }
  const wanted = backups ?? drawn.backupsWanted
  return {
    ...defaultSettings, ...drawPings(random), ...drawn, mutants,
    backupsWanted: replicas === undefined ? wanted : Math.min(wanted, replicas - 1),
    replication: random.chance(0.06) ? 'asynchronous' : 'synchronous',
    // An operation that times out before a retry has no known outcome, and too many of those could explain any history.
    retryMs: drawn.operationTimeoutMs === 0 ? drawn.retryMs : Math.min(drawn.retryMs, drawn.operationTimeoutMs / 10),
  }
}

/** Checks mostly come as often as pings; where they do not, a healthy server is still heard twice before it would be dead. */
function drawPings(random: Random): Pick<Settings, 'pingIntervalMs' | 'pingCheckIntervalMs' | 'deadPings'> {
  const pingIntervalMs = random.pick([40, 60, 100])
  const pingCheckIntervalMs = Math.round(pingIntervalMs * random.pick([1, 1, 1, 0.5, 1.5, 2.5]))
  const least = Math.ceil(2 * pingIntervalMs / pingCheckIntervalMs)
  return { pingIntervalMs, pingCheckIntervalMs, deadPings: least + random.below(3) }
}
