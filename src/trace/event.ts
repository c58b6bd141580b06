// The only schema of what happened. Live run, simulation, counterexample and opened recording are these events in one order.
// docs/recording.md describes them for readers of files; change both together, and raise `traceVersion` with an upgrade function.
// An event is JSON: byte strings are text here (recorded.ts), every value survives JSON.parse(JSON.stringify(event)).
import { copyNumber, originalId, type BreakCondition, type NetworkEvent } from '../network'
import type { Dialect, EffectSink, JsonObject, Message, MessageType, NodeKind, NodeName, OperationInput, Outcome, Report, Settings } from '../protocol'
import type { WorkloadPlan } from '../workload'
import type { Recorded } from './recorded'

/** The version of this schema. */
export const traceVersion = 7

/** The first line of a recording. */
export interface TraceHeader {
  readonly understudy: 'recording'
  readonly version: number
  /** `imported`: operations from another tool's history; no process of ours ran, so nothing can be replayed. */
  readonly source: 'live' | 'simulated' | 'explored' | 'imported'
  /** The title of this session, for people. */
  readonly title: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly settings: Settings
  /** The session's seed: every random draw of the lab comes from it. */
  readonly seed: string
  /** A hash of src/protocol, so that a reader knows whether a replay must agree. */
  readonly protocolHash: string
  /** What the clients of ours speak, if it is not docs/protocol.md: the requests of Maelstrom's workloads. */
  readonly dialect?: Dialect
  /** Every node of the cluster, in the order in which panels show them. */
  readonly nodes: readonly HeaderNode[]
  /** A branch begins with the events of another recording, up to `seq`; then `branched`, then its own. Null for every other session. */
  readonly parent: Parent | null
}

/** The recording that a branch starts from, as its header names it, and the last of its events that the branch shares. */
export interface Parent {
  readonly title: string
  readonly createdAt: string
  readonly seq: number
}

export interface HeaderNode {
  readonly name: NodeName
  readonly kind: NodeKind
  /** The command that ran it, as a person wrote it; a node of ours has none. It is for people: opening a recording starts nothing. */
  readonly program?: string
}

/**
 * A message's id is `node.incarnation.step.index`: its sender, the step that sent it, and its index in that step. Incarnation 0, here and in
 * events, means that no steps were recorded, as for a client without a journal (docs/journals.md): it cannot be replayed.
 */
export type MessageId = string

interface Stamp {
  /** From 1, without gaps. */
  readonly seq: number
  /** Cluster time in microseconds; it does not advance while the cluster is frozen. */
  readonly at: number
  /** Wall time in microseconds since the session began. */
  readonly wall: number
}

/** The incarnation of a node that an event is about. */
interface OfNode {
  readonly node: NodeName
  readonly incarnation: number
}

/** A step of a node: the number of the input that it took in this incarnation; its start is step 0. */
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
/** Its process ended: as reported by the operating system, with the last lines of its standard error. */
export interface NodeExited extends OfNode { readonly type: 'node-exited'; readonly code: number | null; readonly signal: string | null; readonly stderr: string }
/** A process could not be started at all. */
export interface NodeFailed extends OfNode { readonly type: 'node-failed'; readonly reason: string }
export interface NodePaused extends OfNode { readonly type: 'node-paused' }
export interface NodeResumed extends OfNode { readonly type: 'node-resumed' }

