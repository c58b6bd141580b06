// Is a history linearizable? Each key is judged by itself: a history is linearizable exactly if each of its keys is (Herlihy and Wing).
import type { ByteString } from '../../protocol'
import { defaultLimits, type HistoryJudgement, type HistoryOperation, type KeyJudgement, type SearchLimits, type Verdict } from './history'
import { searchOrder } from './search'
import { sweep } from './sweep'
import { whyUnknown, whyUnplaced } from './why'

export function judgeHistory(operations: readonly HistoryOperation[], limits: SearchLimits = defaultLimits): HistoryJudgement {
  const left = limitsLeft(limits)
  const keys = [...byKey(operations)].map(([key, ofKey]) => judgeKey(key, ofKey, left()))
  return { verdict: verdictOf(keys), keys }
}

/** The limits with the time that is left of them, whenever it is asked for. */
function limitsLeft(limits: SearchLimits): () => SearchLimits {
  const { now, milliseconds } = limits
  if (now === undefined || milliseconds === undefined) return () => limits
  const until = now() + milliseconds
  return () => ({ ...limits, milliseconds: Math.max(0, until - now()) })
}

/** Steps of the first search, in all and for each operation. */
const stepsSoon = 200_000
const stepsSoonEach = 50

export function judgeKey(key: ByteString, operations: readonly HistoryOperation[], limits: SearchLimits = defaultLimits): KeyJudgement {
  // Nearly every history has its answer soon. Of the others many are answered by a sweep; what then is left gets all that may be spent.
  const soon = Math.min(limits.stepsMax, stepsSoon + operations.length * stepsSoonEach)
  const left = limitsLeft(limits)
  let found = searchOrder(operations, { ...limits, stepsMax: soon })
  const known = { key, operations: operations.length, order: found.order.map(({ id }) => id), unplaced: null, why: '' }
  if (found.limit === 'steps' && soon < limits.stepsMax) {
    const { verdict, unplaced, holds } = sweep(operations, left())
    if (unplaced !== null) return { ...known, verdict, unplaced: unplaced.id, why: whyUnplaced(unplaced, operations, holds) }
    if (verdict === 'linearizable') return { ...known, verdict }
    found = searchOrder(operations, left())
    known.order = found.order.map(({ id }) => id)
  }
  switch (found.end) {
    case 'order': return { ...known, verdict: 'linearizable' }
    case 'limit': return { ...known, verdict: 'unknown', why: whyUnknown(found, limits) }
    case 'none': {
      const { unplaced, holds } = found
      if (unplaced === null) throw new Error('a search that rules out every order names the operation that has no place')
      return { ...known, verdict: 'not-linearizable', unplaced: unplaced.id, why: whyUnplaced(unplaced, operations, holds) }
    }
  }
}

/** The worst of them; one wrong key is enough, however little is known of the others. */
export function verdictOf(keys: readonly { readonly verdict: Verdict }[]): Verdict {
  if (keys.some(({ verdict }) => verdict === 'not-linearizable')) return 'not-linearizable'
  return keys.some(({ verdict }) => verdict === 'unknown') ? 'unknown' : 'linearizable'
}

/** Keys in the order of their first operation. */
export function byKey(operations: readonly HistoryOperation[]): Map<ByteString, HistoryOperation[]> {
  const keys = new Map<ByteString, HistoryOperation[]>()
  for (const operation of operations) {
    const known = keys.get(operation.operation.key)
    if (known) known.push(operation)
    else keys.set(operation.operation.key, [operation])
  }
  return keys
}
