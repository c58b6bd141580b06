// The moment of a recording as a start of an exploration: every node with the inputs of its present life, so that whoever explores can step its
// machine to that moment, and every message that is under way then. Plain data, which a worker can be handed.
import {
  createMachine, type Input, type Message, type NodeKind, type NodeName, type Settings, type Start,
} from '../../protocol'
import { messageOf, operationInputOf, type EventOf, type TraceEvent, type TraceHeader } from '../../trace'
import type { StartingPoint } from './expander'

export interface Life {
  readonly name: NodeName
  readonly kind: NodeKind
  /** 0: never started. */
  readonly incarnation: number
  readonly seed: string
  /** Null while it is dead. */
  readonly inputs: readonly Exclude<Input, Start>[] | null
}

export interface LifeMail {
  readonly id: string
  readonly from: NodeName
  readonly to: NodeName
  readonly message: Message
}

export interface Lives {
  readonly settings: Settings
  readonly nodes: readonly Life[]
  readonly mails: readonly LifeMail[]
  /** How often each message had been copied. */
  readonly copies: ReadonlyMap<string, number>
}

/** Sessions below are a person's, who takes the lowest that is free, and those above a workload's. */
export const sessionFromMoment = 7

interface Growing {
  name: NodeName
  kind: NodeKind
  incarnation: number
  seed: string
  inputs: Exclude<Input, Start>[] | null
  isPaused: boolean
}

/** Gathers the lives up to a moment: takes the events up to it, in order. */
export class LivesOfTrace {
  readonly #settings: Settings
  readonly #nodes = new Map<NodeName, Growing>()
  readonly #mails = new Map<string, LifeMail>()
  readonly #copies = new Map<string, number>()

  constructor({ settings, nodes }: Pick<TraceHeader, 'settings' | 'nodes'>) {
    this.#settings = settings
    for (const { name, kind } of nodes) this.#nodes.set(name, { name, kind, incarnation: 0, seed: '', inputs: null, isPaused: false })
  }

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'node-started': return this.#started(event)
      case 'node-killed':
      case 'node-exited': return this.#ended(event.node, event.incarnation)
      case 'node-paused':
      case 'node-resumed': {
        const node = this.#nodes.get(event.node)
        if (node) node.isPaused = event.type === 'node-paused'
        return
      }
      case 'message-sent': return void this.#mails.set(event.id, { id: event.id, from: event.from, to: event.to, message: messageOf(event.message) })
      case 'message-duplicated': return this.#duplicated(event)
      case 'message-dropped': return void this.#mails.delete(event.id)
      case 'message-taken': {
        const mail = this.#mails.get(event.id)
        this.#mails.delete(event.id)
        return mail && this.#input(event.node, { type: 'message', from: mail.from, message: mail.message })
      }
      case 'timer-fired': return this.#input(event.node, { type: 'timer', name: event.name })
      case 'peer-lost': return this.#input(event.node, { type: 'peer-lost', peer: event.peer })
      case 'operation-invoked': return this.#input(event.node, operationInputOf(event.operation))
      default: return
    }
  }

  /** A node that is paused takes no step: it is named. */
  get paused(): NodeName | undefined {
    return [...this.#nodes.values()].find(({ isPaused, inputs }) => isPaused && inputs !== null)?.name
  }

  get lives(): Lives {
    const nodes = [...this.#nodes.values()].map(({ name, kind, incarnation, seed, inputs }) => ({ name, kind, incarnation, seed, inputs }))
    const mails = [...this.#mails.values()].filter(({ to }) => this.#nodes.get(to)?.inputs)
    return { settings: this.#settings, nodes, mails, copies: this.#copies }
  }

  #started({ node: name, incarnation, seed }: EventOf<'node-started'>): void {
    const node = this.#nodes.get(name)
    if (node) Object.assign(node, { incarnation, seed, inputs: [], isPaused: false })
  }

  #ended(name: NodeName, incarnation: number): void {
    const node = this.#nodes.get(name)
    if (node?.incarnation !== incarnation) return
    node.inputs = null
    for (const [id, { to }] of this.#mails) if (to === name) this.#mails.delete(id)
  }

  #duplicated({ id, of }: EventOf<'message-duplicated'>): void {
    const mail = this.#mails.get(of)
    if (mail) this.#mails.set(id, { ...mail, id })
    const original = originalOf(of)
    this.#copies.set(original, (this.#copies.get(original) ?? 0) + 1)
  }

  #input(name: NodeName, input: Exclude<Input, Start>): void {
    this.#nodes.get(name)?.inputs?.push(input)
  }
}

/** A copy's id is that of the message with its number. */
export function originalOf(id: string): string {
  return id.split('+')[0] ?? id
}

/** Steps every node to the moment. */
export function startingPointOf({ settings, nodes, mails }: Lives): StartingPoint {
  return {
    settings, session: sessionFromMoment, mails,
    nodes: nodes.map((life) => {
      const { name, kind, incarnation, inputs } = life
      if (inputs === null) return { name, kind, incarnation, machine: null, timers: [], steps: 0 }
      const timers = new Set<string>()
      const sink = {
        send: () => undefined, report: () => undefined,
        setTimer: (timer: string) => void timers.add(timer), cancelTimer: (timer: string) => void timers.delete(timer),
      }
      const machine = createMachine({ type: 'start', name, kind, incarnation, address: '', settings, seed: life.seed }, sink)
      for (const input of inputs) {
        if (input.type === 'timer') timers.delete(input.name)
        machine.step(input, sink)
      }
      return { name, kind, incarnation, machine, timers: [...timers], steps: inputs.length }
    }),
  }
}
