// Is a history linearizable? It judges each key by itself: a history is linearizable exactly if each of its keys is (Herlihy and Wing).
import type { ByteString } from '../../protocol'
import { defaultLimits, type HistoryJudgement, type HistoryOperation, type HistoryVerdict, type SearchLimits, type Verdict } from './history'
import { KeySearch, limitsLeft } from './key-search'

export interface JudgeOptions {
  /** Failed operations, for messages: a client may have seen a value that one of them wrote. */
  readonly failed?: readonly HistoryOperation[]
}

/** The step limit of a key's first search: a fixed part and a part per operation. Each further round multiplies it by `stepsGrowth`. */
const stepsSoon = 20_000
const stepsSoonEach = 20
const stepsGrowth = 8

/**
 * Judges the keys in rounds, the cheapest first: nearly every key is answered soon, and none waits for a hard one. A key that a round leaves
 * open gets more steps in the next, until it is answered or a limit ends it.
 */
export function judgeHistory(operations: readonly HistoryOperation[], limits: SearchLimits = defaultLimits, { failed = [] }: JudgeOptions = {}): HistoryJudgement {
  const left = limitsLeft(limits)
  const failedOf = byKey(failed)
  const searches = [...byKey(operations)].map(([key, ofKey]) => new KeySearch(key, ofKey, failedOf.get(key) ?? []))
  let open = [...searches].sort((one, other) => one.size - other.size)
  for (let factor = 1; open.length > 0; factor *= stepsGrowth) {
    for (const search of open) {
      search.advance(left(), (stepsSoon + search.size * stepsSoonEach) * factor)
      if (limits.untilProof && search.judgement?.verdict === 'not-linearizable') return judgementOf(operations, searches)
    }
    open = open.filter(({ judgement }) => judgement === null)
  }
  return judgementOf(operations, searches)
}

/** The judgement of all keys; those without a judgement are left out and counted. */
function judgementOf(operations: readonly HistoryOperation[], searches: readonly KeySearch[]): HistoryJudgement {
  const keys = searches.flatMap(({ judgement }) => judgement ?? [])
  const isExercised = operations.some(({ returned, isInitial }) => returned !== null && !isInitial)
  const verdict: HistoryVerdict = isExercised ? verdictOf(keys) : 'not-exercised'
  return { verdict, keys, unjudged: searches.length - keys.length }
}

/** The worst verdict: one wrong key is enough, however little is known of the others. */
export function verdictOf(keys: readonly { readonly verdict: Verdict }[]): Verdict {
  if (keys.some(({ verdict }) => verdict === 'not-linearizable')) return 'not-linearizable'
  return keys.some(({ verdict }) => verdict === 'unknown') ? 'unknown' : 'linearizable'
}

/** Operations by key, in the order of the keys' first operations. */
export function byKey(operations: readonly HistoryOperation[]): Map<ByteString, HistoryOperation[]> {
  const keys = new Map<ByteString, HistoryOperation[]>()
  for (const operation of operations) {
    const known = keys.get(operation.operation.key)
    if (known) known.push(operation)
    else keys.set(operation.operation.key, [operation])
  }
  return keys
}
