// The only schema of what happened. Live run, simulation, counterexample and opened recording are these events in one order.
// docs/recording.md describes them for readers of files; change both together, and raise `traceVersion` with an upgrade function.
// An event is JSON: byte strings are text here (recorded.ts), every value survives JSON.parse(JSON.stringify(event)).
import type { BreakCondition, NetworkEvent } from '../network'
import type { Message, MessageType, NodeKind, NodeName, OperationInput, Outcome, Report, Settings } from '../protocol'
import type { WorkloadPlan } from '../workload'
import type { Recorded } from './recorded'

/** The version of this schema. */
export const traceVersion = 4

/** The first line of a recording. */
export interface TraceHeader {
  readonly understudy: 'recording'
  readonly version: number
  /** `imported`: operations out of another tool's history; no process of ours ran, and there is nothing to step again. */
  readonly source: 'live' | 'simulated' | 'explored' | 'imported'
  /** What people call this session. */
  readonly title: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly settings: Settings
  /** The session's seed: every random draw of the lab comes from it. */
  readonly seed: string
  /** A hash of src/protocol, so that a reader knows whether re-stepping must agree. */
  readonly protocolHash: string
  /** Every node of the cluster, in the order in which panels show them. */
  readonly nodes: readonly { readonly name: NodeName; readonly kind: NodeKind }[]
  /** A branch begins with the events of another recording, up to `seq`; then `branched`, then its own. Null for every other session. */
  readonly parent: Parent | null
}

/** The recording that a branch went out from, as its header names it, and the last of its events that are in the branch too. */
export interface Parent {
  readonly title: string
  readonly createdAt: string
  readonly seq: number
}

/**
 * A message's id is `node.incarnation.step.index`: its sender, the step that sent it, and its place in that step. Incarnation 0, here and in
 * events: no step of a recorded life, as a client without a journal has none (docs/journals.md); nobody can step it again.
 */
export type MessageId = string

interface Stamp {
  /** Dense, from 1. */
  readonly seq: number
  /** Cluster time in microseconds; stands still while the cluster is frozen. */
  readonly at: number
  /** Wall time in microseconds since the session began. */
  readonly wall: number
}

/** The life of a node that an event is about. */
interface OfNode {
  readonly node: NodeName
  readonly incarnation: number
}

/** A step of a node: the number of the input that it took in this life; its start is step 0. */
interface OfStep extends OfNode {
  readonly step: number
}

/** What happens to a message after it is sent, joined to `message-sent` by id. */
interface OfMessage {
  readonly id: MessageId
}

/** The process of a node is up and took its start input (its step 0). */
export interface NodeStarted extends OfStep { readonly type: 'node-started'; readonly kind: NodeKind; readonly pid: number; readonly seed: string }
/** SIGKILL was sent to it, by a person or by the lab. */
export interface NodeKilled extends OfNode { readonly type: 'node-killed' }
/** Its process ended: as told by the operating system, with the last lines of its standard error. */
export interface NodeExited extends OfNode { readonly type: 'node-exited'; readonly code: number | null; readonly signal: string | null; readonly stderr: string }
/** A process could not be started at all. */
export interface NodeFailed extends OfNode { readonly type: 'node-failed'; readonly reason: string }
export interface NodePaused extends OfNode { readonly type: 'node-paused' }
export interface NodeResumed extends OfNode { readonly type: 'node-resumed' }

export interface MessageSent extends OfMessage { readonly type: 'message-sent'; readonly from: NodeName; readonly to: NodeName; readonly message: Recorded<Message> }
/** Written to the receiver's socket; not yet an input of it. */
export interface MessageHanded extends OfMessage { readonly type: 'message-handed' }
/** The receiver's input: its step `step`. */
export interface MessageTaken extends OfMessage, OfStep { readonly type: 'message-taken' }
/** The receiver's input. `armed` counts how often this life has armed a timer of that name, this time included. */
export interface TimerFired extends OfStep { readonly type: 'timer-fired'; readonly name: string; readonly armed: number }
export interface PeerLost extends OfStep { readonly type: 'peer-lost'; readonly peer: NodeName }
/** The client's input. `label` says who asked: 'person', 'workload', a scenario's step. */
export interface OperationInvoked extends OfStep { readonly type: 'operation-invoked'; readonly operation: Recorded<OperationInput>; readonly label: string }

