// The contents of the fields of an event: messages, operations, outcomes, views, faults, break conditions, workload plans.
// With event-fields.ts this is the whole schema that a recording must match when it is read, so no later reader has to check.
// The compiler ties it to the types; operations and effects of faults are made from their tables. It must never accept what the types do not have,
// nor check whether a recording makes sense.
import { perEffect, type BreakCondition, type Delay, type DropReason, type EffectFields, type Fault, type FaultEffect, type FaultPlan, type Where } from '../network'
import {
  isJsonObject, perField, perOperation,
  type Answer, type Call, type FailReason, type JsonObject, type Member, type Message, type NodeKind, type Operation, type OperationInput, type Outcome,
  type ProgramError, type RejectReason, type Result, type Role, type StoreEntry, type Stuck, type TableRow, type TransferDigest, type UnknownReason, type View,
  type ViewCause,
} from '../protocol'
import type { WorkloadPlan } from '../workload'
import type { BranchedProcess, Carried, EndedOutcome, EventOf, EventType, FrozenTimer, Parent, ToldOutcome } from './event'
import { isReadable, type Recorded } from './recorded'
import { amount, boolean, count, either, integer, isObject, listOf, missing, oneOf, optional, orNull, record, share, text, variants, type Shape, type ShapesOf, type Variants } from './shape'

const json: Shape<JsonObject> = { fits: isJsonObject, problem: (_value, path) => missing(path) }

/** A key or a value: text, or `base64:` and base64. */
const bytes: Shape<string> = {
  fits: (value) => typeof value === 'string' && isReadable(value),
  problem: (value, path) => typeof value === 'string' ? `${path} is not base64` : missing(path),
}

// ---- operations

const operation = variants(perOperation((type) => (
  { key: bytes, ...perField<Shape<string | null>>(type, (kind) => kind === 'bytes' ? bytes : orNull(bytes)) }
)) as Variants<Recorded<Operation>>)

/** A recording may name fewer operations than there are today. */
const weights: ShapesOf<WorkloadPlan['mix']> = perOperation(() => optional(amount))

const result = variants<Recorded<Result>>({
  'done': {},
  'value': { value: bytes },
  'missing': {},
  'mismatch': { actual: orNull(bytes) },
  'too-large': {},
})

const inOwnWords = { kind: text, body: json } as const
const call = variants<Call>({ call: inOwnWords })
const operationInput = record<Recorded<OperationInput>>({
  type: oneOf({ operation: true }), operationId: count, session: integer,
  operation: either<Recorded<Operation>, Call>(operation, call, (value) => isObject(value) && value.type === 'call'), target: text,
})

const failReason = oneOf<FailReason>({
  'key-too-large': true, 'value-too-large': true, 'too-many-waiting': true, 'never-sent': true, 'not-understood': true, 'not-primary': true,
})
const unknownReason = oneOf<UnknownReason>({ 'timeout': true, 'deposed': true, 'busy': true, 'not-yet': true })

const ofStore: Shape<Recorded<Outcome> | ToldOutcome> = either(
  variants<Exclude<Recorded<Outcome>, { readonly reason: 'error' }>>({
    ok: {
      result: either<Recorded<Result>, Answer>(result, variants<Answer>({ answered: inOwnWords }), (value) => isObject(value) && value.type === 'answered'),
      by: text, viewnum: count, seq: count, replayed: boolean, executedViewnum: count,
    },
    failed: { reason: failReason, by: text },
    unknown: { reason: unknownReason },
  }),
  variants<ToldOutcome>({
    failed: { reason: oneOf({ told: true }), told: text, by: oneOf({ '': true }) },
    unknown: { reason: oneOf({ told: true }), told: text },
  }),
  (value) => isObject(value) && value.reason === 'told',
)
const ofError = { reason: oneOf({ error: true }), code: count, text, by: text } as const
const programError = variants<ProgramError<'failed'> | ProgramError<'unknown'>>({ failed: ofError, unknown: ofError })
const outcome: Shape<EndedOutcome> = either(ofStore, programError, (value) => isObject(value) && value.reason === 'error')

// ---- views

const member = record<Member>({ name: text, incarnation: count, address: text })
const view = record<View>({ viewnum: count, primary: orNull(member), backups: listOf(member) })

const cause = variants<ViewCause>({
  'first-server': { server: text },
  'change': {
    left: listOf(record({ server: text, because: oneOf({ 'missed-pings': true, 'restarted': true, 'not-initialised': true }) })),
    promoted: text, joined: listOf(text),
  },
})

const stuck = variants<Stuck>({
  'ack-of-dead-primary': { primary: text, restarted: boolean },
  'ack-waits-for-dead-backup': { primary: text, backup: text },
  'no-live-backup': { primary: text, restarted: boolean },
  'history-lost': {},
})

// ---- messages

const between = { viewnum: count, fromIncarnation: count, toIncarnation: count } as const
const ofRequest = { clientId: text, requestId: count } as const
const entry = record<Recorded<StoreEntry>>({ key: bytes, value: bytes })
const row = record<Recorded<TableRow>>({ ...ofRequest, result, seq: count, viewnum: count })
const digest = record<TransferDigest>({ keys: count, rows: count, hash: integer })
const rejectReason = oneOf<RejectReason>({ 'not-primary': true, 'deposed': true, 'busy': true })

