// Operations on one key as moves between numbered states: what each does where, given what its client saw. Says what the store's `execute`
// (src/protocol/application.ts) would; a test compares the two.
import { valueBytesMax } from '../../protocol'
import type { HistoryOperation } from './history'
import { missingState, States } from './states'

/** What a move is. `look` covers every operation that changed nothing, by what its client saw. */
export type MoveKind = 'put' | 'append' | 'append-or-not' | 'look' | 'cas' | 'cas-or-not' | 'delete' | 'delete-or-not' | 'too-large' | 'free' | 'never'

interface Move {
  readonly kind: MoveKind
  /** put: the state it writes; append: its value; look: what is there; cas: what is expected. */
  readonly a: number
  /** cas: what it writes. */
  readonly b: number
}

/** Appends that are remembered at once. */
const appendedMax = 500_000

/** More than there are operations: a state and an operation are one number. */
const placesPerState = 2 ** 24

export class Moves {
  readonly #states = new States(valueBytesMax)
  readonly #moves: Move[] = []
  /** Of appends, by state and operation: joining values is dearer than remembering. */
  readonly #appended = new Map<number, number>()

  constructor(operations: readonly HistoryOperation[]) {
    for (const operation of operations) this.add(operation)
  }

  /** Gives the operation's index. */
  add(operation: HistoryOperation): number {
    return this.#moves.push(this.#moveOf(operation)) - 1
  }

  get count(): number {
    return this.#moves.length
  }

  get states(): States {
    return this.#states
  }

  kind(index: number): MoveKind {
    return (this.#moves[index] as Move).kind
  }

  /** It leaves the state as it is wherever it fits: such a move is taken where it fits first, and never needs a second place. */
  changesNothing(index: number): boolean {
    const kind = this.kind(index)
    return kind === 'look' || kind === 'too-large' || kind === 'free'
  }

  /** Equal texts are equal moves. */
  classOf(index: number): string {
    const { kind, a, b } = this.#moves[index] as Move
    return `${kind} ${a} ${b}`
  }

  /** The state that a look saw. */
  seenBy(index: number): number {
    return (this.#moves[index] as Move).a
  }

  /** The state after this operation in `state`; -1 if what its client saw cannot have come from there. */
  next(state: number, index: number): number {
    const { kind, a, b } = this.#moves[index] as Move
    switch (kind) {
      case 'put': return a
      case 'look': return state === a ? state : -1
      case 'append': return this.#append(state, index, a)
      case 'append-or-not': {
        const appended = this.#append(state, index, a)
        return appended === -1 ? state : appended
      }
      case 'too-large': return this.#append(state, index, a) === -1 ? state : -1
      case 'cas': return state === a ? b : -1
      case 'cas-or-not': return state === a ? b : state
      case 'delete': return state === missingState ? -1 : missingState
      case 'delete-or-not': return missingState
      case 'free': return state
      case 'never': return -1
    }
  }

  #append(state: number, index: number, tail: number): number {
    const place = state * placesPerState + index
    const known = this.#appended.get(place)
    if (known !== undefined) return known
    const next = this.#states.appended(state, tail)
    if (this.#appended.size >= appendedMax) this.#appended.clear()
    this.#appended.set(place, next)
    return next
  }

  #moveOf({ operation, result }: HistoryOperation): Move {
    const never: Move = { kind: 'never', a: 0, b: 0 }
    const states = this.#states
    switch (operation.type) {
      case 'put': return result === null || result.type === 'done' ? { kind: 'put', a: states.of(operation.value), b: 0 } : never
      case 'append': {
        const kind = result === null ? 'append-or-not' : result.type === 'done' ? 'append' : result.type === 'too-large' ? 'too-large' : 'never'
        return { kind, a: states.of(operation.value), b: 0 }
      }
      case 'get':
        if (result === null) return { kind: 'free', a: 0, b: 0 }
        if (result.type === 'value') return { kind: 'look', a: states.of(result.value), b: 0 }
        return result.type === 'missing' ? { kind: 'look', a: missingState, b: 0 } : never
      case 'delete':
        if (result === null) return { kind: 'delete-or-not', a: 0, b: 0 }
        if (result.type === 'missing') return { kind: 'look', a: missingState, b: 0 }
        return result.type === 'done' ? { kind: 'delete', a: 0, b: 0 } : never
      case 'cas': {
        const expected = states.of(operation.expected)
        if (result === null || result.type === 'done') return { kind: result === null ? 'cas-or-not' : 'cas', a: expected, b: states.of(operation.value) }
        if (result.type !== 'mismatch') return never
        const actual = states.of(result.actual)
        return actual === expected ? never : { kind: 'look', a: actual, b: 0 }
      }
    }
  }
}
