// Draws the faults of a simulated run: of every kind, each for some time. They come at random times, or when they hurt most: during a
// transfer, or while a primary waits for its backups. Restarts with messages of the earlier incarnation are drawn deliberately.
import { anywhere, type FaultEffect, type Random, type Where } from '../../network'
import { pingCheckTimer, pingTimer, retryTimer, viewServerName, type MessageType, type NodeName, type Settings } from '../../protocol'
import type { Echo, FaultAct, HandAct, NodeWord, PlannedFault, WaitsFor } from './plan'

export interface FaultsFor {
  readonly servers: readonly NodeName[]
  readonly clients: readonly NodeName[]
  readonly mendAtMs: number
  readonly isCareless: boolean
  /** The view server restarts once, and no longer knows what it decided. */
  readonly isForgetful: boolean
  /** The length of the run, as a multiple of the usual one. */
  readonly length: number
  readonly settings: Pick<Settings, 'backupsWanted' | 'deadPings' | 'pingCheckIntervalMs'>
}

type Drawn = Omit<PlannedFault, 'id'>
type NetworkFault = Extract<FaultAct, { type: 'network' }>['fault']

/** Kinds of messages that arrive as a late copy, or again. */
const kinds: readonly MessageType[] = [
  'request', 'reply', 'rejected', 'not-yet', 'forward', 'forward', 'forward-ack', 'forward-ack', 'state-transfer', 'state-transfer-ack', 'restarted',
  'ping', 'view-reply', 'get-view', 'superseded',
]
/** Kinds of a server's incarnation, and of a client's, which the next incarnation or a peer may mistake for current messages. */
const kindsOfServers: readonly MessageType[] = [
  'ping', 'ping', 'view-reply', 'view-reply', 'forward', 'forward-ack', 'forward-ack', 'state-transfer', 'state-transfer-ack', 'state-transfer-ack',
  'request', 'reply', 'rejected', 'restarted', 'not-yet',
]
const kindsOfTheViewServer: readonly MessageType[] = ['view-reply', 'view-reply', 'get-view', 'superseded']
/** Kinds that may make a restarted backup count as initialised. */
const kindsOfTransfers: readonly MessageType[] = ['state-transfer-ack', 'state-transfer-ack', 'state-transfer', 'restarted', 'view-reply', 'ping']
const kindsOfClients: readonly MessageType[] = ['request', 'request', 'reply', 'rejected', 'not-yet', 'view-reply']

/** `rare`: a random generator of its own for rare faults, so that the other draws of a seed do not change. */
export function drawFaults(random: Random, rare: Random, cluster: FaultsFor): PlannedFault[] {
  // Of the two kinds, the run may leave out faults of processes.
  const processes = Math.ceil((8 + random.below(10)) * cluster.length)
  const others = Math.ceil((13 + random.below(8)) * cluster.length)
  const { mendAtMs, isCareless, isForgetful } = cluster
  const drawn: Drawn[] = []
  const at = (): number => 50 + random.below(Math.max(1, mendAtMs - 100))
  for (let count = 0; count < processes; count++) {
    const waits = drawWaits(random, cluster)
    const fault: Drawn = { atMs: at(), isCareful: !isCareless, waits, act: drawProcessFault(random, cluster, waits?.moment === 'transfer') }
    // Other nodes then learn of the new incarnation before the view server does.
    if (fault.act.type === 'restart-with-echoes' && random.chance(0.3)) drawn.push({ ...fault, isCareful: false, act: firstPingLost(fault.act.node, `ping ${count + 1}`) })
    if (waits?.moment !== 'in-flight' || !random.chance(0.5)) drawn.push(fault)
    // Some messages in flight are lost, so the operation stays in flight until the fault comes.
    else drawn.push({ ...fault, isCareful: false, act: someForwardsLost(random, `forwards ${count + 1}`) }, { ...fault, waits: { ...waits, lastsMs: 3 + random.below(12) } })
  }
  for (let count = 0; count < others; count++) {
    drawn.push({ atMs: at(), isCareful: false, waits: drawWaits(random, cluster), act: drawOtherFault(random, cluster, `fault ${count + 1}`) })
  }
  const ends = Math.ceil((2 + random.below(8)) * cluster.length)
  for (let count = 0; count < ends; count++) {
    drawn.push({ atMs: at(), isCareful: false, waits: drawWaits(random, cluster), act: { type: 'disconnect', client: random.pick(cluster.clients), server: drawServer(random, cluster) } })
  }
  // Messages take different times, so that they overtake one another.
  if (random.chance(0.8)) drawn.push({ atMs: 0, isCareful: false, waits: null, act: { type: 'network', fault: faultOf('jitter', delayOf(1, random.pick([4, 4, 4, 12]))), forMs: 0 } })
  if (cluster.settings.backupsWanted > 0 && rare.chance(0.2)) for (let count = 1; count <= 3; count++) drawn.push(...drawOldAcks(rare, cluster, 50 + rare.below(Math.max(1, mendAtMs - 100)), `acks ${count}`))
  const all = isForgetful ? withForgetting(random, cluster, drawn) : drawn
  return all.sort((one, other) => one.atMs - other.atMs).map((fault, index) => ({ ...fault, id: index + 1 }))
}

