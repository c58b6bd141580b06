// Everything of a cluster at a moment of its recording that is not in a node: messages under way with their contents, faults, break
// conditions, the workload. Gathered from the events, one after another, for a switchboard that goes on from there.
// It holds what is present and nothing that is past; it must never guess what no event tells.
import type { NetworkMoment, TravellingMoment } from '../network'
import type { Input, NodeName } from '../protocol'
import {
  beginState, foldEvent, messageOf, operationInputOf,
  type ClusterState, type EventOf, type FaultFacts, type MessageId, type TraceEvent, type TraceHeader, type UnderWay,
} from '../trace'
import { firstWorkloadSession, type Slot, type WorkloadMoment, type WorkloadPlan } from '../workload'

/** Messages whose copies are counted. */
const copiesKnownMax = 100_000

/** What the fold does not keep of a message under way. */
interface Travelling {
  readonly sent: EventOf<'message-sent'>
  /** The receiver's life that it was sent to; 0 if it was dead. */
  readonly incarnation: number
  /** Its place among the mail: handed over first, then by the time of arrival, then in the order of events. */
  arrivedAt: number
  order: number
  isReordered: boolean
}

/** A message that waits in its receiver's mail. */
export interface WaitingMail {
  readonly id: MessageId
  readonly sent: EventOf<'message-sent'>
}

export class Moment {
  readonly state: ClusterState
  readonly #travelling = new Map<MessageId, Travelling>()
  readonly #copies = new Map<string, number>()
  readonly #planned = new Map<string, { what: 'begin' | 'end'; dueAt: number }>()
  /** Whom each present life has exchanged messages with. */
  readonly #peers = new Map<NodeName, Set<NodeName>>()
  #workload: { plan: WorkloadPlan; out: Map<number, Slot>; since: number } | null = null
  operationId = 0
  freezes = 0
  workloads = 0

  constructor(header: TraceHeader) {
    this.state = beginState(header)
  }

  /** The input that this event was to its node; asked before the event is taken in. */
  inputOf(event: TraceEvent): Input | undefined {
    switch (event.type) {
      case 'node-started': {
        const { node: name, kind, incarnation, seed } = event
        return { type: 'start', name, kind, incarnation, address: '', settings: this.state.header.settings, seed }
      }
      case 'message-taken': {
        const sent = this.#travelling.get(event.id)?.sent
        return sent && { type: 'message', from: sent.from, message: messageOf(sent.message) }
      }
      case 'timer-fired': return { type: 'timer', name: event.name }
      case 'peer-lost': return { type: 'peer-lost', peer: event.peer }
      case 'operation-invoked': return operationInputOf(event.operation)
      default: return undefined
    }
  }

  take(event: TraceEvent): void {
    if (event.type.startsWith('message-')) this.#takeMessage(event)
    else this.#takeOther(event)
    foldEvent(this.state, event)
  }

