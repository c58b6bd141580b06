// Random faults in virtual time: lost, late and duplicated messages, crashes, restarts and pauses, with clients appending.
// Whatever happens, an acknowledged append is in the log exactly once and in its client's order.
import { expect, test } from 'vitest'
import { anywhere, atOnce, createRandom, type Envelope, type FaultEffect, type Random } from '../network'
import { defaultSettings, utf8ToBytes, type ReplicaState, type Settings } from '../protocol'
import type { EventOf, TraceEvent } from '../trace'
import { World } from './world'

const seeds = Number(process.env['UNDERSTUDY_SEEDS'] ?? 40)

interface Run {
  readonly acknowledged: Map<string, number[]>
  readonly log: string
  readonly faults: number
  readonly appends: number
  readonly isStuck: boolean
}

/** One seed: 10 s of faults, then a healed network until the cluster serves or is stuck by rule 6. */
function run(seed: string, settings: Partial<Settings>): Run {
  const random = createRandom(seed)
  const events: TraceEvent[] = []
  const loss = random.next() * 0.1
  const copies: Envelope[] = []
  const world = new World({
    title: seed, seed, replicas: 3 + random.below(2), clients: 3,
    settings: { ...defaultSettings, pingIntervalMs: 20, pingCheckIntervalMs: 20, retryMs: 20, deadPings: 3, ...settings },
    onEvent: (event) => events.push(event),
    onSend: (envelope) => {
      if (copies.length < 1000 && random.chance(0.05)) copies.push(envelope)
    },
  })
  const effects: FaultEffect[] = [
    { type: 'drop', probability: loss },
    { type: 'delay', probability: 1, delay: { type: 'uniform', minMs: 0, maxMs: 3 } },
    { type: 'delay', probability: 0.05, delay: { type: 'uniform', minMs: 0, maxMs: 120 } },
    { type: 'duplicate', probability: 0.02 }, { type: 'reorder', probability: 0.05, withinMs: 30 },
  ]
  for (const [index, effect] of effects.entries()) {
    world.perform({ type: 'add-fault', fault: { name: `fault ${index}`, where: anywhere, bothWays: false, effect, times: 0 }, plan: atOnce })
  }
  const appends = new Appends(world, events)
  let faults = 0
  for (let round = 0; round < 100; round++) {
    appends.invokeWhereFree()
    world.run(random.below(100))
    if (copies.length > 0 && random.chance(0.5)) world.resend(random.pick(copies))
    if (random.chance(0.4) && inject(world, random)) faults++
  }
  for (const name of world.transit.faults) world.perform({ type: 'remove-fault', fault: name })
  for (const name of world.names) if (!world.isUp(name)) world.restart(name)
  for (const name of ['s1', 's2', 's3', 's4']) if (world.isPaused(name)) world.resume(name)
  // Open appends may still be acknowledged, so the read must come after the last of them.
  world.runUntil(() => appends.allReturned(), 30_000)
  const reader = world.invoke('c1', { type: 'get', key: utf8ToBytes('log') }, { session: 1 })
  world.runUntil(() => appends.outcomeOf(reader) !== undefined, 30_000)
  const returned = appends.outcomeOf(reader)
  const isStuck = returned?.type !== 'ok'
  if (isStuck) expectReason(world, seed)
  else expectEqualCopies(world)
  const log = returned?.type === 'ok' && returned.result.type === 'value' ? returned.result.value : ''
  return { acknowledged: appends.acknowledged(), log, faults, appends: appends.count, isStuck }
}

/** Clients append `<client>:<number>;`, each a new one as soon as the last has returned. */
class Appends {
  readonly #world: World
  readonly #events: TraceEvent[]
  readonly #next = new Map([['c1', 1], ['c2', 1], ['c3', 1]])
  readonly #open = new Map<number, { client: string; number: number }>()
  readonly #acknowledged = new Map<string, number[]>()
  readonly #outcomes = new Map<number, EventOf<'operation-returned'>['outcome']>()
  #read = 0

  constructor(world: World, events: TraceEvent[]) {
    this.#world = world
    this.#events = events
  }

  allReturned(): boolean {
    this.#take()
    return this.#open.size === 0
  }

  outcomeOf(operationId: number): EventOf<'operation-returned'>['outcome'] | undefined {
    this.#take()
    return this.#outcomes.get(operationId)
  }

