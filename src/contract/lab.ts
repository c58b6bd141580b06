// The lab's interface: what a screen or a script may ask, and what it is told. Written once; carriers only move it.
// JSON-safe values only (no undefined inside objects, no Map, no NaN): one carrier clones, another speaks JSON.
import * as z from 'zod'
import { isNodeName, keyBytesMax, settingLimits, valueBytesMax } from '../protocol'

// Zod would probe `new Function`, which the window's content security policy reports as a violation.
z.config({ jitless: true })

const limited = (name: keyof typeof settingLimits) => z.int().min(settingLimits[name].min).max(settingLimits[name].max)

export const clusterLimits = { replicas: { min: 1, max: 7 }, clients: { min: 1, max: 8 } } as const

/** What a person chooses for a new cluster. */
export const ClusterSettings = z.strictObject({
  title: z.string().max(120),
  replicas: z.int().min(clusterLimits.replicas.min).max(clusterLimits.replicas.max),
  clients: z.int().min(clusterLimits.clients.min).max(clusterLimits.clients.max),
  backupsWanted: limited('backupsWanted'),
  pingIntervalMs: limited('pingIntervalMs'),
  /** Checks each `pingIntervalMs`; this many without a ping and a server is dead. */
  deadPings: limited('deadPings'),
  replication: z.enum(['synchronous', 'asynchronous']),
  retryMs: limited('retryMs'),
  operationTimeoutMs: limited('operationTimeoutMs'),
  /** Empty: drawn. */
  seed: z.string().max(64).regex(/^[ -~]*$/, 'a seed is printable ASCII'),
})
export type ClusterSettings = z.infer<typeof ClusterSettings>

export const defaultClusterSettings: ClusterSettings = {
  title: '', replicas: 3, clients: 2, backupsWanted: 1, pingIntervalMs: 100, deadPings: 5,
  replication: 'synchronous', retryMs: 100, operationTimeoutMs: 10_000, seed: '',
}

const NodeNameText = z.string().refine(isNodeName, 'a node name is 1 to 32 of a-z, 0-9 and "-", a letter first')

// Recorded byte strings: text, or `base64:` and base64 (trace/recorded.ts); base64 needs 4 characters for 3 bytes.
const Key = z.string().max(keyBytesMax * 4 + 8)
const Value = z.string().max(valueBytesMax * 2)

/** Keys and values as recorded byte strings. Limits in bytes are the client machine's to judge, so that a refusal is in the trace. */
export const OperationRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('put'), key: Key, value: Value }),
  z.strictObject({ type: z.literal('append'), key: Key, value: Value }),
  z.strictObject({ type: z.literal('get'), key: Key }),
  z.strictObject({ type: z.literal('delete'), key: Key }),
  z.strictObject({ type: z.literal('cas'), key: Key, expected: Value.nullable(), value: Value }),
])
export type OperationRequest = z.infer<typeof OperationRequest>

const Weight = z.int().min(0).max(100)

export const Workload = z.strictObject({
  /** Operations a second over all clients; 0: as fast as `inFlight` allows (closed loop). */
  rate: z.int().min(0).max(100_000),
  /** Operations of each client that may be out at once. */
  inFlight: z.int().min(1).max(64),
  /** Weights of the mix. */
  mix: z.strictObject({ put: Weight, append: Weight, get: Weight, delete: Weight, cas: Weight }),
  /** Keys k0 to k(keys-1), each as likely. */
  keys: z.int().min(1).max(100_000),
  valueBytes: z.int().min(1).max(65_536),
  /** Names of clients; empty: all. */
  clients: z.array(NodeNameText).max(8),
})
export type Workload = z.infer<typeof Workload>
export const defaultWorkload: Workload = { rate: 20, inFlight: 4, mix: { put: 50, append: 10, get: 40, delete: 0, cas: 0 }, keys: 8, valueBytes: 8, clients: [] }

/** Where a session's recording stands. */
export const RecordingStatus = z.strictObject({
  /** The file that is written (live) or read (recorded). */
  path: z.string(),
  bytes: z.int(),
  /** Empty while all is well; else one sentence: why recording stopped, or what was cut off. */
  problem: z.string(),
})

/** Everything about the session that is not in its events. Sent whole, on every change, at most ten times a second. */
export const SessionStatus = z.strictObject({
  /** Grows with every session of this lab; 0: none yet. A new number means: forget all events. */
  session: z.int(),
  kind: z.enum(['none', 'starting', 'live', 'recorded', 'ended']),
  title: z.string(),
  /** One sentence when kind is `ended` or a start failed; else empty. */
  reason: z.string(),
  /** The recording's first line, as JSON text of a TraceHeader; empty when there is none. */
  header: z.string(),
  frozen: z.boolean(),
  workload: Workload.nullable(),
  recording: RecordingStatus.nullable(),
  /** seq of the newest event. */
  latest: z.int(),
})
export type SessionStatus = z.infer<typeof SessionStatus>

