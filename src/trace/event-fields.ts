// Every event type with its fields, as data: what a reader of a file must find before it believes a line.
// The compiler pins this table to event.ts: a type or a field that is missing here does not compile.
// It must never look inside a message, an operation or a report's nested parts: re-stepping does, and says what does not agree.
import type { EventOf, EventType } from './event'

/** What a field holds: `count` is a whole number from 0, `number` any from 0, `object` has named fields, `?` allows null. */
export type FieldKind = 'text' | 'count' | 'number' | 'boolean' | 'object' | 'object?' | 'text?' | 'integer?' | 'list'

type FieldsOf<T extends EventType> = { readonly [Field in Exclude<keyof EventOf<T>, 'seq' | 'at' | 'wall' | 'type'>]: FieldKind }

const ofNode = { node: 'text', incarnation: 'count' } as const
const ofStep = { ...ofNode, step: 'count' } as const
const ofMessage = { id: 'text' } as const

/** The fields of each event, beside `seq`, `at`, `wall` and `type`, which every event has. */
export const eventFields: { readonly [T in EventType]: FieldsOf<T> } = {
  'node-started': { ...ofStep, kind: 'text', pid: 'count', seed: 'text' },
  'node-killed': ofNode,
  'node-exited': { ...ofNode, code: 'integer?', signal: 'text?', stderr: 'text' },
  'node-failed': { ...ofNode, reason: 'text' },
  'node-paused': ofNode,
  'node-resumed': ofNode,
  'message-sent': { ...ofMessage, from: 'text', to: 'text', message: 'object' },
  'message-handed': ofMessage,
  'message-taken': { ...ofMessage, ...ofStep },
  'message-dropped': { ...ofMessage, reason: 'object' },
  'message-delayed': { ...ofMessage, fault: 'text', ms: 'number' },
  'message-held': { ...ofMessage, reason: 'text' },
  'message-released': { ...ofMessage, reason: 'text' },
  'message-duplicated': { ...ofMessage, of: 'text', reason: 'text' },
  'timer-fired': { ...ofStep, name: 'text', armed: 'count' },
  'peer-lost': { ...ofStep, peer: 'text' },
  'operation-invoked': { ...ofStep, operation: 'object', label: 'text' },
  'frozen': { freeze: 'count', timers: 'list', reason: 'text', metBy: 'count' },
  'thawed': { freeze: 'count' },
  'timers-stopped': { node: 'text', timers: 'list' },
  'fault-added': { fault: 'text', text: 'text', rule: 'object', plan: 'object', isOn: 'boolean' },
  'fault-switched': { fault: 'text', isOn: 'boolean', reason: 'text' },
  'fault-removed': { fault: 'text', reason: 'text' },
  'break-added': { condition: 'object', text: 'text' },
  'break-removed': { name: 'text' },
  'scenario-step': { step: 'count', text: 'text', state: 'text', detail: 'text' },
  'workload-started': { text: 'text', plan: 'object?' },
  'workload-stopped': {},
  'branched': { parent: 'object', processes: 'list' },
  'lab-note': { text: 'text', node: 'text' },
  'violation': { rule: 'text', text: 'text', evidence: 'list' },
  'view-changed': { ...ofStep, view: 'object', cause: 'object' },
  'view-acked': { ...ofStep, view: 'object' },
  'ping-missed': { ...ofStep, server: 'text', missed: 'count' },
  'ping-resumed': { ...ofStep, server: 'text' },
  'stuck': { ...ofStep, stuck: 'object?' },
  'role-changed': { ...ofStep, role: 'text', viewnum: 'count', serving: 'boolean' },
  'transfer-progress': { ...ofStep, to: 'text', viewnum: 'count', chunks: 'count', bytes: 'count', done: 'boolean' },
  'transfer-installed': { ...ofStep, from: 'text', viewnum: 'count', executed: 'count', keys: 'count' },
  'view-cached': { ...ofStep, viewnum: 'count' },
  'operation-returned': { ...ofStep, operationId: 'count', outcome: 'object', tries: 'count' },
  'operation-started': { ...ofStep, operationId: 'count', clientId: 'text', requestId: 'count' },
  'note': { ...ofStep, text: 'text' },
  'superseded': { ...ofStep, by: 'count' },
}

/** Every type, in the order of the table: a place in this list is a type in one byte. */
export const eventTypes = Object.keys(eventFields) as readonly EventType[]

/** The table again, as a loop needs it: built once, as an event is checked for each line of a file. */
const fieldsByType: ReadonlyMap<string, readonly (readonly [field: string, kind: FieldKind])[]> =
  new Map(Object.entries(eventFields).map(([type, fields]) => [type, Object.entries<FieldKind>(fields)]))

/** Undefined if this is an event of the current version with that `seq`; otherwise what is wrong, to follow "Line 12 ". */
export function eventProblem(value: unknown, seq: number): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is not an event'
  const event = value as Record<string, unknown>
  const fields = typeof event.type === 'string' ? fieldsByType.get(event.type) : undefined
  if (fields === undefined) return 'is not an event of a type that exists'
  if (!isCount(event.seq)) return 'is an event without a seq'
  if (event.seq !== seq) return `has event ${event.seq} where event ${seq} must be: events are missing or out of order`
  if (!isTime(event.at) || !isTime(event.wall)) return 'is an event without a time'
  for (const [field, kind] of fields) {
    if (!isOfKind(event[field], kind)) return `is a ${event.type as string} event whose ${field} is missing or of the wrong kind`
  }
  return undefined
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'text': return typeof value === 'string'
    case 'count': return isCount(value)
    case 'number': return isTime(value)
    case 'boolean': return typeof value === 'boolean'
    case 'list': return Array.isArray(value)
    case 'object': return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'object?': return value === null || isOfKind(value, 'object')
    case 'text?': return value === null || typeof value === 'string'
    case 'integer?': return value === null || Number.isInteger(value)
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
