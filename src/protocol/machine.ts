// The interface between the protocol and its drivers: real processes, virtual time, an explorer of all orders, a recording.
// A machine is a step function. It must never use a clock, I/O, or randomness other than its seed.
// A driver must never decide anything about the protocol.
import type { Answer, ClientId, Message, RejectReason, Result, StoreEntry, TableRow } from './messages'
import type { JsonObject } from './json'
import type { Call, Operation } from './operations'
import type { Settings } from './settings'
import type { NodeName, Role, View } from './view'

/** The nodes of this protocol. */
export type ProtocolKind = 'view-server' | 'replica' | 'client'
/** `server`: a program with a role that this protocol does not know. `service`: a node of the lab that such programs may use, as a store or a clock. */
export type NodeKind = ProtocolKind | 'server' | 'service'

/** Requests that are not this protocol's: those of Maelstrom's workloads. */
export type Dialect = 'maelstrom'

/** What a node is given when it starts, and what is recorded as its first input. */
export interface Start {
  readonly type: 'start'
  readonly name: NodeName
  readonly kind: NodeKind
  /** Higher than in every earlier start of this name; at least 1. */
  readonly incarnation: number
  /** The address where this node listens in direct mode, sent to other nodes; empty in a lab. */
  readonly address: string
  readonly settings: Settings
  /** 1 to 24 printable characters, unique for each start of a client: its clientIds begin with it. */
  readonly seed: string
  /** What a client speaks, if it is not this protocol. */
  readonly dialect?: Dialect
}

/** The first input of an incarnation in a lab, where nodes have no address. The default seed is `name.incarnation`. */
export function startOf(
  { name, kind, incarnation, settings, seed = `${name}.${incarnation}`, dialect }:
  Pick<Start, 'name' | 'kind' | 'incarnation' | 'settings'> & { readonly seed?: string; readonly dialect?: Dialect | undefined },
): Start {
  return { type: 'start', name, kind, incarnation, address: '', settings, seed, ...dialect && { dialect } }
}

/** The inputs of a machine are exactly these; together they determine every effect. */
export type Input =
  | Start
  | { readonly type: 'message'; readonly from: NodeName; readonly message: Message }
  | { readonly type: 'timer'; readonly name: string }
  | OperationInput
  /** A hint that the connection to this node has ended. It never proves that the node is dead: only the view server decides that. */
  | { readonly type: 'peer-lost'; readonly peer: NodeName }

/** A person or a workload asks a client for an operation. */
export interface OperationInput {
  readonly type: 'operation'
  /** Names this operation in effects; unique for each client and start, chosen by the driver, 1 or higher. */
  readonly operationId: number
  /** 0 or higher: operations of one session run one after another. -1: the lowest session that has none running. */
  readonly session: number
  readonly operation: Operation | Call
  /** Empty: find the primary through the view server. Otherwise send to this server alone, tagged with the view that the client knows. */
  readonly target: NodeName | ''
}

/** How an operation ended. `unknown`: it may take effect at any later time, or never. */
export type Outcome =
  | {
    readonly type: 'ok'
    readonly result: Result | Answer
    readonly by: NodeName
    /** As the answer says; 0, like `seq` and `executedViewnum`, in an answer that says nothing of views. */
    readonly viewnum: number
    readonly seq: number
    readonly replayed: boolean
    readonly executedViewnum: number
  }
  /** Definitely without effect. */
  | { readonly type: 'failed'; readonly reason: FailReason; readonly by: NodeName | '' }
  | { readonly type: 'unknown'; readonly reason: UnknownReason }
  | ProgramError<'failed'> | ProgramError<'unknown'>

/** A program answered with an error, in its own words: a definite one had no effect (failed), an indefinite one may have any (unknown). */
export interface ProgramError<Type = 'failed' | 'unknown'> {
  readonly type: Type
  readonly reason: 'error'
  readonly code: number
  readonly text: string
  readonly by: NodeName
}