export interface MessageSent extends OfMessage {
  readonly type: 'message-sent'
  readonly from: NodeName
  readonly to: NodeName
  /** The receiver's name for the sender, if that is not the node's name: one connection of a client that has several. */
  readonly fromAs?: string
  /** The sender's name for the receiver, if that is not the node's name. */
  readonly toAs?: string
  readonly message: Recorded<Message>
}
/** A copy of a message that was taken or lost before, because a network may deliver it at any later time. It carries the message's contents. */
export interface LateCopy extends OfMessage { readonly type: 'message-duplicated'; readonly of: MessageId; readonly reason: string; readonly carries: Carried }
export interface Carried { readonly from: NodeName; readonly to: NodeName; readonly fromAs?: string; readonly message: Recorded<Message> }
/** Written to the receiver's socket; not yet an input of it. */
export interface MessageHanded extends OfMessage { readonly type: 'message-handed' }
/** The receiver's input: its step `step`. */
export interface MessageTaken extends OfMessage, OfStep { readonly type: 'message-taken' }
/** The receiver's input. `armed` counts how often this incarnation has armed a timer of that name, this time included. */
export interface TimerFired extends OfStep { readonly type: 'timer-fired'; readonly name: string; readonly armed: number }
export interface PeerLost extends OfStep { readonly type: 'peer-lost'; readonly peer: NodeName }
/** A step that the node took by itself: a program with a clock of its own sends when it likes, and says no cause. */
export interface Acted extends OfStep { readonly type: 'acted' }
/** How far a program cooperates with the lab, 0 to 3 (docs/node-protocol.md): after its init, and whenever that changes. */
export interface ProgramLevel extends OfNode { readonly type: 'program-level'; readonly level: number; readonly reason: string }
/** The state that a program told of itself, in its own words. It replaces the one before. */
export interface StateTold extends OfStep { readonly type: 'state-told'; readonly state: JsonObject }
/** A line of a program that is no message: what it begins with, and why the lab could not use it. */
export interface LineRefused extends OfNode { readonly type: 'line-refused'; readonly line: string; readonly reason: string }
/** Text that a program wrote to its standard error. */
export interface ProgramSaid extends OfNode { readonly type: 'program-said'; readonly text: string }
/** The client's input. `label` says who asked: 'person', 'workload', a scenario's step. */
export interface OperationInvoked extends OfStep { readonly type: 'operation-invoked'; readonly operation: Recorded<OperationInput>; readonly label: string }

/** The cluster is frozen. `metBy` is the seq of the event that met a break condition, 0 for a freeze by hand; `reason` says which. */
export interface Frozen { readonly type: 'frozen'; readonly freeze: number; readonly timers: readonly FrozenTimer[]; readonly reason: string; readonly metBy: number }
export interface FrozenTimer { readonly node: NodeName; readonly name: string; readonly armed: number; readonly remainingMs: number }
export interface Thawed { readonly type: 'thawed'; readonly freeze: number }

/** After a step in a freeze: every timer of this node as it is now; replaces the node's earlier timers. */
export interface TimersStopped { readonly type: 'timers-stopped'; readonly node: NodeName; readonly timers: readonly FrozenTimer[] }

export interface BreakAdded { readonly type: 'break-added'; readonly condition: BreakCondition; readonly text: string }
/** By hand, or because it was met and does not stay. */
export interface BreakRemoved { readonly type: 'break-removed'; readonly name: string }

/** A scenario's step begins, or has ended. `step` counts from 1, in the order in which the file shows them; `detail` says what was seen. */
export interface ScenarioStep {
  readonly type: 'scenario-step'
  readonly step: number
  readonly text: string
  /** `not-judged`: a program told too little for a verdict. */
  readonly state: 'running' | 'passed' | 'failed' | 'not-judged'
  readonly detail: string
}

/** `plan` is null in recordings of versions that did not write it. */
export interface WorkloadStarted { readonly type: 'workload-started'; readonly text: string; readonly plan: WorkloadPlan | null }
export interface WorkloadStopped { readonly type: 'workload-stopped' }

/**
 * All events before this are the parent's. From here other processes continue, each after a replay of the inputs of its incarnation so far.
 * A message that was handed to a process of the parent and not taken waits for the new one.
 */
export interface Branched { readonly type: 'branched'; readonly parent: Parent; readonly processes: readonly BranchedProcess[] }
export interface BranchedProcess { readonly node: NodeName; readonly incarnation: number; readonly pid: number }

/**
 * A process did nothing for `ms` up to here although something was due, and nobody had stopped it: the machine had no time for it. `node` is
 * empty for the switchboard, which carries all messages. It is not an input of any node.
 */
export interface Stalled { readonly type: 'stalled'; readonly node: NodeName | ''; readonly ms: number }

