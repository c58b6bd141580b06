// Wing and Gong's depth-first search with Lowe's memo, for the operations on one key: does some order give every client what it saw?
// It takes every shortcut that cannot lose an order:
// - an operation that changed nothing is linearized at once where it fits: no other position is better;
// - of equal operations with unknown outcomes, it tries only the earliest;
// - it tries an operation with an unknown outcome only where it changes something, and never right before a put, which would hide it;
// - where only appends can come before the next read, the key must hold a prefix of what that read saw (appends.ts).
// It must never guess: at a limit it says so.
import { AppendsToLook } from './appends'
import { Configurations } from './configurations'
import { contentBytesDefault, type HistoryOperation, type SearchLimits } from './history'
import { Moves } from './moves'
import { Ring } from './ring'
import { missingState, type States } from './states'

export interface Found {
  /** `limit`: the search ended without an answer. */
  readonly end: 'order' | 'none' | 'limit'
  /** Operations in order: all that must be linearized, or the longest part found. */
  readonly order: readonly HistoryOperation[]
  /** Without an order: the operation that had to be linearized next. */
  readonly unplaced: HistoryOperation | null
  /** What the key holds after `order`. */
  readonly holds: ReturnType<States['valueOf']>
  readonly limit: 'steps' | 'time' | 'memory' | ''
  readonly steps: number
  readonly memoBytes: number
  /** How many different contents of the key it reached. */
  readonly contents: number
}

/** Steps between two reads of the clock. */
const stepsPerLook = 4096

export function searchOrder(operations: readonly HistoryOperation[], limits: SearchLimits): Found {
  return new Search(operations, limits).run()
}

/** The operations as columns: first the required ones by invocation, then the optional ones by invocation. */
class Search {
  readonly #operations: readonly HistoryOperation[]
  readonly #required: number
  readonly #limits: SearchLimits
  readonly #moves: Moves
  readonly #invoked: Float64Array
  readonly #returned: Float64Array
  /** For optional operations: the previous one with the same effect; -1: none. */
  readonly #alike: Int32Array
  /** Operations that are not linearized yet: required ones, and optional ones. */
  readonly #must: Ring
  readonly #may: Ring
  readonly #appends: AppendsToLook
  readonly #taken: Int32Array
  readonly #memo: Configurations
  /** For required operations: the rank in the order of returns. */
  readonly #rank: Int32Array
  readonly #words: Int32Array
  #hash = 0
  #state = missingState
  #steps = 0
  #left: number
  /** The highest index of a linearized required operation; -1: none is. */
  #highest = -1
  /** The path so far: each operation, the state before it, the latest invocation allowed there, and whether the operation was forced. */
  readonly #path: Int32Array
  readonly #pathStates: Int32Array
  readonly #pathBounds: Float64Array
  readonly #pathForced: Uint8Array
  readonly #pathHighest: Int32Array
  #depth = 0
  /** The furthest dead end: `#best` is its path, equal to the current one up to `#bestCommon`. */
  readonly #best: Int32Array
  #bestDepth = 0
  #bestCommon = 0
  #bestBound = -Infinity
  #bestUnplaced = -1
  #bestState = missingState

  constructor(operations: readonly HistoryOperation[], limits: SearchLimits) {
    const byInvocation = (one: HistoryOperation, other: HistoryOperation): number => one.invoked - other.invoked
    const required = operations.filter(({ returned }) => returned !== null).sort(byInvocation)
    const optional = operations.filter(({ returned, operation }) => returned === null && operation.type !== 'get').sort(byInvocation)
    const all = this.#operations = [...required, ...optional]
    this.#required = this.#left = required.length
    const total = all.length
    this.#limits = limits
    this.#moves = new Moves(all)
    this.#invoked = Float64Array.from(all, ({ invoked }) => invoked)
    this.#returned = Float64Array.from(all, ({ returned }) => returned ?? Infinity)
    this.#alike = alikeBefore(this.#moves, this.#required, total)
    this.#must = new Ring(total, range(0, this.#required))
    this.#may = new Ring(total, range(this.#required, total))
    this.#appends = new AppendsToLook(this.#moves, this.#invoked, this.#returned)
    this.#taken = new Int32Array((total >>> 5) + 2)
    this.#rank = ranksOf(this.#returned, this.#required)
    this.#words = new Int32Array(8 + widestWindow(this.#invoked, this.#returned, this.#required) + ((total - this.#required) >>> 5) + 2)
    this.#memo = new Configurations(limits.memoMax)
    this.#path = new Int32Array(total)
    this.#pathStates = new Int32Array(total)
    this.#pathBounds = new Float64Array(total)
    this.#pathForced = new Uint8Array(total)
    this.#pathHighest = new Int32Array(total)
    this.#best = new Int32Array(total)
  }