export type FailReason =
  | 'key-too-large' | 'value-too-large' | 'too-many-waiting' | 'never-sent' | 'not-understood'
  /** The server that was the explicit target refused (rule 5). */
  | Exclude<RejectReason, 'deposed' | 'busy'>

export type UnknownReason = 'timeout' | Extract<RejectReason, 'deposed' | 'busy'> | 'not-yet'

/** Why the view server made a view, in the order in which it checks. */
export type ViewCause =
  | { readonly type: 'first-server'; readonly server: NodeName }
  | {
    readonly type: 'change'
    /** The members that left, and why. */
    readonly left: readonly { readonly server: NodeName; readonly because: 'missed-pings' | 'restarted' | 'not-initialised' }[]
    readonly promoted: NodeName | ''
    readonly joined: readonly NodeName[]
  }

/** Why the cluster cannot make progress, as data that the screen turns into a sentence. */
export type Stuck =
  /** Rule 6: the current view waits for the ack of a primary that is dead or restarted. */
  | { readonly type: 'ack-of-dead-primary'; readonly primary: NodeName; readonly restarted: boolean }
  /** The ack waits for a backup that is dead and cannot be initialised. */
  | { readonly type: 'ack-waits-for-dead-backup'; readonly primary: NodeName; readonly backup: NodeName }
  /** The primary is dead and no live backup has its data. */
  | { readonly type: 'no-live-backup'; readonly primary: NodeName; readonly restarted: boolean }
  /** A restarted view server got a ping of an earlier view, which it does not know. */
  | { readonly type: 'history-lost' }

/**
 * What a node believes or did, reported to the trace. No other node ever needs it.
 * Belief and fact are different events: `view-changed` and `view-acked` come from the view server alone, `role-changed` is a node's own belief.
 */
export type Report =
  | { readonly type: 'view-changed'; readonly view: View; readonly cause: ViewCause }
  | { readonly type: 'view-acked'; readonly view: View }
  /** A server missed ping checks; `missed` in a row. At `deadPings` it is dead. Reported on each missed check from the second until then. */
  | { readonly type: 'ping-missed'; readonly server: NodeName; readonly missed: number }
  /** A server that was dead pings again (the same incarnation). */
  | { readonly type: 'ping-resumed'; readonly server: NodeName }
  /** The cluster is stuck, or no longer is (null). Reported by the view server on each change. */
  | { readonly type: 'stuck'; readonly stuck: Stuck | null }
  /** A replica's own belief. `serving`: as primary it executes and answers; as backup it is initialised and accepts forwards. */
  | { readonly type: 'role-changed'; readonly role: Role; readonly viewnum: number; readonly serving: boolean }
  /** Progress at the sender; `chunks` acked so far, `bytes` of keys and values sent so far. */
  | { readonly type: 'transfer-progress'; readonly to: NodeName; readonly viewnum: number; readonly chunks: number; readonly bytes: number; readonly done: boolean }
  | { readonly type: 'transfer-installed'; readonly from: NodeName; readonly viewnum: number; readonly executed: number; readonly keys: number }
  /** A client knows this view from now on. */
  | { readonly type: 'view-cached'; readonly viewnum: number }
  | { readonly type: 'operation-returned'; readonly operationId: number; readonly outcome: Outcome; readonly tries: number }
  /** An operation has got its clientId and requestId: reported when a client begins it. */
  | { readonly type: 'operation-started'; readonly operationId: number; readonly clientId: ClientId; readonly requestId: number }
  /** A sentence for the log. */
  | { readonly type: 'note'; readonly text: string }
  /** This node was superseded by a later incarnation of its name and must end. */
  | { readonly type: 'superseded'; readonly by: number }

/**
 * Receives the effects of a machine, in order. It is passed to every step, and a machine must not keep it.
 * A driver performs the effects after the step; a step therefore allocates no list of them.
 */
export interface EffectSink {
  send(to: NodeName, message: Message): void
  /**
   * Arms a timer, in milliseconds from the end of this step; it replaces an armed timer of that name. In a step of the same timer, a driver
   * on a real clock may count from when that step was due, so that a periodic timer does not drift.
   */
  setTimer(name: string, ms: number): void
  cancelTimer(name: string): void
  report(report: Report): void
}

