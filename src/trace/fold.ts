// The state of the cluster at one event, for panels: folded from the events up to there, with constant work for each event.
// It must never mix belief and fact: `says` is what the view server says of a server, `believes` what the server says itself.
// Operations are not here, because they are too many to copy (operations.ts).
import { concernsLink, type BreakCondition, type Fault, type FaultPlan } from '../network'
import { kindOf, viewServerName, type MessageKind, type NodeKind, type NodeName, type Role, type Stuck, type View, type ViewCause } from '../protocol'
import type { EventOf, FrozenTimer, TraceEvent, TraceHeader } from './event'
import { InferredReports } from './inferred-reports'
import { MessagesInFlight } from './messages-in-flight'
import { foldProgram, newProgram, restarted, type ProgramFacts } from './program-facts'
import { isOf, stallOf, withStall, type Silence, type Stall } from './stalls'

/** A process: not started yet, running, stopped by SIGSTOP, ended, or failed to start. */
export type Life = 'none' | 'up' | 'paused' | 'dead' | 'failed'

export interface NodeFacts {
  readonly name: NodeName
  readonly kind: NodeKind
  life: Life
  /** 0 before the first start. */
  incarnation: number
  pid: number
  /** Cluster times in microseconds; 0 for not yet. */
  startedAt: number
  endedAt: number
  /** A person killed it; otherwise it ended by itself. */
  wasKilled: boolean
  exit: { readonly code: number | null; readonly signal: string | null; readonly stderr: string } | null
  /** Why it could not be started; empty if it could. */
  failure: string
  /** The role that the view server gives this name in its current view; null while it has never heard of it. */
  says: Role | null
  /** Checks in a row without a ping, as the view server counts (reported from the second on). */
  missed: number
  /** When the view server last took a ping of this incarnation; -1 for never. */
  lastPingAt: number
  /** The role that the server believes it has; null before it has said so, and again after its end. */
  believes: Role | null
  /** The view that it has adopted, or that a client has cached. */
  viewnum: number
  /** As primary it executes and answers; as backup it holds the primary's state. */
  serving: boolean
  /** Null for a node of ours. */
  program: ProgramFacts | null
}

/** A view of the cluster's history. Immutable: an ack makes a new object, and so does a stall that is reported later. */
export interface ViewFacts {
  readonly view: View
  readonly cause: ViewCause
  readonly seq: number
  readonly at: number
  /** -1 while it is not acked. */
  readonly ackedAt: number
  readonly ackedSeq: number
  /** One for each server that left because it missed its pings, although nobody had stopped it. */
  readonly silences: readonly Silence[]
}

export interface TransferFacts {
  readonly from: NodeName
  readonly to: NodeName
  readonly viewnum: number
  readonly chunks: number
  readonly bytes: number
}

/** A message that was sent and is neither taken nor lost yet. */
export interface MessageInFlight {
  /** The seq of its `message-sent`; for a copy, that of the original. */
  readonly sentSeq: number
  readonly type: MessageKind
  readonly from: NodeName
  readonly to: NodeName
  /** When it was sent, or the copy made. */
  readonly at: number
  /** `waits`: in its receiver's queue. `late`: delayed until `dueAt`. `held`: until it is released. `handed`: on the receiver's socket. */
  place: 'waits' | 'late' | 'held' | 'handed'
  /** The fault that holds it or made it late; empty if none did. */
  fault: string
  /** When a late message arrives, in microseconds of cluster time. */
  dueAt: number
}

/** A fault's current state, and what it has done so far. */
export interface FaultFacts {
  readonly rule: Fault
  readonly text: string
  readonly plan: FaultPlan
  readonly addedAt: number
  isOn: boolean
  dropped: number
  late: number
  copied: number
  held: number
}

export interface ScenarioStepFacts {
  readonly step: number
  readonly text: string
  readonly state: EventOf<'scenario-step'>['state']
  readonly detail: string
  readonly seq: number
}

