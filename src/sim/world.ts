// The machines in virtual time: a whole cluster in one thread, where the same inputs give the same trace, byte for byte.
// A driver like any other: it carries out effects and writes the trace, and decides nothing about the protocol.
import {
  createMachine, viewServerName,
  type EffectSink, type Input, type Machine, type Message, type NodeKind, type NodeName, type NodeState, type Operation,
  type OperationInput, type Report, type Settings, type Start,
} from '../protocol'
import { messageId, recordMessage, recordOperationInput, recordReport, type EventBody, type MessageId, type TraceEvent, type TraceHeader } from '../trace'
import { Agenda } from './agenda'

/** A message between its sending and its arrival. */
export interface Envelope {
  readonly id: MessageId
  readonly from: NodeName
  readonly to: NodeName
  readonly message: Message
}

/** What becomes of a message. */
export type Fate =
  | { readonly type: 'pass'; readonly delayMs: number }
  | { readonly type: 'hold'; readonly reason: string }
  | { readonly type: 'drop'; readonly reason: string }

export interface WorldOptions {
  readonly title: string
  readonly replicas: number
  readonly clients: number
  readonly settings: Settings
  readonly seed: string
  /** Asked once for each message, and for each copy of one. */
  readonly fate: (envelope: Envelope) => Fate
  /** Called with each event as it is written. */
  readonly onEvent: (event: TraceEvent) => void
}

interface Timer {
  readonly armed: number
  readonly cancel: () => void
}

interface Node {
  readonly name: NodeName
  readonly kind: NodeKind
  incarnation: number
  /** Null while it is dead. */
  machine: Machine | null
  step: number
  paused: boolean
  /** What came while it was paused. */
  readonly inbox: (() => void)[]
  readonly timers: Map<string, Timer>
  readonly armed: Map<string, number>
}

const microsecondsPerMs = 1000

export class World implements EffectSink {
  readonly header: TraceHeader
  readonly #options: WorldOptions
  readonly #agenda = new Agenda()
  readonly #nodes = new Map<NodeName, Node>()
  readonly #held: Envelope[] = []
  #seq = 0
  #operationId = 0
  // The node whose step is running, and how far its effects are counted: the sink's whole state.
  #current: Node | null = null
  #index = 0

