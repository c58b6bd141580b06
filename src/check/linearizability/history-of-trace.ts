// The operations of a trace as a history to be judged: event by event, live or along a recording. An operation's id is the event of its
// invocation. It holds so many operations and no more; who is told of each one as it ends needs none of them held.
import type { Operation, Result } from '../../protocol'
import { operationOf, resultOf, type EventOf, type TraceEvent, type TraceHeader } from '../../trace'
import type { HistoryOperation } from './history'

/** Operations that are held to be judged together, and the bytes of their keys and values. */
export interface HeldMax {
  readonly operations: number
  readonly bytes: number
}

/** As much as a window may take beside all else. */
export const heldMax: HeldMax = { operations: 200_000, bytes: 128 * 1024 * 1024 }

/** Told of operations in the order of events. What fails is taken back: it never took effect. */
export interface HistoryListener {
  invoked(operation: HistoryOperation): void
  /** It has its result, or (`returned` null) an outcome that will never be known. */
  ended(operation: HistoryOperation): void
  failed(operation: HistoryOperation): void
}

export class HistoryOfTrace {
  readonly #isImported: boolean
  readonly #listener: HistoryListener | null
  readonly #max: HeldMax
  /** By id, in the order of invocation. */
  readonly #operations = new Map<number, HistoryOperation>()
  /** By client, life and operationId. */
  readonly #open = new Map<string, HistoryOperation>()
  #bytes = 0
  #left = 0
  #invoked = 0
  #returned = 0

  constructor({ source }: Pick<TraceHeader, 'source'>, listener: HistoryListener | null = null, max = heldMax) {
    this.#isImported = source === 'imported'
    this.#max = max
    this.#listener = listener
  }

  /** In the order of their invocation, without those that failed. */
  get operations(): HistoryOperation[] {
    return [...this.#operations.values()]
  }

  /** By id. */
  get byId(): ReadonlyMap<number, HistoryOperation> {
    return this.#operations
  }

  /** Operations that began, failed ones too. */
  get invoked(): number {
    return this.#invoked
  }

  /** Operations that returned with a result. */
  get returned(): number {
    return this.#returned
  }

  /** Operations at the beginning of the trace that are not held any more: what is held then is no history that can be judged. */
  get left(): number {
    return this.#left
  }

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'operation-invoked': return this.#begin(event)
      case 'operation-returned': return this.#end(event)
      case 'node-exited': return this.#clientDied(event)
      default: return
    }
  }

  #begin(event: EventOf<'operation-invoked'>): void {
    this.#invoked++
    const operation: HistoryOperation = {
      id: event.seq, process: event.node, operation: operationOf(event.operation.operation), invoked: event.seq, returned: null, result: null,
    }
    this.#open.set(placeOf(event, event.operation.operationId), operation)
    this.#hold(operation)
    this.#listener?.invoked(operation)
  }

  #end(event: EventOf<'operation-returned'>): void {
    const place = placeOf(event, event.operationId)
    const open = this.#open.get(place)
    if (open === undefined) return
    this.#open.delete(place)
    const { outcome } = event
    switch (outcome.type) {
      case 'failed':
        if (this.#operations.delete(open.id)) this.#bytes -= bytesIn(open)
        this.#listener?.failed(open)
        return
      case 'unknown': return this.#listener?.ended(open)
      case 'ok': {
        this.#returned++
        const ended: HistoryOperation = { ...open, returned: event.seq, result: this.#known(open.operation, resultOf(outcome.result)) }
        if (this.#operations.has(open.id)) {
          this.#bytes -= bytesIn(open)
          this.#hold(ended)
        }
        this.#listener?.ended(ended)
      }
    }
  }

  /** What its client had open will never be known. */
  #clientDied({ node, incarnation }: EventOf<'node-exited'>): void {
    const life = `${node}.${incarnation}.`
    for (const [place, operation] of this.#open) {
      if (!place.startsWith(life)) continue
      this.#open.delete(place)
      this.#listener?.ended(operation)
    }
  }

  /** Other tools' histories do not always say whether a delete found something, and are read as if it had. */
  #known({ type }: Operation, result: Result): Result | null {
    return this.#isImported && type === 'delete' && result.type === 'done' ? null : result
  }

  /** A known operation keeps its place among the others. */
  #hold(operation: HistoryOperation): void {
    this.#operations.set(operation.id, operation)
    this.#bytes += bytesIn(operation)
    while (this.#operations.size > this.#max.operations || this.#bytes > this.#max.bytes) {
      const [oldest] = this.#operations.values()
      if (oldest === undefined) return
      this.#operations.delete(oldest.id)
      this.#bytes -= bytesIn(oldest)
      this.#left++
    }
  }
}

function bytesIn({ operation, result }: HistoryOperation): number {
  const written = 'value' in operation ? operation.value.length : 0
  const seen = result?.type === 'value' ? result.value.length : result?.type === 'mismatch' ? result.actual?.length ?? 0 : 0
  return operation.key.length + written + seen
}

function placeOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${node}.${incarnation}.${operationId}`
}
