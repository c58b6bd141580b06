// The machines in virtual time: a whole cluster in one thread, where the same inputs give the same trace, byte for byte.
// A driver like any other: it carries out effects and writes the trace, and decides nothing about the protocol. What messages meet on
// their way is network/transit.ts, the same that the switchboard of real processes uses.
import { breakText, createRandom, Refused, Transit, type Envelope, type NetworkAct } from '../network'
import {
  createMachine, viewServerName,
  type EffectSink, type Input, type Machine, type Message, type NodeKind, type NodeName, type NodeState, type Operation, type OperationInput,
  type Report, type Settings, type Start,
} from '../protocol'
import {
  BreakConditions, messageId, recordMessage, recordOperationInput, recordReport, traceVersion,
  type EventBody, type FrozenTimer, type TraceEvent, type TraceHeader,
} from '../trace'
import { completePlan, WorkloadDriver, workloadText, type WorkloadPlan } from '../workload'
import { Agenda } from './agenda'
import { emptySimNode, newSimNode, type SimNode } from './sim-node'

export interface WorldOptions {
  readonly title: string
  readonly replicas: number
  readonly clients: number
  readonly settings: Settings
  readonly seed: string
  /** Called with each message as it is sent, before anything becomes of it. */
  readonly onSend?: (envelope: Envelope) => void
  /** Called with each event as it is written. */
  readonly onEvent: (event: TraceEvent) => void
  /** The nodes to start; without it all. */
  readonly start?: readonly NodeName[]
  /** From sending to arrival when nothing delays it; 1 ms without it. */
  readonly linkDelayMs?: number
  /** A node that ends tells those it spoke with, as a connection that ends would. */
  readonly tellsPeers?: boolean
}

const microsecondsPerMs = 1000

export interface WorldMoment {
  readonly nodes: readonly {
    readonly name: NodeName
    readonly kind: NodeKind
    readonly incarnation: number
    /** Null while it is dead. */
    readonly machine: Machine | null
    /** Armed, by name. */
    readonly timers: readonly string[]
  }[]
  readonly mails: readonly Envelope[]
}

export class World implements EffectSink {
  readonly header: TraceHeader
  readonly transit: Transit<null>
  readonly #options: WorldOptions
  readonly #agenda = new Agenda()
  readonly #nodes = new Map<NodeName, SimNode>()
  readonly #breaks: BreakConditions
  #seq = 0
  #operationId = 0
  #freezes = 0
  #isFrozen = false
  /** A break condition was met: the cluster freezes when the step is over. */
  #freezeBecause: { readonly reason: string; readonly metBy: number } | null = null
  #workload: WorkloadDriver | null = null
  #workloads = 0
  // The node whose step is running, and how far its effects are counted: the sink's whole state.
  #current: SimNode | null = null
  #index = 0

