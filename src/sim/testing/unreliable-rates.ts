// Counts in a trace what the unreliable mode did. Used by tests of the simulator and of real processes.
import type { TraceEvent } from '../../trace'

export interface UnreliableRates {
  /** Requests, forwards and chunks that arrived while the fault was on. */
  readonly arrived: number
  readonly lost: number
  /** Answers that were lost. */
  readonly inVain: number
}

const requestKinds: ReadonlySet<string> = new Set(['request', 'forward', 'state-transfer'])

/** `fault` is the name of the unreliable mode's fault; the count begins where it is added. */
export function unreliableRates(events: readonly TraceEvent[], fault = 'unreliable'): UnreliableRates {
  const from = events.findIndex((event) => event.type === 'fault-added' && event.fault === fault)
  const kinds = new Map<string, string>()
  let arrived = 0
  let lost = 0
  let inVain = 0
  for (const [index, event] of events.entries()) {
    if (event.type === 'message-sent') kinds.set(event.id, event.message.type)
    if (index < from || from < 0) continue
    if (event.type === 'message-handed' && requestKinds.has(kinds.get(event.id) ?? '')) arrived++
    if (event.type !== 'message-dropped' || event.reason.type !== 'fault' || event.reason.fault !== fault) continue
    if (requestKinds.has(kinds.get(event.id) ?? '')) {
      arrived++
      lost++
    } else inVain++
  }
  return { arrived, lost, inVain }
}