/** Time stands still. `metBy` is the seq of the event that met a break condition, 0 for a freeze by hand; `reason` says which. */
export interface Frozen { readonly type: 'frozen'; readonly freeze: number; readonly timers: readonly FrozenTimer[]; readonly reason: string; readonly metBy: number }
export interface FrozenTimer { readonly node: NodeName; readonly name: string; readonly armed: number; readonly remainingMs: number }
export interface Thawed { readonly type: 'thawed'; readonly freeze: number }

/** After a step in a freeze: every timer of this node as it stands now; replaces what was told of it before. */
export interface TimersStopped { readonly type: 'timers-stopped'; readonly node: NodeName; readonly timers: readonly FrozenTimer[] }

export interface BreakAdded { readonly type: 'break-added'; readonly condition: BreakCondition; readonly text: string }
/** By hand, or because it was met and does not stay. */
export interface BreakRemoved { readonly type: 'break-removed'; readonly name: string }

/** A scenario's step begins, or has ended. `step` counts from 1, in the order in which the file shows them; `detail` says what was seen. */
export interface ScenarioStep {
  readonly type: 'scenario-step'
  readonly step: number
  readonly text: string
  readonly state: 'running' | 'passed' | 'failed'
  readonly detail: string
}

/** `plan` is null in recordings of versions that did not write it. */
export interface WorkloadStarted { readonly type: 'workload-started'; readonly text: string; readonly plan: WorkloadPlan | null }
export interface WorkloadStopped { readonly type: 'workload-stopped' }

/**
 * Everything before this is the parent's; here other processes go on, each stepped again over the inputs of its life so far. What was
 * handed to a process of the parent and not taken waits for the new one.
 */
export interface Branched { readonly type: 'branched'; readonly parent: Parent; readonly processes: readonly BranchedProcess[] }
export interface BranchedProcess { readonly node: NodeName; readonly incarnation: number; readonly pid: number }

/** A sentence of the lab itself: a refused connection, garbage on a socket, a recording that stopped. */
export interface LabNote { readonly type: 'lab-note'; readonly text: string; readonly node: NodeName | '' }

/** A rule was broken, told by who watches: once for each rule and run. The last of the evidence is the event that broke it. */
export interface Violation { readonly type: 'violation'; readonly rule: string; readonly text: string; readonly evidence: readonly number[] }

/** What a node reported in a step; the schema of the report is the protocol's own. */
export type Reported = OfStep & Recorded<Report>

/** An operation of an imported history that had no effect, or may have had one, for a reason in that history's own words. */
export type ToldOutcome =
  | { readonly type: 'failed'; readonly reason: 'told'; readonly told: string; readonly by: '' }
  | { readonly type: 'unknown'; readonly reason: 'told'; readonly told: string }
/** How an operation ended, in any recording. */
export type EndedOutcome = Recorded<Outcome> | ToldOutcome
export interface ImportedReturn extends OfStep { readonly type: 'operation-returned'; readonly operationId: number; readonly outcome: ToldOutcome; readonly tries: number }

export type EventBody =
  | NodeStarted | NodeKilled | NodeExited | NodeFailed | NodePaused | NodeResumed
  | MessageSent | MessageHanded | MessageTaken
  | NetworkEvent
  | TimerFired | PeerLost | OperationInvoked
  | Frozen | Thawed | TimersStopped | BreakAdded | BreakRemoved | ScenarioStep | WorkloadStarted | WorkloadStopped | Branched | LabNote | Violation
  | Reported | ImportedReturn

/** What is told from beside the nodes, while they run. */
export type ToldEvent = ScenarioStep | Violation

export type TraceEvent = EventBody & Stamp
export type EventType = TraceEvent['type']

/** An event of one type: `EventOf<'message-sent'>`. */
export type EventOf<T extends EventType> = Extract<TraceEvent, { type: T }>

export type { DropReason } from '../network'
export type { MessageType, NodeKind, NodeName, Outcome }

/** The id of a message from its parts. */
export function messageId(node: NodeName, incarnation: number, step: number, index: number): MessageId {
  return `${node}.${incarnation}.${step}.${index}`
}

/** The parts of a message's id; a copy's id ends in `+` and the number of the copy. */
export function messageIdParts(id: MessageId): { node: NodeName; incarnation: number; step: number; index: number; copy: number } {
  const [original = '', copy = '0'] = id.split('+')
  const [node = '', incarnation = '', step = '', index = ''] = original.split('.')
  return { node, incarnation: Number(incarnation), step: Number(step), index: Number(index), copy: Number(copy) }
}
