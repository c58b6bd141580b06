// The lab's interface: the calls of a screen or a script, and the events that it gets. Defined once; carriers only move it.
// Its values must never be unsafe for JSON (an undefined inside an object, a Map, a NaN): one carrier clones, another sends JSON.
import * as z from 'zod'
import { defaultSettings, keyBytesMax, mutantNames, operationTypes, perField, perOperation, settingLimits, valueBytesMax, type MutantName, type OperationOf } from '../protocol'
import { ExploreRequest, ExploreStanding } from './explore'
import { networkActShapes, NodeNameText } from './network'
import { CheckedProgram, ProgramChoices, ProgramFacts } from './programs'
import { scenarioCharactersMax, ScenarioEntry, ScenarioSlot, ScenarioStatus } from './scenarios'

const limited = (name: keyof typeof settingLimits) => z.int().min(settingLimits[name].min).max(settingLimits[name].max)

export const clusterLimits = { replicas: { min: 1, max: 7 }, clients: { min: 1, max: 8 }, diskFreeMiBMin: { min: 0, max: 1_000_000 } } as const

/** What a person chooses for a new cluster. */
export const ClusterSettings = z.strictObject({
  title: z.string().max(120),
  replicas: z.int().min(clusterLimits.replicas.min).max(clusterLimits.replicas.max),
  clients: z.int().min(clusterLimits.clients.min).max(clusterLimits.clients.max),
  backupsWanted: limited('backupsWanted'),
  pingIntervalMs: limited('pingIntervalMs'),
  /** A server is dead after this many checks without a ping; there is a check each `pingIntervalMs`. */
  deadPings: limited('deadPings'),
  replication: z.enum(['synchronous', 'asynchronous']),
  retryMs: limited('retryMs'),
  operationTimeoutMs: limited('operationTimeoutMs'),
  /** The limit of clients in the at-most-once table. A late copy of an evicted client's request is executed again. */
  tableClientsMax: limited('tableClientsMax').default(defaultSettings.tableClientsMax),
  /** Recording stops, and the lab goes on, when the disk has less than this free; 0: when it is full. */
  diskFreeMiBMin: z.int().min(clusterLimits.diskFreeMiBMin.min).max(clusterLimits.diskFreeMiBMin.max).default(256),
  /** Rules that are broken on purpose: a machine checks this at the line that enforces the rule. */
  mutants: z.array(z.enum(mutantNames as [MutantName, ...MutantName[]])).max(mutantNames.length).default([]),
  /** The nodes that are programs of others; the other nodes are ours. */
  programs: ProgramChoices.default([]),
  /** Empty: a random seed. */
  seed: z.string().max(64).regex(/^[ -~]*$/, 'a seed is printable ASCII'),
})
export type ClusterSettings = z.infer<typeof ClusterSettings>

export const defaultClusterSettings: ClusterSettings = {
  title: '', replicas: 3, clients: 2, backupsWanted: 1, pingIntervalMs: 100, deadPings: 5,
  replication: 'synchronous', retryMs: 100, operationTimeoutMs: 10_000, tableClientsMax: defaultSettings.tableClientsMax, diskFreeMiBMin: 256, mutants: [], programs: [], seed: '',
}

// Recorded byte strings: text, or `base64:` and base64 (trace/recorded.ts); base64 needs 4 characters for 3 bytes.
const Key = z.string().max(keyBytesMax * 4 + 8)
const Value = z.string().max(valueBytesMax * 2)

/** Keys and values as recorded byte strings. The client machine checks the limits in bytes, so that a refusal is in the trace. */
export type OperationRequest = OperationOf<string>
const requests = operationTypes.map((type) => z.strictObject({
  type: z.literal(type), key: Key, ...perField(type, (kind) => kind === 'bytes' ? Value : Value.nullable()),
}))
export const OperationRequest = z.discriminatedUnion('type', requests as [(typeof requests)[number]]) as unknown as z.ZodType<OperationRequest, OperationRequest>

