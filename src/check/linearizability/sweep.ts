// Judges one key forward, return by return (live-key.ts), once the search for an order reached its first limit. The search tries a great
// deal before it finds an error far from the beginning; the sweep gets there directly. It finds whether an order exists, not which.
import type { HistoryOperation, SearchLimits } from './history'
import { LiveKey } from './live-key'

export type Swept = Pick<LiveKey, 'verdict' | 'unplaced' | 'holds'> & { readonly isFull: boolean }

/** One try of the sweep costs about as much as this many search steps. */
const stepsPerTry = 8
/** Returns between two reads of the clock. */
const returnsPerLook = 64

/** `unknown` also at a limit. `isFull`: it hit the limit of configurations, so more steps would not help. */
export function sweep(operations: readonly HistoryOperation[], { stepsMax, milliseconds = Infinity, now }: SearchLimits): Swept {
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
  const { verdict, unplaced, holds } = key
  return { verdict, unplaced, holds, isFull: verdict === 'unknown' }
}

const unknown: Swept = { verdict: 'unknown', unplaced: null, holds: null, isFull: false }
