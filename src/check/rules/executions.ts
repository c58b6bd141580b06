// Which requests were executed under which sequence numbers, in the state that passes from view to view. Gathered once for all monitors, from
// forwards, replies and transfers. It remembers all ids of each client, as intervals, and counts what it has to drop.
// It must never count a number as executed that a later primary's state lacks: an operation lost in a failover may be executed again.
import type { Settings } from '../../protocol'
import type { EventOf, TraceEvent } from '../../trace'
import { IdIntervals } from './id-intervals'

/** How many clients are remembered; beyond that, those that executed longest ago are dropped. */
const clientsMax = 20_000
/** How many of a client's latest executions are kept, for messages and evidence. */
const recentMax = 8
/** How many numbers a failover may undo, beyond those in flight. */
const spareTail = 64
const tailMax = 65_536

export interface Execution {
  readonly requestId: number
  readonly number: number
  /** The event that showed it first. */
  readonly seq: number
}

/** A request that got a number although its operation already had one in the same state. */
export interface Double {
  readonly clientId: string
  readonly again: Execution
  /** Null: long ago, and no longer known. */
  readonly first: Execution | null
  /** How many other clients executed in between. The table keeps no more, so the client's row was evicted. 0: the row had to be there. */
  readonly evictedBy: number
}

interface ClientExecutions {
  /** The ids under which clients began the executed operations. */
  readonly executed: IdIntervals
  /** Ids that operations began with. A later id without a start of its own is a resend of the operation before it. */
  readonly begun: IdIntervals
  recent: Execution[]
  /** The number of its latest execution. */
  number: number
  /** The highest id that a server has taken. */
  asked: number
  /** The highest executed id, and the number under which a lower one was executed after it: its row was evicted by then. */
  highest: number
  evicted: { readonly at: number; readonly by: number } | null
}

interface Numbered {
  readonly clientId: string
  readonly requestId: number
  readonly owner: number
  readonly number: number
}

export class Executions {
  readonly #tableClientsMax: number
  readonly #tailMax: number
  readonly #clients = new Map<string, ClientExecutions>()
  /** The view whose primary assigns the numbers, the highest number assigned, and the highest in a reply to a client. */
  #view = 0
  #top = 0
  #answered = 0
  /** The latest numbers, in order: a failover may undo them. */
  #tail: Numbered[] = []
  /** By the later number; removed once reported. */
  readonly #doubles = new Map<number, Double>()
  /** True once a request got a second number because its client's row was evicted. */
  hasEvicted = false
  /** How many clients were dropped, and whether some ids of a remembered client were. */
  #forgotten = 0
  #forgetsIds = false

  constructor({ tableClientsMax, inFlightMax }: Settings) {
    this.#tableClientsMax = tableClientsMax
    this.#tailMax = Math.min(inFlightMax + spareTail, tailMax)
  }

