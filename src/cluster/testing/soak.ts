// Random kills, pauses and restarts on real processes while clients append. Afterwards every acknowledged append must be there exactly once, in its
// client's order. A process test runs it with one seed, and `npm run soak` with five.
import { createRandom, type Random } from '../../network'
import { utf8ToBytes, type NodeName } from '../../protocol'
import { currentView, type TraceEvent } from '../../trace'
import { Harness } from './cluster-harness'

export interface SoakOptions {
  readonly seed: string
  readonly seconds: number
  /** A slow machine gets up to a minute more, until so many faults were injected. */
  readonly faultsMin: number
}

export interface SoakResult {
  readonly seed: string
  readonly faults: number
  readonly acknowledged: number
  readonly unknown: number
  readonly views: number
  /** The problems found; empty if all is well. */
  readonly problems: readonly string[]
}

const clients = ['c1', 'c2', 'c3', 'c4']
const servers = ['s1', 's2', 's3']
/** Longest random pause between two faults. */
const pauseBetweenMs = 700
const beyondEndMs = 60_000

export async function soak({ seed, seconds, faultsMin }: SoakOptions): Promise<SoakResult> {
  const harness = await new Harness({
    clients: clients.length, settings: { pingIntervalMs: 20, pingCheckIntervalMs: 20, deadPings: 15, retryMs: 20, operationTimeoutMs: 5000 },
  }).start()
  try {
    await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
    const random = createRandom(seed, 'soak')
    const appenders = clients.map((client) => new Appender(harness, client))
    const running = Promise.all(appenders.map((appender) => appender.run()))
    const faults = await injectFaults(harness, random, Date.now() + seconds * 1000, faultsMin)
    await heal(harness)
    for (const appender of appenders) appender.stop()
    await running
    const log = await harness.get('log')
    return {
      seed, faults, views: harness.state.views.length,
      acknowledged: appenders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
      unknown: appenders.reduce((sum, { unknown }) => sum + unknown, 0),
      problems: appenders.flatMap((appender) => problemsOf(appender, log)),
    }
  } finally {
    await harness.stop()
  }
}

/** Appends `client:number;` one after the other; the next begins when the last has returned. */
export class Appender {
  readonly client: NodeName
  readonly acknowledged: number[] = []
  unknown = 0
  readonly #harness: Harness
  #number = 0
  #isStopped = false

  constructor(harness: Harness, client: NodeName) {
    this.#harness = harness
    this.client = client
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const number = ++this.#number
      const outcome = await this.#harness.operation(this.client,
        { type: 'append', key: utf8ToBytes('log'), value: utf8ToBytes(`${this.client}:${number};`) }, { session: 0 })
      if (outcome.type === 'ok') this.acknowledged.push(number)
      else this.unknown++
    }
  }

  stop(): void {
    this.#isStopped = true
  }
}

/**
 * Each round freezes, checks that the view is acked, has an initialised backup and all its members run, then acts and thaws. The check and the
 * fault are atomic, so no round exceeds what the protocol tolerates: a cluster that loses more is stuck by design.
 */
async function injectFaults(harness: Harness, random: Random, endMs: number, faultsMin: number): Promise<number> {
  let faults = 0
  while (Date.now() < endMs || (faults < faultsMin && Date.now() < endMs + beyondEndMs)) {
    await new Promise((settle) => setTimeout(settle, random.below(pauseBetweenMs)))
    await harness.cluster.perform({ type: 'freeze' })
    if (await act(harness, random)) faults++
    await harness.cluster.perform({ type: 'thaw' })
  }
  return faults
}

async function act(harness: Harness, random: Random): Promise<boolean> {
  const { state, cluster } = harness
  const name = random.pick(servers)
  const life = state.nodes.get(name)?.life
  // Bringing a server back is safe at any time.
  if (life === 'paused') {
    await cluster.perform({ type: 'resume', node: name })
    return true
  }
  if (life === 'dead') {
    await cluster.perform({ type: 'restart', node: name })
    return true
  }
  if (!canBear(harness, name)) return false
  const kind = random.below(3)
  if (kind === 0) await cluster.perform({ type: 'pause', node: name })
  else if (kind === 1) await cluster.perform({ type: 'kill', node: name })
  else await cluster.perform({ type: 'restart', node: name })
  return true
}

/** True if the cluster can lose this server now: it is in no view, or the rest of the acked view runs and is initialised. */
export function canBear({ state }: Harness, name: NodeName): boolean {
  const current = currentView(state)
  if (!current || current.ackedAt < 0 || !current.view.primary || current.view.backups.length === 0) return false
  const members = [current.view.primary, ...current.view.backups].map((member) => member.name)
  const areWell = members.every((member) => {
    const node = state.nodes.get(member)
    return node?.life === 'up' && node.believes !== null && node.believes !== 'idle' && node.viewnum === current.view.viewnum && node.serving
  })
  return areWell || !members.includes(name)
}

async function heal(harness: Harness): Promise<void> {
  for (const name of servers) {
    const life = harness.state.nodes.get(name)?.life
    if (life === 'paused') await harness.cluster.perform({ type: 'resume', node: name })
    if (life === 'dead') await harness.cluster.perform({ type: 'restart', node: name })
  }
  const from = harness.events.length
  await harness.until('an operation after healing', (event: TraceEvent) => event.type === 'operation-returned' && event.outcome.type === 'ok', from)
}

/** The problems of this client's appends in the log; empty if there are none. */
export function problemsOf({ client, acknowledged }: Appender, log: string): string[] {
  const numbers = log.split(';').filter((text) => text.startsWith(`${client}:`)).map((text) => Number(text.slice(client.length + 1)))
  const found = new Set(numbers)
  const lost = acknowledged.filter((number) => !found.has(number))
  const problems: string[] = []
  if (lost.length > 0) problems.push(`${lost.length} acknowledged appends of ${client} are lost, the first is ${lost[0]}`)
  if (found.size !== numbers.length) problems.push(`${numbers.length - found.size} appends of ${client} are there twice`)
  if (numbers.some((number, index) => index > 0 && number < (numbers[index - 1] as number))) problems.push(`the appends of ${client} are out of order`)
  return problems
}
