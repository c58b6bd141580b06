// Draws the plan of a run from its seed: the cluster, its settings, a few hundred operations and a few dozen faults of every kind.
// It must never look at a run: what depends on it is drawn as a role or a share, and found out when it comes to it.
import { anywhere, createRandom, type FaultEffect, type Random, type Where } from '../../network'
import { defaultSettings, utf8ToBytes, type ByteString, type MessageType, type MutantName, type NodeName, type Operation, type Settings } from '../../protocol'
import type { FaultAct, HandAct, NodeWord, Plan, PlannedFault, PlannedOperation } from './plan'

/** What a person chose; the seed draws the rest. */
export interface DrawOptions {
  readonly mutants: readonly MutantName[]
  /** From beginning to end; 10 s without it. */
  readonly durationMs?: number
  readonly replicas?: number
  readonly clients?: number
  readonly backups?: number
}

const usualDurationMs = 10_000
/** Of the whole time: then everything is mended, and the cluster has to find back to its work. */
const mendedAfter = 0.76
/** Operations of a run of the usual length, and a few more; a longer run has more. */
const operationsLeast = 204
const keys = 6
/** A seed in so many heeds nothing: its faults may leave the cluster stuck. */
const carelessOneIn = 20

export function drawPlan(seed: string, options: DrawOptions): Plan {
  const random = createRandom(seed, 'plan')
  const durationMs = options.durationMs ?? usualDurationMs
  const settings = drawSettings(random, options)
  // One more than the members of a view mostly: an idle server is what a dead backup is replaced by.
  const replicas = options.replicas ?? Math.max(3, settings.backupsWanted + 1 + random.below(2))
  const clients = options.clients ?? 2 + random.below(3)
  const mendAtMs = Math.floor(durationMs * mendedAfter)
  const cluster: Cluster = { servers: named('s', replicas), clients: named('c', clients), mendAtMs, isCareless: random.below(carelessOneIn) === 0 }
  return {
    seed, replicas, clients, settings, durationMs, mendAtMs,
    operations: drawOperations(random, cluster, durationMs), faults: drawFaults(random, cluster, durationMs / usualDurationMs),
  }
}

interface Cluster {
  readonly servers: readonly NodeName[]
  readonly clients: readonly NodeName[]
  readonly mendAtMs: number
  readonly isCareless: boolean
}

function named(prefix: string, count: number): NodeName[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
}

function drawSettings(random: Random, { mutants, backups, replicas }: DrawOptions): Settings {
  const pingIntervalMs = random.pick([40, 60, 100])
  const wanted = backups ?? random.pick([1, 1, 1, 2, 2, 3])
  return {
    ...defaultSettings, mutants, pingIntervalMs, pingCheckIntervalMs: pingIntervalMs, deadPings: 2 + random.below(3),
    backupsWanted: replicas === undefined ? wanted : Math.min(wanted, replicas - 1),
    replication: random.chance(0.03) ? 'asynchronous' : 'synchronous',
    retryMs: random.pick([20, 40, 100]), operationTimeoutMs: random.pick([10_000, 10_000, 2000, 500]),
    transferChunkBytes: random.pick([defaultSettings.transferChunkBytes, defaultSettings.transferChunkBytes, 60, 20]), transferWindow: 1 + random.below(4),
    inFlightMax: random.chance(0.1) ? 2 : defaultSettings.inFlightMax, waitingRequestsMax: random.chance(0.1) ? 2 : defaultSettings.waitingRequestsMax,
  }
}

// ---- operations

function drawOperations(random: Random, { clients, mendAtMs }: Cluster, durationMs: number): PlannedOperation[] {
  const count = Math.ceil(operationsLeast * durationMs / usualDurationMs) + random.below(40)
  const draw = createDraw(random)
  const lastMs = mendAtMs + (durationMs - mendAtMs) / 4
  const times = Array.from({ length: count }, () => Math.floor(random.next() * lastMs)).sort((one, other) => one - other)
  const operations = times.map((atMs, index) => ({ id: index + 1, atMs, client: random.pick(clients), session: random.below(2), operation: draw() }))
  // Each key is read when all should be well again: what was acknowledged must be there.
  const readAtMs = Math.floor(durationMs - (durationMs - mendAtMs) / 5)
  for (let key = 1; key <= keys; key++) {
    operations.push({ id: count + key, atMs: readAtMs, client: clients[0] as NodeName, session: 2, operation: { type: 'get', key: utf8ToBytes(`k${key}`) } })
  }
  return operations
}

/** Every written value is another, so that who reads one knows which write it sees. */
function createDraw(random: Random): () => Operation {
  const last = new Map<ByteString, ByteString>()
  let written = 0
  const write = (key: ByteString): ByteString => {
    const value = utf8ToBytes(`w${++written}`)
    last.set(key, value)
    return value
  }
  return () => {
    const key = utf8ToBytes(`k${1 + random.below(keys)}`)
    const type = random.pick(['put', 'put', 'append', 'append', 'append', 'get', 'get', 'get', 'cas', 'delete'] as const)
    switch (type) {
      case 'put':
      case 'append': return { type, key, value: write(key) }
      case 'get':
      case 'delete': return { type, key }
      case 'cas': return { type, key, expected: random.chance(0.3) ? null : last.get(key) ?? null, value: write(key) }
    }
  }
}

// ---- faults

/** Kinds that reach a server as a late copy, or again. */
const kinds: readonly MessageType[] = ['request', 'reply', 'forward', 'forward-ack', 'state-transfer', 'state-transfer-ack', 'ping', 'view-reply']