const messages = {
  'ping': { viewnum: count, incarnation: count, address: text, initialised: listOf(record({ name: text, incarnation: count })) },
  'view-reply': { view, toIncarnation: count },
  'superseded': { toIncarnation: count, incarnation: count },
  'get-view': {},
  'query': {},
  'query-reply': { current: view, acked: view, historyLost: boolean, pings: count, getViews: count, queries: count },
  'request': { ...ofRequest, viewnum: count, operation },
  'reply': { ...ofRequest, viewnum: count, seq: count, replayed: boolean, executedViewnum: count, result },
  'rejected': { ...ofRequest, reason: rejectReason, requestViewnum: count, viewnum: count },
  'not-yet': { viewnum: count, ...ofRequest },
  'forward': { ...between, seq: count, ...ofRequest, operation },
  'forward-ack': { ...between, executed: count },
  'state-transfer': { ...between, chunk: count, last: boolean, executed: count, entries: listOf(entry), rows: listOf(row), digest: optional(digest) },
  'state-transfer-ack': { ...between, chunk: count, installed: boolean },
  'restarted': between,
  'foreign': inOwnWords,
} as const

const message = variants<Recorded<Message>>(messages)
const carried = record<Carried>({ from: text, to: text, fromAs: optional(text), message })

// ---- the network, and what people did

const where = record<Where>({ from: listOf(text), to: listOf(text), kinds: listOf(text) })

const delay = variants<Delay>({ constant: { ms: amount }, uniform: { minMs: amount, maxMs: amount }, exponential: { meanMs: amount } })

const ofEffects: ShapesOf<EffectFields> = { probability: share, ms: amount, delay, nodes: listOf(text), groups: listOf(listOf(text)) }
const effect = variants<FaultEffect>(perEffect<Shape<unknown>, object>(ofEffects, (fields) => fields) as Variants<FaultEffect>)

const fault = record<Fault>({ name: text, where, bothWays: boolean, effect, times: count })
const faultPlan = record<FaultPlan>({ inMs: amount, forMs: amount })

const dropReason = variants<DropReason>({
  'receiver-dead': {}, 'receiver-restarted': {}, 'no-such-node': {}, 'queue-full': {}, 'not-carried': {}, 'fault': { fault: text }, 'by-hand': {},
})

const condition = record<BreakCondition>({
  name: text, exact: boolean, stays: boolean,
  on: variants<BreakCondition['on']>({
    'message': { where }, 'view-changed': {}, 'view-acked': {}, 'promoted': { node: text }, 'stuck': {}, 'rule-broken': {},
  }),
})

const workload = record<WorkloadPlan>({
  rate: amount, inFlight: count, keys: count, valueBytes: count, clients: listOf(text),
  mix: record<WorkloadPlan['mix']>(weights),
})

const timer = record<FrozenTimer>({ node: text, name: text, armed: count, remainingMs: amount })
const parent = record<Parent>({ title: text, createdAt: text, seq: count })
const process = record<BranchedProcess>({ node: text, incarnation: count, pid: count })

export const nodeKind = oneOf<NodeKind>({ 'view-server': true, 'replica': true, 'client': true, 'server': true, 'service': true })

// ---- which field holds what

type Plain = string | number | boolean | null | undefined
type FieldsWithParts<T extends EventType> = { [Field in keyof EventOf<T>]-?: EventOf<T>[Field] extends Plain ? never : Field }[keyof EventOf<T>]
type PartsOf<T extends EventType> = { readonly [Field in FieldsWithParts<T>]: Shape<EventOf<T>[Field]> }
/** Every field that is not a plain value, and the text fields that allow only some words. */
type Parts =
  & { readonly [T in EventType as FieldsWithParts<T> extends never ? never : T]: PartsOf<T> }
  & { readonly 'node-started': { readonly kind: Shape<NodeKind> }; readonly 'role-changed': { readonly role: Shape<Role> } }
  & { readonly 'scenario-step': { readonly state: Shape<EventOf<'scenario-step'>['state']> } }

export const eventParts: Parts = {
  'node-started': { kind: nodeKind },
  'message-sent': { message },
  'message-dropped': { reason: dropReason },
  'message-duplicated': { carries: orNull(carried) },
  'operation-invoked': { operation: operationInput },
  'state-told': { state: json },
  'frozen': { timers: listOf(timer) },
  'timers-stopped': { timers: listOf(timer) },
  'fault-added': { rule: fault, plan: faultPlan },
  'break-added': { condition },
  'scenario-step': { state: oneOf({ running: true, passed: true, failed: true, 'not-judged': true }) },
  'workload-started': { plan: orNull(workload) },
  'branched': { parent, processes: listOf(process) },
  'violation': { evidence: listOf(count) },
  'view-changed': { view, cause },
  'view-acked': { view },
  'stuck': { stuck: orNull(stuck) },
  'role-changed': { role: oneOf({ primary: true, backup: true, idle: true }) },
  'operation-returned': { outcome },
}