const Weight = z.int().min(0).max(100)

export const Workload = z.strictObject({
  /** Operations a second over all clients; 0: as fast as `inFlight` allows (closed loop). */
  rate: z.int().min(0).max(100_000),
  /** Operations of each client that may be in flight at once. */
  inFlight: z.int().min(1).max(64),
  /** Weights of the mix. */
  mix: z.strictObject(perOperation(() => Weight)),
  /** Keys k0 to k(keys-1), each as likely. */
  keys: z.int().min(1).max(100_000),
  valueBytes: z.int().min(1).max(65_536),
  /** Names of clients; empty: all. */
  clients: z.array(NodeNameText).max(8),
})
export type Workload = z.infer<typeof Workload>
/** A mix of these operations alone. */
export const mixOf = (weights: Partial<Workload['mix']>): Workload['mix'] => perOperation((type) => weights[type] ?? 0)

export const defaultWorkload: Workload = { rate: 20, inFlight: 4, mix: mixOf({ put: 50, append: 10, get: 40 }), keys: 8, valueBytes: 8, clients: [] }

const ofNode = <Type extends string>(type: Type) => z.strictObject({ type: z.literal(type), node: NodeNameText })
const alone = <Type extends string>(type: Type) => z.strictObject({ type: z.literal(type) })

/** A ClusterAct as a screen asks for it: keys and values are recorded byte strings, and the client chooses the session of an operation. */
export const ActRequest = z.discriminatedUnion('type', [
  ...networkActShapes,
  ofNode('kill'), ofNode('pause'), ofNode('resume'), ofNode('restart'), alone('freeze'), alone('thaw'),
  /** Asks a client for an operation; `target` '' goes through the view server. */
  z.strictObject({ type: z.literal('invoke'), client: NodeNameText, operation: OperationRequest, target: z.union([z.literal(''), NodeNameText]) }),
  z.strictObject({ type: z.literal('start-workload'), plan: Workload }),
  alone('stop-workload'),
])
export type ActRequest = z.infer<typeof ActRequest>

/** The state of a session's recording. */
export const RecordingStatus = z.strictObject({
  /** The file that is written (live) or read (recorded). */
  path: z.string(),
  bytes: z.int(),
  /** Empty while all is well; else one sentence: why recording stopped, what was cut off, or why only part of a file could be read. */
  problem: z.string(),
  /** The share of an opened file that has been read, from 0 to 1. Absent once all of it has. */
  readShare: z.number().min(0).max(1).optional(),
})

