// The seam between the protocol and whatever drives it: real processes, virtual time, every order, a recording.
// A machine is a step function. It sees no clock, no chance but its seed, no I/O; a driver decides nothing about the protocol.
import type { ClientId, Message, Operation, RejectReason, Result, StoreEntry, TableRow } from './messages'
import type { Settings } from './settings'
import type { NodeName, Role, View } from './view'

export type NodeKind = 'view-server' | 'replica' | 'client'

/** What a node is given when it starts, and what is recorded as its first input. */
export interface Start {
  readonly type: 'start'
  readonly name: NodeName
  readonly kind: NodeKind
  /** Higher than in every earlier start of this name; at least 1. */
  readonly incarnation: number
  /** Where this node listens in direct mode, to be told to others; empty in a lab. */
  readonly address: string
  readonly settings: Settings
  /** 1 to 24 printable characters, unique for each start of a client: its clientIds are made of it. */
  readonly seed: string
}

/** The inputs of a machine are exactly these; together they determine every effect. */
export type Input =
  | Start
  | { readonly type: 'message'; readonly from: NodeName; readonly message: Message }
  | { readonly type: 'timer'; readonly name: string }
  | OperationInput
  /** A hint that the connection to this node has ended. Never proof of death: that verdict stays the view server's. */
  | { readonly type: 'peer-lost'; readonly peer: NodeName }

/** A person or a workload asks a client for an operation. */
export interface OperationInput {
  readonly type: 'operation'
  /** Names this operation in effects; unique for each client and start, chosen by the driver, 1 or higher. */
  readonly operationId: number
  /** 0 or higher: operations of one session run one after another. -1: the lowest session that has none running. */
  readonly session: number
  readonly operation: Operation
  /** Empty: find the primary through the view server. Otherwise straight to this server, once, tagged with the view the client knows. */
  readonly target: NodeName | ''
}

/** How an operation ended. `unknown`: it may take effect at any later time, or never. */
export type Outcome =
  | {
    readonly type: 'ok'
    readonly result: Result
    readonly by: NodeName
    readonly viewnum: number
    readonly seq: number
    readonly replayed: boolean
    readonly executedViewnum: number
  }
  /** Definitely without effect. */
  | { readonly type: 'failed'; readonly reason: FailReason; readonly by: NodeName | '' }
  | { readonly type: 'unknown'; readonly reason: UnknownReason }

export type FailReason =
  | 'key-too-large' | 'value-too-large' | 'too-many-waiting' | 'never-sent'
  /** A server straight asked refused (rule 5). */
  | Exclude<RejectReason, 'deposed' | 'busy'>

export type UnknownReason = 'timeout' | Extract<RejectReason, 'deposed' | 'busy'> | 'not-yet'

/** Why the view server made a view; in the order in which it looks. */
export type ViewCause =
  | { readonly type: 'first-server'; readonly server: NodeName }
  | {
    readonly type: 'change'
    /** The members that left, and why. */
    readonly left: readonly { readonly server: NodeName; readonly because: 'missed-pings' | 'restarted' | 'not-initialised' }[]
    readonly promoted: NodeName | ''
    readonly joined: readonly NodeName[]
  }

/** Why a node says that nothing can happen, in terms that the screen turns into a sentence. */
export type Stuck =
  /** Rule 6: the current view waits for the ack of a primary that is dead or restarted. */
  | { readonly type: 'ack-of-dead-primary'; readonly primary: NodeName; readonly restarted: boolean }
  /** The ack waits for a backup that is dead and cannot be initialised. */
  | { readonly type: 'ack-waits-for-dead-backup'; readonly primary: NodeName; readonly backup: NodeName }
  /** The primary is dead and no live backup has its data. */
  | { readonly type: 'no-live-backup'; readonly primary: NodeName; readonly restarted: boolean }
  /** A restarted view server was told of an earlier view. */
  | { readonly type: 'history-lost' }

/**
 * What a node believes or did, told to the trace. Never needed by another node.
 * Belief and fact are different events: `view-changed` and `view-acked` come from the view server alone, `role-changed` is a node's own belief.
 */
