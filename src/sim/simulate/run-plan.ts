// Runs a plan on the simulated cluster and judges the run. It must never depend on anything but the plan. Roles and shares are resolved during
// the run and returned as names: a plan with those names runs the same again.
import { Refused, type Envelope, type Fault, type Where } from '../../network'
import type { ServedState, Verdict } from '../../check'
import { MapStore, SlabStore, type MakeStore, type MessageType, type NodeName, type ReplicaState } from '../../protocol'
import { beginState, foldEvent, type TraceEvent, type TraceHeader } from '../../trace'
import type { Programs } from '../programs'
import { World, worldHeader, type WorldOptions } from '../world'
import { RunJudge, type CheckName, type Finding } from './judges'
import type { Echo, FaultAct, HandAct, Nth, Plan, PlannedFault, PlannedOperation, StoreWord, WaitsFor } from './plan'
import { Roles } from './roles'
import { kindInRun, knownMessages, nthOf, picked, type KnownMessage } from './known-messages'

export interface RunPlanOptions {
  /** Looks for this check only. */
  readonly only?: CheckName
  readonly onEvent?: (event: TraceEvent) => void
  /** Makes the machines of clients, instead of the protocol's own. */
  readonly makeClient?: WorldOptions['makeClient']
  /** Runs the nodes that are programs of others. */
  readonly programs?: Programs
}

export interface PlanRun {
  readonly header: TraceHeader
  /** The first finding; the run ends there. */
  readonly found: Finding | null
  /** The part of the plan that took place, with nodes and messages by name. */
  readonly operations: readonly PlannedOperation[]
  readonly faults: readonly PlannedFault[]
  readonly acknowledged: number
  /** The view server reported at the end that the cluster is stuck. */
  readonly isStuck: boolean
  readonly history: Verdict | 'not-judged'
  /** A too small at-most-once table may have let a request be executed twice: then the history is not judged. */
  readonly isExcused: boolean
  readonly virtualMs: number
  readonly events: number
  /** All acts on the cluster, in order, as a person would repeat them. */
  readonly script: readonly ScriptLine[]
}

export type ScriptLine = { readonly atMs: number } & (
  | { readonly type: 'operation'; readonly planned: PlannedOperation }
  | { readonly type: 'kill' | 'restart' | 'pause' | 'resume'; readonly node: NodeName }
  | { readonly type: 'fault'; readonly fault: Fault; readonly forMs: number }
  | { readonly type: 'resend'; readonly pick: Nth }
  | { readonly type: 'disconnect'; readonly client: NodeName; readonly server: NodeName }
  | { readonly type: 'hand'; readonly hand: HandAct }
  | { readonly type: 'freeze' | 'thaw' | 'mend' })

/** How long a healed cluster that is not stuck may take to answer the last operations. */
export const patienceMs = 30_000
/** How long copies that differ at the end may take to become equal. */
export const catchUpMs = 2000

export function runPlan(plan: Plan, options: RunPlanOptions = {}): PlanRun {
  const run = new Run(plan, options)
  try {
    return run.play()
  } finally {
    run.close()
  }
}

/** Echoes are drawn from this many of the last messages of a kind. */
const recentMax = 4

interface SentMessage extends KnownMessage {
  readonly envelope: Envelope
}

class Run {
  readonly #plan: Plan
  readonly #world: World
  readonly #roles: Roles
  readonly #judge: RunJudge
  readonly #operations: PlannedOperation[] = []
  readonly #faults: PlannedFault[] = []
  /** Faults that are due but wait for their moment, or for it to last; `sinceMs`: when it began, -1 if it has not. */
  #waiting: { readonly planned: PlannedFault; readonly waits: WaitsFor; readonly sinceMs: number }[] = []
  readonly #script: ScriptLine[] = []
  /** The operationId, by plan id. */
  readonly #operationIds = new Map<number, number>()
  /** Later acts of faults that have begun, including their ends, ordered by time. */
  readonly #ends: { readonly atMs: number; readonly act: () => void }[] = []
  /** Sent messages by kind, for the kinds of which a copy may be wanted. */
  readonly #sent = new Map<MessageType, SentMessage[]>()
  /** Null if no fault needs them. */
  readonly #inFlight: ReturnType<typeof knownMessages> | null
  #events = 0
  /** The next whole millisecond at which waiting faults check for their moment. */
  #lookAtMs = 0