/** Everything about the session that is not in its events. Sent whole, on every change, at most ten times a second. */
export const SessionStatus = z.strictObject({
  /** Grows with every session of this lab; 0: none yet. On a new number the receiver must drop all events. */
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

/** The formats of `exportBegin`, by the names of `src/export`; the lab's tests compare the two lists. */
export const ExportFormatName = z.enum(['html', 'shiviz', 'mermaid', 'plantuml', 'perfetto', 'jepsen', 'csv'])

/** Exports of one connection that may run at once. */
export const exportsMax = 2

const Nothing = z.strictObject({})

/** Every call: its argument (`takes`) and its answer (`gives`). A refused call rejects with one plain sentence as its message. */
export const labCalls = {
  /** First call of a connection. */
  hello: {
    takes: Nothing,
    gives: z.strictObject({
      version: z.string(), host: z.enum(['electron', 'browser', 'in-process']), lastSettings: ClusterSettings, status: SessionStatus, canPause: z.boolean(),
      /** Which of several labs this is, such as `lab 3`; empty if there is only one. */
      lab: z.string(),
      /** This connection may look and not act: every call of the kind `act` is refused. */
      readOnly: z.boolean(),
      programs: ProgramFacts,
    }),
  },
  /** Ends a running session (its recording is kept) and starts a cluster; answers when all processes are up. */
  newCluster: { takes: ClusterSettings, gives: z.strictObject({ session: z.int() }) },
  /** Also ends the reading of a file that is still read; what was read stays. */
  endSession: { takes: Nothing, gives: Nothing },
  /**
   * Ends a running session and starts a live one that continues from the step of event `seq` of the shown session. Every process has its
   * state after that step, the same messages are in flight, and the cluster is frozen at first. A refused call changes nothing.
   */
  branch: { takes: z.strictObject({ session: z.int(), seq: z.int().min(1) }), gives: z.strictObject({ session: z.int() }) },
  /**
   * For a recording that ends in a freeze: branches from that freeze and performs, on processes, all acts since then again, one by one and
   * in the same order. Answers when all of them are done; the cluster stays frozen. A refused call changes nothing.
   */
  rerun: { takes: z.strictObject({ session: z.int() }), gives: z.strictObject({ session: z.int() }) },
  /**
   * Begins to explore what can happen after an event of the session, or in a new cluster; ends an earlier exploration. The session is only read.
   * Refused with one sentence for what cannot be explored.
   */
  exploreBegin: { takes: z.strictObject({ session: z.int(), request: ExploreRequest }), gives: z.strictObject({ exploration: z.int() }) },
  /** Its progress; answers when that has changed, after a quarter of a second at most. Refused for an exploration that is over and was replaced. */
  exploreRead: { takes: z.strictObject({ exploration: z.int() }), gives: ExploreStanding },
  exploreSteer: { takes: z.strictObject({ exploration: z.int(), act: z.enum(['pause', 'resume', 'cancel']) }), gives: Nothing },
  /**
   * Shows the path that was found. From a new cluster: as a recording, which is frozen from the explorer's start on. From an event of a
   * session: performed on processes, as a branch that is frozen at its end. Ends a running session.
   */
  exploreShow: { takes: z.strictObject({ exploration: z.int() }), gives: z.strictObject({ session: z.int() }) },
  /** Performs an act on the running cluster. An operation's outcome is in the events, under this operationId; other acts have 0. */
  act: { takes: ActRequest, gives: z.strictObject({ operationId: z.int() }) },
  listScenarios: { takes: Nothing, gives: z.strictObject({ scenarios: z.array(ScenarioEntry) }) },
  /** What is wrong with a scenario's text: `line` and `column` from 1. An empty list: it can be run, with a program for each of its slots. */
  checkScenario: {
    takes: z.strictObject({ text: z.string().max(scenarioCharactersMax) }),
    gives: z.strictObject({ problems: z.array(z.strictObject({ line: z.int(), column: z.int(), sentence: z.string() })), slots: z.array(ScenarioSlot) }),
  },
  /** What these programs would run, one answer for each; starts nothing. Refused by a lab that runs none. */
  checkPrograms: { takes: z.strictObject({ programs: ProgramChoices }), gives: z.strictObject({ checked: z.array(CheckedProgram) }) },
  /** Ends a running session, starts the scenario's cluster and plays it: one of the list by `name`, or any `text` (name then only names it). */
  runScenario: {
    takes: z.strictObject({ name: z.string().max(255), text: z.string().max(scenarioCharactersMax), programs: ProgramChoices.default([]) }),
    gives: z.strictObject({ session: z.int() }),
  },
  /** Pauses before the next step, goes on, does one step, or stops for good; the cluster stays. */
  steerScenario: { takes: z.strictObject({ act: z.enum(['pause', 'resume', 'step', 'stop']) }), gives: Nothing },
  /** Events from `since` on (1: all) arrive as `events`; replaces an earlier subscription of this connection. */
  subscribe: { takes: z.strictObject({ session: z.int(), since: z.int().min(1) }), gives: Nothing },
  /** The screen has taken this batch; the next may come. */
  ackBatch: { takes: z.strictObject({ session: z.int(), batch: z.int() }), gives: Nothing },
  /** Events of the session from `from` on: as many as one answer carries, at most `count`. Refused if they are no longer available. */
  readEvents: {
    takes: z.strictObject({ session: z.int(), from: z.int().min(1), count: z.int().min(1) }),
    gives: z.strictObject({ from: z.int(), count: z.int(), text: z.string() }),
  },
  /**
   * The same for the recording that the session branched from. The lab keeps it until another session is shown that is no branch of
   * this one. `latest` is its newest event; the header line comes with every answer. Refused if there is none.
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
   * Begins an export: the events `from` to `to` (seq, both included) of the session as it is now, as a file of another tool.
   * Later events are not in it. A `to` beyond the newest event means up to that. Stops when another session is shown.
   */
  exportBegin: {
    takes: z.strictObject({ session: z.int(), format: ExportFormatName, from: z.int().min(1), to: z.int().min(1) }),
    gives: z.strictObject({ export: z.int(), name: z.string() }),
  },
  /**
   * The next bytes of the file, up to 1 MiB as base64; empty if none are ready after some time. Bytes are only made when they are read.
   * `share`: the share of the work that is done, from 0 to 1. The last answer has `done`, what the file contains in words (`told`), the
   * number of exported `events`, and sentences on what was left out (`notes`). The export is over then, or when this call is refused.
   */
  exportRead: {
    takes: z.strictObject({ export: z.int() }),
    gives: z.strictObject({ base64: z.string(), share: z.number().min(0).max(1), done: z.boolean(), events: z.int(), told: z.string(), notes: z.array(z.string()) }),
  },
  /** Cancels an export. Nothing happens if it is over already. */
  exportEnd: { takes: z.strictObject({ export: z.int() }), gives: Nothing },
  /** Opens a recording in three calls, so that any carrier can send any file: begin, chunks of up to 1 MiB, open. A new begin drops the earlier file. */
  uploadBegin: {
    takes: z.strictObject({ name: z.string().max(255), bytes: z.int().min(0) }),
    /** A host may also accept the whole file outside these calls, unencoded and not in chunks, from a client that knows the `key`. */
    gives: z.strictObject({ upload: z.int(), key: z.string() }),
  },
  uploadPiece: { takes: z.strictObject({ upload: z.int(), base64: z.string().max(1_500_000) }), gives: Nothing },
  /**
   * Ends a running session and shows the uploaded file while it is still read: `readShare` of the status is the progress. A file whose
   * beginning is no recording is refused with one sentence and changes nothing; the status reports any later problem.
   * `whileItComes`: this call comes before the chunks; the answer comes when the beginning was read.
   */
  uploadOpen: { takes: z.strictObject({ upload: z.int(), whileItComes: z.boolean().optional() }), gives: z.strictObject({ session: z.int() }) },
} as const

/** What the lab sends unasked. */
export const labEvents = { status: SessionStatus, events: EventBatch } as const

export type LabCalls = typeof labCalls
export type CallName = keyof LabCalls

/** Whether a call only reads (`look`), takes the lab's time (`work`), or changes something (`act`). A client that may only look is refused the other two. */
export const callKinds: Readonly<Record<CallName, 'look' | 'work' | 'act'>> = {
  hello: 'look', subscribe: 'look', ackBatch: 'look', readEvents: 'look', readParent: 'look', readRecording: 'look',
  exportBegin: 'look', exportRead: 'look', exportEnd: 'look', listScenarios: 'look',
  newCluster: 'act', endSession: 'act', branch: 'act', rerun: 'act', exploreBegin: 'act', exploreRead: 'work', exploreSteer: 'act', exploreShow: 'act',
  act: 'act', checkScenario: 'work', checkPrograms: 'act', runScenario: 'act', steerScenario: 'act',
  uploadBegin: 'act', uploadPiece: 'act', uploadOpen: 'act',
}

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
