// The lab's interface: what a screen or a script may ask, and what it is told. Written once; carriers only move it.
// JSON-safe values only (no undefined inside objects, no Map, no NaN): one carrier clones, another speaks JSON.
import * as z from 'zod'
import { keyBytesMax, mutantNames, settingLimits, valueBytesMax, type MutantName } from '../protocol'
import { ExploreRequest, ExploreStanding } from './explore'
import { NetworkActSchema, NodeNameText } from './network'

const limited = (name: keyof typeof settingLimits) => z.int().min(settingLimits[name].min).max(settingLimits[name].max)

export const clusterLimits = { replicas: { min: 1, max: 7 }, clients: { min: 1, max: 8 }, diskFreeMiBMin: { min: 0, max: 1_000_000 } } as const

/** A scenario's text is at most this long. */
export const scenarioCharactersMax = 256 * 1024

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
  /** Recording stops, and the lab goes on, when the disk has less than this free; 0: when it is full. */
  diskFreeMiBMin: z.int().min(clusterLimits.diskFreeMiBMin.min).max(clusterLimits.diskFreeMiBMin.max).default(256),
  /** Rules that are broken on purpose: a machine looks there at the line that keeps the rule. */
  mutants: z.array(z.enum(mutantNames as [MutantName, ...MutantName[]])).max(mutantNames.length).default([]),
  /** Empty: drawn. */
  seed: z.string().max(64).regex(/^[ -~]*$/, 'a seed is printable ASCII'),
})
export type ClusterSettings = z.infer<typeof ClusterSettings>

export const defaultClusterSettings: ClusterSettings = {
  title: '', replicas: 3, clients: 2, backupsWanted: 1, pingIntervalMs: 100, deadPings: 5,
  replication: 'synchronous', retryMs: 100, operationTimeoutMs: 10_000, diskFreeMiBMin: 256, mutants: [], seed: '',
}

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

/** A scenario that the lab can run. */
export const ScenarioEntry = z.strictObject({
  /** Its file under `scenarios/`, for example `mit/viewservice-1.yaml`. */
  name: z.string(),
  title: z.string(),
  suite: z.string(),
  about: z.string(),
  points: z.number(),
})
export type ScenarioEntry = z.infer<typeof ScenarioEntry>

/** The scenario that the session plays. How each step went is in the events (`scenario-step`). */
export const ScenarioStatus = z.strictObject({
  title: z.string(),
  state: z.enum(['running', 'paused', 'passed', 'failed', 'stopped']),
  /** Every step in words, in order; step 1 first. */
  steps: z.array(z.string()),
  /** The step that is next or runs now, from 1; one more than there are when it is over. */
  at: z.int(),
  /** One sentence when it failed or was stopped; else empty. */
  reason: z.string(),
})
export type ScenarioStatus = z.infer<typeof ScenarioStatus>

/** Where a session's recording stands. */
export const RecordingStatus = z.strictObject({
  /** The file that is written (live) or read (recorded). */
  path: z.string(),
  bytes: z.int(),
  /** Empty while all is well; else one sentence: why recording stopped, what was cut off, or why a file could be read so far only. */
  problem: z.string(),
  /** An opened file that is still read: the share of it that was, from 0 to 1. Absent once all of it was. */
  readShare: z.number().min(0).max(1).optional(),
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
  scenario: ScenarioStatus.nullable(),
  recording: RecordingStatus.nullable(),
  /** seq of the newest event. */
  latest: z.int(),
})
export type SessionStatus = z.infer<typeof SessionStatus>

/** Consecutive events: `count` lines of JSON joined by line feeds, the first with seq `from`. */
export const EventBatch = z.strictObject({ session: z.int(), batch: z.int(), from: z.int(), count: z.int(), text: z.string() })
export type EventBatch = z.infer<typeof EventBatch>

/** The formats of `exportBegin`, by the names of `src/export`; the lab's tests hold the two lists together. */
export const ExportFormatName = z.enum(['html', 'shiviz', 'mermaid', 'plantuml', 'perfetto', 'jepsen', 'csv'])