/** Most faults begin at their time. Without backups no moment to wait for ever comes, and a forgetful view server needs a quiet time. */
function drawWaits(random: Random, { mendAtMs, isForgetful, settings }: FaultsFor): WaitsFor | null {
  if (random.chance(0.7) || isForgetful || settings.backupsWanted === 0) return null
  return { moment: random.pick(['transfer', 'transfer', 'in-flight']), lastsMs: random.below(random.pick([1, 1, 6, 30])), upToMs: Math.floor(mendAtMs / 4) }
}

/**
 * The view server restarts while all is well, and nothing else happens while it listens. It relies on at least one ping in that time from a
 * server that knows the view.
 */
function withForgetting(random: Random, { mendAtMs, settings, servers }: FaultsFor, drawn: readonly Drawn[]): Drawn[] {
  const atMs = Math.floor(mendAtMs / 2) + random.below(Math.floor(mendAtMs / 4))
  const listensMs = (settings.deadPings + 1) * settings.pingCheckIntervalMs
  const meets = ({ atMs: beginMs }: Drawn): boolean => beginMs >= atMs && beginMs <= atMs + listensMs
  const restart = (node: NodeWord, of: readonly MessageType[]): FaultAct => random.chance(0.5) ? { type: 'restart', node } : { type: 'restart-with-echoes', node, echoes: drawEchoes(random, of) }
  const forgotten: Drawn[] = [{ atMs, isCareful: true, waits: null, act: restart(viewServerName, kindsOfTheViewServer) }]
  // The first server that it hears from may know as little as it does.
  if (random.chance(0.5)) forgotten.push({ atMs: atMs + random.below(10), isCareful: true, waits: null, act: restart(random.pick(servers), ['view-reply', 'forward', 'request']) })
  return [...drawn.filter((fault) => !meets(fault)), ...forgotten]
}

function firstPingLost(node: NodeWord, name: string): FaultAct {
  return { type: 'network', fault: faultOf(name, { type: 'drop', probability: 1 }, { from: [node], to: [], kinds: ['ping'] }, false, 1), forMs: 50 }
}

