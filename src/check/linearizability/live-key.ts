// Judges one key while its operations arrive, by Lowe's just-in-time linearization. It holds the set of possible configurations: what the key
// may hold, and which open operations are linearized already. Each return advances that set by one step; older history is dropped.
// It must never guess: the answer is exact, or unknown.
import type { HistoryOperation, Verdict } from './history'
import { Moves } from './moves'
import { missingState, type States } from './states'

/** The most configurations after a return, and the most operations that wait for an older one whose outcome is still open. */
export const configurationsMax = 1000
export const waitingMax = 20_000
/** How many contents and operations are numbered before the numbering restarts. */
const numbersMax = 4000

/** An operation whose outcome is known, or never will be, and which is not settled; `index` is its move. */
interface Known {
  readonly operation: HistoryOperation
  index: number
}

interface Configuration {
  readonly state: number
  /** Sorted ids of operations that were linearized before they returned, or that never return. */
  readonly taken: readonly number[]
}

export class LiveKey {
  verdict: Verdict = 'linearizable'
  /** The operation that could not be linearized, and what the key may have held then. */
  unplaced: HistoryOperation | null = null
  holds: ReturnType<States['valueOf']> = null
  /** Why the verdict is unknown; empty if it is not. */
  limit = ''
  /** How many operations returned and are explained. */
  settled = 0
  /** How many configurations were tried for that. */
  tries = 0
  /** Operations whose outcome is still open, by id, in the order of their invocation. */
  readonly #open = new Map<number, HistoryOperation>()
  /** Operations that returned and are to be settled, in the order of their return. */
  #waiting: Known[] = []
  /** Operations whose outcome will never be known. */
  #never: Known[] = []
  #moves = new Moves([])
  #configurations: readonly Configuration[] = [{ state: missingState, taken: [] }]

  get waiting(): number {
    return this.#waiting.length
  }

  invoked(operation: HistoryOperation): void {
    if (this.verdict === 'linearizable') this.#open.set(operation.id, operation)
  }

  failed({ id }: HistoryOperation): void {
    this.#open.delete(id)
    this.#settle()
  }

