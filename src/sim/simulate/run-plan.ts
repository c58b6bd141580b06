// Runs a plan on the simulated cluster and judges the run. The plan is all that it depends on; what was drawn as a role or a share is found
// out on the way, and told as what it came to: a plan of those runs the same again.
import { Refused, type Envelope, type Fault, type Where } from '../../network'
import type { Verdict } from '../../check'
import { viewServerName, type Member, type MessageType, type NodeName, type ReplicaState, type ViewServerState } from '../../protocol'
import type { TraceEvent, TraceHeader } from '../../trace'
import { World } from '../world'
import { RunJudge, type CheckName, type Finding } from './judges'
import type { FaultAct, HandAct, NodeWord, Nth, Plan, PlannedFault, PlannedOperation } from './plan'
import { MessagesUnderWay, picked } from './under-way'

export interface RunPlanOptions {
  /** Looks for this and nothing else. */
  readonly only?: CheckName
  readonly onEvent?: (event: TraceEvent) => void
}

export interface PlanRun {
  readonly header: TraceHeader
  /** The first thing that was wrong; the run ends there. */
  readonly found: Finding | null
  /** What came to be of the plan, with nodes and messages by name. */
  readonly operations: readonly PlannedOperation[]
  readonly faults: readonly PlannedFault[]
  readonly acknowledged: number
  /** The view server said so at the end. */
  readonly isStuck: boolean
  readonly history: Verdict | 'not-judged'
  readonly virtualMs: number
  readonly events: number
  /** Everything that was done to the cluster, in order: what a person would have to do. */
  readonly script: readonly ScriptLine[]
}

export type ScriptLine = { readonly atMs: number } & (
  | { readonly type: 'operation'; readonly planned: PlannedOperation }
  | { readonly type: 'kill' | 'restart' | 'pause' | 'resume'; readonly node: NodeName }
  | { readonly type: 'fault'; readonly fault: Fault; readonly forMs: number }
  | { readonly type: 'resend'; readonly pick: Nth }
  | { readonly type: 'hand'; readonly hand: HandAct }
  | { readonly type: 'freeze' | 'thaw' | 'mend' })

/** After everything is mended, a cluster that is not stuck has this long for what was asked of it. */
export const patienceMs = 30_000
/** Copies that differ at the end have this long to become the same. */
export const catchUpMs = 2000

export function runPlan(plan: Plan, options: RunPlanOptions = {}): PlanRun {
  return new Run(plan, options).play()
}

class Run {
  readonly #plan: Plan
  readonly #world: World
  readonly #judge: RunJudge
  readonly #operations: PlannedOperation[] = []
  readonly #faults: PlannedFault[] = []
  readonly #script: ScriptLine[] = []
  /** By plan id: the operationId. */
  readonly #operationIds = new Map<number, number>()
  /** What a fault that was begun does when it ends, in the order of the times. */
  readonly #ends: { readonly atMs: number; readonly act: () => void }[] = []
  /** Messages that were sent, by kind: those of which a copy may be wanted. */
  readonly #sent = new Map<MessageType, Envelope[]>()
  /** Null: nobody will ask. */
  readonly #underWay: MessagesUnderWay | null
  #events = 0

