// The operations of one client as bars: when each was invoked and returned, and its label. Several operations in flight are in
// separate rows. Pure.
import { operationText, outcomeText, type EventOf } from '../../../../src/trace'
import { firstCapacity, grown } from './columns'
import type { Labels } from './labels'
import { Spans } from './spans'

export const barState = { waiting: 0, ok: 1, failed: 2, unknown: 3 } as const

/** Most rows of bars on a lane; further bars share the last row. */
export const barRowsMax = 4

export class OperationBars {
  readonly spans = new Spans()
  readonly #labels: Labels
  readonly #open = new Map<string, number>()
  readonly #free = Array.from({ length: barRowsMax }, () => 0)
  state = new Uint8Array(firstCapacity)
  row = new Uint8Array(firstCapacity)
  what = new Int32Array(firstCapacity)
  outcome = new Int32Array(firstCapacity)
  /** Most rows needed so far. */
  rows = 1

  constructor(labels: Labels) {
    this.#labels = labels
  }

  invoked({ seq, incarnation, operation }: EventOf<'operation-invoked'>): void {
    const bar = this.spans.add(seq)
    if (bar >= this.state.length) this.#grow(bar * 2)
    this.#open.set(keyOf(incarnation, operation.operationId), bar)
    this.what[bar] = this.#labels.number(operationText(operation.operation))
    const free = this.#free.indexOf(0)
    const row = free < 0 ? barRowsMax - 1 : free
    this.#free[row] = (this.#free[row] ?? 0) + 1
    this.row[bar] = row
    this.rows = Math.max(this.rows, row + 1)
  }

  returned({ seq, incarnation, operationId, outcome }: EventOf<'operation-returned'>): void {
    const key = keyOf(incarnation, operationId)
    const bar = this.#open.get(key)
    if (bar === undefined) return // It was invoked before the first event of this model.
    this.#open.delete(key)
    this.#end(bar, seq, barState[outcome.type])
    // A plain "ok" is not shown; a failed operation shows only "failed", and the card shows why.
    const text = outcome.type === 'ok' ? outcomeText(outcome) : outcome.type
    this.outcome[bar] = this.#labels.number(text === 'ok' ? '' : text)
  }

  /** Ends all open operations as unknown: the client has exited and will get no answer. */
  abandoned(seq: number): void {
    for (const bar of this.#open.values()) this.#end(bar, seq, barState.unknown)
    this.#open.clear()
  }

  #end(bar: number, seq: number, state: number): void {
    this.spans.close(bar, seq)
    this.state[bar] = state
    const row = this.row[bar] ?? 0
    this.#free[row] = Math.max(0, (this.#free[row] ?? 0) - 1)
  }

  #grow(capacity: number): void {
    this.state = grown(this.state, capacity)
    this.row = grown(this.row, capacity)
    this.what = grown(this.what, capacity)
    this.outcome = grown(this.outcome, capacity)
  }
}

function keyOf(incarnation: number, operationId: number): string {
  return `${incarnation}.${operationId}`
}
