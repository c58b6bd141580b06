// Collects the operations of a trace as a history to be judged, event by event, live or from a recording. An operation's id is the seq of
// its invocation. It must never hold more than its limit; a listener that handles each operation as it ends needs none of them held.
import { resultsOf, type Operation, type Result } from '../../protocol'
import { operationOf, resultOf, type AnyResult, type EventOf, type TraceEvent, type TraceHeader } from '../../trace'
import { initialNode, type HistoryOperation } from './history'

/** How many operations are held to be judged together, and the bytes of their keys and values. */
export interface HeldMax {
  readonly operations: number
  readonly bytes: number
}

/** As much memory as a window can spare. */
export const heldMax: HeldMax = { operations: 200_000, bytes: 128 * 1024 * 1024 }

/** Notified of operations in the order of events. A failed operation is removed from the history: it never took effect. */
export interface HistoryListener {
  invoked(operation: HistoryOperation): void
  /** The operation has its result, or (`returned` null) its outcome will never be known. */
  ended(operation: HistoryOperation): void
  failed(operation: HistoryOperation): void
}

export class HistoryOfTrace {
  readonly #isImported: boolean
  readonly #listener: HistoryListener | null
  readonly #max: HeldMax
  /** By id, in the order of invocation. */
  readonly #operations = new Map<number, HistoryOperation>()
  /** By client, incarnation and operationId. */
  readonly #open = new Map<string, HistoryOperation>()
  readonly #failed: HistoryOperation[] = []
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

  /** The last failed operations that would have changed something: for messages, not for the judge. */
  get failed(): readonly HistoryOperation[] {
    return this.#failed
  }

  /** How many of the first operations are no longer held; if any, the held ones are not a history that can be judged. */
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

  /** A call in a program's own words is no operation of the store. */
  #begin(event: EventOf<'operation-invoked'>): void {
    const { operation: asked } = event.operation
    if (asked.type === 'call') return
    const isInitial = this.#isImported && event.node === initialNode
    if (!isInitial) this.#invoked++
    const operation: HistoryOperation = {
      id: event.seq, process: event.node, operation: operationOf(asked), invoked: event.seq, returned: null, result: null,
      ...(isInitial ? { isInitial } : { place: `#${event.seq}` }),
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
        this.#keepFailed(open)
        this.#listener?.failed(open)
        return
      case 'unknown': return this.#listener?.ended(open)
      case 'ok': {
        if (!open.isInitial) this.#returned++
        const ended: HistoryOperation = { ...open, returned: event.seq, result: this.#known(open.operation, outcome.result) }
        if (this.#operations.has(open.id)) {
          this.#bytes -= bytesIn(open)
          this.#hold(ended)
        }
        this.#listener?.ended(ended)
      }
    }
  }

  /** The open operations of a dead client get no known outcome. */
  #clientDied({ node, incarnation }: EventOf<'node-exited'>): void {
    const life = `${node}.${incarnation}.`
    for (const [place, operation] of this.#open) {
      if (!place.startsWith(life)) continue
      this.#open.delete(place)
      this.#listener?.ended(operation)
    }
  }

  /** Imported histories do not always say whether a delete found a value, or what a read of nil saw. Such results are "done" in the recording. */
  #known({ type }: Operation, recorded: AnyResult): Result | null {
    if (recorded.type === 'answered') return wrongAnswer(type)
    const result = resultOf(recorded)
    return this.#isImported && (type === 'delete' || type === 'get') && result.type === 'done' ? null : result
  }

  /** Keeps only a few, small ones: they serve only for messages. */
  #keepFailed(operation: HistoryOperation): void {
    if (operation.operation.type === 'get' || bytesIn(operation) > failedBytesMax) return
    this.#failed.push(operation)
    if (this.#failed.length > failedMax) this.#failed.shift()
  }

  /** An operation that is already held keeps its position. */
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

/** How many failed operations are kept, and the most bytes of each. */
const failedMax = 1000
const failedBytesMax = 4096

function bytesIn({ operation, result }: HistoryOperation): number {
  const written = 'value' in operation ? operation.value.length : 0
  const seen = result?.type === 'value' ? result.value.length : result?.type === 'mismatch' ? result.actual?.length ?? 0 : 0
  return operation.key.length + written + seen
}

function placeOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${node}.${incarnation}.${operationId}`
}

const plainResults = ['done', 'missing', 'too-large'] as const

/** For an answer that is no result of the store at all: a result that no store gives to this operation, so that it is judged as wrong as it is. */
function wrongAnswer(type: Operation['type']): Result {
  return { type: plainResults.find((result) => !resultsOf(type).includes(result)) ?? 'missing' }
}
