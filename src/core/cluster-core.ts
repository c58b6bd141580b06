// The core of a cluster: the acts on it, when each is refused, and what each does. Every act and every refusal is defined here once;
// processes and the simulator are its drivers, each on its own clock.
// It must never know how a driver performs something, nor decide anything about the protocol.
import { refusals, type OnItsWay, type Transit } from '../network'
import { viewServerName, type NodeKind, type NodeName } from '../protocol'
import type { ClusterAct, EventBody, Invocation, MessageId } from '../trace'
import type { BreakConditions } from './break-conditions'
import type { ClusterWorkload } from './cluster-workload'

/** The current incarnation of a node, as far as the core must know it. */
export interface CoreNode {
  readonly name: NodeName
  readonly kind: NodeKind
  readonly isPaused: boolean
}

/** A message that is in flight: its envelope, and the driver's payload. */
export type InFlight<Payload> = Pick<OnItsWay<Payload>, 'envelope' | 'payload'>

/** What a driver does itself. `Done`: what it returns for an act that takes time. */
export interface Driver<Node extends CoreNode, Payload, Done> {
  readonly transit: Transit<Payload>
  readonly conditions: BreakConditions
  readonly workload: ClusterWorkload
  /** Writes an event into the trace. */
  event(body: EventBody): void
  hasNode(name: NodeName): boolean
  /** Undefined while the node is dead, and as soon as its end was reported. */
  live(name: NodeName): Node | undefined
  isFrozen(): boolean

  kill(node: Node): Done
  pause(node: Node): void
  resume(node: Node): void
  freeze(): Done
  thaw(): Done
  /** Gives the client the operation; returns its number. */
  invoke(client: Node, invocation: Invocation): number

  /** A message that has passed the network and waits for its receiver. */
  waiting(id: MessageId): InFlight<Payload> | undefined
  /** Removes it from its receiver's queue; false if it is not there. */
  takeWaiting(id: MessageId): boolean
  /** Puts a message at the end of its receiver's queue. */
  arrive(message: InFlight<Payload>): void
  /** Delivers it to its receiver now, before all queued messages. */
  hand(node: Node, message: InFlight<Payload>): Done
  /** How often this timer was armed; undefined for a timer that is not armed. */
  armed(node: Node, timer: string): number | undefined
  fire(node: Node, timer: string, armed: number): Done
}

/** The acts that `perform` takes. Not a restart, which first needs a new process, and not an operation, which returns its number. */
export type CoreAct = Exclude<ClusterAct, { readonly type: 'restart' | 'invoke' }>

/** Throws a Refused if this node cannot be restarted. The view server cannot: it would come back without the views it made. */
export function checkRestart(node: NodeName, hasNode: (name: NodeName) => boolean): void {
  if (!hasNode(node)) throw refusals.noNode(node)
  if (node === viewServerName) throw refusals.viewServerRestart()
}

export class ClusterCore<Node extends CoreNode, Payload, Done> {
  readonly #driver: Driver<Node, Payload, Done>

  constructor(driver: Driver<Node, Payload, Done>) {
    this.#driver = driver
  }

  /** Throws a Refused for an act that is impossible now; then nothing has changed. */
  perform(act: CoreAct): Done | void {
    const { transit, conditions, workload } = this.#driver
    switch (act.type) {
      case 'kill': return this.#driver.kill(this.#live(act.node))
      case 'pause': return this.#pause(this.#live(act.node))
      case 'resume': return this.#resume(this.#live(act.node))
      case 'freeze': return this.#freeze()
      case 'thaw': return this.#thaw()
      case 'start-workload': return workload.start(act.plan)
      case 'stop-workload': return workload.stop()
      case 'add-fault': return transit.addFault(act.fault, act.plan)
      case 'switch-fault': return transit.switchFault(act.fault, act.isOn)
      case 'remove-fault': return transit.removeFault(act.fault)
      case 'deliver': return this.#deliver(act.id)
      case 'drop': return this.#drop(act.id)
      case 'duplicate': return this.#duplicate(act.id)
      case 'fire': return this.#fire(act.node, act.timer)
      case 'add-break': return conditions.add(act.condition)
      case 'remove-break': return conditions.remove(act.name)
    }
  }

  /** Asks a client for an operation; returns its number. Throws a Refused if there is no such client, or it is dead. */
  invoke(invocation: Invocation): number {
    const client = this.#live(invocation.client)
    if (client.kind !== 'client') throw refusals.noClient(client.name)
    return this.#driver.invoke(client, invocation)
  }

  #live(name: NodeName): Node {
    if (!this.#driver.hasNode(name)) throw refusals.noNode(name)
    const node = this.#driver.live(name)
    if (!node) throw refusals.alreadyDead(name)
    return node
  }

  #pause(node: Node): void {
    if (node.isPaused) throw refusals.alreadyPaused(node.name)
    this.#driver.pause(node)
  }

  #resume(node: Node): void {
    if (!node.isPaused) throw refusals.notPaused(node.name)
    this.#driver.resume(node)
  }

  #freeze(): Done {
    if (this.#driver.isFrozen()) throw refusals.alreadyFrozen()
    return this.#driver.freeze()
  }

  #thaw(): Done {
    if (!this.#driver.isFrozen()) throw refusals.notFrozen()
    return this.#driver.thaw()
  }

  /** While time runs, queued messages are delivered by themselves; only a late or held message can be released by hand. */
  #deliver(id: MessageId): Done | void {
    const driver = this.#driver
    const late = driver.transit.find(id)
    if (late && !driver.isFrozen()) return driver.transit.release(id, 'by hand')
    const message = late ?? this.#waiting(id)
    if (!driver.isFrozen()) throw refusals.notFrozen()
    const { to } = message.envelope
    const node = driver.live(to)
    if (!node) throw refusals.receiverDead(to)
    if (node.isPaused) throw refusals.receiverPaused(to)
    if (driver.transit.takeOut(id)) driver.event({ type: 'message-released', id, reason: 'by hand' })
    else driver.takeWaiting(id)
    return driver.hand(node, message)
  }

  #drop(id: MessageId): void {
    if (!this.#driver.transit.takeOut(id) && !this.#driver.takeWaiting(id)) throw refusals.messageGone(id)
    this.#driver.event({ type: 'message-dropped', id, reason: { type: 'by-hand' } })
  }

  /** Copies a message: the copy goes to the end of the receiver's queue, or is held if the original is late or held. */
  #duplicate(id: MessageId): void {
    const { transit } = this.#driver
    if (transit.find(id)) return transit.duplicate(id)
    const { envelope, payload } = this.#waiting(id)
    this.#driver.arrive({ envelope: transit.copyOf(envelope, 'by hand'), payload })
  }

  #waiting(id: MessageId): InFlight<Payload> {
    const waiting = this.#driver.waiting(id)
    if (!waiting) throw refusals.messageGone(id)
    return waiting
  }

  #fire(name: NodeName, timer: string): Done {
    const driver = this.#driver
    if (!driver.isFrozen()) throw refusals.notFrozen()
    if (!driver.hasNode(name)) throw refusals.noNode(name)
    const node = driver.live(name)
    if (!node) throw refusals.deadHasNoTimers(name)
    if (node.isPaused) throw refusals.pausedDoesNothing(name)
    const armed = driver.armed(node, timer)
    if (armed === undefined) throw refusals.noTimer(name, timer)
    return driver.fire(node, timer, armed)
  }
}
