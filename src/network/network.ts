// Decides what happens to a message, from the faults that are on, in the order in which they were added. The switchboard and the
// simulator use the same class. It draws from the session's seed only, so the same faults and messages give the same results.
// It must never carry a message itself, know a clock, or look at a node.
import type { NodeName } from '../protocol'
import type { DropReason } from './events'
import { concerns, concernsLink, type Envelope, type Fault } from './fault'
import type { Delay } from './fault-effect'
import { LostReplies } from './lost-replies'
import { createRandom, type Random } from './random'

/** What is to happen to a message that was just sent. */
export interface Verdict {
  readonly fate: 'pass' | 'drop' | 'hold'
  /** The fault that drops or holds it; empty if it passes. */
  readonly fault: string
  /** They add up. */
  readonly delays: readonly { readonly fault: string; readonly ms: number }[]
  /** For each copy, the fault that made it. */
  readonly copies: readonly string[]
  /** Messages that waited to be overtaken by this one: they follow it at once. */
  readonly overtakes: readonly string[]
}

const passes: Verdict = { fate: 'pass', fault: '', delays: [], copies: [], overtakes: [] }

interface Entry {
  readonly fault: Fault
  readonly random: Random
  isOn: boolean
  /** How often it may still strike. */
  left: number
}

export class Network {
  readonly #seed: string
  readonly #entries = new Map<string, Entry>()
  readonly #replies = new LostReplies()
  /** By link: messages that wait for one to overtake them. */
  readonly #waiting = new Map<string, string[]>()
  #added = 0
  /** Faults that are on, in the order in which they were added. */
  #active: readonly Entry[] = []

  constructor(seed: string) {
    this.#seed = seed
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  isOn(name: string): boolean {
    return this.#entries.get(name)?.isOn ?? false
  }

  /** The name must be free. `struck`: how often it has struck before, in the session that this one continues. */
  add(fault: Fault, isOn: boolean, struck = 0): void {
    if (this.has(fault.name)) throw new Error(`there is a fault ${fault.name} already`)
    // With the number, a fault that is added again under its name draws anew.
    const random = createRandom(this.#seed, `fault ${++this.#added} ${fault.name}`)
    this.#entries.set(fault.name, { fault, random, isOn, left: fault.times === 0 ? Infinity : Math.max(0, fault.times - struck) })
    this.#refresh()
  }

  remove(name: string): void {
    this.#entries.delete(name)
    this.#refresh()
  }

  switch(name: string, isOn: boolean): void {
    const entry = this.#entries.get(name)
    if (entry) entry.isOn = isOn
    this.#refresh()
  }

  #refresh(): void {
    this.#active = [...this.#entries.values()].filter(({ isOn }) => isOn)
  }

  /** True if no message of any kind gets from one node to the other now. */
  blocks(from: NodeName, to: NodeName): boolean {
    return this.#active.some(({ fault, left }) => left > 0 && fault.where.kinds.length === 0
      && (fault.effect.type === 'cut' || fault.effect.type === 'partition' || fault.effect.type === 'isolate') && concernsLink(fault, from, to))
  }

  /** Decides what happens to a message that was just sent. `isCopy`: it is a copy, which is not duplicated again. */
  onSend(envelope: Envelope, isCopy = false): Verdict {
    // Answers whose request was drawn as "executed, answer lost" are remembered even if the fault has been removed since.
    const lostBy = this.#replies.take(envelope)
    if (lostBy !== '') return { ...passes, fate: 'drop', fault: lostBy }
    if (this.#active.length === 0 && this.#waiting.size === 0) return passes
    const delays: { fault: string; ms: number }[] = []
    const copies: string[] = []
    let mayBeOvertaken = false
    for (const entry of this.#active) {
      if (entry.left === 0 || !concerns(entry.fault, envelope)) continue
      const { name, effect } = entry.fault
      switch (effect.type) {
        case 'cut':
        case 'partition':
        case 'isolate': return this.#end(entry, 'drop')
        case 'hold': return this.#end(entry, 'hold')
        case 'drop':
          if (this.#strikes(entry, effect.probability)) return { ...passes, fate: 'drop', fault: name }
          break
        case 'delay':
          if (this.#strikes(entry, effect.probability)) delays.push({ fault: name, ms: drawDelay(effect.delay, entry.random) })
          break
        case 'duplicate':
          if (!isCopy && this.#strikes(entry, effect.probability)) copies.push(name)
          break
        case 'reorder':
          if (this.#strikes(entry, effect.probability)) {
            delays.push({ fault: name, ms: effect.withinMs })
            mayBeOvertaken = true
          }
          break
        case 'unreliable': // Drawn on delivery.
          break
        default: effect satisfies never // A new effect must say here what it does.
      }
    }
    return { fate: 'pass', fault: '', delays, copies, overtakes: this.#overtake(envelope, mayBeOvertaken) }
  }

  /** Makes this message wait to be overtaken, as it did in the session that this one continues. */
  waits(envelope: Envelope): void {
    this.#overtake(envelope, true)
  }

  /**
   * Why a message is lost on arrival; undefined if it is not. The unreliable mode draws here: once for each request that really arrives,
   * so that requests which a dead server never got do not count.
   */
  onDelivery(envelope: Envelope): DropReason | undefined {
    for (const entry of this.#active) {
      const { name, effect } = entry.fault
      if (effect.type !== 'unreliable' || entry.left === 0 || !isRequest(envelope) || !concerns(entry.fault, envelope)) continue
      if (this.#strikes(entry, effect.requestLoss)) return { type: 'fault', fault: name }
      this.#replies.expect(envelope, this.#strikes(entry, effect.replyLoss) ? name : '')
    }
    return undefined
  }

  #end(entry: Entry, fate: 'drop' | 'hold'): Verdict {
    entry.left--
    return { ...passes, fate, fault: entry.fault.name }
  }

  #strikes(entry: Entry, probability: number): boolean {
    if (!entry.random.chance(probability)) return false
    entry.left--
    return true
  }

  /** Records a message that waits to be overtaken, or returns the ids that this one overtakes. */
  #overtake({ id, from, to }: Envelope, mayBeOvertaken: boolean): readonly string[] {
    const link = `${from}>${to}`
    const waiting = this.#waiting.get(link)
    if (mayBeOvertaken) {
      this.#waiting.set(link, [...waiting ?? [], id])
      return []
    }
    this.#waiting.delete(link)
    return waiting ?? []
  }
}

/** What the course's servers answer: a client's request, a forward, a chunk of a state transfer. */
function isRequest({ message }: Envelope): boolean {
  return message.type === 'request' || message.type === 'forward' || message.type === 'state-transfer'
}

function drawDelay(delay: Delay, random: Random): number {
  switch (delay.type) {
    case 'constant': return delay.ms
    case 'uniform': return delay.minMs + random.next() * (delay.maxMs - delay.minMs)
    // The inverse of the distribution's function; 1 - next() is never 0.
    case 'exponential': return Math.min(-Math.log(1 - random.next()) * delay.meanMs, delay.meanMs * 20)
  }
}
