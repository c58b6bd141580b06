// What a scenario's expectations are judged by: the events so far, the cluster folded from them, how each operation ended, and what a
// node holds, found by stepping it again. It must never ask a node: what is not in the trace did not happen.
import { HistoryOfTrace, NodeReplay, RuleMonitors, type EventSource, type RuleState } from '../check'
import type { NodeName, Operation, Outcome, ReplicaState } from '../protocol'
import { beginState, foldEvent, type ClusterState, type EventOf, type Recorded, type TraceEvent, type TraceHeader } from '../trace'

export interface OperationRecord {
  readonly client: NodeName
  readonly label: string
  readonly operation: Recorded<Operation>
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
  /** The same for the judge of linearizability. */
  readonly history: HistoryOfTrace
  readonly #byLabel = new Map<string, OperationRecord>()
  readonly #sent = new Map<string, number>()
  readonly #replays = new Map<NodeName, NodeReplay>()
  /** Made when somebody asks; it then has looked at so many events. */
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
    return event && 'id' in event ? this.#sent.get(event.id.split('+')[0] as string) ?? 0 : 0
  }

  sentOf(id: string): EventOf<'message-sent'> | undefined {
    const sent = this.eventAt(this.#sent.get(id.split('+')[0] as string) ?? 0)
    return sent?.type === 'message-sent' ? sent : undefined
  }

  /** The operation that was invoked with this label. */
  operationOf(label: string): OperationRecord | undefined {
    return this.#byLabel.get(label)
  }

  /** How the rules stand now. */
  rules(): RuleState[] {
    this.#monitors ??= new RuleMonitors(this.header)
    for (; this.#looked < this.events.length; this.#looked++) this.#monitors.take(this.events[this.#looked] as TraceEvent)
    return this.#monitors.states()
  }

  /** What a replica holds now; undefined for one that is dead or no replica. */
  replica(name: NodeName): ReplicaState | undefined {
    const node = this.state.nodes.get(name)
    const start = this.#starts.get(name)
    if (!node || !start || node.life === 'dead' || node.life === 'none' || node.life === 'failed') return undefined
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
export function valueText(operation: Recorded<Operation>): string {
  return 'value' in operation ? `"${operation.value.slice(0, 40)}"` : ''
}
