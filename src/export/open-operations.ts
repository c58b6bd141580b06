// Operations that have not returned yet, so that a table can be written while a recording is read and never holds all of it.
import { OperationLog, type OperationFacts, type TraceEvent } from '../trace'

export class OpenOperations {
  /** A log of one operation each, by client, life and operationId, in order of invocation. */
  readonly #logs = new Map<string, OperationLog>()

  get open(): readonly OperationFacts[] {
    return [...this.#logs.values()].flatMap(({ list }) => list)
  }

  /** Gives the operation that this event ended. */
  take(event: TraceEvent): OperationFacts | undefined {
    switch (event.type) {
      case 'operation-invoked': {
        const log = new OperationLog()
        log.take(event)
        this.#logs.set(keyOf(event, event.operation.operationId), log)
        return undefined
      }
      case 'operation-started':
        this.#logs.get(keyOf(event, event.operationId))?.take(event)
        return undefined
      case 'operation-returned': {
        const key = keyOf(event, event.operationId)
        const log = this.#logs.get(key)
        this.#logs.delete(key)
        log?.take(event)
        return log?.list[0]
      }
      default: return undefined
    }
  }
}

function keyOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${node}.${incarnation}.${operationId}`
}
