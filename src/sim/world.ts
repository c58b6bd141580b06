// A whole simulated cluster in virtual time, in one thread: the same inputs give the same trace, byte for byte. It is a driver like any other:
// it performs effects, writes the trace, and must never decide anything about the protocol. What messages meet in the network is
// network/transit.ts, which the switchboard of real processes uses too.
import { BreakConditions, checkRestart, ClusterCore, ClusterWorkload, type InFlight } from '../core'
import { breakText, refusals, Transit, type Envelope } from '../network'
import {
  createMachine, heldCopy, startOf, viewServerName,
  type EffectSink, type HeldCopy, type Input, type Machine, type MakeStore, type Message, type NodeKind, type NodeName, type NodeState,
  type Operation, type OperationInput, type Report, type Settings, type Start,
} from '../protocol'
import {
  messageId, recordMessage, recordOperationInput, recordReport, traceVersion,
  type ClusterAct, type EventBody, type HeaderNode, type Invocation, type Performed, type ToldReport, type TraceEvent, type TraceHeader,
} from '../trace'
import { Agenda } from './agenda'
import { Connections } from './connections'
import { CannotSimulate, NodeEnded, type Programs } from './programs'
import { emptySimNode, newSimNode, ofStep, timersOf, type SimMail, type SimNode, type WorldSnapshot } from './sim-node'

export interface WorldOptions {
  readonly title: string
  readonly replicas: number
  readonly clients: number
  readonly settings: Settings
  readonly seed: string
  /** Called with each message as it is sent, before the network handles it. */
  readonly onSend?: (envelope: Envelope) => void
  /** Called with each event as it is written. */
  readonly onEvent: (event: TraceEvent) => void
  /** The nodes to start; all by default. */
  readonly start?: readonly NodeName[]
  /** The time from sending to arrival without faults; 1 ms by default. */
  readonly linkDelayMs?: number
  /** Makes each server's store; a map store by default. */
  readonly storeOf?: (server: NodeName) => MakeStore
  /** Notify peers when a node ends, as the end of a connection would; also notify a client that a dead node cannot be dialled. */
  readonly tellsPeers?: boolean
  /** Makes the machines of clients; the protocol's own by default. */
  readonly makeClient?: (start: Start, out: EffectSink) => Machine
  /** Runs the nodes that are programs of others. */
  readonly programs?: Programs
}

