// The workload: operations drawn from the session's seed, sent on cluster time to clients that have a session free. Open loop at a
// rate, or closed loop as fast as answers come. While no session is free, due operations wait; at most a second's worth of them.
import { refusals, Refused, type Random } from '../network'
import { operationTypes, utf8ToBytes, type NodeName, type Operation, type OperationType } from '../protocol'

/** The plan that a person chose; src/contract checks its limits. */
export interface WorkloadPlan {
  /** Operations a second over all clients; 0: as fast as the sessions allow. */
  readonly rate: number
  /** Sessions of each client. */
  readonly inFlight: number
  /** Relative weights of the operations; 0 for one that is not named. */
  readonly mix: Readonly<Partial<Record<OperationType, number>>>
  readonly keys: number
  readonly valueBytes: number
  readonly clients: readonly NodeName[]
}

/** Sessions below this one are for the operations of a person. */
export const firstWorkloadSession = 8
/** The open loop checks this often which operations are due. */
const tickMs = 10

/** Cluster time, as its driver keeps it. */
export interface WorkloadClock {
  /** Microseconds. */
  now(): number
  /** Calls the action once, `ms` from now; returns a function that cancels it. */
  after(ms: number, action: () => void): () => void
}

export interface WorkloadOptions {
  readonly plan: WorkloadPlan
  readonly clock: WorkloadClock
  readonly random: Random
  /** The snapshot of the session that this one continues. */
  readonly begin?: WorkloadSnapshot
  /** False while a client must not get an operation, for example because it is frozen. Without it every client takes one at any time. */
  readonly takes?: (client: NodeName) => boolean
  /** Starts the operation and returns its operationId. */
  readonly invoke: (client: NodeName, session: number, operation: Operation) => number
}

/** A client's session that the workload uses. */
export interface Slot {
  readonly client: NodeName
  readonly session: number
}

/** A snapshot of a workload, from which another driver continues. */
export interface WorkloadSnapshot {
  readonly plan: WorkloadPlan
  /** Operations that have not returned, by operationId. */
  readonly out: ReadonlyMap<number, Slot>
  /** At least the number of values written, so that none is written twice. */
  readonly written: number
}

export class WorkloadDriver {
  readonly #options: WorkloadOptions
  /** Sessions without an operation in flight, in the order in which they became free. */
  readonly #free: Slot[] = []
  readonly #out = new Map<number, Slot>()
  readonly #draw: () => Operation
  #lookedAt: number
  /** Operations that are due and wait for a free session; a fraction carries over to the next tick. */
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
    // A continued workload starts when time runs, because it may be created while the cluster is frozen.
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

  /** A client that restarted has forgotten its operations in flight. */
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
      // After a stall a second's worth of operations is made up for, and the rest is dropped.
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

  /** The closed loop has no tick. If no client with a free session takes an operation now, this checks again later. */
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

/** The plan, limited to this many operations a second; 0: no limit. A closed loop becomes an open loop at that rate. */
export function withinRate<Plan extends Pick<WorkloadPlan, 'rate'>>(plan: Plan, operationsPerSecondMax: number): Plan {
  const isWithin = operationsPerSecondMax === 0 || (plan.rate > 0 && plan.rate <= operationsPerSecondMax)
  return isWithin ? plan : { ...plan, rate: operationsPerSecondMax }
}

/** The plan with its clients named; if it names none, all clients. Throws a Refused for a plan that cannot run. */
export function completePlan(plan: WorkloadPlan, clients: readonly NodeName[]): WorkloadPlan {
  const stranger = plan.clients.find((name) => !clients.includes(name))
  if (stranger !== undefined) throw refusals.noClient(stranger)
  if (Object.values(plan.mix).every((weight) => weight === 0)) throw new Refused('A workload needs one kind of operation at least.')
  return { ...plan, clients: plan.clients.length > 0 ? plan.clients : clients }
}

/** Draws operations by the weights of the mix; every written value is different, so that a reader can tell which write it sees. */
function createDraw({ mix, keys, valueBytes }: WorkloadPlan, random: Random, writtenBefore: number): () => Operation {
  const weighted = operationTypes.map((type) => ({ type, weight: mix[type] ?? 0 })).filter(({ weight }) => weight > 0)
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0)
  let written = writtenBefore
  const value = (): string => `w${++written}`.padEnd(valueBytes, '.').slice(0, valueBytes)
  const drawType = (): OperationType => {
    let left = random.below(total)
    for (const { type, weight } of weighted) {
      left -= weight
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