/** Consecutive events: `count` lines of JSON joined by line feeds, the first with seq `from`. */
export const EventBatch = z.strictObject({ session: z.int(), batch: z.int(), from: z.int(), count: z.int(), text: z.string() })
export type EventBatch = z.infer<typeof EventBatch>

const Nothing = z.strictObject({})
const OfNode = z.strictObject({ node: NodeNameText })

/** Every call: what it takes and what it answers. A refused call rejects with one plain sentence as its message. */
export const labCalls = {
  /** First call of a connection. */
  hello: {
    takes: Nothing,
    gives: z.strictObject({ version: z.string(), host: z.enum(['electron', 'browser', 'in-process']), lastSettings: ClusterSettings, status: SessionStatus, canPause: z.boolean() }),
  },
  /** Ends a running session (its recording is kept) and starts a cluster; answers when all processes are up. */
  newCluster: { takes: ClusterSettings, gives: z.strictObject({ session: z.int() }) },
  endSession: { takes: Nothing, gives: Nothing },
  kill: { takes: OfNode, gives: Nothing },
  pause: { takes: OfNode, gives: Nothing },
  resume: { takes: OfNode, gives: Nothing },
  restart: { takes: OfNode, gives: Nothing },
  freeze: { takes: Nothing, gives: Nothing },
  thaw: { takes: Nothing, gives: Nothing },
  /** Asks a client for an operation; `target` '' goes through the view server. The outcome is in the events, under this operationId. */
  invoke: {
    takes: z.strictObject({ client: NodeNameText, operation: OperationRequest, target: z.union([z.literal(''), NodeNameText]) }),
    gives: z.strictObject({ operationId: z.int() }),
  },
  startWorkload: { takes: Workload, gives: Nothing },
  stopWorkload: { takes: Nothing, gives: Nothing },
  /** Events from `since` on (1: all) arrive as `events`; replaces an earlier subscription of this connection. */
  subscribe: { takes: z.strictObject({ session: z.int(), since: z.int().min(1) }), gives: Nothing },
  /** The screen has taken this batch; the next may come. */
  ackBatch: { takes: z.strictObject({ session: z.int(), batch: z.int() }), gives: Nothing },
  /** Reads the session's recording as a file: base64 of up to 1 MiB at `offset`; `gzip` packs the whole file first. */
  readRecording: {
    takes: z.strictObject({ gzip: z.boolean(), offset: z.int().min(0) }),
    gives: z.strictObject({ name: z.string(), base64: z.string(), next: z.int(), total: z.int() }),
  },
  /** Opens a recording in three acts, so that any carrier can bring any file: begin, pieces of up to 1 MiB, open. */
  uploadBegin: { takes: z.strictObject({ name: z.string().max(255), bytes: z.int().min(0) }), gives: z.strictObject({ upload: z.int() }) },
  uploadPiece: { takes: z.strictObject({ upload: z.int(), base64: z.string().max(1_500_000) }), gives: Nothing },
  /** Ends a running session and shows the uploaded file; refuses a file that is not a recording with one sentence and changes nothing. */
  uploadOpen: { takes: z.strictObject({ upload: z.int() }), gives: z.strictObject({ session: z.int() }) },
} as const

/** What the lab tells unasked. */
export const labEvents = { status: SessionStatus, events: EventBatch } as const

export type LabCalls = typeof labCalls
export type CallName = keyof LabCalls
export type Takes<Name extends CallName> = z.input<LabCalls[Name]['takes']>
export type Gives<Name extends CallName> = z.output<LabCalls[Name]['gives']>
export type LabEvents = typeof labEvents
export type EventName = keyof LabEvents
export type EventData<Name extends EventName> = z.output<LabEvents[Name]>

/** The lab as a caller sees it, whatever carries the calls. */
export interface Lab {
  call<Name extends CallName>(name: Name, takes: Takes<Name>): Promise<Gives<Name>>
  /** Returns the function that unsubscribes. */
  on<Name extends EventName>(name: Name, listener: (data: EventData<Name>) => void): () => void
  /** Called once when the carrier has closed; every call that waits rejects. */
  onClose(listener: () => void): void
  close(): void
}

/** The lab's own side: one handler for each call. */
export type LabHandlers = { readonly [Name in CallName]: (takes: z.output<LabCalls[Name]['takes']>) => Promise<Gives<Name>> | Gives<Name> }
