// The operations that have not returned yet. It must never hold more, so that a table can be written while a recording is read.
import { OperationLog, type OperationFacts, type TraceEvent } from '../trace'

/** An operation that has ended: it returned, or its client died and its outcome stays unknown. */
export interface OverOperation {
  readonly facts: OperationFacts
  readonly hasClientDied: boolean
}

export class OpenOperations {
  /** A log with one operation each, by client, incarnation and operationId, in order of invocation. */
  readonly #logs = new Map<string, OperationLog>()

  get open(): readonly OperationFacts[] {
    return [...this.#logs.values()].flatMap(({ list }) => list)
  }

  /** Returns the operations that this event ended: one, or all that a client had open when it died. */
  take(event: TraceEvent): readonly OverOperation[] {
    switch (event.type) {
      case 'operation-invoked': {
        const log = new OperationLog()
        log.take(event)
        this.#logs.set(keyOf(event, event.operation.operationId), log)
        return []
      }
      case 'operation-started':
        this.#logs.get(keyOf(event, event.operationId))?.take(event)
        return []
      case 'operation-returned': {
        const key = keyOf(event, event.operationId)
        const log = this.#logs.get(key)
        this.#logs.delete(key)
        log?.take(event)
        return (log?.list ?? []).map((facts) => ({ facts, hasClientDied: false }))
      }
      case 'node-exited': return this.#clientDied(event)
      default: return []
    }
  }

  #clientDied(life: { readonly node: string; readonly incarnation: number }): OverOperation[] {
    const died = [...this.#logs].filter(([key]) => key.startsWith(keyOf(life, '')))
    for (const [key] of died) this.#logs.delete(key)
    return died.flatMap(([, { list }]) => list.map((facts) => ({ facts, hasClientDied: true })))
  }
}

function keyOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }, operationId: number | ''): string {
  return `${node}.${incarnation}.${operationId}`
}
