// A trace's operations judged while they happen: each key by itself, as far as outcomes are known. What went wrong is told with the return
// that nothing explains. Bounded, and exact or "unknown"; `judgeHistory` judges what is held as a whole.
import type { ByteString } from '../../protocol'
import type { TraceEvent, TraceHeader } from '../../trace'
import type { HistoryOperation, Verdict } from './history'
import { HistoryOfTrace } from './history-of-trace'
import { byKey, verdictOf } from './judge'
import { LiveKey } from './live-key'
import { whyUnplaced } from './why'

/** Keys that are judged; of more it says that it does not know. */
export const liveKeysMax = 10_000

export interface HistoryError {
  readonly key: ByteString
  /** The operation whose return nothing explains (an id: the event of its invocation), and that return. */
  readonly unplaced: number
  readonly seq: number
  /** One sentence. */
  readonly why: string
}

export interface LiveStanding {
  /** Of everything that is settled: what is still open may change it. */
  readonly verdict: Verdict
  /** In the order in which they were found; one for each key. */
  readonly errors: readonly HistoryError[]
  /** Why a part is not known; empty if all is. */
  readonly limit: string
  /** Operations that began, and those that returned and are explained. */
  readonly invoked: number
  readonly settled: number
}

export class LiveHistory {
  readonly history: HistoryOfTrace
  readonly #keys = new Map<ByteString, LiveKey>()
  readonly #errors: HistoryError[] = []
  #limit = ''
  #settled = 0

  constructor(header: Pick<TraceHeader, 'source'>) {
    this.history = new HistoryOfTrace(header, {
      invoked: (operation) => this.#at(operation, (key) => key.invoked(operation)),
      ended: (operation) => this.#at(operation, (key) => key.ended(operation)),
      failed: (operation) => this.#at(operation, (key) => key.failed(operation)),
    })
  }

  take(event: TraceEvent): void {
    this.history.take(event)
  }

  standing(): LiveStanding {
    const verdict = this.#errors.length > 0 ? 'not-linearizable' : this.#limit !== '' ? 'unknown' : verdictOf([...this.#keys.values()])
    return { verdict, errors: this.#errors, limit: this.#limit, invoked: this.history.invoked, settled: this.#settled }
  }

  #at({ operation: { key: name } }: HistoryOperation, act: (key: LiveKey) => void): void {
    const known = this.#keys.get(name)
    if (known === undefined && this.#keys.size >= liveKeysMax) {
      this.#limit ||= `There are more than ${liveKeysMax} keys.`
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
    return { key, unplaced: unplaced.id, seq: unplaced.returned ?? 0, why: whyUnplaced(unplaced, operations, holds) }
  }
}
