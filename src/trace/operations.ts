// The operations of a session, in the order in which they were invoked: one growing list for every position of a cursor.
// `returnedSeq` shows what had returned at a cursor, so going back in time copies nothing.
import type { NodeName } from '../protocol'
import type { EndedOutcome, EventOf, TraceEvent } from './event'
import type { AnyOperation } from './recorded'

export interface OperationFacts {
  /** The client, and its incarnation; with the operationId they identify the operation. */
  readonly client: NodeName
  readonly incarnation: number
  readonly operationId: number
  readonly operation: AnyOperation
  /** The server that it is sent to; empty: through the view server. */
  readonly target: NodeName | ''
  /** Who asked: a person, a workload, a step of a scenario. */
  readonly label: string
  readonly invokedSeq: number
  readonly invokedAt: number
  clientId: string
  requestId: number
  /** 0 while it has not returned. */
  returnedSeq: number
  returnedAt: number
  outcome: EndedOutcome | null
  tries: number
}

export class OperationLog {
  #list: OperationFacts[] = []
  #returned: OperationFacts[] = []
  readonly #open = new Map<string, OperationFacts>()

  /** In order of invocation. */
  get list(): readonly OperationFacts[] {
    return this.#list
  }

  /** In order of return. */
  get returned(): readonly OperationFacts[] {
    return this.#returned
  }

  /** Operations that have not returned. */
  get openCount(): number {
    return this.#open.size
  }

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'operation-invoked': return this.#invoked(event)
      case 'operation-started': {
        const operation = this.#open.get(keyOf(event.node, event.incarnation, event.operationId))
        if (!operation) return
        operation.clientId = event.clientId
        operation.requestId = event.requestId
        return
      }
      case 'operation-returned': {
        const key = keyOf(event.node, event.incarnation, event.operationId)
        const operation = this.#open.get(key)
        if (!operation) return
        this.#open.delete(key)
        operation.returnedSeq = event.seq
        operation.returnedAt = event.at
        operation.outcome = event.outcome
        operation.tries = event.tries
        this.#returned.push(operation)
        return
      }
      default: return
    }
  }

  /** Drops the operations that had returned before an event. Those that have not returned stay. */
  dropBefore(seq: number): void {
    const stays = ({ returnedSeq }: OperationFacts): boolean => returnedSeq === 0 || returnedSeq >= seq
    this.#list = this.#list.filter(stays)
    this.#returned = this.#returned.filter(stays)
  }

  #invoked(event: EventOf<'operation-invoked'>): void {
    const { operationId, operation, target } = event.operation
    const facts: OperationFacts = {
      client: event.node, incarnation: event.incarnation, operationId, operation, target, label: event.label,
      invokedSeq: event.seq, invokedAt: event.at, clientId: '', requestId: 0, returnedSeq: 0, returnedAt: 0, outcome: null, tries: 0,
    }
    this.#list.push(facts)
    this.#open.set(keyOf(event.node, event.incarnation, operationId), facts)
  }
}

function keyOf(node: NodeName, incarnation: number, operationId: number): string {
  return `${node}.${incarnation}.${operationId}`
}
