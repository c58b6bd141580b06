// Checks the linearizability of the session's history in the worker: it follows every event and reports an error at the return that shows it.
// On request it finds an order of the whole history and returns the part in view. It must never run on the main thread: the search takes time.
import { judgeHistory, LiveHistory, shownValue, type HistoryError, type HistoryJudgement, type HistoryOperation, type HistoryStanding, type SearchLimits } from '../../src/check'
import { operationText, recordOperationInput, type TraceEvent, type TraceHeader } from '../../src/trace'

/** Most operations in view whose points are returned; with more, single points would not be visible. */
export const placingsMax = 2000
/** Most operations of the longest part that are named in words. */
export const namedMax = 5

/** Where an operation may have taken effect, given its position in the order. */
export interface Placing {
  /** seq of its invocation. */
  readonly id: number
  /** It took effect after the event `after` and before the event `before` (null: no such event yet). */
  readonly after: number
  readonly before: number | null
  /** Among the `of` operations between the same two events, this is number `rank`, counted from 1. */
  readonly rank: number
  readonly of: number
  /** The index of the key, so that the points of one key can be joined. */
  readonly key: number
}

/** The longest part of a key's history that can be linearized, for a key with an error. */
export interface LongestPart {
  readonly key: string
  readonly count: number
  /** The last operations of the part in words, in their order. */
  readonly last: readonly string[]
  /** The operation that cannot be linearized, in words. */
  readonly unplaced: string
}

interface Judged {
  readonly changes: number
  readonly standing: HistoryStanding
  readonly placings: readonly Placing[]
  readonly longest: LongestPart | null
  readonly tookMs: number
}

export interface HistoryPart {
  readonly standing: HistoryStanding
  readonly placings: readonly Placing[]
  /** More operations are in view than are returned. */
  readonly hasMore: boolean
  /** For the first error; null without one. */
  readonly longest: LongestPart | null
  /** Milliseconds that finding the order took. */
  readonly tookMs: number
}

export class HistoryKeeper {
  readonly #live: LiveHistory
  readonly #limits: SearchLimits
  readonly #now: () => number
  #changes = 0
  #judged: Judged | null = null

  /** `now`: a clock in milliseconds. */
  constructor(header: Pick<TraceHeader, 'source' | 'settings'>, limits: SearchLimits, now: () => number) {
    this.#live = new LiveHistory(header)
    this.#limits = limits
    this.#now = now
  }

  follow(events: readonly TraceEvent[]): void {
    for (const event of events) {
      this.#live.take(event)
      if (event.type === 'operation-invoked' || event.type === 'operation-returned' || event.type === 'node-exited') this.#changes++
    }
  }

  get standing(): HistoryStanding {
    return this.#live.standing()
  }

  /** The result for the operations that overlap the events `first` to `last`. */
  part(first: number, last: number): HistoryPart {
    const { standing, placings, longest, tookMs } = this.#judge()
    const { byId } = this.#live.history
    const inView = placings.filter(({ id }) => id <= last && (byId.get(id)?.returned ?? Infinity) >= first)
    const hasMore = inView.length > placingsMax
    return { standing, placings: hasMore ? [] : inView, hasMore, longest, tookMs }
  }

  /** Judges the whole history; the result is cached until the next change. */
  #judge(): Judged {
    if (this.#judged?.changes === this.#changes) return this.#judged
    const begin = this.#now()
    const { history } = this.#live
    // Operations that are no longer in memory are missing from every order; then only the live judgement is known.
    if (history.left > 0) return this.#judged = { changes: this.#changes, standing: this.#live.standing(), placings: [], longest: null, tookMs: 0 }
    const judgement = judgeHistory(history.operations, this.#limits, { failed: history.failed })
    const standing = this.#live.standingOf(judgement)
    const placings = placingsOf(judgement, history.byId)
    const tookMs = this.#now() - begin
    return this.#judged = { changes: this.#changes, standing, placings, longest: longestOf(judgement, standing.errors[0], history.byId), tookMs }
  }
}

/** The placings of every key whose order is known or that has an error, key by key in linearized order. */
export function placingsOf({ keys }: HistoryJudgement, byId: ReadonlyMap<number, HistoryOperation>): Placing[] {
  return keys.flatMap(({ order, verdict }, key) => verdict === 'unknown' ? [] : placingsOfKey(order.flatMap((id) => byId.get(id) ?? []), key))
}

/** An operation is linearized after the latest invocation up to it in the order, and before the earliest return from it on. */
function placingsOfKey(order: readonly HistoryOperation[], key: number): Placing[] {
  const before: (number | null)[] = []
  for (let at = order.length - 1, least = Infinity; at >= 0; at--) {
    least = Math.min(least, order[at]?.returned ?? Infinity)
    before[at] = least === Infinity ? null : least
  }
  let after = 0
  const placings = order.map(({ id, invoked }, at) => {
    after = Math.max(after, invoked)
    return { id, after, before: before[at] ?? null, rank: 1, of: 1, key }
  })
  for (let begin = 0; begin < placings.length;) {
    let end = begin + 1
    while (end < placings.length && placings[end]?.after === placings[begin]?.after && placings[end]?.before === placings[begin]?.before) end++
    for (let at = begin; at < end; at++) placings[at] = { ...placings[at] as Placing, rank: at - begin + 1, of: end - begin }
    begin = end
  }
  return placings
}

function longestOf({ keys }: HistoryJudgement, error: HistoryError | undefined, byId: ReadonlyMap<number, HistoryOperation>): LongestPart | null {
  const judged = keys.find(({ key, unplaced }) => unplaced !== null && key === error?.key)
  const unplaced = byId.get(judged?.unplaced ?? -1)
  if (judged === undefined || unplaced === undefined) return null
  const named = judged.order.slice(-namedMax).flatMap((id) => byId.get(id) ?? [])
  return { key: shownValue(judged.key), count: judged.order.length, last: named.map(wordsOf), unplaced: wordsOf(unplaced) }
}

/** "c1 put a 1", "c2 get a → 1". */
function wordsOf({ process, operation, result }: HistoryOperation): string {
  const { operation: recorded } = recordOperationInput({ type: 'operation', operationId: 0, session: -1, operation, target: '' })
  const gave = result?.type === 'value' ? ` → ${shownValue(result.value)}` : result?.type === 'missing' ? ' → nothing' : ''
  return `${process} ${operationText(recorded)}${gave}`
}
