// Judges one key of a history in rounds. A search looks for an order, which is fast if there is one; a forward sweep finds an error far from
// the beginning faster. Each round may spend more than the one before. A key that no round can answer ends as unknown.
import type { ByteString } from '../../protocol'
import type { HistoryOperation, KeyJudgement, SearchLimits } from './history'
import { searchOrder, type Found } from './search'
import { sweep } from './sweep'
import { whyUnknown, whyUnplaced } from './why'

export class KeySearch {
  /** Null while the key is not judged. */
  judgement: KeyJudgement | null = null
  readonly #key: ByteString
  readonly #operations: readonly HistoryOperation[]
  readonly #failed: readonly HistoryOperation[]
  #found: Found | null = null
  #rounds = 0
  #canSearch = true
  #canSweep = true
  /** A sweep has shown that an order exists, but not which. */
  #isExplained = false

  constructor(key: ByteString, operations: readonly HistoryOperation[], failed: readonly HistoryOperation[]) {
    this.#key = key
    this.#operations = operations
    this.#failed = failed
  }

  get size(): number {
    return this.#operations.length
  }

  /** One round of at most `steps` steps; sets the judgement if it finds the answer or reaches a limit. */
  advance(limits: SearchLimits, steps: number): void {
    const left = limitsLeft(limits)
    const soon = Math.min(limits.stepsMax, steps)
    const isLast = soon === limits.stepsMax
    this.#rounds++
    if (this.#canSearch) this.#search({ ...left(), stepsMax: soon }, isLast)
    if (this.judgement === null && this.#canSweep && !this.#isExplained) this.#sweep({ ...left(), stepsMax: soon }, isLast)
    if (this.judgement !== null) return
    // Search once more for the order itself: the window shows it.
    const isEnough = this.#rounds > 1 || !this.#canSearch
    const isOver = left().milliseconds === 0
    if (this.#isExplained && (isEnough || isOver)) this.#end('linearizable')
    else if (isOver || (!this.#canSearch && !this.#canSweep)) this.#end('unknown', whyUnknown(isOver ? 'time' : this.#found?.limit ?? '', this.#found))
  }

  #search(limits: SearchLimits, isLast: boolean): void {
    const found = this.#found = searchOrder(this.#operations, limits)
    if (found.end === 'order') return this.#end('linearizable')
    if (found.end === 'none') {
      if (found.unplaced === null) throw new Error('a search that rules out every order names the operation that has no place')
      return this.#endWrong(found.unplaced, found.holds)
    }
    if (isLast || found.limit === 'memory') this.#canSearch = false
  }

  #sweep(limits: SearchLimits, isLast: boolean): void {
    const { verdict, unplaced, holds, isFull } = sweep(this.#operations, limits)
    if (unplaced !== null) return this.#endWrong(unplaced, holds)
    this.#isExplained = verdict === 'linearizable'
    if (isLast || isFull) this.#canSweep = false
  }

  #endWrong(unplaced: HistoryOperation, holds: ByteString | null): void {
    this.#end('not-linearizable', whyUnplaced(unplaced, this.#operations, holds, this.#failed), unplaced)
  }

  #end(verdict: KeyJudgement['verdict'], why = '', unplaced: HistoryOperation | null = null): void {
    const operations = this.#operations.filter(({ isInitial }) => !isInitial).length
    this.judgement = { key: this.#key, verdict, operations, order: this.#found?.order.map(({ id }) => id) ?? [], unplaced: unplaced?.id ?? null, why }
  }
}

/** Returns a function that gives the limits with the time that is then left. */
export function limitsLeft(limits: SearchLimits): () => SearchLimits {
  const { now, milliseconds } = limits
  if (now === undefined || milliseconds === undefined) return () => limits
  const until = now() + milliseconds
  return () => ({ ...limits, milliseconds: Math.max(0, until - now()) })
}