export type Report =
  | { readonly type: 'view-changed'; readonly view: View; readonly cause: ViewCause }
  | { readonly type: 'view-acked'; readonly view: View }
  /** A server missed ping checks; `missed` in a row. At `deadPings` it is dead. Told on each missed check from the second until then. */
  | { readonly type: 'ping-missed'; readonly server: NodeName; readonly missed: number }
  /** A server that was dead pings again (the same incarnation). */
  | { readonly type: 'ping-resumed'; readonly server: NodeName }
  /** The cluster is stuck, or no longer is (null). Told by the view server when it changes. */
  | { readonly type: 'stuck'; readonly stuck: Stuck | null }
  /** A replica's own belief. `serving`: as primary it executes and answers; as backup it is initialised and accepts forwards. */
  | { readonly type: 'role-changed'; readonly role: Role; readonly viewnum: number; readonly serving: boolean }
  /** Progress at the sender; `chunks` acked so far, `bytes` of keys and values sent so far. */
  | { readonly type: 'transfer-progress'; readonly to: NodeName; readonly viewnum: number; readonly chunks: number; readonly bytes: number; readonly done: boolean }
  | { readonly type: 'transfer-installed'; readonly from: NodeName; readonly viewnum: number; readonly executed: number; readonly keys: number }
  /** A client knows this view from now on. */
  | { readonly type: 'view-cached'; readonly viewnum: number }
  | { readonly type: 'operation-returned'; readonly operationId: number; readonly outcome: Outcome; readonly tries: number }
  /** An operation has got its identity: told when a client takes it up. */
  | { readonly type: 'operation-started'; readonly operationId: number; readonly clientId: ClientId; readonly requestId: number }
  /** A sentence for the log. */
  | { readonly type: 'note'; readonly text: string }
  /** This node was superseded by a later incarnation of its name and must end. */
  | { readonly type: 'superseded'; readonly by: number }

/**
 * Where a machine puts its effects, in order. Handed to every step and not to be kept.
 * A driver carries the effects out after the step; a step therefore allocates no list of them.
 */
export interface EffectSink {
  send(to: NodeName, message: Message): void
  /**
   * Arms a timer, in milliseconds from the end of this step; a timer of that name that is armed is replaced. A driver on a real clock may
   * count from when this step was due where it is the step of the same timer: a beat does not drift then.
   */
  setTimer(name: string, ms: number): void
  cancelTimer(name: string): void
  report(report: Report): void
}

/** One node's algorithm. State is plain data, changed only inside `step`. */
export interface Machine {
  /** Takes one input to completion. Throws only where a rule of the protocol is broken: our mistake, which must stop the node. */
  step(input: Exclude<Input, Start>, out: EffectSink): void
  /** The state, as plain data for inspectors and checkers; keys sorted where equal states must be equal text. */
  inspect(): NodeState
  /** A machine in the same state, that shares nothing which a later step of either changes: a checkpoint for who steps it again. */
  copy(): Machine
  /**
   * Everything that decides which messages and timers the machine will ever give: machines whose essences are equal as JSON text cannot
   * be told apart by any inputs. Counters for operators, and how long a timer waits, are not of it. To be written out at once, not kept.
   */
  essence(): unknown
}

/** For who wants a machine and not its effects. */
export const noEffects: EffectSink = { send: () => undefined, setTimer: () => undefined, cancelTimer: () => undefined, report: () => undefined }

/** What an inspector shows of a node; a copy that shares nothing that a later step changes. */
export type NodeState = ViewServerState | ReplicaState | ClientState

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
  /** At a primary whose view has not started. */
  readonly waiting: readonly { readonly clientId: ClientId; readonly requestId: number }[]
  /** At a backup: sequence numbers that arrived ahead of their turn. */
  readonly ahead: readonly number[]
  readonly transfers: readonly { readonly to: NodeName; readonly acked: number; readonly done: boolean }[]
  /** At a backup: chunks of a transfer that is not whole yet. */
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
