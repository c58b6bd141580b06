// The rows of the inboxes: messages under way by receiver, timers that stand still, and why the cluster froze. Pure.
import { messageText, type ClusterState, type EventOf, type FrozenTimer, type TraceEvent, type UnderWay } from '../../../src/trace'

/** A message that a person may deliver, drop or duplicate. */
export interface InboxMessage extends UnderWay {
  readonly id: string
}

/** In the order of receivers in the cluster, then of sending. While time runs only what is late or held: the rest goes by itself. */
export function inboxMessages(state: ClusterState, without: ReadonlySet<string>): InboxMessage[] {
  const isFrozen = state.freeze > 0
  const byReceiver = new Map<string, InboxMessage[]>([...state.nodes.keys()].map((name) => [name, []]))
  for (const [id, message] of state.underWay) {
    // What was handed over is on the receiver's socket, out of anybody's hands.
    if (message.place === 'handed' || (message.place === 'waits' && !isFrozen) || without.has(id)) continue
    byReceiver.get(message.to)?.push({ id, ...message })
  }
  return [...byReceiver.values()].flat()
}

/** What a row says: "forward from s1", its payload, and how it waits. */
export interface InboxWords {
  readonly title: string
  readonly payload: string
  readonly wait: string
}

/** `now` is cluster time in microseconds; `sent` the event that sent it. */
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

/** The message in words, for the status line: "forward seq 3 put a 1, view 2 from s1 to s2". */
export function messageName(message: InboxMessage, sent: EventOf<'message-sent'> | undefined): string {
  const payload = sent ? messageText(sent.message) : ''
  return `${message.type} from ${message.from} to ${message.to}${payload === '' ? '' : ` (${payload})`}`
}

/** Timers of processes that are there, in the order of the cluster, then by what is left. */
export function timerRows(state: ClusterState): FrozenTimer[] {
  const order = new Map([...state.nodes.keys()].map((name, index) => [name, index]))
  return state.frozenTimers.filter(({ node }) => state.nodes.get(node)?.life === 'up')
    .sort((one, other) => (order.get(one.node) ?? 0) - (order.get(other.node) ?? 0) || one.remainingMs - other.remainingMs)
}

export function remainingText(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.max(0, Math.round(ms))} ms`
}

/** Events of nodes other than the one that met the condition, between meeting it and standing still. */
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

/** Whose act an event is; empty for the network and the lab. */
function nodeOf(event: TraceEvent): string {
  if (event.type === 'message-sent') return event.from
  return 'node' in event ? event.node : ''
}
