// The lines of a transcript: which events get one, and how they read.
import { originalId } from '../../network'
import type { Message, NodeName, View } from '../../protocol'
import { receiverAs, recordMessage, senderAs, type AnyResult, type EndedOutcome, type EventOf, type Recorded, type TraceEvent } from '../../trace'

/** The line of an event, or undefined if it gets none. Messages get one only if their kind is in `shown`. */
export function describeEvent(event: TraceEvent, shown: ReadonlySet<string>, events: readonly TraceEvent[]): string | undefined {
  switch (event.type) {
    case 'view-changed': return `vs: ${describeView(event.view)}`
    case 'view-acked': return `vs: view ${event.view.viewnum} acked`
    case 'stuck': return event.stuck ? `vs: stuck, ${Object.values(event.stuck).join(' ')}` : 'vs: no longer stuck'
    case 'role-changed': return `${event.node}: ${event.role} of view ${event.viewnum}${event.serving ? ', serving' : ''}`
    case 'transfer-installed': return `${event.node}: installed the state of ${event.from}: ${event.keys} keys, executed ${event.executed}`
    case 'operation-returned': return `${event.node}: ${operationText(event, events)} -> ${describeOutcome(event.outcome)}`
    case 'superseded': return `${event.node}: superseded by incarnation ${event.by}`
    case 'note': return `${event.node}: ${event.text}`
    case 'message-sent': return shown.has(event.message.type) ? describeRecorded(senderAs(event), receiverAs(event), event.message) : undefined
    case 'message-dropped': return describeDropped(event, shown, events)
    case 'message-held': return `held: ${ofMessage(event.id, events)}`
    case 'message-released': return `released: ${ofMessage(event.id, events)}`
    default: return undefined
  }
}

/** A message as one line: `s1 > s2 forward seq 1 put a 1 (view 2)`. */
export function describeMessage(from: NodeName, to: NodeName, message: Message): string {
  return describeRecorded(from, to, recordMessage(message))
}

function describeRecorded(from: NodeName, to: NodeName, message: Recorded<Message>): string {
  return `${from} > ${to} ${message.type}${details(message)}`
}

function details(message: Recorded<Message>): string {
  switch (message.type) {
    case 'ping': return ` ${message.viewnum}${message.initialised.length > 0 ? `, initialised ${message.initialised.map(({ name, incarnation }) => `${name}#${incarnation}`).join(' ')}` : ''}`
    case 'view-reply': return ` ${message.view.viewnum}`
    case 'request': return ` ${message.clientId}#${message.requestId} ${operationWords(message.operation)} (view ${message.viewnum})`
    case 'reply': return ` ${message.clientId}#${message.requestId} ${describeResult(message.result)}${message.replayed ? ' from the table' : ''} (view ${message.viewnum})`
    case 'rejected': return ` ${message.clientId}#${message.requestId} ${message.reason} (view ${message.viewnum})`
    case 'not-yet': return ` (view ${message.viewnum})`
    case 'forward': return ` seq ${message.seq} ${operationWords(message.operation)} (view ${message.viewnum})`
    case 'forward-ack': return ` ${message.executed} (view ${message.viewnum})`
    case 'state-transfer': return ` chunk ${message.chunk}${message.last ? ', the last' : ''} for incarnation ${message.toIncarnation} (view ${message.viewnum})`
    case 'state-transfer-ack': return ` chunk ${message.chunk}${message.installed ? ', installed' : ''} (view ${message.viewnum})`
    case 'restarted': return ` as incarnation ${message.fromIncarnation} (view ${message.viewnum})`
    case 'superseded': return ` by incarnation ${message.incarnation}`
    case 'foreign': return ` ${message.kind} ${JSON.stringify(message.body)}`
    case 'get-view':
    case 'query':
    case 'query-reply': return ''
  }
}

export function describeView(view: Recorded<View>): string {
  const member = ({ name, incarnation }: { name: string; incarnation: number }): string => incarnation === 1 ? name : `${name}#${incarnation}`
  const backups = view.backups.length === 0 ? 'no backup' : `backup ${view.backups.map(member).join(' ')}`
  return `view ${view.viewnum}: ${view.primary ? `primary ${member(view.primary)}` : 'no primary'}, ${backups}`
}

function describeOutcome(outcome: EndedOutcome): string {
  switch (outcome.type) {
    case 'ok': return `${describeResult(outcome.result)} by ${outcome.by} in view ${outcome.viewnum}${outcome.replayed ? `, from the table (executed in view ${outcome.executedViewnum})` : ''}`
    case 'failed': return `failed, ${outcome.reason}${outcome.by ? ` by ${outcome.by}` : ''}`
    case 'unknown': return `unknown, ${outcome.reason}`
  }
}

function describeResult(result: AnyResult): string {
  switch (result.type) {
    case 'value': return `"${shorten(result.value)}"`
    case 'mismatch': return `mismatch, it is ${result.actual === null ? 'missing' : `"${shorten(result.actual)}"`}`
    default: return result.type
  }
}

/** Values in transcripts are short; for a long generated one, its length is shown. */
function shorten(value: string): string {
  return value.length > 60 ? `${value.length} bytes` : value
}

function operationWords(operation: EventOf<'operation-invoked'>['operation']['operation']): string {
  switch (operation.type) {
    case 'put':
    case 'append': return `${operation.type} ${operation.key} ${shorten(operation.value)}`
    case 'get':
    case 'delete': return `${operation.type} ${operation.key}`
    case 'cas': return `cas ${operation.key} ${operation.expected ?? '-'} ${operation.value}`
    case 'call': return `${operation.kind} ${JSON.stringify(operation.body)}`
  }
}

function operationText(event: EventOf<'operation-returned'>, events: readonly TraceEvent[]): string {
  const invoked = events.find((earlier): earlier is EventOf<'operation-invoked'> =>
    earlier.type === 'operation-invoked' && earlier.operation.operationId === event.operationId)
  return invoked ? operationWords(invoked.operation.operation) : `operation ${event.operationId}`
}

/** Lost messages get a line only if `shown` has 'lost': those to dead nodes, and pings, are too many. */
function describeDropped(event: EventOf<'message-dropped'>, shown: ReadonlySet<string>, events: readonly TraceEvent[]): string | undefined {
  const sent = sentOf(event.id, events)
  if (!sent || !shown.has('lost')) return undefined
  return `lost: ${ofMessage(event.id, events)} (${event.reason.type})`
}

function ofMessage(id: string, events: readonly TraceEvent[]): string {
  const sent = sentOf(id, events)
  return sent ? describeRecorded(sent.from, sent.to, sent.message) : id
}

function sentOf(id: string, events: readonly TraceEvent[]): EventOf<'message-sent'> | undefined {
  const original = originalId(id)
  return events.find((event): event is EventOf<'message-sent'> => event.type === 'message-sent' && event.id === original)
}