  #takeMessage(event: TraceEvent): void {
    switch (event.type) {
      case 'message-sent':
        this.#peersOf(event.from).add(event.to)
        if (this.lives(event.to)) this.#peersOf(event.to).add(event.from)
        this.#travelling.set(event.id, { sent: event, incarnation: this.#incarnationOf(event.to), arrivedAt: event.at, order: event.seq, isReordered: false })
        return
      case 'message-duplicated': return this.#duplicated(event)
      case 'message-delayed': {
        const late = this.#travelling.get(event.id)
        if (late && this.state.faults.get(event.fault)?.rule.effect.type === 'reorder') late.isReordered = true
        return
      }
      case 'message-released': return this.#moved(event.id, event.at, event.seq)
      // On the socket already: before all that waits.
      case 'message-handed': return this.#moved(event.id, -1, event.seq)
      case 'message-taken':
      case 'message-dropped':
        this.#travelling.delete(event.id)
        return
      default: return
    }
  }

  #moved(id: MessageId, arrivedAt: number, order: number): void {
    const message = this.#travelling.get(id)
    if (message) Object.assign(message, { arrivedAt, order, isReordered: false } satisfies Partial<Travelling>)
  }

  #duplicated({ id, of, at, seq, reason }: EventOf<'message-duplicated'>): void {
    const original = this.#travelling.get(of)
    // A copy that a fault makes is sent like any message; one by hand is put beside its original.
    const incarnation = reason === 'by hand' ? original?.incarnation ?? 0 : this.#incarnationOf(original?.sent.to ?? '')
    if (original) this.#travelling.set(id, { ...original, incarnation, arrivedAt: at, order: seq, isReordered: false })
    const [name = '', number = ''] = id.split('+')
    this.#copies.set(name, Number(number))
    if (this.#copies.size > copiesKnownMax) this.#copies.delete(this.#copies.keys().next().value as string)
  }

  #takeOther(event: TraceEvent): void {
    switch (event.type) {
      case 'node-started':
        this.#peers.delete(event.node)
        for (const [operationId, { client }] of this.#workload?.out ?? []) if (client === event.node) this.#workload?.out.delete(operationId)
        return
      case 'frozen':
        this.freezes = event.freeze
        return
      case 'operation-invoked': return this.#invoked(event)
      case 'operation-returned':
        this.#workload?.out.delete(event.operationId)
        return
      case 'workload-started':
        this.workloads++
        this.#workload = event.plan && { plan: event.plan, out: new Map(), since: this.operationId }
        return
      case 'workload-stopped':
        this.#workload = null
        return
      default: return this.#takeFault(event)
    }
  }

  #invoked({ node: client, label, operation: { operationId, session } }: EventOf<'operation-invoked'>): void {
    this.operationId = Math.max(this.operationId, operationId)
    if (label === 'workload' && session >= firstWorkloadSession) this.#workload?.out.set(operationId, { client, session })
  }

  #takeFault(event: TraceEvent): void {
    const ends = (name: string, forMs: number, at: number): void => {
      if (forMs > 0) this.#planned.set(name, { what: 'end', dueAt: at + forMs * 1000 })
    }
    switch (event.type) {
      case 'fault-added':
        if (event.isOn) return ends(event.fault, event.plan.forMs, event.at)
        this.#planned.set(event.fault, { what: 'begin', dueAt: event.at + event.plan.inMs * 1000 })
        return
      case 'fault-switched':
        this.#planned.delete(event.fault)
        // By hand calls off what was planned.
        if (event.reason === 'as planned') ends(event.fault, this.state.faults.get(event.fault)?.plan.forMs ?? 0, event.at)
        return
      case 'fault-removed':
        this.#planned.delete(event.fault)
        return
      default: return
    }
  }

  #peersOf(name: NodeName): Set<NodeName> {
    const peers = this.#peers.get(name) ?? new Set()
    this.#peers.set(name, peers)
    return peers
  }

  #incarnationOf(name: NodeName): number {
    return this.lives(name) ? this.state.nodes.get(name)?.incarnation ?? 0 : 0
  }

  // ---- the moment, when all events are taken in

  /** True until its process has ended. */
  lives(name: NodeName): boolean {
    const life = this.state.nodes.get(name)?.life
    return life === 'up' || life === 'paused'
  }

  peers(name: NodeName): Iterable<NodeName> {
    return this.#peers.get(name) ?? []
  }

  get workload(): WorkloadMoment | null {
    return this.#workload && { plan: this.#workload.plan, out: this.#workload.out, written: this.operationId - this.#workload.since }
  }

  /** What waits in mailboxes, in the order in which it is to be handed over. A late message whose time has come has arrived. */
  get mail(): WaitingMail[] {
    const waiting = [...this.state.underWay].flatMap(([id, facts]) => {
      const message = this.#travelling.get(id)
      return message && !this.#isOnItsWay(facts, message) ? [{ id, sent: message.sent, at: facts.place === 'late' ? facts.dueAt : message.arrivedAt, order: message.order }] : []
    })
    return waiting.sort((one, other) => one.at - other.at || one.order - other.order)
  }

  #isOnItsWay({ place, dueAt, to }: UnderWay, { incarnation }: Travelling): boolean {
    if (place === 'held') return true
    return place === 'late' && (dueAt > this.state.at || incarnation !== this.#incarnationOf(to))
  }

  /** `payload` is the message as the driver carries it. */
  network<Payload>(payload: (sent: EventOf<'message-sent'>) => Payload): NetworkMoment<Payload> {
    const { faults, underWay, at } = this.state
    const travelling = [...underWay].flatMap(([id, facts]): TravellingMoment<Payload>[] => {
      const message = this.#travelling.get(id)
      if (!message || !this.#isOnItsWay(facts, message)) return []
      const { sent, incarnation, isReordered } = message
      return [{
        envelope: { id, from: sent.from, to: sent.to, message: messageOf(sent.message) }, payload: payload(sent), incarnation,
        inMs: facts.place === 'held' ? null : Math.max(0, facts.dueAt - at) / 1000, mayBeOvertaken: isReordered,
      }]
    })
    return { travelling, copies: this.#copies, faults: [...faults].map(([name, facts]) => this.#fault(name, facts)) }
  }

  #fault(name: string, { rule, plan, isOn, dropped, late, copied, held }: FaultFacts): NetworkMoment<never>['faults'][number] {
    const planned = this.#planned.get(name)
    const next = planned ? { what: planned.what, inMs: Math.max(0, planned.dueAt - this.state.at) / 1000 } : null
    return { fault: rule, plan, isOn, struck: dropped + late + copied + held, next }
  }
}
