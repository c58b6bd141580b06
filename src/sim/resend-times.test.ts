// How long until a lost message is sent again, in virtual time: a thousand losses of each of three kinds, at random times, while clients work.
// `npm run bench -- resend` measures the same on real sockets.
import { describe, expect, test } from 'vitest'
import { anywhere, createRandom } from '../network'
import { defaultSettings, type MessageType } from '../protocol'
import type { EventOf, TraceEvent } from '../trace'
import { World } from './world'

const losses = Number(process.env['UNDERSTUDY_LOSSES'] ?? 1000)
const { retryMs } = defaultSettings

type Sent = EventOf<'message-sent'>

interface Times {
  readonly median: number
  readonly p99: number
  readonly worst: number
}

function timesOf(waits: readonly number[]): Times {
  const sorted = waits.toSorted((one, other) => one - other)
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10
  return { median: at(0.5), p99: at(0.99), worst: at(1) }
}

/** A cluster whose clients write all the time. */
class Loaded {
  readonly world: World
  readonly #sent = new Map<string, { readonly event: Sent; readonly atMs: number }>()
  #lost: { readonly event: Sent; readonly atMs: number } | null = null
  /** The time from each loss until the same was sent again. */
  readonly waits: number[] = []
  readonly #isSame: (lost: Sent, again: Sent) => boolean

  constructor(seed: string, clients: number, isSame: (lost: Sent, again: Sent) => boolean) {
    this.#isSame = isSame
    this.world = new World({
      title: '', seed, replicas: 3, clients, tellsPeers: true,
      settings: { ...defaultSettings, operationTimeoutMs: 0 }, onEvent: (event) => this.#take(event),
    })
    this.world.run(1000)
    const names = this.world.names.filter((name) => name.startsWith('c'))
    this.world.perform({ type: 'start-workload', plan: { rate: 200, inFlight: 4, mix: { put: 1, append: 1, get: 1, delete: 1, cas: 1 }, keys: 10, valueBytes: 8, clients: names } })
    this.world.run(500)
  }