export interface ClusterState {
  readonly header: TraceHeader
  /** The last event that is in this state; 0 before the first. */
  seq: number
  at: number
  wall: number
  readonly nodes: Map<NodeName, NodeFacts>
  /** Every view so far, oldest first; the last is the current one. */
  views: readonly ViewFacts[]
  stuck: Stuck | null
  stuckAt: number
  /** The number of the current freeze; 0 while time runs. */
  freeze: number
  /** Why it froze: by hand, or the break condition that was met, and by which event. */
  freezeReason: string
  freezeMetBy: number
  /** Every timer of every frozen node, with the time that it has left. */
  frozenTimers: readonly FrozenTimer[]
  /** The latest stalls, to explain a silence that they overlap. */
  stalls: readonly Stall[]
  readonly breaks: Map<string, { readonly condition: BreakCondition; readonly text: string }>
  /** The steps of the scenario that runs here; empty without one. */
  scenario: readonly ScenarioStepFacts[]
  /** The workload in words; empty while none runs. */
  workload: string
  readonly faults: Map<string, FaultFacts>
  /** Transfers that have begun and are not done, by receiver. */
  readonly transfers: Map<NodeName, TransferFacts>
  messages: number
  dropped: number
  /** In the order of sending. */
  readonly inFlight: MessagesInFlight<MessageInFlight>
  /** What the messages of programs say of roles and views. */
  readonly inferred: InferredReports
}

export function beginState(header: TraceHeader): ClusterState {
  const nodes = new Map<NodeName, NodeFacts>()
  for (const node of header.nodes) nodes.set(node.name, newNode(node.name, node.kind, newProgram(node)))
  return {
    header, seq: 0, at: 0, wall: 0, nodes, views: [], stuck: null, stuckAt: 0, freeze: 0, freezeReason: '',
    freezeMetBy: 0, frozenTimers: [], stalls: [], breaks: new Map(), scenario: [], workload: '', faults: new Map(), transfers: new Map(), messages: 0,
    dropped: 0, inFlight: new MessagesInFlight({ sent: waiting, copied: (original, { at }) => ({ ...original, at, place: 'waits', fault: '', dueAt: 0 }) }),
    inferred: new InferredReports(header.nodes),
  }
}

/** A copy: a later fold of either does not change the other. */
export function copyState(state: ClusterState): ClusterState {
  return {
    ...state,
    nodes: new Map([...state.nodes].map(([name, node]) => [name, { ...node }])),
    faults: new Map([...state.faults].map(([name, fault]) => [name, { ...fault }])),
    transfers: new Map(state.transfers), breaks: new Map(state.breaks),
    inFlight: state.inFlight.copy((message) => ({ ...message })),
    inferred: state.inferred.copy(),
  }
}

/** The current view; undefined before the first. */
export function currentView(state: ClusterState): ViewFacts | undefined {
  return state.views.at(-1)
}

/** Takes the next event into the state. */
export function foldEvent(state: ClusterState, event: TraceEvent): void {
  state.seq = event.seq
  state.at = event.at
  state.wall = event.wall
  if (!state.inferred.isNeeded) return foldOne(state, event)
  const { before, after, repeats } = state.inferred.take(event)
  for (const report of before) foldOther(state, report)
  if (!repeats) foldOne(state, event)
  for (const report of after) foldOther(state, report)
}

function foldOne(state: ClusterState, event: TraceEvent): void {
  if (event.type.startsWith('message-')) foldMessage(state, event)
  else if (event.type.startsWith('node-')) foldProcess(state, event)
  else foldOther(state, event)
}

function foldMessage(state: ClusterState, event: TraceEvent): void {
  const message = state.inFlight.take(event)
  switch (event.type) {
    case 'message-sent':
      state.messages++
      return
    case 'message-duplicated': return countFault(state, event.reason, 'copied')
    case 'message-taken':
      if (message?.type === 'ping' && message.to === viewServerName) setNode(state, message.from, { lastPingAt: event.at, missed: 0 })
      return
    case 'message-dropped':
      state.dropped++
      if ('fault' in event.reason) countFault(state, event.reason.fault, 'dropped')
      return
    case 'message-delayed':
      if (message) Object.assign(message, { place: 'late', fault: event.fault, dueAt: Math.max(message.dueAt, event.at) + Math.round(event.ms * 1000) } satisfies Partial<MessageInFlight>)
      return countFault(state, event.fault, 'late')
    case 'message-held':
      place(message, 'held', event.reason)
      return countFault(state, event.reason, 'held')
    case 'message-released': return place(message, 'waits', '')
    case 'message-handed': return place(message, 'handed', '')
    default: return
  }
}

