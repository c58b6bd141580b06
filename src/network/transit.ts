// Messages in flight: applies the faults, delays messages, holds them and releases them. It also adds, plans, switches and removes the
// faults for a person. The switchboard and the simulator both send everything through one of these.
// It must never know how a driver carries a message: `Payload` is the driver's, and so is what happens on arrival.
import type { NodeName } from '../protocol'
import { copyId, originalId } from './copy-id'
import type { NetworkEvent } from './events'
import { atOnce, deadProblem, faultProblem, faultText, planProblem, type Envelope, type Fault, type FaultPlan } from './fault'
import { faultLimits } from './fault-effect'
import type { NetworkSnapshot } from './snapshot'
import { Network } from './network'
import { refusals, Refused } from './refused'

/** The limit of messages whose copies are counted. */
const copiesKnownMax = 100_000
/** Messages that may be late or held at once, and their bytes; more are lost. */
export const onItsWayMax = 100_000
export const onItsWayBytesMax = 64 * 1024 * 1024

export interface TransitOptions<Payload> {
  readonly seed: string
  readonly nodes: readonly NodeName[]
  readonly event: (event: NetworkEvent) => void
  /** Calls the action once, after this much cluster time; returns a function that cancels it. */
  readonly after: (ms: number, action: () => void) => () => void
  /** The current incarnation of a node; 0 while it is dead. */
  readonly incarnationOf: (name: NodeName) => number
  /** It was started, and its latest incarnation has ended. */
  readonly hasDied: (name: NodeName) => boolean
  /** Bytes that a driver keeps for a message; 0 without it. */
  readonly bytesOf?: (payload: Payload) => number
  /** The message has reached its receiver, in the incarnation that it was sent to. */
  readonly onArrival: (envelope: Envelope, payload: Payload) => void
}

/** A message that has left its sender and has not reached its receiver. */
export interface OnItsWay<Payload> {
  readonly envelope: Envelope
  readonly payload: Payload
  /** The receiver's incarnation that it was sent to; 0 if it was dead. */
  readonly incarnation: number
  readonly cancel: () => void
}

export class Transit<Payload> {
  readonly #options: TransitOptions<Payload>
  readonly #network: Network
  /** Late or held, by id. */
  readonly #onItsWay = new Map<string, OnItsWay<Payload>>()
  #onItsWayBytes = 0
  /** By fault: cancels its planned begin or end. */
  readonly #plans = new Map<string, () => void>()
  /** Copies made of a message, to number them. */
  readonly #copies = new Map<string, number>()

  constructor(options: TransitOptions<Payload>) {
    this.#options = options
    this.#network = new Network(options.seed)
  }

  // ---- messages