  constructor(options: WorldOptions) {
    this.#options = options
    const named = (kind: NodeKind, prefix: string, count: number): { name: NodeName; kind: NodeKind }[] =>
      Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index + 1}`, kind }))
    const nodes = [{ name: viewServerName, kind: 'view-server' as const }, ...named('replica', 's', options.replicas), ...named('client', 'c', options.clients)]
    this.header = {
      understudy: 'recording', version: 1, source: 'simulated', title: options.title, createdAt: '1970-01-01T00:00:00.000Z',
      settings: options.settings, seed: options.seed, protocolHash: '', nodes,
    }
    for (const { name, kind } of nodes) {
      this.#nodes.set(name, { name, kind, incarnation: 0, machine: null, step: 0, paused: false, inbox: [], timers: new Map(), armed: new Map() })
    }
    for (const { name } of nodes) this.#start(this.#node(name))
  }

  /** Cluster time in milliseconds. */
  get nowMs(): number {
    return this.#agenda.now / microsecondsPerMs
  }

  get names(): NodeName[] {
    return [...this.#nodes.keys()]
  }

  isUp(name: NodeName): boolean {
    return this.#node(name).machine !== null
  }

  /** Throws for a node that is dead: nobody can look into it. */
  inspect(name: NodeName): NodeState {
    const { machine } = this.#node(name)
    if (!machine) throw new Error(`${name} is dead`)
    return machine.inspect()
  }

  // ---- time

  /** Runs until `done` holds after an event, or until `limitMs` from now have passed. Returns whether it came to hold. */
  runUntil(done: () => boolean, limitMs: number): boolean {
    const end = this.#agenda.now + limitMs * microsecondsPerMs
    while (!done()) {
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
    const operationId = ++this.#operationId
    const input: OperationInput = { type: 'operation', operationId, session: options.session ?? -1, operation, target: options.target ?? '' }
    this.#take(this.#node(client), input, (node) => ({
      type: 'operation-invoked', ...this.#ofStep(node), operation: recordOperationInput(input), label: options.label ?? 'person',
    }))
    return operationId
  }

  kill(name: NodeName): void {
    const node = this.#node(name)
    if (!node.machine) throw new Error(`${name} is already dead`)
    this.#write({ type: 'node-killed', node: name, incarnation: node.incarnation })
    node.machine = null
    node.paused = false
    node.inbox.length = 0
    for (const timer of node.timers.values()) timer.cancel()
    node.timers.clear()
    this.#write({ type: 'node-exited', node: name, incarnation: node.incarnation, code: null, signal: 'SIGKILL', stderr: '' })
  }

  restart(name: NodeName): void {
    if (this.#node(name).machine) this.kill(name)
    this.#start(this.#node(name))
  }

  pause(name: NodeName): void {
    const node = this.#node(name)
    node.paused = true
    this.#write({ type: 'node-paused', node: name, incarnation: node.incarnation })
  }

  resume(name: NodeName): void {
    const node = this.#node(name)
    node.paused = false
    this.#write({ type: 'node-resumed', node: name, incarnation: node.incarnation })
    for (const input of node.inbox.splice(0)) input()
  }

  /** Hints every live node that its connection to `peer` has ended. */
  losePeer(peer: NodeName): void {
    for (const node of this.#nodes.values()) {
      if (node.name === peer || !node.machine) continue
      this.#take(node, { type: 'peer-lost', peer }, () => ({ type: 'peer-lost', ...this.#ofStep(node), peer }))
    }
  }

  get held(): readonly Envelope[] {
    return this.#held
  }

  /** Lets a held message go on now. */
  release(envelope: Envelope): void {
    const at = this.#held.indexOf(envelope)
    if (at < 0) throw new Error(`${envelope.id} is not held`)
    this.#held.splice(at, 1)
    this.#write({ type: 'message-released', id: envelope.id })
    this.#deliver(envelope)
  }

  /** Sends a copy of a message that was sent before, as a network may at any later time. */
  duplicate(envelope: Envelope, copy: number): void {
    const id = `${envelope.id}+${copy}`
    this.#write({ type: 'message-duplicated', id, of: envelope.id, reason: 'by hand' })
    this.#deliver({ ...envelope, id })
  }

  // ---- the sink: called by the machine whose step is running

  send(to: NodeName, message: Message): void {
    const node = this.#running()
    const envelope: Envelope = { id: messageId(node.name, node.incarnation, node.step, this.#index++), from: node.name, to, message }
    this.#write({ type: 'message-sent', id: envelope.id, from: node.name, to, message: recordMessage(message) })
    const fate = this.#options.fate(envelope)
    if (fate.type === 'drop') return this.#write({ type: 'message-dropped', id: envelope.id, reason: { type: 'fault', fault: fate.reason } })
    if (fate.type === 'hold') {
      this.#held.push(envelope)
      return this.#write({ type: 'message-held', id: envelope.id, reason: fate.reason })
    }
    const incarnation = this.#nodes.get(to)?.incarnation ?? 0
    this.#agenda.add(fate.delayMs * microsecondsPerMs, () => this.#deliver(envelope, incarnation))
  }

  setTimer(name: string, ms: number): void {
    const node = this.#running()
    node.timers.get(name)?.cancel()
    const armed = (node.armed.get(name) ?? 0) + 1
    node.armed.set(name, armed)
    const cancel = this.#agenda.add(ms * microsecondsPerMs, () => {
      node.timers.delete(name)
      this.#take(node, { type: 'timer', name }, () => ({ type: 'timer-fired', ...this.#ofStep(node), name, armed }))
    })
    node.timers.set(name, { armed, cancel })
  }

  cancelTimer(name: string): void {
    const node = this.#running()
    node.timers.get(name)?.cancel()
    node.timers.delete(name)
  }

  report(report: Report): void {
    this.#write({ ...this.#ofStep(this.#running()), ...recordReport(report) })
  }

  // ---- steps

  #start(node: Node): void {
    node.incarnation++
    node.step = 0
    node.armed.clear()
    const { settings } = this.#options
    const seed = `${node.name}.${node.incarnation}`
    const start: Start = { type: 'start', name: node.name, kind: node.kind, incarnation: node.incarnation, address: '', settings, seed }
    this.#write({ type: 'node-started', ...this.#ofStep(node), kind: node.kind, pid: 0, seed })
    this.#inStep(node, () => {
      node.machine = createMachine(start, this)
    })
  }

  #deliver(envelope: Envelope, incarnation?: number): void {
    const node = this.#nodes.get(envelope.to)
    if (!node) return this.#write({ type: 'message-dropped', id: envelope.id, reason: { type: 'no-such-node' } })
    if (!node.machine) return this.#write({ type: 'message-dropped', id: envelope.id, reason: { type: 'receiver-dead' } })
    if (incarnation !== undefined && incarnation !== node.incarnation) {
      return this.#write({ type: 'message-dropped', id: envelope.id, reason: { type: 'receiver-restarted' } })
    }
    this.#write({ type: 'message-handed', id: envelope.id })
    this.#take(node, { type: 'message', from: envelope.from, message: envelope.message }, () => (
      { type: 'message-taken', id: envelope.id, ...this.#ofStep(node) }
    ))
  }

  #take(node: Node, input: Exclude<Input, Start>, event: (node: Node) => EventBody): void {
    if (!node.machine) return
    if (node.paused) {
      node.inbox.push(() => this.#take(node, input, event))
      return
    }
    const { machine } = node
    node.step++
    this.#write(event(node))
    this.#inStep(node, () => machine.step(input, this))
  }

  #inStep(node: Node, step: () => void): void {
    this.#current = node
    this.#index = 0
    step()
    this.#current = null
  }

  #running(): Node {
    if (!this.#current) throw new Error('an effect outside a step')
    return this.#current
  }

  #node(name: NodeName): Node {
    const node = this.#nodes.get(name)
    if (!node) throw new Error(`there is no node ${name}`)
    return node
  }

  #ofStep(node: Node): { node: NodeName; incarnation: number; step: number } {
    return { node: node.name, incarnation: node.incarnation, step: node.step }
  }

  #write(body: EventBody): void {
    this.#seq++
    this.#options.onEvent({ seq: this.#seq, at: this.#agenda.now, wall: this.#agenda.now, ...body })
  }
}