/** The header of a world's recording. */
export function worldHeader({ title, replicas, clients, settings, seed, programs }: Omit<WorldOptions, 'onEvent'>): TraceHeader {
  const named = (kind: NodeKind, prefix: string, count: number): HeaderNode[] => Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index + 1}`, kind }))
  const nodes = [{ name: viewServerName, kind: 'view-server' as const }, ...named('replica', 's', replicas), ...named('client', 'c', clients)].map((node): HeaderNode => {
    const program = programs?.commands.get(node.name)
    return program === undefined ? node : { ...node, program }
  })
  return {
    understudy: 'recording', version: traceVersion, source: 'simulated', title, createdAt: '1970-01-01T00:00:00.000Z', settings, seed, protocolHash: '', nodes, parent: null,
  }
}

const microsecondsPerMs = 1000

export class World implements EffectSink {
  readonly header: TraceHeader
  readonly transit: Transit<null>
  readonly #options: WorldOptions
  readonly #agenda = new Agenda()
  readonly #nodes = new Map<NodeName, SimNode>()
  readonly #connections = new Connections()
  readonly #breaks: BreakConditions
  #seq = 0
  #operationId = 0
  #freezes = 0
  #isFrozen = false
  /** The break condition that was met: the cluster freezes when the current step is over. */
  #freezeBecause: { readonly reason: string; readonly metBy: number } | null = null
  readonly #workload: ClusterWorkload
  readonly #core: ClusterCore<SimNode, null, void>
  // The node whose step is running, and the index of its next effect: the sink has no other state.
  #current: SimNode | null = null
  #index = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.header = worldHeader(options)
    const { nodes } = this.header
    this.#breaks = new BreakConditions((event) => this.#write(event))
    this.#workload = new ClusterWorkload({
      seed: options.seed, clients: nodes.filter(({ kind }) => kind === 'client').map(({ name }) => name), tell: (event) => this.#write(event),
      clock: { now: () => this.#agenda.now, after: (ms, action) => this.#agenda.add(ms * microsecondsPerMs, action) },
      invoke: (client, session, operation) => this.isUp(client) ? this.invoke(client, operation, { session, label: 'workload' }) : ++this.#operationId,
    })
    this.transit = new Transit({
      seed: options.seed, nodes: nodes.map(({ name }) => name),
      event: (event) => this.#write(event),
      after: (ms, action) => this.#agenda.add(ms * microsecondsPerMs, action),
      incarnationOf: (name) => this.isUp(name) ? this.#node(name).incarnation : 0,
      hasDied: (name) => !this.isUp(name) && this.#node(name).incarnation > 0,
      onArrival: (envelope) => this.#arrive(envelope),
    })
    for (const { name, kind } of nodes) this.#nodes.set(name, newSimNode(name, kind))
    this.#core = new ClusterCore({
      transit: this.transit, conditions: this.#breaks, workload: this.#workload, event: (event) => this.#write(event),
      hasNode: (name) => this.#nodes.has(name), live: (name) => this.#live(name), isFrozen: () => this.#isFrozen,
      kill: (node) => this.#kill(node), pause: (node) => this.#pause(node), resume: (node) => this.#resume(node),
      freeze: () => this.#freeze('by hand', 0), thaw: () => this.#thaw(), invoke: (client, invocation) => this.#invoke(client, invocation),
      waiting: (id) => this.#waiting(id), takeWaiting: (id) => this.#takeWaiting(id), arrive: ({ envelope }) => this.#arrive(envelope),
      hand: (node, { envelope }) => this.#deliver(node, envelope),
      armed: ({ timers }, timer) => timers.get(timer)?.armed, fire: (node, timer, armed) => this.#fire(node, timer, armed),
    })
    for (const { name } of nodes) if (name === viewServerName || (options.start?.includes(name) ?? true)) this.#start(this.#node(name))
  }

  /** Cluster time in milliseconds. */
  get nowMs(): number {
    return this.#agenda.now / microsecondsPerMs
  }

  get names(): NodeName[] { return [...this.#nodes.keys()] }

  get isFrozen(): boolean { return this.#isFrozen }

  isUp(name: NodeName): boolean { return (this.#nodes.get(name)?.machine ?? null) !== null }

  /** 0 before the first start; the same after its end. */
  incarnationOf(name: NodeName): number { return this.#nodes.get(name)?.incarnation ?? 0 }

  isPaused(name: NodeName): boolean { return this.#nodes.get(name)?.isPaused ?? false }

  /** Throws for a dead node: it has no state. */
  inspect(name: NodeName): NodeState {
    const { machine } = this.#node(name)
    if (!machine) throw new Error(`${name} is dead`)
    return machine.inspect()
  }

  /** A server's copy, to read without copying it; null for a dead node and for a node of another kind. */
  held(name: NodeName): HeldCopy | null {
    const { machine } = this.#node(name)
    return machine && heldCopy(machine)
  }

  /** A snapshot of every node and of every message that has not reached its receiver. It does not change with the world. */
  startingPoint(): WorldSnapshot {
    const nodes = [...this.#nodes.values()].map(({ name, kind, incarnation, machine, timers }) => (
      { name, kind, incarnation, machine: machine?.copy() ?? null, timers: [...timers.keys()] }
    ))
    return { nodes, mails: this.inFlight }
  }

  /** Every message that has not reached its receiver. */
  get inFlight(): Envelope[] {
    const mail = [...this.#nodes.values()].flatMap((node) => [...node.mail.values()])
    return [...this.transit.onItsWay, ...mail].map(({ envelope }) => envelope)
  }

  isArmed(name: NodeName, timer: string): boolean { return this.#node(name).timers.has(timer) }

  // ---- time

  /** Runs until `done` holds after an event, `limitMs` from now have passed, or the cluster is frozen. Returns whether `done` holds. */
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

  run(ms: number): void { this.runUntil(() => false, ms) }

  // ---- acts by hand

  invoke(client: NodeName, operation: Operation, options: Partial<Pick<Invocation, 'target' | 'session' | 'label'>> = {}): number {
    return this.#core.invoke({ client, operation, target: '', session: -1, label: 'person', ...options })
  }

  #invoke(node: SimNode, { operation, session, target, label }: Invocation): number {
    const operationId = ++this.#operationId
    const input: OperationInput = { type: 'operation', operationId, session, operation, target }
    this.#take(node, input, () => ({ type: 'operation-invoked', ...ofStep(node), operation: recordOperationInput(input), label }))
    return operationId
  }

  kill(node: NodeName): void { this.#core.perform({ type: 'kill', node }) }

  #kill(node: SimNode): void {
    this.#write({ type: 'node-killed', node: node.name, incarnation: node.incarnation })
    this.#end(node, { code: null, signal: 'SIGKILL', stderr: '' })
  }

  /** Makes the node dead: messages queued for it are lost, and its peers are notified. */
  #end(node: SimNode, exit: { readonly code: number | null; readonly signal: string | null; readonly stderr: string }): void {
    const { name, incarnation } = node
    const peers = [...node.peers]
    const lost = emptySimNode(node)
    if (this.#isProgram(name)) this.#options.programs?.ended(name)
    this.#write({ type: 'node-exited', node: name, incarnation, ...exit })
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
    if (node.kind === 'client') this.#workload.clientRestarted(name)
  }

  pause(node: NodeName): void { this.#core.perform({ type: 'pause', node }) }

  #pause(node: SimNode): void {
    node.isPaused = true
    this.#write({ type: 'node-paused', node: node.name, incarnation: node.incarnation })
  }

  resume(node: NodeName): void { this.#core.perform({ type: 'resume', node }) }

  #resume(node: SimNode): void {
    node.isPaused = false
    this.#write({ type: 'node-resumed', node: node.name, incarnation: node.incarnation })
    for (const input of node.inbox.splice(0)) input()
  }

  /** Notifies every live node that its connection to `peer` has ended. */
  losePeer(peer: NodeName): void {
    for (const node of this.#nodes.values()) if (node.name !== peer && node.machine) this.#losePeer(node, peer)
  }

  /**
   * Ends the connection of a client to a server; the client may open another. What the server had sent on it is lost; what the client had sent
   * may still arrive. The server knows the client by another name from then on.
   */
  disconnect(client: NodeName, server: NodeName): void {
    const node = this.#node(client)
    if (!node.machine) throw refusals.alreadyDead(client)
    for (const id of this.#connections.end(node, this.#node(server).name, this.transit)) this.#notCarried(id)
    this.#losePeer(node, server)
  }

  #notCarried(id: string): void { this.#write({ type: 'message-dropped', id, reason: { type: 'not-carried' } }) }

  #losePeer(node: SimNode, peer: NodeName): void {
    this.#take(node, { type: 'peer-lost', peer }, () => ({ type: 'peer-lost', ...ofStep(node), peer }))
  }

  freeze(): void { this.#core.perform({ type: 'freeze' }) }

  /** Freezes for a reason other than a person's request. The cluster must not be frozen. */
  freezeFor(reason: string): void { this.#freeze(reason, 0) }

  #freeze(reason: string, metBy: number): void {
    this.#isFrozen = true
    const timers = [...this.#nodes.values()].flatMap((node) => timersOf(node, this.#agenda.now))
    this.#write({ type: 'frozen', freeze: ++this.#freezes, timers, reason, metBy })
  }

  thaw(): void { this.#core.perform({ type: 'thaw' }) }

  #thaw(): void {
    this.#isFrozen = false
    this.#write({ type: 'thawed', freeze: this.#freezes })
  }

  /** Throws a Refused for an act that makes no sense in the current state. */
  perform(act: ClusterAct): Performed {
    if (act.type === 'invoke') return { operationId: this.#core.invoke(act) }
    if (act.type !== 'restart') this.#core.perform(act)
    else {
      checkRestart(act.node, (name) => this.#nodes.has(name))
      this.restart(act.node)
    }
    return { operationId: 0 }
  }

  /** Writes an event to the trace that does not come from a node. */
  tell(event: EventBody): void {
    this.#write(event)
  }

  // ---- single messages and timers

  /** Delivers a copy of any earlier message, as a network may at any later time. */
  resend(envelope: Envelope): void {
    if (!this.isUp(envelope.to)) return
    if (this.#mailOf(envelope.id) || this.transit.find(envelope.id)) return this.#arrive(this.transit.copyOf(envelope, 'by hand'))
    const { id: of, from, to, fromAs, message } = envelope
    const id = this.transit.nextCopyId(of)
    this.#write({ type: 'message-duplicated', id, of, reason: 'by hand', carries: { from, to, ...fromAs === undefined ? {} : { fromAs }, message: recordMessage(message) } })
    this.#arrive({ id, from, to, fromAs, message })
  }

  #waiting(id: string): InFlight<null> | undefined {
    const envelope = this.#mailOf(id)?.envelope
    return envelope && { envelope, payload: null }
  }

  #takeWaiting(id: string): boolean {
    const mail = this.#mailOf(id)
    mail?.cancel()
    return mail !== undefined && this.#node(mail.envelope.to).mail.delete(id)
  }

  #mailOf(id: string): SimMail | undefined {
    for (const { mail } of this.#nodes.values()) {
      const found = mail.get(id)
      if (found) return found
    }
    return undefined
  }

  #fire(node: SimNode, timer: string, armed: number): void {
    node.timers.get(timer)?.cancel()
    this.#takeTimer(node, timer, armed)
  }

  // ---- the sink: called by the machine whose step is running

  send(toAs: string, message: Message): void {
    const node = this.#running()
    const { from, to, ...as } = this.#connections.endsOf(node, toAs)
    const id = messageId(from, node.incarnation, node.step, this.#index++)
    const envelope: Envelope = { id, from, to, ...as, message }
    node.peers.add(to)
    this.#nodes.get(to)?.peers.add(from)
    this.#write({ type: 'message-sent', id, from, to, ...as, message: recordMessage(message) })
    this.#options.onSend?.(envelope)
    const met = this.#breaks.isEmpty ? undefined : this.#breaks.metByMessage(envelope)
    if (met) this.#met(met)
    if (this.#nodes.get(to)?.kind === 'client' && toAs !== this.#connections.nameOf(to, from)) return this.#notCarried(id)
    this.transit.send(envelope, null)
    if (this.#options.tellsPeers && node.kind === 'client' && !this.isUp(to)) this.#tellPeer(to, from)
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
    this.#write({ ...ofStep(this.#running()), ...recordReport(report) })
    // The workload's next operation is a step of its own, and the current step is not over yet.
    if (report.type === 'operation-returned' && this.#workload.isRunning) this.#agenda.add(0, () => this.#workload.returned(report.operationId))
  }

  /** A report of a program, in its recorded form. */
  told(report: ToldReport): void {
    this.#write({ ...ofStep(this.#running()), ...report })
    if (report.type === 'operation-returned' && this.#workload.isRunning) this.#agenda.add(0, () => this.#workload.returned(report.operationId))
  }

  level(level: number, reason: string): void {
    const { name: node, incarnation } = this.#running()
    this.#write({ type: 'program-level', node, incarnation, level, reason })
  }

  refused(line: string, reason: string): void {
    const { name: node, incarnation } = this.#running()
    this.#write({ type: 'line-refused', node, incarnation, line, reason })
  }

  #isProgram(name: NodeName): boolean { return this.#options.programs?.commands.has(name) ?? false }

  /** Ends the programs of this run. */
  close(): void {
    for (const [name, { machine }] of this.#nodes) if (machine && this.#isProgram(name)) this.#options.programs?.ended(name)
  }

  // ---- steps

  #start(node: SimNode): void {
    node.incarnation++
    node.step = 0
    const start = startOf({ name: node.name, kind: node.kind, incarnation: node.incarnation, settings: this.#options.settings })
    this.#write({ type: 'node-started', ...ofStep(node), kind: node.kind, pid: 0, seed: start.seed })
    this.#inStep(node, () => {
      const { makeClient, storeOf, programs } = this.#options
      node.machine = programs?.commands.has(node.name) ? programs.make(start, this.header.nodes, this) : node.kind === 'client' && makeClient ? makeClient(start, this) : createMachine(start, this, storeOf?.(node.name))
    })
  }

  /** A message has passed the network: it is in the receiver's queue until the link's delay is over. */
  #arrive(envelope: Envelope): void {
    const node = this.#node(envelope.to)
    const cancel = this.#agenda.add(this.#linkDelay, () => this.#due(node, envelope))
    node.mail.set(envelope.id, { envelope, cancel })
  }

  #due(node: SimNode, envelope: Envelope): void {
    if (node.isPaused) node.inbox.push(() => this.#due(node, envelope))
    else if (node.mail.has(envelope.id)) this.#deliver(node, envelope)
  }

  #deliver(node: SimNode, envelope: Envelope): void {
    node.mail.get(envelope.id)?.cancel()
    node.mail.delete(envelope.id)
    this.#write({ type: 'message-handed', id: envelope.id })
    this.#take(node, { type: 'message', from: envelope.fromAs ?? envelope.from, message: envelope.message }, () => (
      { type: 'message-taken', id: envelope.id, ...ofStep(node) }
    ))
  }

  /** Ignores a timer that was cancelled or armed again in the meantime. */
  #takeTimer(node: SimNode, name: string, armed: number): void {
    if (node.timers.get(name)?.armed !== armed) return
    if (node.isPaused) {
      node.inbox.push(() => this.#takeTimer(node, name, armed))
      return
    }
    node.timers.delete(name)
    this.#take(node, { type: 'timer', name }, () => ({ type: 'timer-fired', ...ofStep(node), name, armed }))
  }

  #take(node: SimNode, input: Exclude<Input, Start>, event: () => EventBody): void {
    if (!node.machine) return
    if (node.isPaused) {
      node.inbox.push(() => this.#take(node, input, event))
      return
    }
    const { machine } = node
    node.step++
    this.#write(event())
    this.#inStep(node, () => machine.step(input, this))
    if (this.#isFrozen) this.#write({ type: 'timers-stopped', node: node.name, timers: timersOf(node, this.#agenda.now) })
  }

  #inStep(node: SimNode, step: () => void): void {
    this.#current = node
    this.#index = 0
    try {
      step()
    } catch (error) {
      // A machine throws where a rule of the protocol is broken, and its process ends there.
      this.#current = null
      if (error instanceof CannotSimulate) throw error
      this.#end(node, { code: error instanceof NodeEnded ? error.code : 1, signal: null, stderr: error instanceof Error ? error.message : String(error) })
    }
    this.#current = null
    const because = this.#freezeBecause
    if (!because) return
    this.#freezeBecause = null
    if (!this.#isFrozen) this.#freeze(because.reason, because.metBy)
  }

  #running(): SimNode {
    if (!this.#current) throw new Error('an effect outside a step')
    return this.#current
  }

  #node(name: NodeName): SimNode {
    const node = this.#nodes.get(name)
    if (!node) throw refusals.noNode(name)
    return node
  }

  /** Undefined for a dead node. */
  #live(name: NodeName): SimNode | undefined {
    const node = this.#nodes.get(name)
    return node?.machine ? node : undefined
  }

  get #linkDelay(): number {
    return (this.#options.linkDelayMs ?? 1) * microsecondsPerMs
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