  take(event: TraceEvent): void {
    if (event.type === 'operation-started') return void this.#clientOf(event.clientId).begun.add(event.requestId)
    if (event.type !== 'message-sent') return
    const { message } = event
    if (message.type === 'forward') this.#number(event, message.viewnum, message.seq, message.clientId, message.requestId)
    else if (message.type === 'reply') this.#reply(event)
    else if (message.type === 'state-transfer' && message.viewnum > this.#view) this.#begin(message.viewnum, message.executed, true)
  }

  /** The request executed under this number, if its operation was executed before; each is returned once. */
  doubleOf(number: number): Double | undefined {
    if (this.#doubles.size === 0) return undefined
    const double = this.#doubles.get(number)
    this.#doubles.delete(number)
    return double
  }

  /** The execution of this request, if a server has answered it or a later execution. */
  answeredOf(clientId: string, requestId: number): Execution | undefined {
    return this.#clients.get(clientId)?.recent.find((execution) => execution.requestId === requestId && execution.number <= this.#answered)
  }

  /** A server takes a request. True if a server had taken it, or a later one of its client, before. */
  isAskedAgain(clientId: string, requestId: number): boolean {
    const client = this.#clientOf(clientId)
    if (requestId <= client.asked) return true
    client.asked = requestId
    return false
  }

  /** Why the executions are not all known; empty if they are. */
  get limit(): string {
    if (this.#forgotten > 0) return `what ${this.#forgotten} clients asked that executed longest ago is not remembered any more`
    return this.#forgetsIds ? 'a client left out so many request ids that its first are not remembered any more' : ''
  }

  #reply({ message, seq }: EventOf<'message-sent'>): void {
    if (message.type !== 'reply' || message.seq === 0) return
    if (!message.replayed) this.#number({ seq }, message.viewnum, message.seq, message.clientId, message.requestId)
    if (message.viewnum >= this.#view && message.seq > this.#answered) this.#answered = message.seq
  }

  #number({ seq }: { readonly seq: number }, viewnum: number, number: number, clientId: string, requestId: number): void {
    // No transfer was seen: the primary is alone, or the recording lacks the events.
    if (viewnum > this.#view) this.#begin(viewnum, number - 1, false)
    if (viewnum < this.#view || number <= this.#top) return
    this.#top = number
    const client = this.#clientOf(clientId)
    const owner = ownerOf(client, requestId)
    const again: Execution = { requestId, number, seq }
    if (requestId <= client.highest) this.#noteEviction(client, number)
    else client.highest = requestId
    if (client.executed.add(owner)) {
      this.#tail.push({ clientId, requestId, owner, number })
      if (this.#tail.length > 2 * this.#tailMax) this.#tail = this.#tail.slice(-this.#tailMax)
    } else {
      const first = firstOf(client, owner)
      // The row made after the eviction knows only the lower id, so an operation executed before comes again as new.
      const { evicted } = client
      this.#double({ clientId, again, first, evictedBy: evicted && (first === null || first.number < evicted.at) ? evicted.by : 0 })
    }
    this.#forgetsIds ||= client.executed.forgottenUpTo >= 0
    client.number = number
    client.recent.push(again)
    if (client.recent.length > 2 * recentMax) client.recent = client.recent.slice(-recentMax)
  }

  #noteEviction(client: ClientExecutions, number: number): void {
    const by = this.#evictedBy(client)
    if (by > 0) client.evicted = { at: number, by }
  }

  #double(double: Double): void {
    this.#doubles.set(double.again.number, double)
    this.hasEvicted ||= double.evictedBy > 0
  }

  /** A new view's primary takes over with a state that ends at `executed`. */
  #begin(viewnum: number, executed: number, isSure: boolean): void {
    const isKept = (number: number): boolean => number <= executed && (isSure || number <= this.#answered)
    this.#view = viewnum
    const first = this.#tail.findIndex(({ number }) => !isKept(number))
    if (first === 0 && this.#tail.length >= this.#tailMax) this.#forget([...this.#clients.keys()])
    else if (first >= 0) for (const numbered of this.#tail.splice(first)) this.#takeBack(numbered, executed)
    for (const [number, { clientId }] of this.#doubles) {
      if (number <= executed) continue
      this.#doubles.delete(number)
      this.#leaveOut(clientId, number, executed)
    }
    this.#top = executed
    this.#answered = Math.min(this.#answered, executed)
  }

  #takeBack({ clientId, owner, number }: Numbered, executed: number): void {
    this.#clients.get(clientId)?.executed.delete(owner)
    this.#leaveOut(clientId, number, executed)
  }

  /** Up to `executed` the state may still hold the operation: then it may have evicted others, so its client keeps its rank among them. */
  #leaveOut(clientId: string, number: number, executed: number): void {
    const client = this.#clients.get(clientId)
    if (client === undefined) return
    client.recent = client.recent.filter((execution) => execution.number !== number)
    if (number > executed) client.number = client.recent.at(-1)?.number ?? 0
  }

  /** How many clients executed since this one, if at least as many as the table keeps; else 0. */
  #evictedBy({ number }: ClientExecutions): number {
    let later = 0
    for (const other of this.#clients.values()) if (other.number > number) later++
    return later >= this.#tableClientsMax ? later : 0
  }

  #clientOf(clientId: string): ClientExecutions {
    const known = this.#clients.get(clientId)
    if (known) return known
    if (this.#clients.size >= clientsMax) this.#sweep()
    const made: ClientExecutions = { executed: new IdIntervals(), begun: new IdIntervals(), recent: [], number: 0, asked: 0, highest: 0, evicted: null }
    this.#clients.set(clientId, made)
    return made
  }

  #sweep(): void {
    const numbers = [...this.#clients.values()].map(({ number }) => number).sort((one, other) => one - other)
    const middle = numbers[numbers.length >> 1] ?? 0
    this.#forget([...this.#clients].filter(([, { number }]) => number <= middle).map(([clientId]) => clientId))
  }

  #forget(clientIds: readonly string[]): void {
    this.#forgotten += clientIds.length
    for (const clientId of clientIds) this.#clients.delete(clientId)
    this.#tail = this.#tail.filter(({ clientId }) => this.#clients.has(clientId))
  }
}

/** The id with which the operation of this request began. */
function ownerOf({ begun }: ClientExecutions, requestId: number): number {
  return begun.atMost(requestId) ?? requestId
}

/** The latest execution of the operation that is still remembered. */
function firstOf(client: ClientExecutions, owner: number): Execution | null {
  return client.recent.findLast(({ requestId }) => ownerOf(client, requestId) === owner) ?? null
}
