// Where the time-travel keys land: which events are worth travelling to, and the next of them from here. Pure.
import type { EventType, TraceEvent } from '../../src/trace'

/** Of processes and of the cluster; broken rules are found beside them (panels/rules/broken.ts). */
export const isFailure = (event: TraceEvent): boolean => {
  switch (event.type) {
    case 'node-killed': case 'node-failed': case 'node-paused': return true
    // A kill is followed by its exit; only an exit that nobody asked for is a failure of its own.
    case 'node-exited': return event.signal !== 'SIGKILL'
    case 'stuck': return event.stuck !== null
    default: return false
  }
}

export const isViewChange = (event: TraceEvent): boolean => event.type === 'view-changed'

/** The nearest of these after (`by` 1) or before (`by` -1) `seq`; undefined without one. `seqs` are in order. */
export function nearest(seqs: readonly number[], seq: number, by: 1 | -1): number | undefined {
  return by === 1 ? seqs.find((candidate) => candidate > seq) : seqs.findLast((candidate) => candidate < seq)
}

/** What one step of time travel may be, and what it is called in sentences. */
export const travelUnits = ['event', 'message', 'view', 'failure'] as const
export type TravelUnit = (typeof travelUnits)[number]

/** What is known of events without looking at them. */
export interface KindIndex {
  typeAt(seq: number): EventType | undefined
  isHeartbeat(seq: number): boolean
}

/** The next message after (`by` 1) or before (`by` -1) `seq` that is sent, taken or lost and is no heartbeat, from event `first` to `last`; undefined without one. */
export function nearestMessage(index: KindIndex, seq: number, by: 1 | -1, first: number, last: number): number | undefined {
  const begin = by === 1 ? Math.max(seq + 1, first) : Math.min(seq - 1, last)
  for (let candidate = begin; candidate >= first && candidate <= last; candidate += by) {
    const type = index.typeAt(candidate)
    if (type !== 'message-sent' && type !== 'message-taken' && type !== 'message-dropped') continue
    if (!index.isHeartbeat(candidate)) return candidate
  }
  return undefined
}
