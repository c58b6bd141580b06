// All faults at once on real processes: links that lose, delay, double, reorder and hold, cuts, partitions, isolation, the course's
// unreliable mode, kills, pauses and restarts, while clients append; and the count afterwards. Run by a process test for a short time
// and by `npm run soak:faults` for five minutes a seed.
import { copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anywhere, concernsLink, courseUnreliable, createRandom, type Fault, type FaultEffect, type Random, type Where } from '../network'
import { viewServerName, type NodeName } from '../protocol'
import { currentView } from '../trace'
import { Harness } from './cluster-harness'
import { Appender, canBear, problemsOf } from './soak'

export interface FaultSoakOptions {
  readonly seed: string
  readonly seconds: number
  /** Kills that may leave the cluster stuck for good are drawn too; the lab must then say why it is stuck. */
  readonly mayGetStuck: boolean
  /** It goes on beyond its seconds, a minute at most, until so many faults were there: a busy machine is slow at them. */
  readonly faultsMin?: number
  /** Called with the path of the recording when the run is over, however that went, before it is removed. */
  readonly onRecording?: (path: string) => Promise<void>
}

export interface FaultSoakResult {
  readonly seed: string
  readonly faults: number
  readonly kinds: Readonly<Record<string, number>>
  readonly acknowledged: number
  readonly views: number
  /** From the end of the last fault to the first acknowledged operation; -1 if the cluster is stuck for good. */
  readonly servedAfterMs: number
  readonly stuck: string
  /** Empty if all is well; else what was found. */
  readonly problems: readonly string[]
  /** Where the recording of a run with problems is kept; empty for one without. */
  readonly recording: string
}

const clients = ['c1', 'c2', 'c3', 'c4']
const servers = ['s1', 's2', 's3', 's4']
const everyone = ['vs', ...servers, ...clients]
/** Between two faults, drawn up to this. */
const pauseBetweenMs = 500
/** How long a healed cluster may take to serve again. */
const healedWithinMs = 2000

export async function faultSoak({ seed, seconds, mayGetStuck, faultsMin = 0, onRecording }: FaultSoakOptions): Promise<FaultSoakResult> {
  const harness = await new Harness({
    replicas: servers.length, clients: clients.length,
    settings: { pingIntervalMs: 20, pingCheckIntervalMs: 20, deadPings: 5, retryMs: 20, operationTimeoutMs: 5000 },
  }).start()
  try {
    await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
    const random = createRandom(seed, 'fault soak')
    const appenders = clients.map((client) => new Appender(harness, client))
    const running = Promise.all(appenders.map((appender) => appender.run()))
    const kinds = await injectFaults(harness, random, { endMs: Date.now() + seconds * 1000, faultsMin }, mayGetStuck)
    const servedAfterMs = await heal(harness)
    for (const appender of appenders) appender.stop()
    const stuck = harness.state.stuck?.type ?? ''
    const isStuck = servedAfterMs < 0
    if (isStuck) running.catch(ignoreGone)
    else await running
    const problems = isStuck ? stuckProblems(stuck, mayGetStuck) : await judged(harness, appenders)
    if (servedAfterMs > healedWithinMs) problems.push(`it served again only ${servedAfterMs} ms after it was healed`)
    const recording = problems.length === 0 ? '' : join(tmpdir(), `understudy-fault-soak-${seed}.jsonl`)
    if (recording !== '') copyFileSync(harness.recordingPath, recording)
    return {
      seed, kinds, recording, servedAfterMs, stuck, problems, views: harness.state.views.length,
      faults: Object.values(kinds).reduce((sum, count) => sum + count, 0),
      acknowledged: appenders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
    }
  } finally {
    // A file that nobody writes to any more.
    await harness.cluster.stop()
    try {
      await onRecording?.(harness.recordingPath)
    } finally {
      await harness.stop()
    }
  }
}

async function judged(harness: Harness, appenders: readonly Appender[]): Promise<string[]> {
  const log = await harness.get('log')
  return appenders.flatMap((appender) => problemsOf(appender, log))
}

/** A cluster that does not serve must say why, and may only be stuck where that was drawn. */
function stuckProblems(stuck: string, mayGetStuck: boolean): string[] {
  if (stuck === '') return ['it does not serve after it was healed, and nobody says why']
  return mayGetStuck ? [] : [`it is stuck (${stuck}) although no such kill was drawn`]
}

/** Beyond the end for at most this long, where faults are still wanted. */
const beyondEndMs = 60_000