function waiting({ from, to, message, seq, at }: EventOf<'message-sent'>): MessageInFlight {
  return { sentSeq: seq, type: kindOf(message), from, to, at, place: 'waits', fault: '', dueAt: 0 }
}

function place(message: MessageInFlight | undefined, where: MessageInFlight['place'], fault: string): void {
  if (message) Object.assign(message, { place: where, fault } satisfies Partial<MessageInFlight>)
}

function countFault(state: ClusterState, name: string, what: 'dropped' | 'late' | 'copied' | 'held'): void {
  const fault = state.faults.get(name)
  if (fault) fault[what]++
}

function foldProcess(state: ClusterState, event: TraceEvent): void {
  if (!('node' in event)) return
  const node = state.nodes.get(event.node)
  if (!node) return
  switch (event.type) {
    case 'node-started':
      Object.assign(node, newNode(node.name, node.kind, restarted(node.program)), {
        life: 'up', incarnation: event.incarnation, pid: event.pid, startedAt: event.at, says: node.says, missed: node.missed,
      } satisfies Partial<NodeFacts>)
      return
    case 'node-killed':
      node.wasKilled = true
      return
    case 'node-exited':
      node.life = 'dead'
      node.endedAt = event.at
      node.exit = { code: event.code, signal: event.signal, stderr: event.stderr }
      node.believes = null
      node.serving = false
      state.transfers.delete(node.name)
      return
    case 'node-failed':
      node.life = 'failed'
      node.failure = event.reason
      return
    case 'node-paused':
      node.life = 'paused'
      return
    case 'node-resumed':
      node.life = 'up'
      return
    default: return
  }
}

function foldOther(state: ClusterState, event: TraceEvent): void {
  switch (event.type) {
    case 'view-changed': return foldViewChange(state, event)
    case 'view-acked':
      state.views = state.views.map((view) => view.view.viewnum === event.view.viewnum ? { ...view, ackedAt: event.at, ackedSeq: event.seq } : view)
      return
    case 'ping-missed': return setNode(state, event.server, { missed: event.missed })
    case 'ping-resumed': return setNode(state, event.server, { missed: 0 })
    case 'stuck':
      state.stuck = event.stuck
      state.stuckAt = event.at
      return
    case 'role-changed': return setNode(state, event.node, { believes: event.role, viewnum: event.viewnum, serving: event.serving })
    case 'view-cached': return setNode(state, event.node, { viewnum: event.viewnum })
    case 'transfer-progress':
      if (event.done) state.transfers.delete(event.to)
      else state.transfers.set(event.to, { from: event.node, to: event.to, viewnum: event.viewnum, chunks: event.chunks, bytes: event.bytes })
      return
    case 'workload-started':
      state.workload = event.text
      return
    case 'workload-stopped':
      state.workload = ''
      return
    case 'program-level':
    case 'state-told':
    case 'line-refused':
    case 'program-said': {
      const node = state.nodes.get(event.node)
      if (node?.program) node.program = foldProgram(node.program, event)
      return
    }
    case 'stalled': return foldStall(state, event)
    case 'branched': return foldBranch(state, event)
    case 'scenario-step':
      state.scenario = [...state.scenario.filter(({ step }) => step !== event.step), event]
      return
    default: return foldControl(state, event)
  }
}