/** One node's algorithm. State is plain data, changed only inside `step`. */
export interface Machine {
  /** Processes one input completely. Throws only if a rule of the protocol is violated: a bug of ours, which must stop the node. */
  step(input: Exclude<Input, Start>, out: EffectSink): void
  /** The state, as plain data for inspectors and checkers; keys sorted where equal states must be equal text. */
  inspect(): NodeState
  /** A machine in the same state, to replay from. The two share nothing that a later step of either changes. */
  copy(): Machine
  /**
   * The state that decides which messages and timers the machine will ever produce. If both the essences and the `incidental` of two machines
   * are equal as JSON text, no inputs can tell them apart. Neither includes counters for operators, or how long a timer waits.
   * The caller must serialize it at once and not keep it.
   */
  essence(): Essence
  /**
   * The rest of that state: it decides only which of a timer's next firings acts. For example, a message that begins to wait at the first
   * firing is sent again at the second. A caller that fires a timer until nothing waits needs the essence alone.
   */
  incidental(): readonly unknown[]
}

/** The essence of a machine. Explorers read the fields that are named here and only compare the others. */
export type Essence =
  | {
    readonly kind: 'view-server'
    /** The servers that the ack of the current view listed: names and incarnations. */
    readonly initialised: readonly (readonly [NodeName, number])[]
    readonly [other: string]: unknown
  }
  | {
    readonly kind: 'replica'
    /** The first of the consecutive views in which it is primary; 0 in another role. */
    readonly since: number
    readonly [other: string]: unknown
  }
  | { readonly kind: 'client' | 'other'; readonly [other: string]: unknown }

/** Drops all effects. */
export const noEffects: EffectSink = { send: () => undefined, setTimer: () => undefined, cancelTimer: () => undefined, report: () => undefined }

/** What an inspector shows of a node: a copy that no later step changes. */
export type NodeState = ViewServerState | ReplicaState | ClientState | OtherState

/** The state of a node of another kind, in its own words. */
export interface OtherState {
  readonly kind: 'other'
  readonly state: JsonObject
}

export interface ViewServerState {
  readonly kind: 'view-server'
  readonly current: View
  readonly acked: View
  readonly isAcked: boolean
  readonly listening: boolean
  readonly historyLost: boolean
  /** In joining order. */
  readonly servers: readonly { readonly name: NodeName; readonly incarnation: number; readonly viewnum: number; readonly missed: number; readonly dead: boolean }[]
  readonly stuck: Stuck | null
}

export interface ReplicaState {
  readonly kind: 'replica'
  readonly incarnation: number
  readonly view: View
  readonly role: Role
  readonly serving: boolean
  /** The view in which this copy was last initialised; 0 if never. */
  readonly initialisedIn: number
  readonly executed: number
  readonly nextSeq: number
  /** Sorted by key. */
  readonly store: readonly StoreEntry[]
  /** In order of sequence number. */
  readonly table: readonly TableRow[]
  /** At a primary: forwarded and not executed. */
  readonly pending: readonly { readonly seq: number; readonly clientId: ClientId; readonly requestId: number; readonly waitsFor: readonly NodeName[] }[]
  /** At a primary whose view has not started: the requests that wait for the start. */
  readonly waiting: readonly { readonly clientId: ClientId; readonly requestId: number }[]
  /** At a backup: sequence numbers of forwards that arrived ahead of their turn. */
  readonly ahead: readonly number[]
  readonly transfers: readonly { readonly to: NodeName; readonly acked: number; readonly done: boolean }[]
  /** At a backup: received chunks of a transfer that is not complete yet. */
  readonly receivedChunks: number
}

export interface ClientState {
  readonly kind: 'client'
  readonly view: View
  readonly sessions: readonly {
    readonly clientId: ClientId
    readonly requestId: number
    readonly operationId: number
    readonly state: 'free' | 'asking' | 'sent' | 'waiting'
    readonly tries: number
    readonly queued: number
  }[]
}