/** Exports of one connection that may be under way at once. */
export const exportsMax = 2

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
  /** Also ends the reading of a file that is still read; what was read stays. */
  endSession: { takes: Nothing, gives: Nothing },
  /**
   * Ends a running session and starts a live one that goes on from the step of event `seq` of the session shown: every process with the
   * state of that moment, the messages under way then under way, time standing still at first. A refused one changes nothing.
   */
  branch: { takes: z.strictObject({ session: z.int(), seq: z.int().min(1) }), gives: z.strictObject({ session: z.int() }) },
  /**
   * For a recording that ends in a freeze: branches from that freeze and does again, on processes, everything that was done since, one by
   * one and in the same order. Answers when all of it was done; the cluster stands still. A refused one changes nothing.
   */
  rerun: { takes: z.strictObject({ session: z.int() }), gives: z.strictObject({ session: z.int() }) },
  /**
   * Begins to explore what can happen from a moment of the session, or from a new cluster; ends an exploration before. The session is only read.
   * Refused with one sentence for what cannot be explored.
   */
  exploreBegin: { takes: z.strictObject({ session: z.int(), request: ExploreRequest }), gives: z.strictObject({ exploration: z.int() }) },
  /** How far it has come; answers when that has changed, after a quarter of a second at most. Refused for one that is over and was replaced. */
  exploreRead: { takes: z.strictObject({ exploration: z.int() }), gives: ExploreStanding },
  exploreSteer: { takes: z.strictObject({ exploration: z.int(), act: z.enum(['pause', 'resume', 'cancel']) }), gives: Nothing },
  /**
   * Shows the way that was found. From a new cluster: as a recording, in which time stands still from the explorer's start on. From a
   * moment of a session: carried out on processes, as a branch that stands still at its end. Ends a running session.
   */
  exploreShow: { takes: z.strictObject({ exploration: z.int() }), gives: z.strictObject({ session: z.int() }) },
  kill: { takes: OfNode, gives: Nothing },
  pause: { takes: OfNode, gives: Nothing },
  resume: { takes: OfNode, gives: Nothing },
  restart: { takes: OfNode, gives: Nothing },
  freeze: { takes: Nothing, gives: Nothing },
  thaw: { takes: Nothing, gives: Nothing },
  /** Faults, single messages and timers, break conditions. */
  act: { takes: NetworkActSchema, gives: Nothing },
  listScenarios: { takes: Nothing, gives: z.strictObject({ scenarios: z.array(ScenarioEntry) }) },
  /** What is wrong with a scenario's text: `line` and `column` from 1. An empty list: it can be run. */
  checkScenario: {
    takes: z.strictObject({ text: z.string().max(scenarioCharactersMax) }),
    gives: z.strictObject({ problems: z.array(z.strictObject({ line: z.int(), column: z.int(), sentence: z.string() })) }),
  },
  /** Ends a running session, starts the scenario's cluster and plays it: one of the list by `name`, or any `text` (name then only names it). */
  runScenario: {
    takes: z.strictObject({ name: z.string().max(255), text: z.string().max(scenarioCharactersMax) }),
    gives: z.strictObject({ session: z.int() }),
  },
  /** Pauses before the next step, goes on, does one step, or stops for good; the cluster stays. */
  steerScenario: { takes: z.strictObject({ act: z.enum(['pause', 'resume', 'step', 'stop']) }), gives: Nothing },
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
  /** Events of the session from `from` on: as many as one answer carries, at most `count`. Refused where they can no longer be had. */
  readEvents: {
    takes: z.strictObject({ session: z.int(), from: z.int().min(1), count: z.int().min(1) }),
    gives: z.strictObject({ from: z.int(), count: z.int(), text: z.string() }),
  },
  /**
   * The same for the recording that the session branched from, while the lab has it: until another session is shown that is no branch of
   * this one. `latest` is its newest event; the header line comes with every answer. Refused where there is none.
   */
  readParent: {
    takes: z.strictObject({ session: z.int(), from: z.int().min(1), count: z.int().min(1) }),
    gives: z.strictObject({ header: z.string(), latest: z.int(), from: z.int(), count: z.int(), text: z.string() }),
  },
  /** Reads the session's recording as a file: base64 of up to 1 MiB at `offset`; `gzip` packs the whole file first. */
  readRecording: {
    takes: z.strictObject({ gzip: z.boolean(), offset: z.int().min(0) }),
    gives: z.strictObject({ name: z.string(), base64: z.string(), next: z.int(), total: z.int() }),
  },
  /**
   * Begins an export: the events `from` to `to` (seq, both included) of the session as it is now, as a file of another tool; what
   * comes later is not in it. A `to` beyond the newest event means up to that. Stops when another session is shown.
   */
  exportBegin: {
    takes: z.strictObject({ session: z.int(), format: ExportFormatName, from: z.int().min(1), to: z.int().min(1) }),
    gives: z.strictObject({ export: z.int(), name: z.string() }),
  },
  /**
   * The next bytes of the file, up to 1 MiB as base64: empty where some time went by without any. Nothing is made unless it is asked for.
   * `share` of the work that is done, from 0 to 1. The last piece is `done`, tells how many `events` the file has and, in
   * sentences, what was left out; the export is over then, and so it is when this call is refused.
   */
  exportRead: {
    takes: z.strictObject({ export: z.int() }),
    gives: z.strictObject({ base64: z.string(), share: z.number().min(0).max(1), done: z.boolean(), events: z.int(), notes: z.array(z.string()) }),
  },
  /** Gives an export up. One that is over already: nothing happens. */
  exportEnd: { takes: z.strictObject({ export: z.int() }), gives: Nothing },
  /** Opens a recording in three acts, so that any carrier can bring any file: begin, pieces of up to 1 MiB, open. Begun again, the file before is given up. */
  uploadBegin: {
    takes: z.strictObject({ name: z.string().max(255), bytes: z.int().min(0) }),
    /** Whoever knows the `key` may bring the whole file beside the calls, which a host may offer: as it is, and not as base64 in pieces. */
    gives: z.strictObject({ upload: z.int(), key: z.string() }),
  },
  uploadPiece: { takes: z.strictObject({ upload: z.int(), base64: z.string().max(1_500_000) }), gives: Nothing },
  /**
   * Ends a running session and shows the uploaded file, while it is still read: `readShare` of the status tells how far. A file whose
   * beginning is no recording is refused with one sentence and changes nothing; what is wrong later is told in the status.
   * `whileItComes`: before its pieces; the answer comes when the beginning was read.
   */
  uploadOpen: { takes: z.strictObject({ upload: z.int(), whileItComes: z.boolean().optional() }), gives: z.strictObject({ session: z.int() }) },
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
