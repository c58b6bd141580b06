// Every event type with its fields, as data: a reader of a file validates each line against it. event-parts.ts has the contents of fields.
// The compiler ties this table to event.ts: a type or a field that is missing here does not compile.
// It must never check whether an event makes sense: a replay does, and reports what does not agree.
import type { EventOf, EventType } from './event'
import { eventParts } from './event-parts'
import { amount, boolean, count, isCount, isObject, isTime, keysOf, missing, optional, orNull, strangePart, text, type Field, type Shape } from './shape'

/** What a field holds: `alias` is a text that may be missing, `count` a whole number from 0, `number` any from 0, `object` has named fields, `?` allows null. */
export type FieldKind = 'text' | 'count' | 'number' | 'boolean' | 'object' | 'object?' | 'text?' | 'integer?' | 'list' | 'alias'

type FieldsOf<T extends EventType> = { readonly [Field in Exclude<keyof EventOf<T>, 'seq' | 'at' | 'wall' | 'type'>]-?: FieldKind }

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
  'message-sent': { ...ofMessage, from: 'text', to: 'text', fromAs: 'alias', toAs: 'alias', message: 'object' },
  'message-handed': ofMessage,
  'message-taken': { ...ofMessage, ...ofStep },
  'message-dropped': { ...ofMessage, reason: 'object' },
  'message-delayed': { ...ofMessage, fault: 'text', ms: 'number' },
  'message-held': { ...ofMessage, reason: 'text' },
  'message-released': { ...ofMessage, reason: 'text' },
  'message-duplicated': { ...ofMessage, of: 'text', reason: 'text', carries: 'object?' },
  'timer-fired': { ...ofStep, name: 'text', armed: 'count' },
  'peer-lost': { ...ofStep, peer: 'text' },
  'acted': ofStep,
  'program-level': { ...ofNode, level: 'count', reason: 'text' },
  'state-told': { ...ofStep, state: 'object' },
  'line-refused': { ...ofNode, line: 'text', reason: 'text' },
  'program-said': { ...ofNode, text: 'text' },
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
  'stalled': { node: 'text', ms: 'count' },
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

/** Every type, in the order of the table: an index into this list encodes a type in one byte. */
export const eventTypes = Object.keys(eventFields) as readonly EventType[]

/** The shapes of fields without inner structure. Every other field has a shape in `eventParts`, which the compiler enforces. */
const plainKinds: Readonly<Record<FieldKind, Shape<unknown>>> = {
  'text': text, 'count': count, 'number': amount, 'boolean': boolean, 'alias': optional(text), 'text?': orNull(text),
  'integer?': orNull({ fits: (value) => Number.isInteger(value), problem: (_value, path) => missing(path) }),
  'object': { fits: isObject, problem: (_value, path) => missing(path) },
  'object?': orNull({ fits: isObject, problem: (_value, path) => missing(path) }),
  'list': { fits: Array.isArray, problem: (_value, path) => missing(path) },
}

/** The tables in the form that the check loops over: built once, because every line of a file is checked. */
const fieldsByType: ReadonlyMap<unknown, readonly Field[]> =
  new Map(Object.entries(eventFields).map(([type, fields]) => {
    const parts: Readonly<Record<string, Shape<unknown>>> = (eventParts as Readonly<Record<string, Readonly<Record<string, Shape<unknown>>>>>)[type] ?? {}
    return [type, Object.entries<FieldKind>(fields).map(([name, kind]) => ({ name, shape: parts[name] ?? plainKinds[kind] }))]
  }))

/** Fields that every event has. */
const stampNames = ['seq', 'at', 'wall', 'type'] as const

/** Undefined if this is an event of the current version with that `seq`; otherwise what is wrong, to follow "Line 12 ". */
export function eventProblem(value: unknown, seq: number): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is not an event'
  const event = value as Record<string, unknown>
  const fields = fieldsByType.get(event.type)
  if (fields === undefined) return 'is not an event of a type that exists'
  if (!isCount(event.seq)) return 'is an event without a seq'
  if (event.seq !== seq) return `has event ${event.seq} where event ${seq} must be: events are missing or out of order`
  if (!isTime(event.at) || !isTime(event.wall)) return 'is an event without a time'
  let known = stampNames.length
  for (const { name, shape } of fields) {
    const part = event[name]
    if (!shape.fits(part)) return `is a ${event.type as string} event whose ${shape.problem(part, name)}`
    if (part !== undefined) known++
  }
  if (keysOf(event) === known) return undefined
  return `is a ${event.type as string} event with ${strangePart(event, [...stampNames, ...fields.map(({ name }) => name)])}`
}
