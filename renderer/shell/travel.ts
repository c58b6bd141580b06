// Where the time-travel keys land: the next event of a kind from here, or the last one before a moment. Pure.
import type { TraceEvent } from '../../src/trace'

export const isFailure = (event: TraceEvent): boolean => {
  switch (event.type) {
    case 'node-killed': case 'node-failed': case 'node-paused': case 'violation': return true
    // A kill is followed by its exit; only an exit that nobody asked for is a failure of its own.
    case 'node-exited': return event.signal !== 'SIGKILL'
    case 'stuck': return event.stuck !== null
    default: return false
  }
}

export const isViewChange = (event: TraceEvent): boolean => event.type === 'view-changed'

/** seq of the nearest event after (`by` 1) or before (`by` -1) `seq` that passes; undefined without one. */
export function nearest(events: readonly TraceEvent[], seq: number, by: 1 | -1, passes: (event: TraceEvent) => boolean): number | undefined {
  for (let at = seq - 1 + by; at >= 0 && at < events.length; at += by) {
    const event = events[at]
    if (event !== undefined && passes(event)) return at + 1
  }
  return undefined
}

/** seq of the last event at or before a cluster time; 0 when all are later. Time never goes back along the events. */
export function seqAtTime(events: readonly TraceEvent[], micros: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((events[middle]?.at ?? Infinity) <= micros) low = middle + 1
    else high = middle
  }
  return low
}