  constructor(options: WorldOptions) {
    this.#options = options
    const named = (kind: NodeKind, prefix: string, count: number): { name: NodeName; kind: NodeKind }[] =>
      Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index + 1}`, kind }))
    const nodes = [{ name: viewServerName, kind: 'view-server' as const }, ...named('replica', 's', options.replicas), ...named('client', 'c', options.clients)]
    this.header = {
      understudy: 'recording', version: traceVersion, source: 'simulated', title: options.title, createdAt: '1970-01-01T00:00:00.000Z',
      settings: options.settings, seed: options.seed, protocolHash: '', nodes, parent: null,
    }
    this.#breaks = new BreakConditions((event) => this.#write(event))
    this.transit = new Transit({
      seed: options.seed, nodes: nodes.map(({ name }) => name),
      event: (event) => this.#write(event),
      after: (ms, action) => this.#agenda.add(ms * microsecondsPerMs, action),
      incarnationOf: (name) => this.isUp(name) ? this.#node(name).incarnation : 0,
      hasDied: (name) => !this.isUp(name) && this.#node(name).incarnation > 0,
      onArrival: (envelope) => this.#arrive(envelope),
    })
    for (const { name, kind } of nodes) this.#nodes.set(name, newSimNode(name, kind))
    for (const { name } of nodes) if (name === viewServerName || (options.start?.includes(name) ?? true)) this.#start(this.#node(name))
  }

  /** Cluster time in milliseconds. */
  get nowMs(): number {
    return this.#agenda.now / microsecondsPerMs
  }

  get names(): NodeName[] {
    return [...this.#nodes.keys()]
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  isUp(name: NodeName): boolean {
    return (this.#nodes.get(name)?.machine ?? null) !== null
  }

  isPaused(name: NodeName): boolean {
    return this.#nodes.get(name)?.paused ?? false
  }

  /** Throws for a node that is dead: nobody can look into it. */
  inspect(name: NodeName): NodeState {
    const { machine } = this.#node(name)
    if (!machine) throw new Error(`${name} is dead`)
    return machine.inspect()
  }

  /** Every node as it is, and every message that has not reached its receiver. Nothing in it changes with the world. */
  startingPoint(): WorldMoment {
    const nodes = [...this.#nodes.values()].map(({ name, kind, incarnation, machine, timers }) => (
      { name, kind, incarnation, machine: machine?.copy() ?? null, timers: [...timers.keys()] }
    ))
    return { nodes, mails: this.underWay }
  }

  /** Every message that has not reached its receiver. */
  get underWay(): Envelope[] {
    const mail = [...this.#nodes.values()].flatMap((node) => [...node.mail.values()])
    return [...this.transit.onItsWay, ...mail].map(({ envelope }) => envelope)
  }

  isArmed(name: NodeName, timer: string): boolean {
    return this.#node(name).timers.has(timer)
  }

  // ---- time

  /** Runs until `done` holds after an event, or until `limitMs` from now have passed, or nothing can happen: time stands still. */
  runUntil(done: () => boolean, limitMs: number): boolean {
    const end = this.#agenda.now + limitMs * microsecondsPerMs
    while (!done()) {
      if (this.#isFrozen) return false
      if (!this.#agenda.runNext(end)) {
        this.#agenda.advanceTo(end)
        return done()
      }
    }
    return true
  }

  run(ms: number): void {
    this.runUntil(() => false, ms)
  }

  // ---- what a person does

  invoke(client: NodeName, operation: Operation, options: { target?: NodeName; session?: number; label?: string } = {}): number {
    const node = this.#liveNode(client)
    if (node.kind !== 'client') throw new Refused(`${client} is no client.`)
    const operationId = ++this.#operationId
    const input: OperationInput = { type: 'operation', operationId, session: options.session ?? -1, operation, target: options.target ?? '' }
    this.#take(node, input, () => ({
      type: 'operation-invoked', ...this.#ofStep(node), operation: recordOperationInput(input), label: options.label ?? 'person',
    }))
    return operationId
  }

  kill(name: NodeName): void {
    const node = this.#liveNode(name)
    const peers = [...node.peers]
    this.#write({ type: 'node-killed', node: name, incarnation: node.incarnation })
    const lost = emptySimNode(node)
    this.#write({ type: 'node-exited', node: name, incarnation: node.incarnation, code: null, signal: 'SIGKILL', stderr: '' })
    for (const { id } of lost) this.#write({ type: 'message-dropped', id, reason: { type: 'receiver-dead' } })
    if (this.#options.tellsPeers) for (const peer of peers) this.#tellPeer(name, peer)
  }

  #tellPeer(gone: NodeName, peer: NodeName): void {
    const node = this.#nodes.get(peer)
    if (!node?.machine || !this.transit.reaches(gone, peer)) return
    const { incarnation } = node
    this.#agenda.add(this.#linkDelay, () => {
      if (node.machine && node.incarnation === incarnation) this.#losePeer(node, gone)
    })
  }

  /** Starts the node's next incarnation with empty memory; kills it first if it lives. */
  restart(name: NodeName): void {
    const node = this.#node(name)
    if (node.machine) this.kill(name)
    this.#start(node)
    if (node.kind === 'client') this.#workload?.clientRestarted(name)
  }

  pause(name: NodeName): void {
    const node = this.#liveNode(name)
    if (node.paused) throw new Refused(`${name} is already paused.`)
    node.paused = true
    this.#write({ type: 'node-paused', node: name, incarnation: node.incarnation })
  }

  resume(name: NodeName): void {
    const node = this.#liveNode(name)
    if (!node.paused) throw new Refused(`${name} is not paused.`)
    node.paused = false
    this.#write({ type: 'node-resumed', node: name, incarnation: node.incarnation })
    for (const input of node.inbox.splice(0)) input()
  }

  /** Hints every live node that its connection to `peer` has ended. */
  losePeer(peer: NodeName): void {
    for (const node of this.#nodes.values()) if (node.name !== peer && node.machine) this.#losePeer(node, peer)
  }

  #losePeer(node: SimNode, peer: NodeName): void {
    this.#take(node, { type: 'peer-lost', peer }, () => ({ type: 'peer-lost', ...this.#ofStep(node), peer }))
  }

  freeze(reason = 'by hand', metBy = 0): void {
    if (this.#isFrozen) throw new Refused('The cluster is already frozen.')
    this.#isFrozen = true
    const timers = [...this.#nodes.values()].flatMap((node) => this.#timersOf(node))
    this.#write({ type: 'frozen', freeze: ++this.#freezes, timers, reason, metBy })
  }

  thaw(): void {
    if (!this.#isFrozen) throw new Refused('The cluster is not frozen.')
    this.#isFrozen = false
    this.#write({ type: 'thawed', freeze: this.#freezes })
  }

  /** Faults, single messages and timers, break conditions. Throws a Refused for what makes no sense now. */
  act(act: NetworkAct): void {
    switch (act.type) {
      case 'add-fault': return this.transit.addFault(act.fault, act.plan)
      case 'switch-fault': return this.transit.switchFault(act.fault, act.isOn)
      case 'remove-fault': return this.transit.removeFault(act.fault)
      case 'deliver': return this.#deliverByHand(act.id)
      case 'drop': return this.#dropByHand(act.id)
      case 'duplicate': return this.#duplicateByHand(act.id)
      case 'fire': return this.#fire(act.node, act.timer)
      case 'add-break': return this.#breaks.add(act.condition)
      case 'remove-break': return this.#breaks.remove(act.name)
    }
  }

  startWorkload(plan: WorkloadPlan): void {
    const clients = [...this.#nodes.values()].filter(({ kind }) => kind === 'client').map(({ name }) => name)
    const complete = completePlan(plan, clients)
    this.#workload?.stop()
    this.#write({ type: 'workload-started', text: workloadText(complete), plan: complete })
    this.#workload = new WorkloadDriver({
      plan: complete,
      clock: { now: () => this.#agenda.now, after: (ms, action) => this.#agenda.add(ms * microsecondsPerMs, action) },
      random: createRandom(this.#options.seed, `workload ${++this.#workloads}`),
      invoke: (client, session, operation) => this.isUp(client) ? this.invoke(client, operation, { session, label: 'workload' }) : ++this.#operationId,
    })
  }

  stopWorkload(): void {
    if (!this.#workload) throw new Refused('No workload is running.')
    this.#workload.stop()
    this.#workload = null
    this.#write({ type: 'workload-stopped' })
  }

  /** Writes what somebody beside the nodes has to say into the trace. */
  tell(event: EventBody): void {
    this.#write(event)
  }

  // ---- single messages and timers

  #deliverByHand(id: string): void {
    const late = this.transit.find(id)
    if (!this.#isFrozen) {
      if (!late) throw new Refused(this.#whyNot(id))
      return this.transit.release(id, 'by hand')
    }
    const envelope = late?.envelope ?? this.#mailOf(id)?.envelope
    if (!envelope) throw new Refused(this.#whyNot(id))
    const node = this.#nodes.get(envelope.to)
    if (!node?.machine) throw new Refused(`${envelope.to} is dead; the message cannot be delivered.`)
    if (node.paused) throw new Refused(`${node.name} is paused: it takes nothing before it is resumed.`)
    if (this.transit.takeOut(id)) this.#write({ type: 'message-released', id, reason: 'by hand' })
    this.#deliver(node, envelope)
  }

  #dropByHand(id: string): void {
    if (!this.transit.takeOut(id)) {
      const mail = this.#mailOf(id)
      if (!mail) throw new Refused(this.#whyNot(id))
      mail.cancel()
      this.#node(mail.envelope.to).mail.delete(id)
    }
    this.#write({ type: 'message-dropped', id, reason: { type: 'by-hand' } })
  }

  #duplicateByHand(id: string): void {
    const mail = this.#mailOf(id)
    if (!mail) return this.transit.duplicate(id)
    this.#arrive(this.transit.copyOf(mail.envelope, 'by hand'))
  }

  /** Lets a copy of any earlier message arrive, as a network may at any later time. */
  resend(envelope: Envelope): void {
    if (this.isUp(envelope.to)) this.#arrive(this.transit.copyOf(envelope, 'by hand'))
  }

  #mailOf(id: string): { envelope: Envelope; cancel: () => void } | undefined {
    for (const node of this.#nodes.values()) {
      const mail = node.mail.get(id)
      if (mail) return mail
    }
    return undefined
  }

  #whyNot(id: string): string {
    return this.#mailOf(id) ? 'The cluster is not frozen.' : `The message ${id} is gone: it was taken or lost before.`
  }

  #fire(name: NodeName, timerName: string): void {
    if (!this.#isFrozen) throw new Refused('The cluster is not frozen.')
    const node = this.#liveNode(name)
    if (node.paused) throw new Refused(`${name} is paused: it does nothing before it is resumed.`)
    const timer = node.timers.get(timerName)
    if (!timer) throw new Refused(`${name} has no timer "${timerName}".`)
    timer.cancel()
    this.#takeTimer(node, timerName, timer.armed)
  }

  #timersOf({ name: node, timers }: SimNode): FrozenTimer[] {
    return [...timers].map(([name, { armed, due }]) => ({ node, name, armed, remainingMs: Math.max(0, due - this.#agenda.now) / microsecondsPerMs }))
  }

  // ---- the sink: called by the machine whose step is running

  send(to: NodeName, message: Message): void {
    const node = this.#running()
    const envelope: Envelope = { id: messageId(node.name, node.incarnation, node.step, this.#index++), from: node.name, to, message }
    node.peers.add(to)
    this.#nodes.get(to)?.peers.add(node.name)
    this.#write({ type: 'message-sent', id: envelope.id, from: node.name, to, message: recordMessage(message) })
    this.#options.onSend?.(envelope)
    const met = this.#breaks.isEmpty ? undefined : this.#breaks.metByMessage(envelope)
    if (met) this.#met(met)
    this.transit.send(envelope, null)
  }

  setTimer(name: string, ms: number): void {
    const node = this.#running()
    node.timers.get(name)?.cancel()
    const armed = (node.armed.get(name) ?? 0) + 1
    node.armed.set(name, armed)
    const due = this.#agenda.now + ms * microsecondsPerMs
    const cancel = this.#agenda.add(ms * microsecondsPerMs, () => this.#takeTimer(node, name, armed))
    node.timers.set(name, { armed, due, cancel })
  }

  cancelTimer(name: string): void {
    const node = this.#running()
    node.timers.get(name)?.cancel()
    node.timers.delete(name)
  }

  report(report: Report): void {
    this.#write({ ...this.#ofStep(this.#running()), ...recordReport(report) })
    // The workload's next operation is a step of its own, and this one is not over yet.
    if (report.type === 'operation-returned' && this.#workload) this.#agenda.add(0, () => this.#workload?.returned(report.operationId))
  }

  // ---- steps

  #start(node: SimNode): void {
    node.incarnation++
    node.step = 0
    const { settings } = this.#options
    const seed = `${node.name}.${node.incarnation}`
    const start: Start = { type: 'start', name: node.name, kind: node.kind, incarnation: node.incarnation, address: '', settings, seed }
    this.#write({ type: 'node-started', ...this.#ofStep(node), kind: node.kind, pid: 0, seed })
    this.#inStep(node, () => {
      node.machine = createMachine(start, this)
    })
  }

  /** A message has passed the network: it is in the mail until the link's own time is over. */
  #arrive(envelope: Envelope): void {
    const node = this.#node(envelope.to)
    const cancel = this.#agenda.add(this.#linkDelay, () => this.#due(node, envelope))
    node.mail.set(envelope.id, { envelope, cancel })
  }

  #due(node: SimNode, envelope: Envelope): void {
    if (node.paused) node.inbox.push(() => this.#due(node, envelope))
    else if (node.mail.has(envelope.id)) this.#deliver(node, envelope)
  }

  #deliver(node: SimNode, envelope: Envelope): void {
    node.mail.get(envelope.id)?.cancel()
    node.mail.delete(envelope.id)
    this.#write({ type: 'message-handed', id: envelope.id })
    this.#take(node, { type: 'message', from: envelope.from, message: envelope.message }, () => (
      { type: 'message-taken', id: envelope.id, ...this.#ofStep(node) }
    ))
  }

  /** A timer that was cancelled or armed anew meanwhile is another. */
  #takeTimer(node: SimNode, name: string, armed: number): void {
    if (node.timers.get(name)?.armed !== armed) return
    if (node.paused) {
      node.inbox.push(() => this.#takeTimer(node, name, armed))
      return
    }
    node.timers.delete(name)
    this.#take(node, { type: 'timer', name }, () => ({ type: 'timer-fired', ...this.#ofStep(node), name, armed }))
  }

  #take(node: SimNode, input: Exclude<Input, Start>, event: () => EventBody): void {
    if (!node.machine) return
    if (node.paused) {
      node.inbox.push(() => this.#take(node, input, event))
      return
    }
    const { machine } = node
    node.step++
    this.#write(event())
    this.#inStep(node, () => machine.step(input, this))
    if (this.#isFrozen) this.#write({ type: 'timers-stopped', node: node.name, timers: this.#timersOf(node) })
  }

  #inStep(node: SimNode, step: () => void): void {
    this.#current = node
    this.#index = 0
    step()
    this.#current = null
    const because = this.#freezeBecause
    if (!because) return
    this.#freezeBecause = null
    if (!this.#isFrozen) this.freeze(because.reason, because.metBy)
  }

  #running(): SimNode {
    if (!this.#current) throw new Error('an effect outside a step')
    return this.#current
  }

  #node(name: NodeName): SimNode {
    const node = this.#nodes.get(name)
    if (!node) throw new Refused(`There is no node ${name}.`)
    return node
  }

  #liveNode(name: NodeName): SimNode {
    const node = this.#node(name)
    if (!node.machine) throw new Refused(`${name} is already dead.`)
    return node
  }

  get #linkDelay(): number {
    return (this.#options.linkDelayMs ?? 1) * microsecondsPerMs
  }

  #ofStep(node: SimNode): { node: NodeName; incarnation: number; step: number } {
    return { node: node.name, incarnation: node.incarnation, step: node.step }
  }

  // ---- the trace

  #write(body: EventBody): void {
    this.#seq++
    this.#options.onEvent({ seq: this.#seq, at: this.#agenda.now, wall: this.#agenda.now, ...body })
    if (this.#breaks?.isEmpty ?? true) return
    const met = this.#breaks.metByEvent(body)
    if (met) this.#met(met)
  }

  #met(condition: Parameters<BreakConditions['add']>[0]): void {
    if (this.#isFrozen || this.#freezeBecause) return
    this.#freezeBecause = { reason: breakText(condition), metBy: this.#seq }
    if (!condition.stays) this.#breaks.remove(condition.name)
  }
}
