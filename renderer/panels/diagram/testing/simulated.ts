// Sessions for the diagram's tests: a cluster in virtual time with random faults, crashes, pauses and freezes. Only tests use it.
import { anywhere, atOnce, createRandom, Refused, type FaultEffect } from '../../../../src/network'
import { defaultSettings, utf8ToBytes } from '../../../../src/protocol'
import { World } from '../../../../src/sim'
import type { TraceEvent, TraceHeader } from '../../../../src/trace'

export interface Session {
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
}

const effects: readonly FaultEffect[] = [
  { type: 'drop', probability: 0.05 }, { type: 'duplicate', probability: 0.05 }, { type: 'delay', probability: 0.1, delay: { type: 'uniform', minMs: 1, maxMs: 80 } },
  { type: 'reorder', probability: 0.05, withinMs: 30 },
]

/** `acts`: number of acts on the cluster, one after the other, with time between them. */
export function simulated(seed: string, acts: number): Session {
  const events: TraceEvent[] = []
  const random = createRandom(seed)
  const world = new World({
    title: seed, seed, replicas: 3, clients: 2, linkDelayMs: 3, tellsPeers: true,
    settings: { ...defaultSettings, pingIntervalMs: 20, pingCheckIntervalMs: 20, deadPings: 3, retryMs: 20, operationTimeoutMs: 300, transferChunkBytes: 24 },
    onEvent: (event) => events.push(event),
  })
  for (const [index, effect] of effects.entries()) {
    world.perform({ type: 'add-fault', fault: { name: `fault ${index}`, where: anywhere, bothWays: false, effect, times: 0 }, plan: atOnce })
  }
  world.run(200)
  for (let act = 0; act < acts; act++) {
    doSomething(world, random)
    if (!world.isFrozen) world.run(random.below(60))
    else if (random.chance(0.3)) world.thaw()
  }
  return { header: world.header, events }
}

function doSomething(world: World, random: ReturnType<typeof createRandom>): void {
  const name = random.pick(world.names.filter((found) => found !== 'vs'))
  const held = { name: 'held', where: { from: [], to: [], kinds: ['forward' as const] }, bothWays: false, effect: { type: 'hold' as const }, times: 2 }
  const put = (): number => world.invoke(random.pick(['c1', 'c2']), { type: 'put', key: utf8ToBytes('k'), value: utf8ToBytes(String(random.below(99))) })
  // Operations are more frequent than other acts, so that faults have messages to affect.
  const what: readonly (() => unknown)[] = [
    put, put, put, put, put,
    () => world.invoke(random.pick(['c1', 'c2']), { type: 'get', key: utf8ToBytes('k') }),
    () => world.kill(name),
    () => world.restart(name),
    () => world.pause(name),
    () => world.resume(name),
    () => world.freeze(),
    () => world.perform({ type: 'add-fault', fault: held, plan: atOnce }),
    () => world.perform({ type: 'deliver', id: random.pick([...world.transit.onItsWay].map(({ envelope }) => envelope.id)) }),
    () => world.tell({ type: 'violation', rule: '1', text: 'said by a test', evidence: [1] }),
  ]
  try {
    random.pick(what)()
  } catch (error) {
    // Not every act is possible at any time (a dead node cannot be killed); a refused act is skipped.
    if (!(error instanceof Refused) && !(error instanceof RangeError)) throw error
  }
}
