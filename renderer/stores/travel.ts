// The stops of time travel: which events are stops, and the next of them from a given event. Pure.
import type { EventType, TraceEvent } from '../../src/trace'

/** True for failures of processes and of the cluster; replay/broken.ts adds violations. */
export const isFailure = (event: TraceEvent): boolean => {
  switch (event.type) {
    case 'node-killed': case 'node-failed': case 'node-paused': return true
    // A kill is followed by an exit, so only an exit without a kill counts as another failure.
    case 'node-exited': return event.signal !== 'SIGKILL'
    case 'stuck': return event.stuck !== null
    default: return false
  }
}

export const isViewChange = (event: TraceEvent): boolean => event.type === 'view-changed'

/** The nearest of `seqs` after (`by` 1) or before (`by` -1) `seq`; undefined without one. `seqs` must be sorted. */
export function nearest(seqs: readonly number[], seq: number, by: 1 | -1): number | undefined {
  return by === 1 ? seqs.find((candidate) => candidate > seq) : seqs.findLast((candidate) => candidate < seq)
}

/** The facts about an event that are known without parsing it. */
export interface KindIndex {
  typeAt(seq: number): EventType | undefined
  isHeartbeat(seq: number): boolean
}

/** The next event after (`by` 1) or before (`by` -1) `seq` that sends, takes or loses a message other than a heartbeat, within `first` to `last`; else undefined. */
export function nearestMessage(index: KindIndex, seq: number, by: 1 | -1, first: number, last: number): number | undefined {
  const begin = by === 1 ? Math.max(seq + 1, first) : Math.min(seq - 1, last)
  for (let candidate = begin; candidate >= first && candidate <= last; candidate += by) {
    const type = index.typeAt(candidate)
    if (type !== 'message-sent' && type !== 'message-taken' && type !== 'message-dropped') continue
    if (!index.isHeartbeat(candidate)) return candidate
  }
  return undefined
}
