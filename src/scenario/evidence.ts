// The evidence for a scenario's expectations: the events so far, the cluster state folded from them, how each operation ended, and the
// state of a node, found by a replay. It must never ask a node: what is not in the trace did not happen.
import { HistoryOfTrace, NodeReplay, RuleMonitors, type EventSource, type RuleState, type ServedState } from '../check'
import { originalId } from '../network'
import type { NodeName, Outcome, ReplicaState } from '../protocol'
import { beginState, foldEvent, copyOfReplica, isProgram, toldCopyOf, type ToldCopy, type AnyOperation, type ClusterState, type EventOf, type Recorded, type TraceEvent, type TraceHeader } from '../trace'

export interface OperationRecord {
  readonly client: NodeName
  readonly label: string
  readonly operation: AnyOperation
  readonly invokedSeq: number
  readonly invokedAt: number
  outcome: Recorded<Outcome> | null
  returnedSeq: number
  returnedAt: number
}

export class Evidence implements EventSource {
  readonly header: TraceHeader
  readonly state: ClusterState
  readonly events: TraceEvent[] = []
  /** By operationId, in the order in which they were invoked. */
  readonly operations = new Map<number, OperationRecord>()
  /** The same for the linearizability checker. */
  readonly history: HistoryOfTrace
  readonly #byLabel = new Map<string, OperationRecord>()
  readonly #sent = new Map<string, number>()
  readonly #replays = new Map<NodeName, NodeReplay>()
  /** Made on first use; `#looked` is the number of events that they have taken. */
  #monitors: RuleMonitors | null = null
  #looked = 0
  readonly #starts = new Map<NodeName, EventOf<'node-started'>>()

  constructor(header: TraceHeader) {
    this.header = header
    this.state = beginState(header)
    this.history = new HistoryOfTrace(header)
  }

  take(event: TraceEvent): void {
    this.events.push(event)
    foldEvent(this.state, event)
    this.history.take(event)
    switch (event.type) {
      case 'message-sent':
        this.#sent.set(event.id, event.seq)
        return
      case 'node-started':
        this.#starts.set(event.node, event)
        return
      case 'operation-invoked': {
        const { operation, label, node, seq, at } = event
        const record: OperationRecord = {
          client: node, label, operation: operation.operation, invokedSeq: seq, invokedAt: at, outcome: null, returnedSeq: 0, returnedAt: 0,
        }
        this.operations.set(operation.operationId, record)
        this.#byLabel.set(label, record)
        return
      }
      case 'operation-returned': {
        const record = this.operations.get(event.operationId)
        if (record) Object.assign(record, { outcome: event.outcome, returnedSeq: event.seq, returnedAt: event.at })
        return
      }
      default: return
    }
  }

  get latest(): number {
    return this.events.length
  }

  eventAt(seq: number): TraceEvent | undefined {
    return this.events[seq - 1]
  }

  sentSeq(seq: number): number {
    const event = this.eventAt(seq)
    return event && 'id' in event ? this.#sent.get(originalId(event.id)) ?? 0 : 0
  }

  sentOf(id: string): EventOf<'message-sent'> | undefined {
    const sent = this.eventAt(this.#sent.get(originalId(id)) ?? 0)
    return sent?.type === 'message-sent' ? sent : undefined
  }

  /** The operation that was invoked with this label. */
  operationOf(label: string): OperationRecord | undefined {
    return this.#byLabel.get(label)
  }

  /** The state of each rule now. */
  rules(): RuleState[] {
    return this.#watched().states()
  }

  /** The state of the primary of the last view now; null if no server serves it, or with asynchronous replication, which promises nothing. */
  served(): ServedState | null {
    return this.header.settings.replication === 'synchronous' ? this.#watched().served : null
  }

  #watched(): RuleMonitors {
    this.#monitors ??= new RuleMonitors(this.header)
    for (; this.#looked < this.events.length; this.#looked++) this.#monitors.take(this.events[this.#looked] as TraceEvent)
    return this.#monitors
  }

  /** What a replica holds now; undefined for a node that is dead or no replica, null for a program that does not tell it. */
  copyOf(name: NodeName): ToldCopy | null | undefined {
    const node = this.state.nodes.get(name)
    if (!node || node.kind !== 'replica' || node.life === 'dead' || node.life === 'none' || node.life === 'failed') return undefined
    if (isProgram(this.header.nodes, name)) return toldCopyOf(node.program?.state ?? null)
    const state = this.#replica(name)
    return state && copyOfReplica(state)
  }

  #replica(name: NodeName): ReplicaState | undefined {
    const start = this.#starts.get(name)
    if (!start) return undefined
    let replay = this.#replays.get(name)
    if (replay?.incarnation !== start.incarnation) {
      replay = new NodeReplay(this, start)
      this.#replays.set(name, replay)
    }
    replay.advance(this.latest, Number.MAX_SAFE_INTEGER)
    const state = replay.after
    return state?.kind === 'replica' ? state : undefined
  }
}

/** The value that an operation writes, shortened for a sentence. */
export function valueText(operation: AnyOperation): string {
  return 'value' in operation ? `"${operation.value.slice(0, 40)}"` : ''
}
