// Finds the contents of a message in an event: in its sending, or in a copy that was made after the message had left the network.
// It must never invent what no event has.
import type { EventOf, TraceEvent } from './event'

/**
 * The sending in this event: a `message-sent` itself, or a late copy as if it were sent now, under its own id. Undefined for every other
 * event, also for a copy of a message in flight, because its sending is that of its original.
 */
export function sendingOf(event: TraceEvent | undefined): EventOf<'message-sent'> | undefined {
  if (event?.type === 'message-sent') return event
  if (event?.type !== 'message-duplicated' || event.carries === null) return undefined
  const { seq, at, wall, id, carries } = event
  return { seq, at, wall, type: 'message-sent', id, ...carries }
}