  ended(operation: HistoryOperation): void {
    if (!this.#open.delete(operation.id)) return
    const known = { operation, index: this.#moves.add(operation) }
    if (operation.returned !== null) this.#waiting.push(known)
    else if (operation.operation.type !== 'get') this.#never.push(known)
    this.#settle()
  }

  /** Settles each return as soon as every operation invoked before it has an outcome: that outcome decides where the operation can be linearized. */
  #settle(): void {
    let next = this.#waiting[0]
    while (next !== undefined && this.verdict === 'linearizable') {
      const [oldest] = this.#open.values()
      if (oldest !== undefined && oldest.invoked < (next.operation.returned ?? 0)) break
      this.#waiting.shift()
      this.#place(next)
      next = this.#waiting[0]
    }
    if (this.#waiting.length > waitingMax) this.#giveUp('An operation has been open for so long that those after it are too many to be held.')
    if (this.#moves.count > numbersMax || this.#moves.states.count > numbersMax) this.#numberAnew()
  }

  #place(last: Known): void {
    const until = last.operation.returned ?? Infinity
    const began = ({ operation }: Known): boolean => operation.invoked < until
    const placing = new Placing(this.#moves, last, this.#waiting.filter(began), this.#never.filter(began))
    const isWhole = this.#configurations.every((configuration) => placing.from(configuration))
    this.tries += placing.tries
    if (!isWhole) return this.#giveUp(`More than ${configurationsMax} different orders of its open operations must be kept apart.`)
    const next = placing.configurations()
    if (next.length > 0) {
      this.#configurations = next
      this.settled++
      return
    }
    this.verdict = 'not-linearizable'
    this.unplaced = last.operation
    this.holds = this.#moves.states.valueOf(this.#configurations[0]?.state ?? missingState)
    this.#forget()
  }

  #giveUp(limit: string): void {
    this.verdict = 'unknown'
    this.limit = limit
    this.#forget()
  }

  #forget(): void {
    this.#open.clear()
    this.#waiting = []
    this.#never = []
    this.#configurations = []
    this.#moves = new Moves([])
  }

  #numberAnew(): void {
    const before = this.#moves
    const moves = this.#moves = new Moves([])
    for (const known of [...this.#waiting, ...this.#never]) known.index = moves.add(known.operation)
    this.#configurations = this.#configurations.map(({ state, taken }) => ({ state: moves.states.of(before.states.valueOf(state)), taken }))
  }
}

/** Explains one return from every configuration that was possible before it. */
class Placing {
  readonly #moves: Moves
  readonly #last: Known
  readonly #required: readonly Known[]
  readonly #optional: readonly Known[]
  readonly #tried = new Set<string>()
  readonly #found = new Map<string, Configuration>()

  constructor(moves: Moves, last: Known, required: readonly Known[], optional: readonly Known[]) {
    this.#moves = moves
    this.#last = last
    this.#required = required
    this.#optional = optional
  }

  get tries(): number {
    return this.#tried.size
  }

  /** False if there are too many configurations. */
  from({ state, taken }: Configuration): boolean {
    const { id } = this.#last.operation
    if (!taken.includes(id)) return this.#try(state, taken, false)
    this.#keep(state, taken.filter((other) => other !== id))
    return true
  }

  /** The configurations without those that a better one replaces: one with the same state that has used fewer of the optional operations. */
  configurations(): Configuration[] {
    const found = [...this.#found.values()]
    if (this.#optional.length === 0) return found
    const free = new Set(this.#optional.map(({ operation }) => operation.id))
    return found.filter(({ state, taken }) => !found.some((better) => better.state === state && better.taken.length < taken.length
      && better.taken.every((id) => taken.includes(id)) && taken.every((id) => free.has(id) || better.taken.includes(id))))
  }

  /** `isHidden`: the operation just before is optional, and a put here would hide whether it happened. */
  #try(state: number, before: readonly number[], isHidden: boolean): boolean {
    const taken = this.#withLooks(state, before)
    const place = placeOf(state, taken)
    if (this.#tried.has(place)) return true
    this.#tried.add(place)
    if (this.#tried.size > configurationsMax || this.#found.size > configurationsMax) return false
    const moves = this.#moves
    const { index: last } = this.#last
    // A read in between has seen the operation, so a put no longer hides it.
    const hides = isHidden && taken === before
    const fits = (index: number): boolean => moves.next(state, index) !== -1 && !(hides && moves.kind(index) === 'put')
    if (fits(last)) {
      const next = moves.next(state, last)
      this.#keep(next, taken)
      if (moves.changesNothing(last)) return true
    }
    for (const { index, operation: { id } } of this.#required) {
      if (moves.changesNothing(index) || taken.includes(id) || !fits(index)) continue
      if (!this.#try(moves.next(state, index), [...taken, id], false)) return false
    }
    const alike = new Set<string>()
    for (const { index, operation: { id } } of this.#optional) {
      if (taken.includes(id) || alike.has(moves.classOf(index))) continue
      alike.add(moves.classOf(index))
      if (!fits(index) || moves.next(state, index) === state) continue
      if (!this.#try(moves.next(state, index), [...taken, id], true)) return false
    }
    return true
  }

  /** Reads that fit this state are linearized here: no other position is better for them. */
  #withLooks(state: number, taken: readonly number[]): readonly number[] {
    const fitting = this.#required.filter(({ index, operation: { id } }) =>
      this.#moves.changesNothing(index) && !taken.includes(id) && this.#moves.next(state, index) !== -1)
    return fitting.length === 0 ? taken : [...taken, ...fitting.map(({ operation: { id } }) => id)]
  }

  #keep(state: number, before: readonly number[]): void {
    const taken = [...this.#withLooks(state, before)].sort((one, other) => one - other)
    this.#found.set(placeOf(state, taken), { state, taken })
  }
}

function placeOf(state: number, taken: readonly number[]): string {
  return `${state} ${[...taken].sort((one, other) => one - other).join(' ')}`
}