  /** Sends a message. The faults apply to a copy as to any message, but it is not duplicated again. */
  send(envelope: Envelope, payload: Payload, isCopy = false): void {
    const { id, to } = envelope
    const { event, incarnationOf } = this.#options
    if (!this.#options.nodes.includes(to)) return event({ type: 'message-dropped', id, reason: { type: 'no-such-node' } })
    const { fate, fault, delays, copies, overtakes } = this.#network.onSend(envelope, isCopy)
    if (fate === 'drop') return event({ type: 'message-dropped', id, reason: { type: 'fault', fault } })
    const incarnation = incarnationOf(to)
    if ((fate === 'hold' || delays.length > 0) && !this.#hasRoom(payload)) return event({ type: 'message-dropped', id, reason: { type: 'queue-full' } })
    if (fate === 'hold') {
      this.#keep({ envelope, payload, incarnation, cancel: nothing })
      return event({ type: 'message-held', id, reason: fault })
    }
    let ms = 0
    for (const delay of delays) {
      ms += delay.ms
      event({ type: 'message-delayed', id, fault: delay.fault, ms: Math.round(delay.ms * 1000) / 1000 })
    }
    // Reported before the original arrives or waits: when a reader of the trace sees the copy, the original must still be in flight.
    const made = copies.map((maker) => this.copyOf(envelope, maker))
    if (delays.length === 0) this.#arrive(envelope, payload, incarnation)
    else this.#travel(envelope, payload, incarnation, ms)
    for (const copy of made) this.send(copy, payload, true)
    for (const late of overtakes) this.release(late, `overtaken by ${id}`)
  }

  #travel(envelope: Envelope, payload: Payload, incarnation: number, ms: number): void {
    const cancel = this.#options.after(ms, () => {
      this.#letGo(envelope.id)
      this.#arrive(envelope, payload, incarnation)
    })
    this.#keep({ envelope, payload, incarnation, cancel })
  }

  #hasRoom(payload: Payload): boolean {
    const { bytesOf } = this.#options
    return this.#onItsWay.size < onItsWayMax && (this.#onItsWayBytes + (bytesOf?.(payload) ?? 0) <= onItsWayBytesMax || this.#onItsWay.size === 0)
  }

  #keep(message: OnItsWay<Payload>): void {
    this.#letGo(message.envelope.id)
    this.#onItsWay.set(message.envelope.id, message)
    this.#onItsWayBytes += this.#options.bytesOf?.(message.payload) ?? 0
  }

  #letGo(id: string): void {
    const message = this.#onItsWay.get(id)
    if (message && this.#onItsWay.delete(id)) this.#onItsWayBytes -= this.#options.bytesOf?.(message.payload) ?? 0
  }

  /** Continues from a snapshot of another session, before anything was sent. It reports nothing: the other session's events are in the trace. */
  begin({ faults, travelling, copies }: NetworkSnapshot<Payload>): void {
    for (const { fault, plan, isOn, struck, next } of faults) {
      this.#network.add(fault, isOn, struck)
      if (next?.what === 'begin') this.#planBegin(fault.name, { inMs: next.inMs, forMs: plan.forMs })
      else if (next) this.#plan(fault.name, next.inMs, () => this.#remove(fault.name, 'as planned'))
    }
    for (const [original, number] of copies) this.#copies.set(original, number)
    for (const { envelope, payload, incarnation, inMs, mayBeOvertaken } of travelling) {
      if (inMs === null) this.#keep({ envelope, payload, incarnation, cancel: nothing })
      else this.#travel(envelope, payload, incarnation, inMs)
      if (mayBeOvertaken) this.#network.waits(envelope)
    }
  }

  /** Reports a copy of a message in flight and gives it an id; the caller must send or keep the copy. */
  copyOf(envelope: Envelope, reason: string): Envelope {
    const id = this.nextCopyId(envelope.id)
    this.#options.event({ type: 'message-duplicated', id, of: envelope.id, reason, carries: null })
    // Not spread: a driver's envelope may decode its message only on access.
    return { id, from: envelope.from, to: envelope.to, fromAs: envelope.fromAs, message: envelope.message }
  }

  /** The id of the next copy of a message, or of a copy of it: the message's own id with a number. */
  nextCopyId(of: string): string {
    const original = originalId(of)
    const number = (this.#copies.get(original) ?? 0) + 1
    this.#copies.set(original, number)
    // The oldest count is evicted, because the numbers matter only while copies are in flight.
    if (this.#copies.size > copiesKnownMax) this.#copies.delete(this.#copies.keys().next().value as string)
    return copyId(original, number)
  }

  /** Delivers a message, or drops it on arrival. */
  #arrive(envelope: Envelope, payload: Payload, incarnation: number): void {
    const { id, to } = envelope
    const drop = (type: 'receiver-dead' | 'receiver-restarted'): void => this.#options.event({ type: 'message-dropped', id, reason: { type } })
    const present = this.#options.incarnationOf(to)
    if (present === 0) return drop('receiver-dead')
    // Sent to an incarnation that has ended since: the next one must not get it.
    if (incarnation !== 0 && present !== incarnation) return drop('receiver-restarted')
    const reason = this.#network.onDelivery(envelope)
    if (reason) return this.#options.event({ type: 'message-dropped', id, reason })
    this.#options.onArrival(envelope, payload)
  }

  /** A message that is late or held. */
  find(id: string): OnItsWay<Payload> | undefined {
    return this.#onItsWay.get(id)
  }

  /** Everything that is late or held, in the order of sending. */
  get onItsWay(): Iterable<OnItsWay<Payload>> {
    return this.#onItsWay.values()
  }

  /** Delivers a late or held message now. Nothing happens if it is not here any more. */
  release(id: string, reason: string): void {
    const message = this.takeOut(id)
    if (!message) return
    this.#options.event({ type: 'message-released', id, reason })
    this.#arrive(message.envelope, message.payload, message.incarnation)
  }

  /** Removes a late or held message; the caller must report what happens to it. */
  takeOut(id: string): OnItsWay<Payload> | undefined {
    const message = this.#onItsWay.get(id)
    message?.cancel()
    this.#letGo(id)
    return message
  }

  /** Copies a late or held message, and holds the copy. */
  duplicate(id: string): void {
    const message = this.#onItsWay.get(id)
    if (!message) throw refusals.messageGone(id)
    if (!this.#hasRoom(message.payload)) throw new Refused('There is no room for another copy: too many bytes are late or held.')
    const copy = this.copyOf(message.envelope, 'by hand')
    this.#keep({ ...message, envelope: copy, cancel: nothing })
    this.#options.event({ type: 'message-held', id: copy.id, reason: 'by hand' })
  }

  /** False if nothing at all gets from one node to the other now: not even the end of a connection is noticed. */
  reaches(from: NodeName, to: NodeName): boolean {
    return !this.#network.blocks(from, to)
  }

  // ---- faults

  addFault(fault: Fault, plan: FaultPlan = atOnce): void {
    const problem = faultProblem(fault, this.#options.nodes) ?? planProblem(plan)
      ?? (plan.inMs === 0 ? deadProblem(fault, this.#options.hasDied) : undefined)
    if (problem) throw new Refused(problem)
    if (this.#network.has(fault.name)) throw new Refused(`There is a fault "${fault.name}" already.`)
    if (this.#network.names.length >= faultLimits.faults) throw new Refused(`There are ${faultLimits.faults} faults already; remove one first.`)
    const isOn = plan.inMs === 0
    this.#network.add(fault, isOn)
    this.#options.event({ type: 'fault-added', fault: fault.name, text: faultText(fault), rule: fault, plan, isOn })
    if (isOn) return this.#planEnd(fault.name, plan.forMs)
    this.#planBegin(fault.name, plan)
  }

  #planBegin(name: string, { inMs, forMs }: FaultPlan): void {
    this.#plan(name, inMs, () => {
      this.#switch(name, true, 'as planned')
      this.#planEnd(name, forMs)
    })
  }

  #planEnd(name: string, forMs: number): void {
    if (forMs > 0) this.#plan(name, forMs, () => this.#remove(name, 'as planned'))
  }

  #plan(name: string, ms: number, action: () => void): void {
    this.#plans.set(name, this.#options.after(ms, () => {
      this.#plans.delete(name)
      action()
    }))
  }

  switchFault(name: string, isOn: boolean): void {
    this.#mustHave(name)
    if (this.#network.isOn(name) === isOn) throw new Refused(`The fault "${name}" is ${isOn ? 'on' : 'off'} already.`)
    this.#callOff(name)
    this.#switch(name, isOn, 'by hand')
  }

  removeFault(name: string): void {
    this.#mustHave(name)
    this.#callOff(name)
    this.#remove(name, 'by hand')
  }

  /** The names of all faults, on or off, in the order in which they were added. */
  get faults(): readonly string[] {
    return this.#network.names
  }

  #mustHave(name: string): void {
    if (!this.#network.has(name)) throw new Refused(`There is no fault "${name}".`)
  }

  #callOff(name: string): void {
    this.#plans.get(name)?.()
    this.#plans.delete(name)
  }

  #switch(name: string, isOn: boolean, reason: string): void {
    this.#network.switch(name, isOn)
    this.#options.event({ type: 'fault-switched', fault: name, isOn, reason })
  }

  #remove(name: string, reason: string): void {
    this.#network.remove(name)
    this.#options.event({ type: 'fault-removed', fault: name, reason })
  }
}

function nothing(): void {
  // A held message has no timer to cancel.
}
