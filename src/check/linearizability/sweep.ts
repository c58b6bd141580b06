// One key judged forward, return by return (live-key.ts), where the search for an order came to its first limit: of a history that is wrong
// far from its beginning the search tries very much before it knows, and the sweep comes there straight. It finds no order, only whether there is one.
import type { HistoryOperation, SearchLimits } from './history'
import { LiveKey } from './live-key'

/** What is tried for a return costs about as much as so many steps of the search. */
const stepsPerTry = 8
/** Returns between two looks at the clock. */
const returnsPerLook = 64

/** Says `unknown` at a limit, too. */
export function sweep(operations: readonly HistoryOperation[], { stepsMax, milliseconds = Infinity, now }: SearchLimits): Pick<LiveKey, 'verdict' | 'unplaced' | 'holds'> {
  const until = now === undefined ? Infinity : now() + milliseconds
  const key = new LiveKey()
  const moments = operations.flatMap((operation) => [
    { at: operation.invoked, operation, isEnd: false }, { at: operation.returned ?? operation.invoked, operation, isEnd: true },
  ]).sort((one, other) => one.at - other.at)
  let looks = 0
  for (const { operation, isEnd } of moments) {
    if (isEnd) key.ended(operation)
    else key.invoked(operation)
    if (key.verdict !== 'linearizable') break
    if (key.tries * stepsPerTry > stepsMax) return unknown
    if (now !== undefined && isEnd && ++looks % returnsPerLook === 0 && now() > until) return unknown
  }
  return key
}

const unknown = { verdict: 'unknown', unplaced: null, holds: null } as const