  get count(): number {
    return [...this.acknowledged().values()].reduce((sum, numbers) => sum + numbers.length, 0)
  }

  invokeWhereFree(): void {
    this.#take()
    for (const [client, number] of this.#next) {
      if ([...this.#open.values()].some((open) => open.client === client)) continue
      const operationId = this.#world.invoke(client, { type: 'append', key: utf8ToBytes('log'), value: utf8ToBytes(`${client}:${number};`) }, { session: 0 })
      this.#open.set(operationId, { client, number })
      this.#next.set(client, number + 1)
    }
  }

  acknowledged(): Map<string, number[]> {
    this.#take()
    return this.#acknowledged
  }

  #take(): void {
    for (; this.#read < this.#events.length; this.#read++) {
      const event = this.#events[this.#read]
      if (event?.type !== 'operation-returned') continue
      this.#outcomes.set(event.operationId, event.outcome)
      const open = this.#open.get(event.operationId)
      if (!open) continue
      this.#open.delete(event.operationId)
      if (event.outcome.type === 'ok') this.#acknowledged.set(open.client, [...this.#acknowledged.get(open.client) ?? [], open.number])
    }
  }
}

/** One fault that the cluster can survive: there is an acked view with a live backup, or the server is not needed. */
function inject(world: World, random: Random): boolean {
  const vs = world.inspect('vs')
  if (vs.kind !== 'view-server' || !vs.isAcked || vs.current.backups.length === 0) return false
  const name = random.pick(world.names.filter((candidate) => candidate.startsWith('s')))
  const members = [vs.current.primary, ...vs.current.backups].map((member) => member?.name)
  const down = members.filter((member) => member !== undefined && !world.isUp(member))
  if (!world.isUp(name)) world.restart(name)
  else if (down.length > 0 && members.includes(name)) return false
  else if (random.chance(0.3)) {
    world.pause(name)
    world.run(random.below(200))
    world.resume(name)
  } else if (random.chance(0.5)) world.restart(name)
  else world.kill(name)
  return true
}

/** If the cluster does not serve although every node is up, the view server must report why. */
function expectReason(world: World, seed: string): void {
  const vs = world.inspect('vs')
  expect(vs.kind === 'view-server' && vs.stuck, `seed ${seed}: the cluster does not serve and nobody says why`).toBeTruthy()
}

function expectEqualCopies(world: World): void {
  world.run(2000)
  const vs = world.inspect('vs')
  if (vs.kind !== 'view-server' || !vs.isAcked) return
  const names = [vs.current.primary, ...vs.current.backups].flatMap((member) => member ? [member.name] : [])
  const texts = names.map((name) => {
    const state = world.inspect(name) as ReplicaState
    return JSON.stringify([state.executed, state.store, state.table])
  })
  for (const text of texts) expect(text).toBe(texts[0])
}

/** Every acknowledged append occurs once, in its client's order; none occurs twice. */
function expectExactlyOnce({ acknowledged, log }: Run, seed: string): void {
  const found = log.split(';').filter((text) => text !== '')
  expect(new Set(found).size, `seed ${seed}: an append is there twice`).toBe(found.length)
  for (const [client, numbers] of acknowledged) {
    const inLog = found.filter((text) => text.startsWith(`${client}:`)).map((text) => Number(text.split(':')[1]))
    expect(numbers.filter((number) => !inLog.includes(number)), `seed ${seed}: acknowledged appends of ${client} are lost`).toEqual([])
    expect(inLog, `seed ${seed}: the order of ${client}`).toEqual([...inLog].sort((one, other) => one - other))
  }
}

for (const settings of [{}, { backupsWanted: 2 }, { transferChunkBytes: 20, transferWindow: 2 }, { tableClientsMax: 10, operationTimeoutMs: 200 }] as const) {
  test(`acknowledged appends are there exactly once under random faults, with ${JSON.stringify(settings)}`, () => {
    let stuck = 0
    let faults = 0
    let appends = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const result = run(String(seed), settings)
      if (result.isStuck) stuck++
      else expectExactlyOnce(result, String(seed))
      faults += result.faults
      appends += result.appends
    }
    // A run in which nothing happens would prove nothing.
    expect(faults).toBeGreaterThan(seeds * 5)
    expect(appends).toBeGreaterThan(seeds * 50)
    expect(stuck).toBeLessThan(seeds / 2)
    console.log(JSON.stringify({ settings, seeds, stuck, faults, appends }))
  })
}