  run(): Found {
    const { milliseconds = Infinity, now, contentBytesMax = contentBytesDefault, stepsMax } = this.#limits
    const until = now === undefined ? Infinity : now() + milliseconds
    let candidate = this.#arrive()
    for (let looks = 0; this.#left > 0;) {
      candidate = this.#firstThatFits(candidate)
      if (candidate === -1) {
        this.#noteDeadEnd()
        candidate = this.#goBack()
      } else candidate = this.#go(candidate)
      if (candidate === -1) return this.#found('none', '')
      if (this.#steps >= stepsMax) return this.#found('limit', 'steps')
      if (this.#moves.states.bytes > contentBytesMax) return this.#found('limit', 'memory')
      if (now !== undefined && this.#steps >= looks * stepsPerLook) {
        looks = Math.floor(this.#steps / stepsPerLook) + 1
        if (now() > until) return this.#found('limit', 'time')
      }
    }
    return this.#found('order', '')
  }

  // ---- one configuration

  /** Operations invoked after this time cannot be linearized here: it is the earliest return of an operation that is not linearized. */
  #bound = Infinity
  #forced = -1
  /** A read that cannot see what it saw, whatever is linearized before it; -1: none is known. */
  #missed = -1

  /** Enters a new configuration; returns its first candidate. */
  #arrive(): number {
    let bound = Infinity
    this.#forced = -1
    for (let index = this.#must.first; index !== this.#must.end; index = this.#must.after(index)) {
      if ((this.#invoked[index] as number) > bound) break
      bound = Math.min(bound, this.#returned[index] as number)
      this.#steps++
      if (this.#forced === -1 && this.#moves.changesNothing(index) && this.#moves.next(this.#state, index) !== -1) this.#forced = index
    }
    this.#bound = bound
    this.#missed = this.#appends.missed(this.#state)
    return 0
  }

  /**
   * The operation of the first candidate from `from` on that fits; -1: none. A candidate below `#required` is the rank of a required operation;
   * the earliest return comes first because it is the most urgent. From there on candidates are the indexes of optional operations.
   */
  #firstThatFits(from: number): number {
    if (this.#missed !== -1 || from === noneLeft(this.#must)) return -1
    if (this.#forced !== -1) return this.#forced
    const isHidden = this.#depth > 0 && (this.#path[this.#depth - 1] as number) >= this.#required
    let found = -1
    let rank = this.#required
    for (let index = this.#must.first; from < this.#required && index !== this.#must.end && !this.#isTooLate(index); index = this.#must.after(index)) {
      const own = this.#rank[index] as number
      if (own < from || own >= rank) continue
      this.#steps++
      if ((isHidden && this.#moves.kind(index) === 'put') || this.#moves.next(this.#state, index) === -1) continue
      found = index
      rank = own
    }
    if (found !== -1) return found
    for (let index = from <= this.#required ? this.#may.first : from; index !== this.#may.end && !this.#isTooLate(index); index = this.#may.after(index)) {
      this.#steps++
      const alike = this.#alike[index] as number
      if ((alike !== -1 && !this.#isTaken(alike)) || (isHidden && this.#moves.kind(index) === 'put')) continue
      if (this.#moves.next(this.#state, index) !== this.#state) return index
    }
    return -1
  }

  #isTooLate(index: number): boolean {
    return (this.#invoked[index] as number) > this.#bound
  }

  // ---- along the path

  /** Linearizes the operation; returns the first candidate of the new configuration, or the next one here if the memo has the new one. */
  #go(index: number): number {
    const at = this.#depth++
    this.#path[at] = index
    this.#pathStates[at] = this.#state
    this.#pathBounds[at] = this.#bound
    this.#pathForced[at] = this.#forced === -1 ? 0 : 1
    this.#pathHighest[at] = this.#highest
    this.#state = this.#moves.next(this.#state, index)
    this.#take(index)
    if (index < this.#required) {
      this.#left--
      this.#highest = Math.max(this.#highest, index)
    }
    if (this.#left === 0 || this.#memo.add(this.#hash ^ Math.imul(this.#state, 0x27d4eb2f), this.#words, this.#writeWords())) return this.#arrive()
    return this.#goBack()
  }

  /** Backtracks to the last choice; returns the next candidate there, or -1 when the search is exhausted. */
  #goBack(): number {
    for (;;) {
      if (this.#depth === 0) return -1
      const at = --this.#depth
      this.#bestCommon = Math.min(this.#bestCommon, at)
      const index = this.#path[at] as number
      this.#state = this.#pathStates[at] as number
      this.#bound = this.#pathBounds[at] as number
      this.#highest = this.#pathHighest[at] as number
      this.#giveBack(index)
      if (index < this.#required) this.#left++
      if (this.#pathForced[at] === 1) continue
      this.#forced = -1
      this.#missed = -1
      if (index < this.#required) return (this.#rank[index] as number) + 1
      const next = this.#may.after(index)
      return next === this.#may.end ? noneLeft(this.#must) : next
    }
  }

  #take(index: number): void {
    this.#must.take(index)
    this.#may.take(index)
    this.#appends.take(index)
    this.#taken[index >>> 5] = (this.#taken[index >>> 5] as number) | (1 << (index & 31))
    this.#hash ^= printOf(index)
  }

  /** Must run in the reverse order of taking. */
  #giveBack(index: number): void {
    this.#appends.giveBack(index)
    this.#may.giveBack(index)
    this.#must.giveBack(index)
    this.#taken[index >>> 5] = (this.#taken[index >>> 5] as number) & ~(1 << (index & 31))
    this.#hash ^= printOf(index)
  }

  #isTaken(index: number): boolean {
    return ((this.#taken[index >>> 5] as number) & (1 << (index & 31))) !== 0
  }

  /** Encodes the configuration: the state, the required operations below the highest that are not linearized, the optional ones that are. Returns its length. */
  #writeWords(): number {
    const words = this.#words
    words[0] = this.#state
    words[1] = this.#highest
    let length = 2
    for (let index = this.#must.first; index < this.#highest; index = this.#must.after(index)) words[length++] = index
    words[length++] = -1
    if (this.#rank.length === this.#operations.length) return length
    for (let word = this.#required >>> 5; word < this.#taken.length; word++) words[length++] = this.#taken[word] as number
    return length
  }

  // ---- the answer

  #noteDeadEnd(): void {
    // Everything before the read that fails could be linearized.
    const bound = this.#missed === -1 ? this.#bound : this.#returned[this.#missed] as number
    const isFurther = bound > this.#bestBound || (bound === this.#bestBound && this.#depth > this.#bestDepth)
    if (!isFurther) return
    for (let at = this.#bestCommon; at < this.#depth; at++) this.#best[at] = this.#path[at] as number
    this.#bestDepth = this.#bestCommon = this.#depth
    this.#bestBound = bound
    this.#bestState = this.#state
    this.#bestUnplaced = -1
    for (let index = this.#must.first; index !== this.#must.end && this.#bestUnplaced === -1; index = this.#must.after(index)) {
      if (this.#returned[index] === bound) this.#bestUnplaced = index
    }
  }

  #found(end: Found['end'], limit: Found['limit']): Found {
    const path = end === 'order' ? this.#path.subarray(0, this.#depth) : this.#best.subarray(0, this.#bestDepth)
    return {
      end, limit,
      order: Array.from(path, (index) => this.#operations[index] as HistoryOperation),
      unplaced: end === 'none' ? this.#operations[this.#bestUnplaced] ?? null : null,
      holds: this.#moves.states.valueOf(end === 'order' ? this.#state : this.#bestState),
      steps: this.#steps, memoBytes: this.#memo.bytes, contents: this.#moves.states.count,
    }
  }
}

/** The candidate after the last one. */
function noneLeft({ end }: Ring): number {
  return end + 1
}

function range(begin: number, end: number): number[] {
  return Array.from({ length: end - begin }, (_, offset) => begin + offset)
}

/** Ranks in the order of returns. */
function ranksOf(returned: Float64Array, count: number): Int32Array {
  const ranks = new Int32Array(count)
  const order = range(0, count).sort((one, other) => (returned[one] as number) - (returned[other] as number))
  for (const [rank, index] of order.entries()) ranks[index] = rank
  return ranks
}

function alikeBefore(moves: Moves, begin: number, end: number): Int32Array {
  const last = new Map<string, number>()
  const alike = new Int32Array(end).fill(-1)
  for (let index = begin; index < end; index++) {
    const kind = moves.classOf(index)
    alike[index] = last.get(kind) ?? -1
    last.set(kind, index)
  }
  return alike
}

/** The most required operations that may be linearized before one of them is: those invoked between its invocation and its return. */
function widestWindow(invoked: Float64Array, returned: Float64Array, count: number): number {
  let widest = 0
  for (let index = 0; index < count; index++) {
    let low = index
    let high = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((invoked[middle] as number) <= (returned[index] as number)) low = middle + 1
      else high = middle
    }
    widest = Math.max(widest, low - index)
  }
  return widest
}

/** A hash of an operation; a configuration's hash combines those of its operations. */
function printOf(index: number): number {
  let print = Math.imul(index + 1, 0x9e3779b1)
  print = Math.imul(print ^ (print >>> 15), 0x85ebca6b)
  return print ^ (print >>> 13)
}
