// A simulated recording with everything that can happen to a cluster, drawn from a seed: a workload, faults of every kind, kills, restarts,
// pauses, freezes with deliveries by hand. For tests of what reads recordings; it judges nothing itself.
import { anywhere, atOnce, courseUnreliable, createRandom, Refused, type FaultEffect, type Random } from '../../network'
import { defaultSettings, pingTimer, type Settings } from '../../protocol'
import type { TraceEvent, TraceHeader } from '../../trace'
import { World } from '../world'

export interface RandomFaultsRecording {
  /** The world at the end. */
  readonly world: World
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
}

const effects: readonly FaultEffect[] = [
  { type: 'drop', probability: 0.1 }, { type: 'delay', probability: 0.3, delay: { type: 'uniform', minMs: 0, maxMs: 60 } },
  { type: 'delay', probability: 1, delay: { type: 'exponential', meanMs: 5 } }, { type: 'duplicate', probability: 0.2 },
  { type: 'reorder', probability: 0.2, withinMs: 30 }, { type: 'isolate', nodes: ['s1'] }, { type: 'partition', groups: [['s1', 'vs'], ['s2', 'c1']] },
  { type: 'hold' }, { type: 'cut' }, courseUnreliable,
]
const variants: readonly Partial<Settings>[] = [{}, { backupsWanted: 2 }, { transferChunkBytes: 20, transferWindow: 2 }, { replication: 'asynchronous' }]

/** `rounds` of up to 60 ms of cluster time each; `settings` override what the seed draws. */
export function randomFaultsRecording(seed: string, rounds: number, settings: Partial<Settings> = {}): RandomFaultsRecording {
  const random = createRandom(seed, 'random recording')
  const events: TraceEvent[] = []
  const world = new World({
    title: seed, seed, replicas: 3, clients: 2, tellsPeers: random.chance(0.5),
    settings: {
      ...defaultSettings, pingIntervalMs: 20, pingCheckIntervalMs: 20, retryMs: 20, deadPings: 3, operationTimeoutMs: 400, ...random.pick(variants), ...settings,
    },
    // Copied, as a file would hold it: later steps must not change an event.
    onEvent: (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent),
  })
  world.run(60)
  world.perform({ type: 'start-workload', plan: { rate: 100, inFlight: 2, mix: { put: 3, append: 3, get: 2, delete: 1, cas: 1 }, keys: 5, valueBytes: 12, clients: [] } })
  for (let round = 0; round < rounds; round++) {
    world.run(random.below(60))
    try {
      act(world, random, round)
    } catch (error) {
      // The drawn act is refused in the current state; the next round draws another.
      if (!(error instanceof Refused)) throw error
    }
  }
  return { world, header: world.header, events }
}

function act(world: World, random: Random, round: number): void {
  const name = random.pick(world.names.filter((candidate) => candidate !== 'vs'))
  switch (random.below(9)) {
    case 0: return world.isUp(name) ? world.kill(name) : world.restart(name)
    case 1: return world.isPaused(name) ? world.resume(name) : world.pause(name)
    case 2: return world.restart(name)
    case 3: return freezeAndDeliver(world, random)
    case 4:
    case 5:
    case 6: return addFault(world, random, round)
    default: {
      const [fault] = world.transit.faults
      if (fault !== undefined) world.perform({ type: 'remove-fault', fault })
    }
  }
}

function addFault(world: World, random: Random, round: number): void {
  const where = random.chance(0.5) ? anywhere : { ...anywhere, to: [random.pick(world.names)] }
  const plan = random.chance(0.3) ? { inMs: random.below(50), forMs: random.below(200) } : atOnce
  world.perform({ type: 'add-fault', fault: { name: `fault ${round}`, where, bothWays: false, effect: random.pick(effects), times: random.pick([0, 0, 5]) }, plan })
}

function freezeAndDeliver(world: World, random: Random): void {
  world.freeze()
  const late = [...world.transit.onItsWay].map(({ envelope }) => envelope.id)
  try {
    for (const id of late.slice(0, 5)) world.perform({ type: random.pick(['deliver', 'drop', 'duplicate']), id })
    world.perform({ type: 'fire', node: random.pick(world.names), timer: pingTimer })
  } finally {
    world.thaw()
  }
}