function drawFaults(random: Random, cluster: Cluster, length: number): PlannedFault[] {
  // Of the two kinds the first may be left out when it comes to it.
  const processes = Math.ceil((8 + random.below(10)) * length)
  const others = Math.ceil((13 + random.below(8)) * length)
  const { mendAtMs, isCareless } = cluster
  const drawn: Omit<PlannedFault, 'id'>[] = []
  const at = (): number => 50 + random.below(Math.max(1, mendAtMs - 100))
  for (let count = 0; count < processes; count++) drawn.push({ atMs: at(), isCareful: !isCareless, act: drawProcessFault(random, cluster) })
  for (let count = 0; count < others; count++) drawn.push({ atMs: at(), isCareful: false, act: drawOtherFault(random, cluster, `fault ${count + 1}`) })
  // Messages do not all take the same time, so that they overtake one another.
  if (random.chance(0.8)) {
    drawn.push({ atMs: 0, isCareful: false, act: { type: 'network', fault: faultOf('jitter', { type: 'delay', probability: 1, delay: { type: 'uniform', minMs: 0, maxMs: 4 } }), forMs: 0 } })
  }
  return drawn.sort((one, other) => one.atMs - other.atMs).map((fault, index) => ({ ...fault, id: index + 1 }))
}

function faultOf(name: string, effect: FaultEffect, where: Where = anywhere, bothWays = false): Extract<FaultAct, { type: 'network' }>['fault'] {
  return { name, where, bothWays, effect, times: 0 }
}

function drawServer(random: Random, { servers }: Cluster): NodeWord {
  return random.pick<NodeWord>(['primary', 'primary', 'backup', random.pick(servers)])
}

function drawProcessFault(random: Random, cluster: Cluster): FaultAct {
  const node = drawServer(random, cluster)
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2: return { type: 'kill', node, forMs: 50 + random.below(1500) }
    case 3:
    case 4: return { type: 'restart', node }
    case 5: return { type: 'pause', node: 'vs', forMs: 20 + random.below(200) }
    default: return { type: 'pause', node, forMs: 20 + random.below(900) }
  }
}

function drawOtherFault(random: Random, cluster: Cluster, name: string): FaultAct {
  const [kind, from, to] = [random.pick(kinds), drawServer(random, cluster), drawServer(random, cluster)]
  switch (random.below(12)) {
    case 0: return { type: 'freeze', hands: Array.from({ length: 1 + random.below(4) }, () => drawHand(random, cluster)) }
    case 1:
    case 2: {
      const client = random.pick(cluster.clients)
      const link = kind === 'request' ? { from: client, to } : kind === 'reply' ? { from, to: client } : kind === 'ping' ? { from, to: 'vs' } : kind === 'view-reply' ? { from: 'vs', to } : { from, to }
      return { type: 'late-copy', name, of: { ...link, kind }, lateMs: 50 + random.below(1500) }
    }
    case 3:
    case 4:
    case 5: return { type: 'resend', kind, pick: { type: 'share', share: random.next() } }
    case 6: return random.chance(0.3) ? { type: 'restart', node: random.pick(cluster.clients) } : { type: 'resend', kind: 'forward', pick: { type: 'share', share: 0.5 + random.next() / 2 } }
    default: return { type: 'network', fault: drawNetworkFault(random, cluster, name), forMs: 50 + random.below(900) }
  }
}

function drawHand(random: Random, cluster: Cluster): HandAct {
  if (random.chance(0.2)) return random.chance(0.3) ? { type: 'fire', node: 'vs', timer: 'ping-check' } : { type: 'fire', node: drawServer(random, cluster), timer: 'ping' }
  return { type: random.pick(['deliver', 'deliver', 'drop', 'duplicate']), pick: { type: 'share', share: random.next() } }
}

function drawNetworkFault(random: Random, cluster: Cluster, name: string): Extract<FaultAct, { type: 'network' }>['fault'] {
  const [one, other] = [drawServer(random, cluster), random.pick([...cluster.servers, ...cluster.clients, 'vs'])]
  const link: Where = { from: [one], to: one === other ? [] : [other], kinds: [] }
  const some: Where = random.chance(0.5) ? anywhere : random.chance(0.5) ? link : { ...anywhere, kinds: [random.pick(kinds)] }
  switch (random.below(10)) {
    case 0: return faultOf(name, { type: 'drop', probability: 0.05 + random.next() * 0.3 }, some)
    case 1: return faultOf(name, { type: 'delay', probability: 0.1 + random.next() * 0.5, delay: { type: 'uniform', minMs: 0, maxMs: 10 + random.below(250) } }, some)
    case 2: return faultOf(name, { type: 'delay', probability: 1, delay: { type: 'exponential', meanMs: 1 + random.below(20) } }, some)
    case 3: return faultOf(name, { type: 'duplicate', probability: 0.1 + random.next() * 0.4 }, some)
    case 4: return faultOf(name, { type: 'reorder', probability: 0.1 + random.next() * 0.4, withinMs: 200 }, some)
    case 5: return faultOf(name, { type: 'isolate', nodes: [one] })
    case 6: return faultOf(name, { type: 'partition', groups: halves(random, cluster) })
    case 7: return faultOf(name, { type: 'cut' }, link, random.chance(0.5))
    case 8: return faultOf(name, { type: 'hold' }, { ...link, kinds: [random.pick(kinds)] })
    default: return faultOf(name, { type: 'unreliable', requestLoss: 0.1, replyLoss: 0.2 })
  }
}

/** Two groups of the servers, the view server and the clients; neither is empty. */
function halves(random: Random, { servers, clients }: Cluster): NodeName[][] {
  const all = ['vs', ...servers, ...clients]
  const first = all.filter(() => random.chance(0.5))
  const one = first.length === 0 || first.length === all.length ? [random.pick(servers)] : first
  return [one, all.filter((name) => !one.includes(name))]
}
