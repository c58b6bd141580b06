// The workload: operations drawn from the session's seed, sent on cluster time to clients that have a session free. Open loop at a
// rate, or closed loop as fast as answers come. Where no session is free an operation waits to be due; at most a second of them.
import { Refused, type Random } from '../network'
import { utf8ToBytes, type NodeName, type Operation } from '../protocol'

/** What a person chose; limits are the contract's. */
export interface WorkloadPlan {
  /** Operations a second over all clients; 0: as fast as the sessions allow. */
  readonly rate: number
  /** Sessions of each client. */
  readonly inFlight: number
  /** Weights. */
  readonly mix: Readonly<Record<Operation['type'], number>>
  readonly keys: number
  readonly valueBytes: number
  readonly clients: readonly NodeName[]
}

/** Sessions below this one are a person's. */
export const firstWorkloadSession = 8
/** The open loop looks this often for what is due. */
const tickMs = 10

/** Cluster time, as its driver keeps it. */
export interface WorkloadClock {
  /** Microseconds. */
  now(): number
  /** Calls the action once, `ms` from now; returns what calls it off. */
  after(ms: number, action: () => void): () => void
}

export interface WorkloadOptions {
  readonly plan: WorkloadPlan
  readonly clock: WorkloadClock
  readonly random: Random
  /** What was so in the session that this one goes on from. */
  readonly begin?: WorkloadMoment
  /** False for a client that stands still: an operation must not reach it before it goes on. Without it every client takes one at any time. */
  readonly takes?: (client: NodeName) => boolean
  /** Starts the operation and returns its operationId. */
  readonly invoke: (client: NodeName, session: number, operation: Operation) => number
}

/** A client's session that the workload uses. */
export interface Slot {
  readonly client: NodeName
  readonly session: number
}

/** A workload at a moment, for another driver that goes on with it. */
export interface WorkloadMoment {
  readonly plan: WorkloadPlan
  /** Operations that have not returned, by operationId. */
  readonly out: ReadonlyMap<number, Slot>
  /** At least as many values as were written: none is written twice. */
  readonly written: number
}

export class WorkloadDriver {
  readonly #options: WorkloadOptions
  /** Sessions that have nothing out, in the order in which they became free. */
  readonly #free: Slot[] = []
  readonly #out = new Map<number, Slot>()
  readonly #draw: () => Operation
  #lookedAt: number
  /** Operations that are due and wait for a free session; a fraction carries over to the next look. */
  #owed = 0
  #cancelTick: () => void = () => undefined
  #isLooking = false
  #isStopped = false

  constructor(options: WorkloadOptions) {
    this.#options = options
    this.#lookedAt = options.clock.now()
    const { out = new Map<number, Slot>(), written = 0 } = options.begin ?? {}
    this.#draw = createDraw(options.plan, options.random, written)
    const taken = new Set([...out.values()].map(({ client, session }) => `${client} ${session}`))
    for (const [operationId, slot] of out) this.#out.set(operationId, slot)
    for (let session = 0; session < options.plan.inFlight; session++) {
      for (const client of options.plan.clients) {
        const slot = { client, session: firstWorkloadSession + session }
        if (!taken.has(`${client} ${slot.session}`)) this.#free.push(slot)
      }
    }
    // One that goes on does so when time does: it may begin in a freeze.
    if (options.begin) this.#cancelTick = options.clock.after(0, () => this.#tick())
    else this.#tick()
  }

  /** An operation ended; its session is free again. */
  returned(operationId: number): void {
    const slot = this.#out.get(operationId)
    if (!slot) return
    this.#out.delete(operationId)
    this.#free.push(slot)
    if (this.#options.plan.rate === 0) this.#owed = 1
    this.#startOwed()
  }

  /** A client that restarted has forgotten what it had out. */
  clientRestarted(client: NodeName): void {
    const forgotten = [...this.#out].filter(([, slot]) => slot.client === client)
    for (const [operationId] of forgotten) this.returned(operationId)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTick()
  }

  #tick(): void {
    const { clock, plan } = this.#options
    if (plan.rate === 0) this.#owed = this.#free.length
    else {
      const now = clock.now()
      // After a stall a second's worth is made up for, and the rest is let go.
      this.#owed = Math.min(this.#owed + (now - this.#lookedAt) / 1_000_000 * plan.rate, plan.rate)
      this.#lookedAt = now
      this.#cancelTick = clock.after(tickMs, () => this.#tick())
    }
    this.#startOwed()
  }

  #startOwed(): void {
    while (this.#owed >= 1 && !this.#isStopped) {
      const slot = this.#nextSlot()
      if (!slot) return this.#lookAgain()
      this.#owed--
      this.#out.set(this.#options.invoke(slot.client, slot.session, this.#draw()), slot)
    }
  }

  #nextSlot(): Slot | undefined {
    const { takes } = this.#options
    if (!takes) return this.#free.shift()
    const at = this.#free.findIndex(({ client }) => takes(client))
    return at < 0 ? undefined : this.#free.splice(at, 1)[0]
  }

  /** The closed loop has no tick of its own: where a free session's client stands still it is asked again when time goes on. */
  #lookAgain(): void {
    const { clock, plan } = this.#options
    if (plan.rate > 0 || this.#free.length === 0 || this.#isLooking) return
    this.#isLooking = true
    this.#cancelTick = clock.after(tickMs, () => {
      this.#isLooking = false
      this.#owed = this.#free.length
      this.#startOwed()
    })
  }
}

/** The plan in words: `20 operations a second from c1: put 50; 8 keys`. */
export function workloadText({ rate, mix, clients, keys }: WorkloadPlan): string {
  const weights = Object.entries(mix).filter(([, weight]) => weight > 0).map(([type, weight]) => `${type} ${weight}`).join(', ')
  return `${rate === 0 ? 'as fast as answers come' : `${rate} operations a second`} from ${clients.join(', ')}: ${weights}; ${keys} keys`
}

/** The plan with its clients named, of those that there are. Throws a Refused for one that cannot run. */
export function completePlan(plan: WorkloadPlan, clients: readonly NodeName[]): WorkloadPlan {
  const stranger = plan.clients.find((name) => !clients.includes(name))
  if (stranger !== undefined) throw new Refused(`${stranger} is no client.`)
  if (Object.values(plan.mix).every((weight) => weight === 0)) throw new Refused('A workload needs one kind of operation at least.')
  return { ...plan, clients: plan.clients.length > 0 ? plan.clients : clients }
}

/** Draws operations by the weights of the mix; every written value is different, so that a reader can tell which write it sees. */
function createDraw({ mix, keys, valueBytes }: WorkloadPlan, random: Random, writtenBefore: number): () => Operation {
  const types = (Object.keys(mix) as Operation['type'][]).filter((type) => mix[type] > 0)
  const total = types.reduce((sum, type) => sum + mix[type], 0)
  let written = writtenBefore
  const value = (): string => `w${++written}`.padEnd(valueBytes, '.').slice(0, valueBytes)
  const drawType = (): Operation['type'] => {
    let left = random.below(total)
    for (const type of types) {
      left -= mix[type]
      if (left < 0) return type
    }
    return 'get'
  }
  return () => {
    const key = utf8ToBytes(`k${random.below(keys)}`)
    const type = drawType()
    switch (type) {
      case 'put':
      case 'append': return { type, key, value: utf8ToBytes(value()) }
      case 'get':
      case 'delete': return { type, key }
      case 'cas': return { type, key, expected: random.chance(0.5) ? null : utf8ToBytes(`w${written}`), value: utf8ToBytes(value()) }
    }
  }
}
