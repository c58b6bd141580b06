// Is a history linearizable? Each key is judged by itself: a history is linearizable exactly if each of its keys is (Herlihy and Wing).
import type { ByteString } from '../../protocol'
import { defaultLimits, type HistoryJudgement, type HistoryOperation, type KeyJudgement, type SearchLimits, type Verdict } from './history'
import { searchOrder } from './search'
import { whyUnknown, whyUnplaced } from './why'

export function judgeHistory(operations: readonly HistoryOperation[], limits: SearchLimits = defaultLimits): HistoryJudgement {
  const { now, milliseconds } = limits
  const until = now && milliseconds !== undefined ? now() + milliseconds : Infinity
  const keys = [...byKey(operations)].map(([key, ofKey]) => {
    return judgeKey(key, ofKey, now && milliseconds !== undefined ? { ...limits, milliseconds: Math.max(0, until - now()) } : limits)
  })
  return { verdict: verdictOf(keys), keys }
}

export function judgeKey(key: ByteString, operations: readonly HistoryOperation[], limits: SearchLimits = defaultLimits): KeyJudgement {
  const found = searchOrder(operations, limits)
  const known = { key, operations: operations.length, order: found.order.map(({ id }) => id), unplaced: null, why: '' }
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