/** A backup restarts after it installed a state but before its primary hears so: its old acks arrive while the new incarnation gets the state. */
function drawOldAcks(random: Random, { mendAtMs }: FaultsFor, atMs: number, name: string): Drawn[] {
  const moment = { moment: 'transfer', upToMs: Math.floor(mendAtMs / 4) } as const
  const lost = faultOf(name, { type: 'drop', probability: 1 }, { from: ['backup'], to: [], kinds: ['state-transfer-ack'] })
  const echoes = Array.from({ length: 4 }, (): Echo => ({ kind: 'state-transfer-ack', pick: { type: 'share', share: random.next() }, afterMs: 5 + random.below(40), times: 5, everyMs: 15 }))
  return [
    { atMs, isCareful: false, waits: { ...moment, lastsMs: 0 }, act: { type: 'network', fault: lost, forMs: 80 + random.below(200) } },
    { atMs, isCareful: false, waits: { ...moment, lastsMs: 5 + random.below(30) }, act: { type: 'restart-with-echoes', node: 'backup', echoes } },
  ]
}

function someForwardsLost(random: Random, name: string): FaultAct {
  return { type: 'network', fault: faultOf(name, { type: 'drop', probability: 0.5 }, { ...anywhere, kinds: [random.pick(['forward', 'forward', 'forward-ack', 'reply'])] }), forMs: 15 }
}

function faultOf(name: string, effect: FaultEffect, where: Where = anywhere, bothWays = false, times = 0): NetworkFault {
  return { name, where, bothWays, effect, times }
}

function delayOf(probability: number, maxMs: number): FaultEffect {
  return { type: 'delay', probability, delay: { type: 'uniform', minMs: 0, maxMs } }
}

function drawServer(random: Random, { servers }: FaultsFor): NodeWord {
  return random.pick<NodeWord>(['primary', 'primary', 'backup', random.pick(servers)])
}

function drawProcessFault(random: Random, cluster: FaultsFor, isInTransfer: boolean): FaultAct {
  if (isInTransfer && random.chance(0.5)) {
    const node = random.pick<NodeWord>(['backup', random.pick(cluster.servers)])
    return { type: 'restart-with-echoes', node, echoes: drawEchoes(random, kindsOfTransfers) }
  }
  const node = drawServer(random, cluster)
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2: return { type: 'kill', node, forMs: 50 + random.below(1500) }
    case 3:
    case 4: return { type: 'restart', node }
    case 5:
    case 6: return { type: 'restart-with-echoes', node, echoes: drawEchoes(random, kindsOfServers) }
    case 7: return { type: 'pause', node: viewServerName, forMs: 20 + random.below(200) }
    default: return { type: 'pause', node, forMs: 20 + random.below(900) }
  }
}

/** Some echoes come once, soon after the start or late; some come repeatedly. */
function drawEchoes(random: Random, of: readonly MessageType[]): Echo[] {
  return Array.from({ length: 1 + random.below(6) }, () => ({
    kind: random.pick(of), pick: { type: 'share', share: random.next() }, afterMs: random.below(random.pick([3, 20, 300])),
    ...random.chance(0.6) ? { times: 1, everyMs: 0 } : { times: 2 + random.below(15), everyMs: 2 + random.below(random.pick([6, 80])) },
  }))
}

function drawOtherFault(random: Random, cluster: FaultsFor, name: string): FaultAct {
  const [kind, from, to] = [random.pick(kinds), drawServer(random, cluster), drawServer(random, cluster)]
  switch (random.below(13)) {
    case 0: return { type: 'freeze', hands: Array.from({ length: 1 + random.below(4) }, () => drawHand(random, cluster)) }
    case 1:
    case 2: return { type: 'late-copy', name, of: { ...linkOf(kind, from, to, random.pick(cluster.clients)), kind }, lateMs: 50 + random.below(1500) }
    case 3:
    case 4:
    case 5: return { type: 'resend', kind, pick: { type: 'share', share: random.next() } }
    case 6: return drawClientFault(random, cluster)
    default: return { type: 'network', fault: drawNetworkFault(random, cluster, name), forMs: 50 + random.below(900) }
  }
}

