// A snapshot of everything in a cluster that is outside of its nodes: messages in flight with their contents, faults, break conditions, the
// workload. It is collected from the recording's events, for a switchboard that continues from there. It keeps only the present state, and must
// never guess what no event says.
import { copyNumber, originalId, type NetworkSnapshot, type MessageSnapshot } from '../../network'
import type { Input, NodeName } from '../../protocol'
import {
  beginState, foldEvent, inputOf, messageOf, MessagesInFlight,
  type ClusterState, type EventOf, type FaultFacts, type MessageId, type TraceEvent, type TraceHeader, type MessageInFlight,
} from '../../trace'
import { firstWorkloadSession, type Slot, type WorkloadSnapshot, type WorkloadPlan } from '../../workload'

/** Most messages whose copies are counted. */
const copiesKnownMax = 100_000

/** Facts about a message in flight that the event fold does not keep. */
interface Travelling {
  readonly sent: EventOf<'message-sent'>
  /** The receiver's incarnation when it was sent; 0 if the receiver was dead. */
  readonly incarnation: number
  /** Sort keys of the queue: delivered messages first, then by the time of arrival, then in the order of events. */
  arrivedAt: number
  order: number
  isReordered: boolean
}

/** A message in its receiver's queue. */
export interface WaitingMail {
  readonly id: MessageId
  readonly sent: EventOf<'message-sent'>
}

export class Snapshot {
  readonly state: ClusterState
  readonly #travelling = new MessagesInFlight<Travelling>({
    sent: (sent) => this.#sent(sent, sent.at, sent.seq),
    // A copy by a fault is sent like any message; a copy by hand goes to the incarnation of its original.
    copied: ({ sent, incarnation }, { at, seq, reason }) => ({ ...this.#sent(sent, at, seq), ...reason === 'by hand' && { incarnation } }),
  })
  readonly #copies = new Map<string, number>()
  readonly #planned = new Map<string, { what: 'begin' | 'end'; dueAt: number }>()
  /** Nodes that each present incarnation has exchanged messages with. */
  readonly #peers = new Map<NodeName, Set<NodeName>>()
  #workload: { plan: WorkloadPlan; out: Map<number, Slot>; since: number } | null = null
  operationId = 0
  freezes = 0
  workloads = 0

  constructor(header: TraceHeader) {
    this.state = beginState(header)
  }

  /** The input that this event was to its node. Call it before the event is taken in. */
  inputOf(event: TraceEvent): Input | undefined {
    return inputOf(event, this.state.header, ({ id }) => this.#travelling.get(id)?.sent)
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
        return void this.#travelling.take(event)
      case 'message-duplicated': return this.#duplicated(event)
      case 'message-delayed': {
        const late = this.#travelling.get(event.id)
        if (late && this.state.faults.get(event.fault)?.rule.effect.type === 'reorder') late.isReordered = true
        return
      }
      case 'message-released': return this.#moved(event.id, event.at, event.seq)
      // Already on the receiver's socket, so ahead of all queued messages.
      case 'message-handed': return this.#moved(event.id, -1, event.seq)
      case 'message-taken':
      case 'message-dropped': return void this.#travelling.take(event)
      default: return
    }
  }

  #moved(id: MessageId, arrivedAt: number, order: number): void {
    const message = this.#travelling.get(id)
    if (message) Object.assign(message, { arrivedAt, order, isReordered: false } satisfies Partial<Travelling>)
  }

  #sent(sent: EventOf<'message-sent'>, arrivedAt: number, order: number): Travelling {
    return { sent, incarnation: this.#incarnationOf(sent.to), arrivedAt, order, isReordered: false }
  }

  #duplicated(event: EventOf<'message-duplicated'>): void {
    this.#travelling.take(event)
    this.#copies.set(originalId(event.id), copyNumber(event.id))
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
        // Switching by hand cancels the planned end.
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

  // ---- the snapshot, after all events

  /** True until its process has ended. */
  lives(name: NodeName): boolean {
    const life = this.state.nodes.get(name)?.life
    return life === 'up' || life === 'paused'
  }

  peers(name: NodeName): Iterable<NodeName> {
    return this.#peers.get(name) ?? []
  }

  get workload(): WorkloadSnapshot | null {
    return this.#workload && { plan: this.#workload.plan, out: this.#workload.out, written: this.operationId - this.#workload.since }
  }

  /** Queued messages, in the order of their delivery. A delayed message that is due has arrived. */
  get mail(): WaitingMail[] {
    const waiting = [...this.state.inFlight].flatMap(([id, facts]) => {
      const message = this.#travelling.get(id)
      return message && !this.#isOnItsWay(facts, message) ? [{ id, sent: message.sent, at: facts.place === 'late' ? facts.dueAt : message.arrivedAt, order: message.order }] : []
    })
    return waiting.sort((one, other) => one.at - other.at || one.order - other.order)
  }

  #isOnItsWay({ place, dueAt, to }: MessageInFlight, { incarnation }: Travelling): boolean {
    if (place === 'held') return true
    return place === 'late' && (dueAt > this.state.at || incarnation !== this.#incarnationOf(to))
  }

  /** `payload` builds the message as the driver carries it. */
  network<Payload>(payload: (sent: EventOf<'message-sent'>) => Payload): NetworkSnapshot<Payload> {
    const { faults, inFlight, at } = this.state
    const travelling = [...inFlight].flatMap(([id, facts]): MessageSnapshot<Payload>[] => {
      const message = this.#travelling.get(id)
      if (!message || !this.#isOnItsWay(facts, message)) return []
      const { sent, incarnation, isReordered } = message
      return [{
        envelope: { id, from: sent.from, to: sent.to, fromAs: sent.fromAs, message: messageOf(sent.message) }, payload: payload(sent), incarnation,
        inMs: facts.place === 'held' ? null : Math.max(0, facts.dueAt - at) / 1000, mayBeOvertaken: isReordered,
      }]
    })
    return { travelling, copies: this.#copies, faults: [...faults].map(([name, facts]) => this.#fault(name, facts)) }
  }

  #fault(name: string, { rule, plan, isOn, dropped, late, copied, held }: FaultFacts): NetworkSnapshot<never>['faults'][number] {
    const planned = this.#planned.get(name)
    const next = planned ? { what: planned.what, inMs: Math.max(0, planned.dueAt - this.state.at) / 1000 } : null
    return { fault: rule, plan, isOn, struck: dropped + late + copied + held, next }
  }
}
