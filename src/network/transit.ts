// Messages between their sending and their arrival: what the faults say, slow links, what is held and what is let go; and the faults
// as a person adds, plans, switches and removes them. The switchboard and the simulator both send everything through one of these.
// It must never know how a driver carries a message: `Payload` is the driver's, and so is what happens on arrival.
import type { NodeName } from '../protocol'
import type { NetworkEvent } from './events'
import { atOnce, deadProblem, faultLimits, faultProblem, faultText, planProblem, type Envelope, type Fault, type FaultPlan } from './fault'
import type { NetworkMoment } from './moment'
import { Network } from './network'
import { Refused } from './refused'

/** Messages whose copies are counted. */
const copiesKnownMax = 100_000

export interface TransitOptions<Payload> {
  readonly seed: string
  readonly nodes: readonly NodeName[]
  readonly event: (event: NetworkEvent) => void
  /** Calls the action once, after so much cluster time; returns what calls it off. */
  readonly after: (ms: number, action: () => void) => () => void
  /** The present life of a node; 0 while it is dead. */
  readonly incarnationOf: (name: NodeName) => number
  /** It was started once, and its present life has ended. */
  readonly hasDied: (name: NodeName) => boolean
  /** The message has reached its receiver, in the life that it was sent to. */
  readonly onArrival: (envelope: Envelope, payload: Payload) => void
}

/** A message that has left its sender and has not reached its receiver. */
export interface OnItsWay<Payload> {
  readonly envelope: Envelope
  readonly payload: Payload
  /** The receiver's life that it was sent to; 0 if it was dead. */
  readonly incarnation: number
  readonly cancel: () => void
}

export class Transit<Payload> {
  readonly #options: TransitOptions<Payload>
  readonly #network: Network
  /** Late or held, by id. */
  readonly #onItsWay = new Map<string, OnItsWay<Payload>>()
  /** Faults that are to begin or end by themselves: how to call that off. */
  readonly #plans = new Map<string, () => void>()
  /** Copies made of a message, to number them. */
  readonly #copies = new Map<string, number>()

  constructor(options: TransitOptions<Payload>) {
    this.#options = options
    this.#network = new Network(options.seed)
  }

  // ---- messages

  /** Sends a message on its way. A copy's own fate is asked for like that of any message; it is only not doubled again. */
  send(envelope: Envelope, payload: Payload, isCopy = false): void {
    const { id, to } = envelope
    const { event, incarnationOf } = this.#options
    if (!this.#options.nodes.includes(to)) return event({ type: 'message-dropped', id, reason: { type: 'no-such-node' } })
    const { fate, fault, delays, copies, overtakes } = this.#network.onSend(envelope, isCopy)
    if (fate === 'drop') return event({ type: 'message-dropped', id, reason: { type: 'fault', fault } })
    const incarnation = incarnationOf(to)
    if (fate === 'hold') {
      this.#onItsWay.set(id, { envelope, payload, incarnation, cancel: nothing })
      return event({ type: 'message-held', id, reason: fault })
    }
    let ms = 0
    for (const delay of delays) {
      ms += delay.ms
      event({ type: 'message-delayed', id, fault: delay.fault, ms: Math.round(delay.ms * 1000) / 1000 })
    }
    // Told before anything becomes of the original: who reads of a copy must still know it.
    const made = copies.map((maker) => this.copyOf(envelope, maker))
    if (delays.length === 0) this.#arrive(envelope, payload, incarnation)
    else this.#travel(envelope, payload, incarnation, ms)
    for (const copy of made) this.send(copy, payload, true)
    for (const late of overtakes) this.release(late, `overtaken by ${id}`)
  }

  #travel(envelope: Envelope, payload: Payload, incarnation: number, ms: number): void {
    const cancel = this.#options.after(ms, () => {
      this.#onItsWay.delete(envelope.id)
      this.#arrive(envelope, payload, incarnation)
    })
    this.#onItsWay.set(envelope.id, { envelope, payload, incarnation, cancel })
  }

  /** Goes on from a moment of another session. Before anything was sent; nothing is told, as the moment's own events have told it. */
  begin({ faults, travelling, copies }: NetworkMoment<Payload>): void {
    for (const { fault, plan, isOn, struck, next } of faults) {
      this.#network.add(fault, isOn, struck)
      if (next?.what === 'begin') this.#planBegin(fault.name, { inMs: next.inMs, forMs: plan.forMs })
      else if (next) this.#plan(fault.name, next.inMs, () => this.#remove(fault.name, 'as planned'))
    }
    for (const [original, number] of copies) this.#copies.set(original, number)
    for (const { envelope, payload, incarnation, inMs, mayBeOvertaken } of travelling) {
      if (inMs === null) this.#onItsWay.set(envelope.id, { envelope, payload, incarnation, cancel: nothing })
      else this.#travel(envelope, payload, incarnation, inMs)
      if (mayBeOvertaken) this.#network.waits(envelope)
    }
  }

  /** Tells of a copy and gives it its id; where it goes is the caller's to say. */
  copyOf(envelope: Envelope, reason: string): Envelope {
    const original = envelope.id.split('+')[0] as string
    const number = (this.#copies.get(original) ?? 0) + 1
    this.#copies.set(original, number)
    // The numbers matter while copies are under way.
    if (this.#copies.size > copiesKnownMax) this.#copies.delete(this.#copies.keys().next().value as string)
    const id = `${original}+${number}`
    this.#options.event({ type: 'message-duplicated', id, of: envelope.id, reason })
    // Not spread: a driver's envelope may read its message only when it is asked for.
    return { id, from: envelope.from, to: envelope.to, message: envelope.message }
  }

  /** Lost at its receiver's door, or there. */
  #arrive(envelope: Envelope, payload: Payload, incarnation: number): void {
    const { id, to } = envelope
    const drop = (type: 'receiver-dead' | 'receiver-restarted'): void => this.#options.event({ type: 'message-dropped', id, reason: { type } })
    const present = this.#options.incarnationOf(to)
    if (present === 0) return drop('receiver-dead')
    // Sent to a life that has ended since: it never reaches the next.
    if (incarnation !== 0 && present !== incarnation) return drop('receiver-restarted')
    const fault = this.#network.onDelivery(envelope)
    if (fault !== '') return this.#options.event({ type: 'message-dropped', id, reason: { type: 'fault', fault } })
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

  /** Lets a late or held message go on, as if its time had come. Nothing happens if it has gone already. */
  release(id: string, reason: string): void {
    const message = this.takeOut(id)
    if (!message) return
    this.#options.event({ type: 'message-released', id, reason })
    this.#arrive(message.envelope, message.payload, message.incarnation)
  }

  /** Takes a late or held message away; what becomes of it is the caller's to tell. */
  takeOut(id: string): OnItsWay<Payload> | undefined {
    const message = this.#onItsWay.get(id)
    message?.cancel()
    this.#onItsWay.delete(id)
    return message
  }

  /** Puts a copy of a late or held message beside it, held. */
  duplicate(id: string): void {
    const message = this.#onItsWay.get(id)
    if (!message) throw new Refused(`The message ${id} is gone: it was taken or lost before.`)
    const copy = this.copyOf(message.envelope, 'by hand')
    this.#onItsWay.set(copy.id, { ...message, envelope: copy, cancel: nothing })
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
  // A held message has no time of its own to call off.
}