/** The sender and the receiver of messages of a kind. */
function linkOf(kind: MessageType, server: NodeWord, other: NodeWord, client: NodeName): { from: NodeWord; to: NodeWord } {
  switch (kind) {
    case 'request': return { from: client, to: other }
    case 'reply':
    case 'rejected':
    case 'not-yet': return { from: server, to: client }
    case 'ping': return { from: server, to: viewServerName }
    case 'view-reply':
    case 'superseded': return { from: viewServerName, to: other }
    case 'get-view': return { from: client, to: viewServerName }
    default: return { from: server, to: other }
  }
}

function drawClientFault(random: Random, { clients }: FaultsFor): FaultAct {
  const node = random.pick(clients)
  switch (random.below(4)) {
    case 0: return { type: 'restart', node }
    case 1: return { type: 'restart-with-echoes', node, echoes: drawEchoes(random, kindsOfClients) }
    case 2: return { type: 'pause', node, forMs: 20 + random.below(600) }
    default: return { type: 'resend', kind: 'forward', pick: { type: 'share', share: 0.5 + random.next() / 2 } }
  }
}

function drawHand(random: Random, cluster: FaultsFor): HandAct {
  if (!random.chance(0.25)) return { type: random.pick(['deliver', 'deliver', 'drop', 'duplicate']), pick: { type: 'share', share: random.next() } }
  switch (random.below(4)) {
    case 0: return { type: 'fire', node: viewServerName, timer: pingCheckTimer }
    case 1: return { type: 'fire', node: 'primary', timer: retryTimer(random.pick(cluster.servers)) }
    case 2: return { type: 'fire', node: random.pick(cluster.clients), timer: retryTimer(0) }
    default: return { type: 'fire', node: drawServer(random, cluster), timer: pingTimer }
  }
}

function drawNetworkFault(random: Random, cluster: FaultsFor, name: string): NetworkFault {
  const [one, other] = [drawServer(random, cluster), random.pick([...cluster.servers, ...cluster.clients, viewServerName])]
  const link: Where = { from: [one], to: one === other ? [] : [other], kinds: [] }
  const kind = random.pick(kinds)
  const some: Where = random.pick([anywhere, anywhere, link, { ...anywhere, kinds: [kind] }])
  switch (random.below(11)) {
    case 0: return faultOf(name, { type: 'drop', probability: 0.05 + random.next() * 0.3 }, some)
    case 1: return faultOf(name, delayOf(0.1 + random.next() * 0.5, 10 + random.below(250)), some)
    case 2: return faultOf(name, { type: 'delay', probability: 1, delay: { type: 'exponential', meanMs: 1 + random.below(20) } }, some)
    case 3: return faultOf(name, { type: 'duplicate', probability: 0.1 + random.next() * 0.4 }, some)
    case 4: return faultOf(name, { type: 'reorder', probability: 0.1 + random.next() * 0.4, withinMs: 200 }, some)
    case 5: return faultOf(name, { type: 'isolate', nodes: [one] })
    case 6: return faultOf(name, { type: 'partition', groups: halves(random, cluster) })
    case 7: return faultOf(name, { type: 'cut' }, link, random.chance(0.5))
    case 8: return faultOf(name, { type: 'hold' }, { ...link, kinds: [kind] })
    // Only one or two messages of a kind are lost: what makes up for the loss must do so alone.
    case 9: return faultOf(name, { type: 'drop', probability: 1 }, { ...anywhere, kinds: [kind] }, false, 1 + random.below(2))
    default: return faultOf(name, { type: 'unreliable', requestLoss: 0.1, replyLoss: 0.2 })
  }
}

/** Two groups of all servers, the view server and the clients; neither is empty. */
function halves(random: Random, { servers, clients }: FaultsFor): NodeName[][] {
  const all = [viewServerName, ...servers, ...clients]
  const first = all.filter(() => random.chance(0.5))
  const one = first.length === 0 || first.length === all.length ? [random.pick(servers)] : first
  return [one, all.filter((name) => !one.includes(name))]
}
