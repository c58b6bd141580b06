// Wing and Gong's search with Lowe's memory, for the operations on one key: is there an order that gives every client what it saw? Depth first;
// on the way it takes every shortcut that cannot lose an order:
// - what changed nothing takes its place at once where it fits: it would fit nowhere better;
// - of equal operations with unknown outcomes, the earliest is tried alone;
// - an operation with an unknown outcome is only tried where it changes something, and never right before a put, which would hide it;
// - where only appends can come before the next look, the key must hold a beginning of what that look saw (appends.ts).
// It must never guess: at a limit it says so.
import { AppendsToLook } from './appends'
import { Configurations } from './configurations'
import type { HistoryOperation, SearchLimits } from './history'
import { Moves } from './moves'
import { Ring } from './ring'
import { missingState, type States } from './states'

export interface Found {
  /** `limit`: the search ended before it knew. */
  readonly end: 'order' | 'none' | 'limit'
  /** Operations in order: all that must have a place, or the longest part. */
  readonly order: readonly HistoryOperation[]
  /** Without an order: the operation that had to have its place next. */
  readonly unplaced: HistoryOperation | null
  /** What the key holds after `order`. */
  readonly holds: ReturnType<States['valueOf']>
  readonly limit: 'steps' | 'time' | 'memory' | ''
  readonly steps: number
  readonly memoBytes: number
}

/** Steps between two looks at the clock. */
const stepsPerLook = 4096

export function searchOrder(operations: readonly HistoryOperation[], limits: SearchLimits): Found {
  return new Search(operations, limits).run()
}

/** The operations as columns: first those that must have a place, by their invocation, then those that may, by theirs. */
class Search {
  readonly #operations: readonly HistoryOperation[]
  readonly #required: number
  readonly #limits: SearchLimits
  readonly #moves: Moves
  readonly #invoked: Float64Array
  readonly #returned: Float64Array
  /** Of operations that may have a place: the one before that does the same; -1: none. */
  readonly #alike: Int32Array
  /** Those without a place. */
  readonly #must: Ring
  readonly #may: Ring
  readonly #appends: AppendsToLook
  readonly #taken: Int32Array
  readonly #memo: Configurations
  readonly #words: Int32Array
  readonly #windowWords: number
  #hash = 0
  #state = missingState
  #steps = 0
  #left: number
  /** The way here: which operation, the state before it, up to which moment operations could begin then, and whether it was a choice. */
  readonly #path: Int32Array
  readonly #pathStates: Int32Array
  readonly #pathBounds: Float64Array
  readonly #pathForced: Uint8Array
  #depth = 0
  /** The furthest dead end: `#best` is its path, equal to the present one up to `#bestCommon`. */
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
    this.#windowWords = (widestWindow(this.#invoked, this.#returned, this.#required) >>> 5) + 2
    this.#words = new Int32Array(2 + this.#windowWords + ((total - this.#required) >>> 5) + 2)
    this.#memo = new Configurations(this.#words.length, limits.memoMax)
    this.#path = new Int32Array(total)
    this.#pathStates = new Int32Array(total)
    this.#pathBounds = new Float64Array(total)
    this.#pathForced = new Uint8Array(total)
    this.#best = new Int32Array(total)
  }

  run(): Found {
    const { milliseconds = Infinity, now, memoMax, stepsMax } = this.#limits
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
      if (this.#moves.states.count > memoMax) return this.#found('limit', 'memory')
      if (now !== undefined && this.#steps >= looks * stepsPerLook) {
        looks = Math.floor(this.#steps / stepsPerLook) + 1
        if (now() > until) return this.#found('limit', 'time')
      }
    }
    return this.#found('order', '')
  }

  // ---- one configuration

  /** The moment up to which operations may take their place here: the earliest return that has none. */
  #bound = Infinity
  #forced = -1
  /** A look that will not see here what it saw, whatever comes before it; -1: none is known. */
  #missed = -1

  /** Looks at a configuration for the first time; gives the first operation to try. */
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
    return this.#forced !== -1 ? this.#forced : this.#must.first
  }

  /** From this candidate on, the first that fits; -1: none. Those that must have a place come first. */
  #firstThatFits(from: number): number {
    if (this.#missed !== -1 || from === noneLeft(this.#must)) return -1
    if (this.#forced !== -1) return from
    const isHidden = this.#depth > 0 && (this.#path[this.#depth - 1] as number) >= this.#required
    const { end } = this.#must
    let index = from
    for (; index < this.#required && !this.#isTooLate(index); index = this.#must.after(index)) {
      this.#steps++
      if (isHidden && this.#moves.kind(index) === 'put') continue
      if (this.#moves.next(this.#state, index) !== -1) return index
    }
    if (index < this.#required || index === end) index = this.#may.first
    for (; index !== end && !this.#isTooLate(index); index = this.#may.after(index)) {
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

  /** Gives the operation its place; the first candidate of the configuration behind it, or its own successor if that one is known. */
  #go(index: number): number {
    const at = this.#depth++
    this.#path[at] = index
    this.#pathStates[at] = this.#state
    this.#pathBounds[at] = this.#bound
    this.#pathForced[at] = this.#forced === -1 ? 0 : 1
    this.#state = this.#moves.next(this.#state, index)
    this.#take(index)
    if (index < this.#required) this.#left--
    if (this.#left === 0 || this.#memo.add(this.#hash ^ Math.imul(this.#state, 0x27d4eb2f), this.#wordsHere())) return this.#arrive()
    return this.#goBack()
  }

  /** Back to the last choice; gives what is to be tried there next, or -1 at the end of all. */
  #goBack(): number {
    for (;;) {
      if (this.#depth === 0) return -1
      const at = --this.#depth
      this.#bestCommon = Math.min(this.#bestCommon, at)
      const index = this.#path[at] as number
      this.#state = this.#pathStates[at] as number
      this.#bound = this.#pathBounds[at] as number
      this.#giveBack(index)
      if (index < this.#required) this.#left++
      if (this.#pathForced[at] === 1) continue
      this.#forced = -1
      this.#missed = -1
      if (index < this.#required) return this.#must.after(index)
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

  /** In the reverse order of taking. */
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

  /** All before the first required operation without a place have one, and none behind its window has: the words between say it all. */
  #wordsHere(): Int32Array {
    const begin = Math.min(this.#must.first, this.#required) >>> 5
    const words = this.#words
    words[0] = begin
    words[1] = this.#state
    for (let word = 0; word < this.#windowWords; word++) words[2 + word] = this.#taken[begin + word] ?? 0
    const optional = this.#required >>> 5
    for (let word = 2 + this.#windowWords, at = optional; word < words.length; word++, at++) words[word] = this.#taken[at] ?? 0
    return words
  }

  // ---- the answer

  #noteDeadEnd(): void {
    // Up to a look that is missed all others would find a place.
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
      steps: this.#steps, memoBytes: this.#memo.bytes,
    }
  }
}

/** A candidate behind the last of all. */
function noneLeft({ end }: Ring): number {
  return end + 1
}

function range(begin: number, end: number): number[] {
  return Array.from({ length: end - begin }, (_, offset) => begin + offset)
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

/** Required operations that may have a place before one of them has: the most that began after it and before its return. */
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

/** A number for each operation; a configuration's hash is theirs, mixed. */
function printOf(index: number): number {
  let print = Math.imul(index + 1, 0x9e3779b1)
  print = Math.imul(print ^ (print >>> 15), 0x85ebca6b)
  return print ^ (print >>> 13)
}