async function injectFaults(
  harness: Harness, random: Random, { endMs, faultsMin }: { endMs: number; faultsMin: number }, mayGetStuck: boolean,
): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {}
  const isWanted = (): boolean => Object.values(kinds).reduce((sum, count) => sum + count, 0) < faultsMin && Date.now() < endMs + beyondEndMs
  for (let number = 1; Date.now() < endMs || isWanted(); number++) {
    await new Promise((settle) => setTimeout(settle, random.below(pauseBetweenMs)))
    const kind = random.chance(0.6) ? await addFault(harness, random, number) : await actOnProcess(harness, random, mayGetStuck)
    if (kind !== '') kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

/** A fault of the network that ends by itself. */
async function addFault({ cluster }: Harness, random: Random, number: number): Promise<string> {
  const { effect, where } = drawFault(random)
  const fault: Fault = { name: `fault ${number}`, effect, where, bothWays: random.chance(0.3), times: effect.type === 'hold' ? 20 : 0 }
  const plan = { inMs: random.chance(0.2) ? random.below(200) : 0, forMs: 100 + random.below(500) }
  // Refused where all that it would strike is dead: then nothing was done, and nothing counts.
  return cluster.act({ type: 'add-fault', fault, plan }).then(() => effect.type, () => '')
}

function drawFault(random: Random): { effect: FaultEffect; where: Where } {
  const link = (): Where => ({ from: [random.pick(everyone)], to: random.chance(0.5) ? [random.pick(everyone)] : [], kinds: [] })
  const some = random.chance(0.5) ? anywhere : link()
  const probability = 0.05 + random.next() * 0.25
  switch (random.below(9)) {
    case 0: return { effect: { type: 'drop', probability }, where: some }
    case 1: return { effect: { type: 'delay', probability: 1, delay: { type: 'uniform', minMs: 0, maxMs: 40 } }, where: some }
    case 2: return { effect: { type: 'delay', probability, delay: { type: 'exponential', meanMs: 30 } }, where: some }
    case 3: return { effect: { type: 'duplicate', probability }, where: some }
    case 4: return { effect: { type: 'reorder', probability, withinMs: 50 }, where: some }
    case 5: return { effect: { type: 'cut' }, where: link() }
    case 6: return { effect: { type: 'isolate', nodes: [random.pick(servers)] }, where: anywhere }
    case 7: {
      const side = everyone.filter(() => random.chance(0.5))
      const other = everyone.filter((name) => !side.includes(name))
      return side.length > 0 && other.length > 0
        ? { effect: { type: 'partition', groups: [side, other] }, where: anywhere } : { effect: courseUnreliable, where: anywhere }
    }
    default: return random.chance(0.5) ? { effect: courseUnreliable, where: anywhere } : { effect: { type: 'hold' }, where: link() }
  }
}

/**
 * Freeze, check that the view is acked, has an initialised backup and all its members run, act, thaw: the check and the fault are one
 * moment. Where a cluster may get stuck the check is left out for one kill in three.
 */
async function actOnProcess(harness: Harness, random: Random, mayGetStuck: boolean): Promise<string> {
  const { cluster } = harness
  await cluster.freeze()
  try {
    const name = random.pick(servers)
    const life = harness.state.nodes.get(name)?.life
    if (life === 'paused') {
      await cluster.resume(name)
      return 'resume'
    }
    if (life === 'dead') {
      await cluster.restart(name)
      return 'restart'
    }
    const isReckless = mayGetStuck && random.chance(0.33)
    if (!isReckless && !(canBear(harness, name) && areHeard(harness, name))) return ''
    const kind = random.pick(['kill', 'pause', 'restart'] as const)
    await cluster[kind](name)
    return isReckless ? `reckless ${kind}` : kind
  } finally {
    await cluster.thaw()
  }
}

/**
 * True if the view server hears every other member of the view, and nothing keeps it from that. If it did not, it might promote the
 * server that is killed now, or leave the other one out, before it knows of the kill: that would be two failures at once.
 */
function areHeard({ state }: Harness, name: NodeName): boolean {
  const view = currentView(state)?.view
  const others = [view?.primary, ...view?.backups ?? []].flatMap((member) => member && member.name !== name ? [member.name] : [])
  const silencing = [...state.faults.values()].filter(({ isOn, rule }) => isOn && ['cut', 'isolate', 'partition', 'hold', 'drop'].includes(rule.effect.type))
  return others.every((other) => {
    const sincePing = state.at - (state.nodes.get(other)?.lastPingAt ?? 0)
    return sincePing <= 2 * state.header.settings.pingIntervalMs * 1000 && !silencing.some(({ rule }) => concernsLink(rule, other, viewServerName))
  })
}

/** Ends every fault, lets go what is held, brings every server back. Returns how long it took to serve, -1 if it never did. */
async function heal(harness: Harness): Promise<number> {
  const { cluster, state } = harness
  for (const fault of [...state.faults.keys()]) await cluster.act({ type: 'remove-fault', fault }).catch(ignoreGone)
  for (const [id, { place }] of [...state.underWay]) if (place === 'held') await cluster.act({ type: 'drop', id }).catch(ignoreGone)
  for (const name of servers) {
    const life = state.nodes.get(name)?.life
    if (life === 'paused') await cluster.resume(name)
    if (life === 'dead') await cluster.restart(name)
  }
  const healedAt = performance.now()
  const from = harness.events.length
  const served = harness.until('an operation after healing', (event) => event.type === 'operation-returned' && event.outcome.type === 'ok', from)
  const isStuckFor = async (): Promise<'stuck'> => {
    // Stuck for good: nothing has changed for much longer than a failover takes.
    for (let quietMs = 0; quietMs < 3000;) {
      await new Promise((settle) => setTimeout(settle, 100))
      quietMs = state.stuck ? quietMs + 100 : 0
    }
    return 'stuck'
  }
  const first = await Promise.race([served, isStuckFor()])
  if (first !== 'stuck') return Math.round(performance.now() - healedAt)
  served.catch(() => undefined)
  return -1
}

function ignoreGone(): void {
  // A planned fault has ended, or a message has gone, between the look and the act.
}