/** A sentence of the lab itself: a refused connection, garbage on a socket, a recording that stopped. */
export interface LabNote { readonly type: 'lab-note'; readonly text: string; readonly node: NodeName | '' }

/** A rule was violated, as reported by a checker: once for each rule and run. The last of the evidence is the event that violated it. */
export interface ViolationFound { readonly type: 'violation'; readonly rule: string; readonly text: string; readonly evidence: readonly number[] }

/** What a node reported in a step; the schema of the report is the protocol's own. */
export type Reported = OfStep & Recorded<Report>

/** An operation of an imported history that had no effect, or may have had one, for a reason in that history's own words. */
export type ToldOutcome =
  | { readonly type: 'failed'; readonly reason: 'told'; readonly told: string; readonly by: '' }
  | { readonly type: 'unknown'; readonly reason: 'told'; readonly told: string }
/** How an operation ended, in any recording. */
export type EndedOutcome = Recorded<Outcome> | ToldOutcome
export interface ImportedReturn extends OfStep { readonly type: 'operation-returned'; readonly operationId: number; readonly outcome: ToldOutcome; readonly tries: number }

/** What a program's step does to its node: the effects of every machine, and reports in their recorded form. */
export interface ProgramEffects extends Pick<EffectSink, 'send' | 'setTimer' | 'cancelTimer'> {
  told(report: ToldReport): void
  level(level: number, reason: string): void
  refused(line: string, reason: string): void
}

/** A report of a program, without its node and step. */
export type ToldReport = Recorded<Report> | Pick<StateTold, 'type' | 'state'>

export type EventBody =
  | NodeStarted | NodeKilled | NodeExited | NodeFailed | NodePaused | NodeResumed
  | MessageSent | LateCopy | MessageHanded | MessageTaken
  | NetworkEvent
  | TimerFired | PeerLost | OperationInvoked | Acted
  | ProgramLevel | StateTold | LineRefused | ProgramSaid
  | Frozen | Thawed | TimersStopped | BreakAdded | BreakRemoved | ScenarioStep | WorkloadStarted | WorkloadStopped | Branched | Stalled | LabNote | ViolationFound
  | Reported | ImportedReturn

/** Events from observers of the nodes, while they run: a scenario and the checkers. */
export type ToldEvent = ScenarioStep | ViolationFound

export type TraceEvent = EventBody & Stamp
export type EventType = TraceEvent['type']

/** An event of one type: `EventOf<'message-sent'>`. */
export type EventOf<T extends EventType> = Extract<TraceEvent, { type: T }>

export type { DropReason } from '../network'
export type { MessageType, NodeKind, NodeName, Outcome }

/** A server's name for one connection of a client: the client's name, and the connection's number unless it is the first. */
export function connectionName(client: NodeName, number: number): string {
  return number === 1 ? client : `${client}/${number}`
}

/** The node of a name that may be a connection's: no node's name has a slash in it. */
export function nodeOfConnection(name: string): NodeName {
  const stroke = name.indexOf('/')
  return stroke === -1 ? name : name.slice(0, stroke)
}

/** The receiver's name for the sender, as in its input, and the sender's name for the receiver, as in its effect. */
export const senderAs = ({ from, fromAs }: Pick<MessageSent, 'from' | 'fromAs'>): string => fromAs ?? from
export const receiverAs = ({ to, toAs }: Pick<MessageSent, 'to' | 'toAs'>): string => toAs ?? to

/** The id of a message from its parts. */
export function messageId(node: NodeName, incarnation: number, step: number, index: number): MessageId {
  return `${node}.${incarnation}.${step}.${index}`
}

/** The parts of a message's id; a copy's id ends in `+` and the number of the copy. */
export function messageIdParts(id: MessageId): { node: NodeName; incarnation: number; step: number; index: number; copy: number } {
  const [node = '', incarnation = '', step = '', index = ''] = originalId(id).split('.')
  return { node, incarnation: Number(incarnation), step: Number(step), index: Number(index), copy: copyNumber(id) }
}