  constructor(plan: Plan, { only, onEvent, makeClient, programs }: RunPlanOptions) {
    this.#plan = plan
    const { seed, replicas, clients, settings, faults } = plan
    const storeOf = storesOf(plan.stores)
    const options = { title: `Seed ${seed}`, seed, replicas, clients, settings, storeOf, tellsPeers: true, ...makeClient ? { makeClient } : {}, ...programs ? { programs } : {} }
    const header = worldHeader(options)
    const judge = new RunJudge(header, only ?? null, storeOf)
    this.#judge = judge
    for (const { act } of faults) {
      if (act.type === 'resend') this.#sent.set(act.kind, [])
      if (act.type === 'restart-with-echoes') for (const { kind } of act.echoes) this.#sent.set(kind, [])
    }
    const inFlight = faults.some(({ act }) => act.type === 'freeze') ? knownMessages() : null
    this.#inFlight = inFlight
    const seen = programs ? beginState(header) : null
    this.#world = new World({
      ...options,
      onEvent: (event) => {
        this.#events++
        judge.take(event)
        inFlight?.take(event)
        if (seen) foldEvent(seen, event)
        onEvent?.(event)
      },
      ...(this.#sent.size > 0 ? { onSend: (envelope: Envelope) => this.#noteSent(envelope) } : {}),
    })
    this.#roles = new Roles(this.#world, seen)
  }

  close(): void {
    this.#world.close()
  }

  play(): PlanRun {
    const { operations, faults, mendAtMs, durationMs } = this.#plan
    let [operation, fault] = [0, 0]
    let isMended = mendAtMs === null
    while (!this.#judge.found) {
      const next = {
        operation: operations[operation]?.atMs ?? Infinity, fault: faults[fault]?.atMs ?? Infinity, end: this.#ends[0]?.atMs ?? Infinity,
        mend: isMended ? Infinity : mendAtMs ?? 0, look: this.#waiting.length > 0 ? this.#lookAtMs : Infinity,
      }
      const atMs = Math.min(next.operation, next.fault, next.end, next.mend, next.look)
      if (atMs > durationMs) break
      this.#runTo(atMs)
      if (this.#judge.found) break
      // Acts at the same time are ordered too: ends first, then healing, then the beginnings, and operations last.
      if (next.end === atMs) this.#ends.shift()?.act()
      else if (next.mend === atMs) {
        isMended = true
        this.#mend()
      } else if (next.look === atMs) this.#beginThoseWhoseMomentIsNow()
      else if (next.fault === atMs) this.#takeUp(faults[fault++] as PlannedFault)
      else this.#invoke(operations[operation++] as PlannedOperation)
    }
    this.#runTo(durationMs)
    if (mendAtMs !== null) this.#judgeProgress()
    const history = this.#isJudgedByHistory ? this.#judge.judgeHistory(this.#served()) : 'not-judged'
    if (mendAtMs !== null) this.#judgeCopies()
    this.#tell()
    return {
      header: this.#world.header, found: this.#judge.found, operations: this.#operations, faults: this.#faults, acknowledged: this.#judge.acknowledged,
      isStuck: this.#judge.isStuck, history, isExcused: this.#judge.isExcused, virtualMs: this.#world.nowMs, events: this.#events, script: this.#script,
    }
  }

  /** The store of the current view's primary, while it serves that view and the view is acked; null if there is none. */
  #served(): ServedState | null {
    const { current: { primary, viewnum }, isAcked } = this.#roles.viewServer
    if (!isAcked || !primary || !this.#roles.isAlive(primary.name, primary.incarnation) || this.#roles.isProgram(primary.name)) return null
    const { role, serving, view, store } = this.#world.inspect(primary.name) as ReplicaState
    if (role !== 'primary' || !serving || view.viewnum !== viewnum) return null
    const held = new Map(store.map(({ key, value }) => [key, value]))
    return { get: (key) => held.get(key) }
  }

  /** Asynchronous replication does not promise linearizability, and after a monitor's finding no other is needed. */
  get #isJudgedByHistory(): boolean {
    return this.#plan.settings.replication === 'synchronous' && this.#judge.found === null
  }

  #runTo(atMs: number): void {
    // Plans use whole milliseconds; the world's time may have fractions.
    const ms = atMs - this.#world.nowMs
    if (ms > 0) this.#world.runUntil(() => this.#judge.found !== null, ms)
  }

  /** In whole milliseconds, as plans have them. */
  get #nowMs(): number {
    return Math.round(this.#world.nowMs)
  }

  // ---- operations

  #invoke(planned: PlannedOperation): void {
    const { id, client, session, operation } = planned
    const target = planned.target === '' ? '' : this.#roles.nodeOf(planned.target)
    if (target === null) return
    // A dead client gets no operation; a paused one takes it when it resumes.
    if (!this.#world.names.includes(client) || !this.#world.isUp(client)) return
    this.#operationIds.set(id, this.#world.invoke(client, operation, { session, label: 'simulate', ...target === '' ? {} : { target } }))
    const asked = { ...planned, target }
    this.#operations.push(asked)
    this.#script.push({ atMs: this.#nowMs, type: 'operation', planned: asked })
  }

  // ---- faults

  #takeUp(planned: PlannedFault): void {
    const { waits } = planned
    if (waits === null) return this.#begin(planned)
    this.#lookAtMs = planned.atMs
    this.#waiting.push({ planned, waits, sinceMs: -1 })
  }

  /** Checks once per whole millisecond, the unit of a plan's times. */
  #beginThoseWhoseMomentIsNow(): void {
    const atMs = this.#lookAtMs++
    const waiting = this.#waiting
    this.#waiting = []
    for (const { planned, waits, sinceMs: before } of waiting) {
      const sinceMs = !this.#roles.isNow(waits) ? -1 : before < 0 ? atMs : before
      if (sinceMs >= 0 && atMs - sinceMs >= waits.lastsMs) this.#begin({ ...planned, atMs, waits: null })
      else if (atMs < planned.atMs + waits.upToMs) this.#waiting.push({ planned, waits, sinceMs })
    }
  }

  #begin(planned: PlannedFault): void {
    if (planned.isCareful && !this.#roles.leavesAWayOn(planned.act)) return
    try {
      const act = this.#do(planned.act)
      if (act) this.#faults.push({ ...planned, isCareful: false, act })
    } catch (error) {
      // The drawn fault is refused in the current state, so it does not take place.
      if (!(error instanceof Refused)) throw error
    }
  }

  /** Returns the fault as it took place, or null if it did not. */
  #do(act: FaultAct): FaultAct | null {
    switch (act.type) {
      case 'kill': return this.#kill(act)
      case 'restart': {
        const node = this.#roles.nodeOf(act.node)
        if (node === null || !this.#world.isUp(node)) return null
        this.#toNode('restart', node)
        return { ...act, node }
      }
      case 'restart-with-echoes': return this.#restartWithEchoes(act)
      case 'pause': return this.#pause(act)
      case 'network': return this.#addFault(act)
      case 'late-copy': return this.#lateCopy(act)
      case 'resend': return this.#resend(act)
      case 'disconnect': return this.#disconnect(act)
      case 'freeze': return this.#freeze(act)
    }
  }

  #disconnect(act: Extract<FaultAct, { type: 'disconnect' }>): FaultAct | null {
    const server = this.#roles.nodeOf(act.server)
    if (server === null || !this.#world.isUp(act.client)) return null
    this.#world.disconnect(act.client, server)
    this.#script.push({ atMs: this.#nowMs, type: 'disconnect', client: act.client, server })
    return { ...act, server }
  }

  #kill(act: Extract<FaultAct, { type: 'kill' }>): FaultAct | null {
    const node = this.#roles.nodeOf(act.node)
    if (node === null) return null
    this.#toNode('kill', node)
    if (act.forMs > 0) this.#endIn(act.forMs, () => { if (!this.#world.isUp(node)) this.#toNode('restart', node) })
    return { ...act, node }
  }

  #pause(act: Extract<FaultAct, { type: 'pause' }>): FaultAct | null {
    const node = this.#roles.nodeOf(act.node)
    if (node === null) return null
    this.#toNode('pause', node)
    if (act.forMs > 0) this.#endIn(act.forMs, () => { if (this.#world.isUp(node) && this.#world.isPaused(node)) this.#toNode('resume', node) })
    return { ...act, node }
  }

  #addFault(act: Extract<FaultAct, { type: 'network' }>): FaultAct | null {
    const fault = this.#roles.faultOf(act.fault)
    if (fault === null) return null
    this.#toNetwork(fault, act.forMs)
    return { ...act, fault }
  }

  #toNetwork(fault: Fault, forMs: number): void {
    this.#world.perform({ type: 'add-fault', fault, plan: { inMs: 0, forMs } })
    this.#script.push({ atMs: this.#nowMs, type: 'fault', fault, forMs })
  }

  #toNode(type: 'kill' | 'restart' | 'pause' | 'resume', node: NodeName): void {
    this.#world[type](node)
    this.#script.push({ atMs: this.#nowMs, type, node })
  }

  /** Delays the original and not its copy, which has the same content. */
  #lateCopy(act: Extract<FaultAct, { type: 'late-copy' }>): FaultAct | null {
    const [from, to] = [this.#roles.nodeOf(act.of.from), this.#roles.nodeOf(act.of.to)]
    if (from === null || to === null || from === to) return null
    for (const fault of lateCopyFaults({ ...act, of: { ...act.of, from, to } })) this.#toNetwork(fault, 0)
    return { ...act, of: { ...act.of, from, to } }
  }

  #noteSent(envelope: Envelope): void {
    const { id, from, to, message } = envelope
    const kind = kindInRun(message)
    this.#sent.get(kind)?.push({ id, from, to, kind, envelope })
  }

  #resend(act: Extract<FaultAct, { type: 'resend' }>): FaultAct | null {
    const found = picked(this.#sent.get(act.kind) ?? [], act.pick)
    return found && this.#arrivesAgain(found.message, found.nth) ? { ...act, pick: found.nth } : null
  }

  /** False if the receiver is dead. */
  #arrivesAgain({ envelope }: SentMessage, nth: Nth): boolean {
    // The world delivers nothing to a dead node.
    if (!this.#world.isUp(envelope.to)) return false
    this.#world.resend(envelope)
    this.#script.push({ atMs: this.#nowMs, type: 'resend', pick: nth })
    return true
  }

  #restartWithEchoes(act: Extract<FaultAct, { type: 'restart-with-echoes' }>): FaultAct | null {
    const node = this.#roles.nodeOf(act.node)
    if (node === null || !this.#world.isUp(node)) return null
    const found = act.echoes.flatMap((echo) => {
      const one = this.#echoed(echo, node)
      return one ? [{ echo, ...one }] : []
    })
    this.#toNode('restart', node)
    for (const { echo: { afterMs, times, everyMs }, message, nth } of found) {
      for (let count = 0; count < times; count++) this.#endIn(afterMs + count * everyMs, () => { this.#arrivesAgain(message, nth) })
    }
    return { ...act, node, echoes: found.map(({ echo, nth }) => ({ ...echo, pick: nth })) }
  }

  /** One of the last messages of a kind that a node has sent or was sent. */
  #echoed({ kind, pick }: Echo, node: NodeName): { readonly message: SentMessage; readonly nth: Nth } | null {
    const sent = this.#sent.get(kind) ?? []
    if (pick.type === 'nth') return picked(sent, pick) ?? null
    const recent = sent.filter(({ from, to }) => from === node || to === node).slice(-recentMax)
    const message = recent[Math.floor(pick.share * recent.length)]
    return message ? { message, nth: nthOf(message, sent) } : null
  }

  #freeze(act: Extract<FaultAct, { type: 'freeze' }>): FaultAct | null {
    const hands: HandAct[] = []
    this.#world.freeze()
    this.#script.push({ atMs: this.#nowMs, type: 'freeze' })
    for (const hand of act.hands) {
      try {
        const done = this.#byHand(hand)
        if (!done) continue
        hands.push(done)
        this.#script.push({ atMs: this.#nowMs, type: 'hand', hand: done })
      } catch (error) {
        if (!(error instanceof Refused)) throw error
      }
    }
    this.#world.thaw()
    this.#script.push({ atMs: this.#nowMs, type: 'thaw' })
    return { ...act, hands }
  }

  #byHand(hand: HandAct): HandAct | null {
    if (hand.type === 'fire') {
      const node = this.#roles.nodeOf(hand.node)
      if (node === null) return null
      this.#world.perform({ type: 'fire', node, timer: hand.timer })
      return { ...hand, node }
    }
    const found = picked([...this.#inFlight?.values() ?? []], hand.pick)
    if (!found) return null
    this.#world.perform({ type: hand.type, id: found.message.id })
    return { ...hand, pick: found.nth }
  }

  #endIn(ms: number, act: () => void): void {
    const atMs = Math.ceil(this.#world.nowMs) + ms
    const at = this.#ends.findIndex((end) => end.atMs > atMs)
    this.#ends.splice(at < 0 ? this.#ends.length : at, 0, { atMs, act })
  }

  #mend(): void {
    this.#ends.length = 0
    this.#waiting = []
    this.#script.push({ atMs: this.#nowMs, type: 'mend' })
    for (const fault of [...this.#world.transit.faults]) this.#world.perform({ type: 'remove-fault', fault })
    for (const name of this.#world.names) {
      if (!this.#world.isUp(name)) this.#toNode('restart', name)
      else if (this.#world.isPaused(name)) this.#toNode('resume', name)
    }
  }

  // ---- the end

  /** A view server that is a program may not say whether it is stuck, and so whether there could be an answer. */
  get #mayBeStuck(): boolean {
    return this.#judge.found !== null || this.#judge.isStuck || !this.#roles.tellsStuck
  }

  #judgeProgress(): void {
    if (this.#mayBeStuck) return
    const last = this.#lastReads()
    this.#world.runUntil(() => this.#judge.found !== null || !this.#judge.isOpen(last), patienceMs)
    if (!this.#judge.isStuck && this.#judge.isOpen(last)) this.#judge.find('progress', 'Nothing is wrong any more and the cluster is not stuck, but it does not answer.')
  }

  #judgeCopies(): void {
    if (this.#mayBeStuck || !this.#roles.viewServer.isAcked || this.#roles.copiesAreEqual()) return
    this.#world.runUntil(() => this.#judge.found !== null, catchUpMs)
    if (this.#roles.viewServer.isAcked && !this.#roles.copiesAreEqual()) this.#judge.find('equal-at-end', 'Nothing is in flight any more, and the members of the view do not hold the same.')
  }

  /** Writes the finding as a violation event to the trace. */
  #tell(): void {
    const { found } = this.#judge
    if (found) this.#world.tell({ type: 'violation', rule: found.check, text: found.text, evidence: found.evidence })
  }

  /** The operations that began after everything was healed. */
  #lastReads(): number[] {
    return this.#operations.filter(({ atMs }) => atMs >= (this.#plan.mendAtMs ?? 0)).flatMap(({ id }) => this.#operationIds.get(id) ?? [])
  }
}

/** The store of each server. */
function storesOf(stores: StoreWord): (server: NodeName) => MakeStore {
  const map: MakeStore = (settings) => new MapStore(settings)
  const slab: MakeStore = (settings) => new SlabStore(settings)
  switch (stores) {
    case 'map': return () => map
    case 'slab': return () => slab
    case 'mixed': return (server) => Number(server.slice(1)) % 2 === 1 ? slab : map
  }
}

/** The two network faults that make up a late copy. */
export function lateCopyFaults({ name, of, lateMs }: Extract<FaultAct, { type: 'late-copy' }>): [Fault, Fault] {
  const where: Where = { from: [of.from], to: [of.to], kinds: [of.kind] }
  return [
    { name: `${name}, late`, where, bothWays: false, effect: { type: 'delay', probability: 1, delay: { type: 'constant', ms: lateMs } }, times: 1 },
    { name: `${name}, copy`, where, bothWays: false, effect: { type: 'duplicate', probability: 1 }, times: 1 },
  ]
}