/** What a person set up: the freeze, faults and break conditions. */
function foldControl(state: ClusterState, event: TraceEvent): void {
  switch (event.type) {
    case 'frozen':
      state.freeze = event.freeze
      state.frozenTimers = event.timers
      state.freezeReason = event.reason
      state.freezeMetBy = event.metBy
      return
    case 'timers-stopped':
      state.frozenTimers = [...state.frozenTimers.filter(({ node }) => node !== event.node), ...event.timers]
      return
    case 'thawed':
      state.freeze = 0
      state.frozenTimers = []
      state.freezeReason = ''
      state.freezeMetBy = 0
      return
    case 'fault-added': {
      const { rule, text, plan, isOn, at } = event
      state.faults.set(event.fault, { rule, text, plan, isOn, addedAt: at, dropped: 0, late: 0, copied: 0, held: 0 })
      return
    }
    case 'fault-switched': {
      const fault = state.faults.get(event.fault)
      if (fault) fault.isOn = event.isOn
      return
    }
    case 'fault-removed':
      state.faults.delete(event.fault)
      return
    case 'break-added':
      state.breaks.set(event.condition.name, { condition: event.condition, text: event.text })
      return
    case 'break-removed':
      state.breaks.delete(event.name)
      return
    default: return
  }
}

/** Other processes continue: a message on the socket of an old process waits for the new one. */
function foldBranch(state: ClusterState, { processes }: EventOf<'branched'>): void {
  for (const { node, pid } of processes) setNode(state, node, { pid })
  for (const message of state.inFlight.values()) if (message.place === 'handed') message.place = 'waits'
}

function foldViewChange(state: ClusterState, event: EventOf<'view-changed'>): void {
  const { view, cause } = event
  state.views = [...state.views, { view, cause, seq: event.seq, at: event.at, ackedAt: -1, ackedSeq: -1, silences: silencesOf(state, event) }]
  state.transfers.clear()
  for (const node of state.nodes.values()) {
    if (node.kind !== 'replica') continue
    if (view.primary?.name === node.name) node.says = 'primary'
    else if (view.backups.some((backup) => backup.name === node.name)) node.says = 'backup'
    else node.says = 'idle'
  }
}

/** Leaves out a server that was killed, paused, or cut off by a fault, because that explains its silence. */
function silencesOf(state: ClusterState, { cause, at }: EventOf<'view-changed'>): Silence[] {
  if (cause.type === 'first-server') return []
  return cause.left.flatMap(({ server, because }) => {
    const node = state.nodes.get(server)
    if (because !== 'missed-pings' || node?.life !== 'up' || node.wasKilled || node.lastPingAt < 0 || isStruck(state, server)) return []
    const silence: Silence = { server, since: node.lastPingAt, until: at, stalls: [] }
    return [{ ...silence, stalls: state.stalls.filter((stall) => isOf(silence, stall)) }]
  })
}

function isStruck({ faults }: ClusterState, server: NodeName): boolean {
  return [...faults.values()].some(({ isOn, rule: { where: { kinds }, effect }, rule }) => isOn && effect.type !== 'duplicate'
    && (kinds.length === 0 || kinds.includes('ping')) && concernsLink(rule, server, viewServerName))
}

/** A process reports a stall when it is over, and by then the view may have changed. */
function foldStall(state: ClusterState, event: EventOf<'stalled'>): void {
  const stall = stallOf(event)
  state.stalls = withStall(state.stalls, stall)
  if (!state.views.some(({ silences }) => silences.some((silence) => isOf(silence, stall)))) return
  state.views = state.views.map((view) => ({
    ...view, silences: view.silences.map((silence) => isOf(silence, stall) ? { ...silence, stalls: withStall(silence.stalls, stall) } : silence),
  }))
}

function setNode(state: ClusterState, name: NodeName, facts: Partial<NodeFacts>): void {
  const node = state.nodes.get(name)
  if (node) Object.assign(node, facts)
}

function newNode(name: NodeName, kind: NodeKind, program: ProgramFacts | null): NodeFacts {
  return {
    name, kind, life: 'none', incarnation: 0, pid: 0, startedAt: 0, endedAt: 0, wasKilled: false, exit: null, failure: '',
    says: null, missed: 0, lastPingAt: -1, believes: null, viewnum: 0, serving: false, program,
  }
}

/** True if the view server considers this server dead: it missed `deadPings` checks. */
export function isDeadToViewServer(state: ClusterState, node: NodeFacts): boolean {
  return node.missed >= state.header.settings.deadPings
}
