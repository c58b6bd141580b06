// All faults at once on real processes, while clients append: links that lose, delay, duplicate, reorder and hold, cuts, partitions, isolation, the
// course's unreliable mode, kills, pauses and restarts. Afterwards it counts the appends. A process test runs it for a short time, and `npm run
// soak:faults` for five minutes a seed.
import { copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anywhere, concernsLink, courseUnreliable, createRandom, type Fault, type FaultEffect, type Random, type Where } from '../../network'
import { viewServerName, type NodeName } from '../../protocol'
import { currentView } from '../../trace'
import { Harness } from './cluster-harness'
import { Appender, canBear, problemsOf } from './soak'

export interface FaultSoakOptions {
  readonly seed: string
  readonly seconds: number
  /** Also draws kills that may leave the cluster stuck for good; the lab must then say why it is stuck. */
  readonly mayGetStuck: boolean
  /** A slow machine gets up to a minute more, until so many faults were injected and appends acknowledged. */
  readonly faultsMin?: number
  readonly acknowledgedMin?: number
  /** Called with the path of the recording when the run is over, whether it passed or failed, before the file is removed. */
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
  /** The problems found; empty if all is well. */
  readonly problems: readonly string[]
  /** Where the recording of a run with problems is kept; empty otherwise. */
  readonly recording: string
}

const clients = ['c1', 'c2', 'c3', 'c4']
const servers = ['s1', 's2', 's3', 's4']
const everyone = ['vs', ...servers, ...clients]
/** Longest random pause between two faults. */
const pauseBetweenMs = 500
/** How long a healed cluster may take to serve again, plus the stalls of the machine in that time. */
const healedWithinMs = 3000

