// A trace's operations judged while they happen: each key by itself, as far as outcomes are known. What went wrong is told with the return
// that nothing explains. Bounded, and exact or "unknown"; `judgeHistory` judges what is held as a whole.
import type { ByteString } from '../../protocol'
import type { TraceEvent, TraceHeader } from '../../trace'
import type { HistoryJudgement, HistoryOperation, SearchLimits, Verdict } from './history'
import { heldMax, HistoryOfTrace, type HeldMax } from './history-of-trace'
import { byKey, judgeHistory, verdictOf } from './judge'
import { LiveKey } from './live-key'
import { whyUnplaced } from './why'

/** What is judged at most; of more keys it says that it does not know, and of more operations it judges as far as it can live. */
export interface HistoryMax extends HeldMax {
  readonly keys: number
}

/** As much as a window may take beside all else. */
export const liveMax: HistoryMax = { ...heldMax, keys: 10_000 }

export interface HistoryError {
  readonly key: ByteString
  /** The operation whose return nothing explains (an id: the event of its invocation), and that return. */
  readonly unplaced: number
  readonly seq: number
  /** One sentence. */
  readonly why: string
}

/** `not-promised`: asynchronous replication promises nothing of the kind; what was found is told all the same. */
export type Linearizability = Verdict | 'not-exercised' | 'not-promised'

export interface HistoryStanding {
  readonly standing: Linearizability
  /** Of everything that was judged, promised or not. */
  readonly verdict: Verdict
  /** In the order in which they were found; one for each key. */
  readonly errors: readonly HistoryError[]
  /** Why a part is not known; empty if all is. */
  readonly limit: string
  /** Operations that began, those that returned with a result, and those of them that are judged. */
  readonly invoked: number
  readonly returned: number
  readonly judged: number
  readonly keys: number
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

  /** As far as it is known by now; operations that are still open may change it. */
  standing(): HistoryStanding {
    const verdict = this.#errors.length > 0 ? 'not-linearizable' : this.#limit !== '' ? 'unknown' : verdictOf([...this.#keys.values()])
    return this.#standing(verdict, this.#errors, this.#limit, this.#settled)
  }

  /** At the end of a trace: what is held, judged as a whole. Where not all is held, as far as it is known live. */
  finish(limits: SearchLimits): HistoryStanding {
    if (this.history.left > 0) return this.standing()
    return this.standingOf(judgeHistory(this.history.operations, limits))
  }

  /** The same for a judgement of all that is held. */
  standingOf({ verdict, keys }: HistoryJudgement): HistoryStanding {
    const errors = keys.flatMap(({ key, unplaced, why }) => unplaced === null ? [] : [{ key, unplaced, why, seq: this.history.byId.get(unplaced)?.returned ?? 0 }])
    const limit = keys.find((key) => key.verdict === 'unknown')?.why ?? ''
    return this.#standing(verdict, errors.sort((one, other) => one.seq - other.seq), limit, this.history.returned)
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
    return { key, unplaced: unplaced.id, seq: unplaced.returned ?? 0, why: whyUnplaced(unplaced, operations, holds) }
  }
}
