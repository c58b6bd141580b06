// The rows of the inboxes: messages in flight by receiver, frozen timers, and why the cluster froze. Pure.
import { messageText, type ClusterState, type EventOf, type FrozenTimer, type TraceEvent, type MessageInFlight } from '../../../src/trace'

/** A message that a person may deliver, drop or duplicate. */
export interface InboxMessage extends MessageInFlight {
  readonly id: string
}

/** Ordered by receiver (in cluster order), then by sending. While time runs only late and held messages: the network delivers the others by itself. */
export function inboxMessages(state: ClusterState, without: ReadonlySet<string>): InboxMessage[] {
  const isFrozen = state.freeze > 0
  const byReceiver = new Map<string, InboxMessage[]>([...state.nodes.keys()].map((name) => [name, []]))
  for (const [id, message] of state.inFlight) {
    // A message that was handed over is on the receiver's socket, where no act can reach it.
    if (message.place === 'handed' || (message.place === 'waits' && !isFrozen) || without.has(id)) continue
    byReceiver.get(message.to)?.push({ id, ...message })
  }
  return [...byReceiver.values()].flat()
}

/** The texts of a row: "forward from s1", its payload, and why it waits. */
export interface InboxWords {
  readonly title: string
  readonly payload: string
  readonly wait: string
}

/** `now`: cluster time in microseconds; `sent`: the event that sent the message. */
export function inboxWords(message: InboxMessage, sent: EventOf<'message-sent'> | undefined, now: number): InboxWords {
  const copy = message.id.includes('+') ? ', a copy' : ''
  return { title: `${message.type} from ${message.from}${copy}`, payload: sent ? messageText(sent.message) : '', wait: waitText(message, now) }
}

function waitText({ place, fault, dueAt, at }: InboxMessage, now: number): string {
  switch (place) {
    case 'late': return dueAt > now ? `late, ${spanText(dueAt - now)} left` : 'late, due now'
    case 'held': return fault === '' || fault === 'by hand' ? 'held by hand' : `held by ${fault}`
    case 'waits': return at >= now ? 'just sent' : `waits ${spanText(now - at)}`
    case 'handed': return 'handed over'
  }
}

function spanText(micros: number): string {
  if (micros < 1000) return 'under 1 ms'
  return micros < 1_000_000 ? `${Math.round(micros / 1000)} ms` : `${(micros / 1_000_000).toFixed(1)} s`
}

/** The message in words, for the status line: "forward from s1 to s2 (seq 3 put a 1, view 2)". */
export function messageName(message: InboxMessage, sent: EventOf<'message-sent'> | undefined): string {
  const payload = sent ? messageText(sent.message) : ''
  return `${message.type} from ${message.from} to ${message.to}${payload === '' ? '' : ` (${payload})`}`
}

/** The frozen timers of running processes, in cluster order, then by remaining time. */
export function timerRows(state: ClusterState): FrozenTimer[] {
  const order = new Map([...state.nodes.keys()].map((name, index) => [name, index]))
  return state.frozenTimers.filter(({ node }) => state.nodes.get(node)?.life === 'up')
    .sort((one, other) => (order.get(one.node) ?? 0) - (order.get(other.node) ?? 0) || one.remainingMs - other.remainingMs)
}

export function remainingText(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.max(0, Math.round(ms))} ms`
}

/** Number of events of other nodes between the event that met the break condition and the freeze. */
export function eventsOfOthers(eventAt: (seq: number) => TraceEvent | undefined, metBy: number): number {
  const met = eventAt(metBy)
  const own = met ? nodeOf(met) : ''
  let count = 0
  for (let seq = metBy + 1; ; seq++) {
    const event = eventAt(seq)
    if (!event || event.type === 'frozen') return count
    const node = nodeOf(event)
    if (node !== '' && node !== own) count++
  }
}

/** The node that an event belongs to; empty for the network and the lab. */
function nodeOf(event: TraceEvent): string {
  if (event.type === 'message-sent') return event.from
  return 'node' in event ? event.node : ''
}