  #take(event: TraceEvent): void {
    if (event.type === 'message-dropped' && event.reason.type === 'fault') this.#lost ??= this.#sent.get(event.id) ?? null
    if (event.type !== 'message-sent') return
    const atMs = event.at / 1000
    if (this.#lost && this.#isSame(this.#lost.event, event)) {
      this.waits.push(atMs - this.#lost.atMs)
      this.#lost = null
    }
    if (this.#sent.size > 10_000) this.#sent.clear()
    this.#sent.set(event.id, { event, atMs })
  }

  /** Loses the next message of this kind, and waits until it is sent again. */
  lose(kind: MessageType): void {
    const before = this.waits.length
    const name = `loss ${before} ${this.world.nowMs}`
    this.world.perform({ type: 'add-fault', fault: { name, where: { ...anywhere, kinds: [kind] }, bothWays: false, effect: { type: 'drop', probability: 1 }, times: 1 }, plan: { inMs: 0, forMs: 0 } })
    if (!this.world.runUntil(() => this.waits.length > before, 20_000)) throw new Error(`nothing was sent again after ${name}`)
    for (const fault of [...this.world.transit.faults]) this.world.perform({ type: 'remove-fault', fault })
  }
}

const isForward = (lost: Sent, again: Sent): boolean =>
  lost.message.type === 'forward' && again.message.type === 'forward' && lost.to === again.to && lost.message.seq === again.message.seq
/** What asks for the lost ack again: the first forward that it would have covered. */
const asksAgain = (lost: Sent, again: Sent): boolean =>
  lost.message.type === 'forward-ack' && again.message.type === 'forward' && lost.from === again.to && again.message.seq <= lost.message.executed
const isChunk = (lost: Sent, again: Sent): boolean =>
  lost.message.type === 'state-transfer' && again.message.type === 'state-transfer' && lost.to === again.to && lost.message.chunk === again.message.chunk

describe(`${losses} losses, retryMs ${retryMs}: the median under 1.5 of it, the 99th of a hundred under 3`, () => {
  const judge = (cause: string, waits: readonly number[]): void => {
    const times = timesOf(waits)
    console.log(JSON.stringify({ cause, losses: waits.length, retryMs, ...times }))
    expect(waits.length).toBe(losses)
    expect(times.median).toBeLessThan(1.5 * retryMs)
    expect(times.p99).toBeLessThan(3 * retryMs)
  }

  test('of a forward, while others go on', () => {
    const cluster = new Loaded('forward', 3, isForward)
    const random = createRandom('1', 'losses')
    while (cluster.waits.length < losses) {
      cluster.lose('forward')
      cluster.world.run(random.below(300))
    }
    judge('forward lost', cluster.waits)
  })

  test('of the ack of a forward, by a client that waits for it', () => {
    const cluster = new Loaded('ack', 1, asksAgain)
    cluster.world.perform({ type: 'stop-workload' })
    cluster.world.run(500)
    const random = createRandom('1', 'losses')
    let operations = 0
    while (cluster.waits.length < losses) {
      cluster.world.invoke('c1', { type: 'put', key: 'k' as never, value: String(operations++) as never })
      cluster.lose('forward-ack')
      // Waits until the put is answered: the ack of another put would say the same.
      cluster.world.run(20 + random.below(280))
    }
    judge('ack lost', cluster.waits)
  })

  test('of the first chunk of a transfer', () => {
    const waits: number[] = []
    for (let seed = 1; waits.length < losses; seed++) {
      const cluster = new Loaded(`chunk ${seed}`, 1, isChunk)
      const random = createRandom(String(seed), 'losses')
      const isWhole = (): boolean => {
        const state = cluster.world.inspect('vs')
        return state.kind === 'view-server' && state.isAcked && state.current.backups.length === 1 && state.servers.every(({ dead }) => !dead)
      }
      for (let round = 0; round < 20 && waits.length + cluster.waits.length < losses; round++) {
        const state = cluster.world.inspect('vs')
        const backup = state.kind === 'view-server' ? state.current.backups[0]?.name : undefined
        if (backup === undefined) throw new Error('there is no backup')
        cluster.world.restart(backup)
        cluster.lose('state-transfer')
        if (!cluster.world.runUntil(isWhole, 10_000)) throw new Error('the cluster did not become whole')
        cluster.world.run(random.below(100))
      }
      waits.push(...cluster.waits)
    }
    judge('first chunk lost', waits)
  })
})

test('a backup whose acks are three times as late as a retry is sent nothing twice while they come', () => {
  const sent: Sent[] = []
  const world = new World({
    title: '', seed: 'slow', replicas: 2, clients: 2, settings: { ...defaultSettings, operationTimeoutMs: 0, retryMs: 50 },
    onEvent: (event) => { if (event.type === 'message-sent' && event.message.type === 'forward') sent.push(event) },
  })
  world.run(1000)
  const slow = { name: 'slow', where: { ...anywhere, kinds: ['forward-ack' as const] }, bothWays: false, effect: { type: 'delay' as const, probability: 1, delay: { type: 'constant' as const, ms: 150 } }, times: 0 }
  world.perform({ type: 'add-fault', fault: slow, plan: { inMs: 0, forMs: 0 } })
  // A steady pace, so that an ack is always about to come.
  let number = 0
  const write = (): void => void world.invoke(`c${1 + number % 2}`, { type: 'put', key: 'k' as never, value: 'v' as never }, { session: number++ % 40 })
  for (; number < 100; world.run(10)) write()
  sent.length = 0
  const first = number
  for (; number < first + 500; world.run(10)) write()
  const numbers = sent.map(({ message }) => message.type === 'forward' ? message.seq : 0)
  expect(numbers.length).toBeGreaterThan(400)
  expect(new Set(numbers).size).toBe(numbers.length)
})