export async function faultSoak({ seed, seconds, mayGetStuck, faultsMin = 0, acknowledgedMin = 0, onRecording }: FaultSoakOptions): Promise<FaultSoakResult> {
  const harness = await new Harness({
    replicas: servers.length, clients: clients.length,
    settings: { pingIntervalMs: 20, pingCheckIntervalMs: 20, deadPings: 15, retryMs: 20, operationTimeoutMs: 5000 },
  }).start()
  try {
    await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
    const random = createRandom(seed, 'fault soak')
    const appenders = clients.map((client) => new Appender(harness, client))
    const running = Promise.all(appenders.map((appender) => appender.run()))
    const acknowledged = (): number => appenders.reduce((sum, appender) => sum + appender.acknowledged.length, 0)
    const isEnough = (faults: number): boolean => faults >= faultsMin && acknowledged() >= acknowledgedMin
    const kinds = await injectFaults(harness, random, { endMs: Date.now() + seconds * 1000, isEnough }, mayGetStuck)
    const healedAt = harness.state.at
    const servedAfterMs = await heal(harness)
    for (const appender of appenders) appender.stop()
    const stuck = harness.state.stuck?.type ?? ''
    const isStuck = servedAfterMs < 0
    if (isStuck) running.catch(ignoreGone)
    else await running
    const problems = isStuck ? stuckProblems(stuck, mayGetStuck) : await judged(harness, appenders)
    const stalledMs = harness.events.reduce((sum, event) => event.type === 'stalled' && event.at > healedAt ? sum + event.ms : sum, 0)
    if (servedAfterMs > healedWithinMs + stalledMs) problems.push(`it served again only ${servedAfterMs} ms after it was healed`)
    const recording = problems.length === 0 ? '' : join(tmpdir(), `understudy-fault-soak-${seed}.jsonl`)
    if (recording !== '') copyFileSync(harness.recordingPath, recording)
    return {
      seed, kinds, recording, servedAfterMs, stuck, problems, views: harness.state.views.length,
      faults: Object.values(kinds).reduce((sum, count) => sum + count, 0),
      acknowledged: acknowledged(),
    }
  } finally {
    // After the stop the file is complete.
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

/** A cluster that does not serve must report why, and may be stuck only if such kills were drawn. */
function stuckProblems(stuck: string, mayGetStuck: boolean): string[] {
  if (stuck === '') return ['it does not serve after it was healed, and nobody says why']
  return mayGetStuck ? [] : [`it is stuck (${stuck}) although no such kill was drawn`]
}

/** Most extra time. */
const beyondEndMs = 60_000

async function injectFaults(
  harness: Harness, random: Random, { endMs, isEnough }: { endMs: number; isEnough: (faults: number) => boolean }, mayGetStuck: boolean,
): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {}
  const isWanted = (): boolean => !isEnough(Object.values(kinds).reduce((sum, count) => sum + count, 0)) && Date.now() < endMs + beyondEndMs
  for (let number = 1; Date.now() < endMs || isWanted(); number++) {
    await new Promise((settle) => setTimeout(settle, random.below(pauseBetweenMs)))
    const kind = random.chance(0.6) ? await addFault(harness, random, number) : await actOnProcess(harness, random, mayGetStuck)
    if (kind !== '') kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

/** Adds a network fault that ends by itself. */
async function addFault({ cluster }: Harness, random: Random, number: number): Promise<string> {
  const { effect, where } = drawFault(random)
  const fault: Fault = { name: `fault ${number}`, effect, where, bothWays: random.chance(0.3), times: effect.type === 'hold' ? 20 : 0 }
  const plan = { inMs: random.chance(0.2) ? random.below(200) : 0, forMs: 100 + random.below(500) }
  // Refused if it affects only dead nodes: then nothing happened, and it does not count.
  return cluster.perform({ type: 'add-fault', fault, plan }).then(() => effect.type, () => '')
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
 * Freezes, checks that the view is acked, has an initialised backup and all its members run, then acts and thaws. So the check and the fault are
 * atomic. Where a cluster may get stuck, one kill in three skips the check.
 */
async function actOnProcess(harness: Harness, random: Random, mayGetStuck: boolean): Promise<string> {
  const { cluster } = harness
  await cluster.perform({ type: 'freeze' })
  try {
    const name = random.pick(servers)
    const life = harness.state.nodes.get(name)?.life
    if (life === 'paused') {
      await cluster.perform({ type: 'resume', node: name })
      return 'resume'
    }
    if (life === 'dead') {
      await cluster.perform({ type: 'restart', node: name })
      return 'restart'
    }
    const isReckless = mayGetStuck && random.chance(0.33)
    if (!isReckless && !(canBear(harness, name) && areHeard(harness, name))) return ''
    const kind = random.pick(['kill', 'pause', 'restart'] as const)
    await cluster.perform({ type: kind, node: name })
    return isReckless ? `reckless ${kind}` : kind
  } finally {
    await cluster.perform({ type: 'thaw' })
  }
}

/**
 * True if the view server hears every other member of the view, and no fault prevents it. Otherwise it might, before it knows of the kill, promote
 * the killed server or leave out the other one. That would be two failures at once.
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

/** Ends every fault, drops held messages, and brings every server back. Returns how long it took to serve, -1 if it never did. */
async function heal(harness: Harness): Promise<number> {
  const { cluster, state } = harness
  for (const fault of [...state.faults.keys()]) await cluster.perform({ type: 'remove-fault', fault }).catch(ignoreGone)
  for (const [id, { place }] of [...state.inFlight]) if (place === 'held') await cluster.perform({ type: 'drop', id }).catch(ignoreGone)
  for (const name of servers) {
    const life = state.nodes.get(name)?.life
    if (life === 'paused') await cluster.perform({ type: 'resume', node: name })
    if (life === 'dead') await cluster.perform({ type: 'restart', node: name })
  }
  const healedAt = performance.now()
  const from = harness.events.length
  const served = harness.until('an operation after healing', (event) => event.type === 'operation-returned' && event.outcome.type === 'ok', from)
  const isStuckFor = async (): Promise<'stuck'> => {
    // It counts as stuck when nothing has changed for much longer than a failover takes.
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
  // A planned fault has ended, or a message has gone, between the check and the act.
}