  constructor(plan: Plan, { only, onEvent }: RunPlanOptions) {
    this.#plan = plan
    const { seed, replicas, clients, settings, faults } = plan
    const judge = new RunJudge({ settings, source: 'simulated' }, only ?? null)
    this.#judge = judge
    for (const { act } of faults) if (act.type === 'resend') this.#sent.set(act.kind, [])
    const underWay = faults.some(({ act }) => act.type === 'freeze') ? new MessagesUnderWay() : null
    this.#underWay = underWay
    this.#world = new World({
      title: `Seed ${seed}`, seed, replicas, clients, settings, tellsPeers: true,
      onEvent: (event) => {
        this.#events++
        judge.take(event)
        underWay?.take(event)
        onEvent?.(event)
      },
      ...(this.#sent.size > 0 ? { onSend: (envelope: Envelope) => this.#sent.get(envelope.message.type)?.push(envelope) } : {}),
    })
  }

  play(): PlanRun {
    const { operations, faults, mendAtMs, durationMs } = this.#plan
    let [operation, fault] = [0, 0]
    let isMended = mendAtMs === null
    while (!this.#judge.found) {
      const next = {
        operation: operations[operation]?.atMs ?? Infinity, fault: faults[fault]?.atMs ?? Infinity, end: this.#ends[0]?.atMs ?? Infinity,
        mend: isMended ? Infinity : mendAtMs ?? 0,
      }
      const atMs = Math.min(next.operation, next.fault, next.end, next.mend)
      if (atMs > durationMs) break
      this.#runTo(atMs)
      if (this.#judge.found) break
      // Equal times have an order too: what ends goes first, then all is mended, then what begins, and operations last.
      if (next.end === atMs) this.#ends.shift()?.act()
      else if (next.mend === atMs) {
        isMended = true
        this.#mend()
      } else if (next.fault === atMs) this.#begin(faults[fault++] as PlannedFault)
      else this.#invoke(operations[operation++] as PlannedOperation)
    }
    this.#runTo(durationMs)
    if (mendAtMs !== null) this.#judgeProgress()
    const history = this.#isJudgedByHistory ? this.#judge.judgeHistory() : 'not-judged'
    if (mendAtMs !== null) this.#judgeCopies()
    this.#tell()
    return {
      header: this.#world.header, found: this.#judge.found, operations: this.#operations, faults: this.#faults, acknowledged: this.#judge.acknowledged,
      isStuck: this.#judge.isStuck, history, virtualMs: this.#world.nowMs, events: this.#events, script: this.#script,
    }
  }

  /** Asynchronous replication promises no client anything of the kind, and what a monitor has found is enough. */
  get #isJudgedByHistory(): boolean {
    return this.#plan.settings.replication === 'synchronous' && this.#judge.found === null
  }

  #runTo(atMs: number): void {
    // Times of a plan are whole milliseconds; the world's may be fractions.
    const ms = atMs - this.#world.nowMs
    if (ms > 0) this.#world.runUntil(() => this.#judge.found !== null, ms)
  }

  /** Whole milliseconds: a plan's own times. */
  get #nowMs(): number {
    return Math.round(this.#world.nowMs)
  }

  // ---- operations

  #invoke(planned: PlannedOperation): void {
    const { id, client, session, operation } = planned
    // A client that is dead is asked nothing; one that is paused takes it when it goes on.
    if (!this.#world.names.includes(client) || !this.#world.isUp(client)) return
    this.#operationIds.set(id, this.#world.invoke(client, operation, { session, label: 'simulate' }))
    this.#operations.push(planned)
    this.#script.push({ atMs: this.#nowMs, type: 'operation', planned })
  }

  // ---- faults

  #begin(planned: PlannedFault): void {
    if (planned.isCareful && !this.#leavesAWayOn(planned.act)) return
    try {
      const act = this.#do(planned.act)
      if (act) this.#faults.push({ ...planned, isCareful: false, act })
    } catch (error) {
      // What was drawn makes no sense now: it did not happen.
      if (!(error instanceof Refused)) throw error
    }
  }

  /** An acked view of which a live member stays, whoever else is lost. */
  #leavesAWayOn(act: FaultAct): boolean {
    if (act.type !== 'kill' && act.type !== 'restart' && act.type !== 'pause') return true
    const { current, isAcked, servers } = this.#viewServer
    if (!isAcked || current.backups.length === 0) return false
    const node = this.#nodeOf(act.node)
    const members = [current.primary, ...current.backups].flatMap((member) => member ? [member] : [])
    const isWell = ({ name, incarnation }: Member): boolean => this.#isAlive(name, incarnation) && !this.#world.isPaused(name)
      && this.#world.transit.reaches(name, viewServerName)
      && servers.some((server) => server.name === name && server.incarnation === incarnation && !server.dead && server.missed === 0)
    return !members.some(({ name }) => name === node) || members.every(isWell)
  }

  #isAlive(name: NodeName, incarnation: number): boolean {
    if (!this.#world.isUp(name)) return false
    const state = this.#world.inspect(name)
    return state.kind === 'replica' && state.incarnation === incarnation
  }

  /** Returns what it came to, or nothing if it came to nothing. */
  #do(act: FaultAct): FaultAct | null {
    switch (act.type) {
      case 'kill': return this.#kill(act)
      case 'restart': {
        const node = this.#nodeOf(act.node)
        if (node === null || !this.#world.isUp(node)) return null
        this.#toNode('restart', node)
        return { ...act, node }
      }
      case 'pause': return this.#pause(act)
      case 'network': return this.#addFault(act)
      case 'late-copy': return this.#lateCopy(act)
      case 'resend': return this.#resend(act)
      case 'freeze': return this.#freeze(act)
    }
  }

  #kill(act: Extract<FaultAct, { type: 'kill' }>): FaultAct | null {
    const node = this.#nodeOf(act.node)
    if (node === null) return null
    this.#toNode('kill', node)
    if (act.forMs > 0) this.#endIn(act.forMs, () => { if (!this.#world.isUp(node)) this.#toNode('restart', node) })
    return { ...act, node }
  }

  #pause(act: Extract<FaultAct, { type: 'pause' }>): FaultAct | null {
    const node = this.#nodeOf(act.node)
    if (node === null) return null
    this.#toNode('pause', node)
    if (act.forMs > 0) this.#endIn(act.forMs, () => { if (this.#world.isUp(node) && this.#world.isPaused(node)) this.#toNode('resume', node) })
    return { ...act, node }
  }

  #addFault(act: Extract<FaultAct, { type: 'network' }>): FaultAct | null {
    const fault = this.#faultOf(act.fault)
    if (fault === null) return null
    this.#toNetwork(fault, act.forMs)
    return { ...act, fault }
  }

  #toNetwork(fault: Fault, forMs: number): void {
    this.#world.act({ type: 'add-fault', fault, plan: { inMs: 0, forMs } })
    this.#script.push({ atMs: this.#nowMs, type: 'fault', fault, forMs })
  }

  #toNode(type: 'kill' | 'restart' | 'pause' | 'resume', node: NodeName): void {
    this.#world[type](node)
    this.#script.push({ atMs: this.#nowMs, type, node })
  }

  /** The original is late and its copy is not: what each carries is the same. */
  #lateCopy(act: Extract<FaultAct, { type: 'late-copy' }>): FaultAct | null {
    const [from, to] = [this.#nodeOf(act.of.from), this.#nodeOf(act.of.to)]
    if (from === null || to === null || from === to) return null
    for (const fault of lateCopyFaults({ ...act, of: { ...act.of, from, to } })) this.#toNetwork(fault, 0)
    return { ...act, of: { ...act.of, from, to } }
  }

  #resend(act: Extract<FaultAct, { type: 'resend' }>): FaultAct | null {
    const sent = this.#sent.get(act.kind) ?? []
    const found = picked(sent.map(({ id, from, to }) => ({ id, from, to, kind: act.kind })), act.pick)
    const envelope = sent.find(({ id }) => id === found?.id)
    // The world lets nothing come to who is dead.
    if (!found || !envelope || !this.#world.isUp(envelope.to)) return null
    this.#world.resend(envelope)
    this.#script.push({ atMs: this.#nowMs, type: 'resend', pick: found.nth })
    return { ...act, pick: found.nth }
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
      const node = this.#nodeOf(hand.node)
      if (node === null) return null
      this.#world.act({ type: 'fire', node, timer: hand.timer })
      return { ...hand, node }
    }
    const found = picked(this.#underWay?.list ?? [], hand.pick)
    if (!found) return null
    this.#world.act({ type: hand.type, id: found.id })
    return { ...hand, pick: found.nth }
  }

  #endIn(ms: number, act: () => void): void {
    const atMs = Math.ceil(this.#world.nowMs) + ms
    const at = this.#ends.findIndex((end) => end.atMs > atMs)
    this.#ends.splice(at < 0 ? this.#ends.length : at, 0, { atMs, act })
  }

  #mend(): void {
    this.#ends.length = 0
    this.#script.push({ atMs: this.#nowMs, type: 'mend' })
    for (const fault of [...this.#world.transit.faults]) this.#world.act({ type: 'remove-fault', fault })
    for (const name of this.#world.names) {
      if (!this.#world.isUp(name)) this.#toNode('restart', name)
      else if (this.#world.isPaused(name)) this.#toNode('resume', name)
    }
  }

  // ---- the end

  #judgeProgress(): void {
    if (this.#judge.found || this.#judge.isStuck) return
    const last = this.#lastReads()
    this.#world.runUntil(() => this.#judge.found !== null || !this.#judge.isOpen(last), patienceMs)
    if (!this.#judge.isStuck && this.#judge.isOpen(last)) this.#judge.find('progress', 'Nothing is wrong any more and the cluster is not stuck, but it does not answer.')
  }

  #judgeCopies(): void {
    if (this.#judge.found || this.#judge.isStuck || this.#plan.settings.replication === 'asynchronous' || !this.#viewServer.isAcked || this.#copiesAreEqual()) return
    this.#world.runUntil(() => this.#judge.found !== null, catchUpMs)
    if (this.#viewServer.isAcked && !this.#copiesAreEqual()) this.#judge.find('equal-at-end', 'Nothing is under way any more, and the members of the view do not hold the same.')
  }

  /** A rule that breaks is an event of the trace. */
  #tell(): void {
    const { found } = this.#judge
    if (found) this.#world.tell({ type: 'violation', rule: found.check, text: found.text, evidence: found.evidence })
  }

  /** What was asked after everything was mended. */
  #lastReads(): number[] {
    return this.#operations.filter(({ atMs }) => atMs >= (this.#plan.mendAtMs ?? 0)).flatMap(({ id }) => this.#operationIds.get(id) ?? [])
  }

  #copiesAreEqual(): boolean {
    const { current } = this.#viewServer
    const held = [current.primary, ...current.backups].flatMap((member) => member ? [this.#held(member.name)] : [])
    return held.every((text) => text === held[0])
  }

  #held(name: NodeName): string {
    if (!this.#world.isUp(name)) return ''
    const { executed, store, table } = this.#world.inspect(name) as ReplicaState
    // The view in which a copy executed a row is that copy's own.
    return JSON.stringify([executed, store, table.map(({ clientId, requestId, result, seq }) => [clientId, requestId, result, seq])])
  }

  // ---- names

  get #viewServer(): ViewServerState {
    const state = this.#world.inspect(viewServerName)
    if (state.kind !== 'view-server') throw new Error('the view server is none')
    return state
  }

  /** Null: nobody has that role now, or there is no such node. */
  #nodeOf(word: NodeWord): NodeName | null {
    if (word === 'primary') return this.#viewServer.current.primary?.name ?? null
    if (word === 'backup') return this.#viewServer.current.backups[0]?.name ?? null
    return this.#world.names.includes(word) ? word : null
  }

  #faultOf(fault: Fault): Fault | null {
    const all = (words: readonly NodeWord[]): NodeName[] => [...new Set(words.map((word) => this.#nodeOf(word) ?? ''))]
    const where: Where = { ...fault.where, from: all(fault.where.from), to: all(fault.where.to) }
    const { effect } = fault
    const named = effect.type === 'isolate' ? { ...effect, nodes: all(effect.nodes) } : effect.type === 'partition' ? { ...effect, groups: effect.groups.map((group) => all(group).filter((name) => name !== '')) } : effect
    const names = [...where.from, ...where.to, ...named.type === 'isolate' ? named.nodes : []]
    return names.includes('') ? null : { ...fault, where, effect: named }
  }
}

/** The two faults that a late copy is made of. */
export function lateCopyFaults({ name, of, lateMs }: Extract<FaultAct, { type: 'late-copy' }>): [Fault, Fault] {
  const where: Where = { from: [of.from], to: [of.to], kinds: [of.kind] }
  return [
    { name: `${name}, late`, where, bothWays: false, effect: { type: 'delay', probability: 1, delay: { type: 'constant', ms: lateMs } }, times: 1 },
    { name: `${name}, copy`, where, bothWays: false, effect: { type: 'duplicate', probability: 1 }, times: 1 },
  ]
}
