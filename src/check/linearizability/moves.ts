// Operations on one key as moves between numbered states: where each leads from a state, given what its client saw. It must never differ from
// the store's `execute` (src/protocol/application.ts); a test compares the two.
import { valueBytesMax } from '../../protocol'
import type { HistoryOperation } from './history'
import { missingState, States } from './states'

/** The kind of a move. `look` stands for every operation that changed nothing, with what its client saw. */
export type MoveKind = 'put' | 'append' | 'append-or-not' | 'look' | 'cas' | 'cas-or-not' | 'delete' | 'delete-or-not' | 'too-large' | 'free' | 'never'

/** What a move may do to the state: nothing, extend what the key holds, or put something else in its place. No state comes after an impossible one. */
const changes: Readonly<Record<MoveKind, 'nothing' | 'extends' | 'replaces' | 'impossible'>> = {
  'put': 'replaces', 'cas': 'replaces', 'cas-or-not': 'replaces', 'delete': 'replaces', 'delete-or-not': 'replaces', 'append': 'extends', 'append-or-not': 'extends',
  'look': 'nothing', 'too-large': 'nothing', 'free': 'nothing', 'never': 'impossible',
}

interface Move {
  readonly kind: MoveKind
  /** put: the state that it writes; append: its value; look: the state that it saw; cas: the state that it expects. */
  readonly a: number
  /** cas: the state that it writes. */
  readonly b: number
}

/** How many append results are cached. */
const appendedMax = 500_000

/** More than there are operations, so that one number can encode a state and an operation. */
const placesPerState = 2 ** 24

export class Moves {
  readonly #states = new States(valueBytesMax)
  readonly #moves: Move[] = []
  /** The results of appends, by state and operation: joining values costs more than caching them. */
  readonly #appended = new Map<number, number>()

  constructor(operations: readonly HistoryOperation[]) {
    for (const operation of operations) this.add(operation)
  }

  /** Returns the operation's index. */
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

  /** True if the move never changes the state. Such a move is linearized where it first fits, and needs no other position. */
  changesNothing(index: number): boolean {
    return changes[this.kind(index)] === 'nothing'
  }

  /** True if the key may hold something that does not begin with what it held before. */
  mayReplace(index: number): boolean {
    return changes[this.kind(index)] === 'replaces'
  }

  /** Moves with equal texts are equal. */
  classOf(index: number): string {
    const { kind, a, b } = this.#moves[index] as Move
    return `${kind} ${a} ${b}`
  }

  /** The state that a `look` saw. */
  seenBy(index: number): number {
    return (this.#moves[index] as Move).a
  }

  /** The state after this operation in `state`; -1 if its client cannot have got its result from `state`. */
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
