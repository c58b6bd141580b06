// The judge's own reads: a get of each written key on the serving primary's copy at the end of a trace, after all other operations. They
// reveal a write that was executed twice or lost and that no client read since. The copy must belong to the primary of the last view, acked,
// in the incarnation that the view names. An operation that is still open may have taken effect or not, as everywhere.
import type { ByteString, Store } from '../../protocol'
import type { HistoryOperation } from './history'

/** The contents of a primary's store, at present. */
export type ServedState = Pick<Store, 'get'>

/** The process name of these reads. */
const judge = 'the judge'

/** `seq`: the last event of the trace. The reads follow it one after another: their ids and times are the numbers after `seq`. */
export function endReads(operations: readonly HistoryOperation[], served: ServedState, seq: number): HistoryOperation[] {
  const written = new Set<ByteString>()
  for (const { operation: { type, key } } of operations) if (type !== 'get') written.add(key)
  let at = seq
  return [...written].map((key) => {
    const value = served.get(key)
    const id = ++at
    return { id, process: judge, operation: { type: 'get', key }, invoked: id, returned: ++at, result: value === undefined ? { type: 'missing' } : { type: 'value', value } }
  })
}
