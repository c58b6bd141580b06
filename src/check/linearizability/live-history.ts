// Judges the operations of a trace while they happen, each key by itself, as far as outcomes are known. An error is reported with the
// return that no order explains. It must never guess: memory is bounded, and beyond it the answer is "unknown". `judgeHistory` judges a whole.
import type { ByteString } from '../../protocol'
import type { TraceEvent, TraceHeader } from '../../trace'
import type { HistoryJudgement, HistoryOperation, SearchLimits, Verdict } from './history'
import { endReads, type ServedState } from './end-reads'
import { heldMax, HistoryOfTrace, type HeldMax } from './history-of-trace'
import { byKey, judgeHistory, verdictOf } from './judge'
import { LiveKey } from './live-key'
import { whyUnplaced } from './why'

/** The most that is judged. With more keys the verdict is unknown; with more operations than are held, only the live judgement remains. */
export interface HistoryMax extends HeldMax {
  readonly keys: number
}

/** As much memory as a window can spare. */
export const liveMax: HistoryMax = { ...heldMax, keys: 10_000 }

export interface HistoryError {
  readonly key: ByteString
  /**
   * The operation whose return no order explains (its id, which is the seq of its invocation), and the seq of that return. For the judge's own
   * reads at the end, both are the last event.
   */
  readonly unplaced: number
  readonly seq: number
  /** One sentence. */
  readonly why: string
}

/** `not-promised`: asynchronous replication does not promise linearizability; errors are reported all the same. */
export type Linearizability = Verdict | 'not-exercised' | 'not-promised'

export interface HistoryStanding {
  readonly standing: Linearizability
  /** The verdict on everything that was judged, promised or not. */
  readonly verdict: Verdict
  /** In the order in which they were found; at most one for each key. */
  readonly errors: readonly HistoryError[]
  /** Why a part is unknown; empty if nothing is. */
  readonly limit: string
  /** Operations that began, those that returned with a result, and those of them that were judged. */
  readonly invoked: number
  readonly returned: number
  readonly judged: number
  readonly keys: number
}

export interface FinishOptions {
  /** What the primary holds at the end, after event `seq`; null: not known. */
  readonly served?: ServedState | null
  readonly seq?: number
}

export class LiveHistory {
  readonly history: HistoryOfTrace
  readonly #keys = new Map<ByteString, LiveKey>()
  readonly #errors: HistoryError[] = []
  readonly #isPromised: boolean
  readonly #keysMax: number
  #limit = ''
  #settled = 0

  constructor(header: Pick<TraceHeader, 'source' | 'settings'>, max = liveMax) {
    this.#isPromised = header.settings.replication !== 'asynchronous'
    this.#keysMax = max.keys
    this.history = new HistoryOfTrace(header, {
      invoked: (operation) => this.#at(operation, (key) => key.invoked(operation)),
      ended: (operation) => this.#at(operation, (key) => key.ended(operation)),
      failed: (operation) => this.#at(operation, (key) => key.failed(operation)),
    }, max)
  }

  take(event: TraceEvent): void {
    this.history.take(event)
  }

  /** The judgement so far; operations that are still open may change it. */
  standing(): HistoryStanding {
    const verdict = this.#errors.length > 0 ? 'not-linearizable' : this.#limit !== '' ? 'unknown' : verdictOf([...this.#keys.values()])
    return this.#standing(verdict, this.#errors, this.#limit, this.#settled)
  }

  /**
   * Judges a finished trace: all held operations together, and what the servers then hold. If some operations are no longer held, or if one
   * proof is enough and there is one, it returns the live judgement.
   */
  finish(limits: SearchLimits, { served = null, seq = 0 }: FinishOptions = {}): HistoryStanding {
    if (this.history.left > 0 || (limits.untilProof && this.#errors.length > 0)) return this.standing()
    const { operations, failed } = this.history
    const all = served === null ? operations : [...operations, ...endReads(operations, served, seq)]
    return this.standingOf(judgeHistory(all, limits, { failed }), seq)
  }

  /** The standing for a judgement of all held operations; `end`: the event that the judge's own reads follow. */
  standingOf({ keys }: HistoryJudgement, end = 0): HistoryStanding {
    const { byId } = this.history
    const errors = keys.flatMap(({ key, unplaced, why }) => (
      unplaced === null ? [] : [{ key, unplaced: byId.has(unplaced) ? unplaced : end, why, seq: byId.get(unplaced)?.returned ?? end }]
    ))
    const limit = keys.find((key) => key.verdict === 'unknown')?.why ?? ''
    return this.#standing(verdictOf(keys), errors.sort((one, other) => one.seq - other.seq), limit, this.history.returned)
  }

  #standing(verdict: Verdict, errors: readonly HistoryError[], limit: string, judged: number): HistoryStanding {
    const { invoked, returned } = this.history
    const standing = returned === 0 ? 'not-exercised' : this.#isPromised ? verdict : 'not-promised'
    return { standing, verdict, errors, limit, invoked, returned, judged, keys: this.#keys.size }
  }

  #at({ operation: { key: name } }: HistoryOperation, act: (key: LiveKey) => void): void {
    const known = this.#keys.get(name)
    if (known === undefined && this.#keys.size >= this.#keysMax) {
      this.#limit ||= `There are more than ${this.#keysMax} keys.`
      return
    }
    const key = known ?? new LiveKey()
    if (known === undefined) this.#keys.set(name, key)
    const { settled, verdict } = key
    act(key)
    this.#settled += key.settled - settled
    if (key.verdict === verdict) return
    if (key.limit !== '') this.#limit ||= key.limit
    if (key.unplaced !== null) this.#errors.push(this.#errorOf(name, key.unplaced, key.holds))
  }

  #errorOf(key: ByteString, unplaced: HistoryOperation, holds: ByteString | null): HistoryError {
    const operations = this.history.left > 0 ? null : byKey(this.history.operations).get(key) ?? []
    const failed = this.history.failed.filter(({ operation }) => operation.key === key)
    return { key, unplaced: unplaced.id, seq: unplaced.returned ?? 0, why: whyUnplaced(unplaced, operations, holds, failed) }
  }
}
