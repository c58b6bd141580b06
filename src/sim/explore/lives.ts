// Starts an exploration from an event of a recording. It has every message then in flight, and every node with the inputs of its current
// incarnation, so that the node's machine can be replayed. Plain data, so that a worker can receive it.
import {
  createMachine, startOf, type Input, type Message, type NodeKind, type NodeName, type Settings, type Start,
} from '../../protocol'
import { originalId } from '../../network'
import { messageOf, MessagesInFlight, senderAs, stepInputOf, type EventOf, type TraceEvent, type TraceHeader } from '../../trace'
import type { StartingPoint } from './expander'

export interface Life {
  readonly name: NodeName
  readonly kind: NodeKind
  /** 0: it never started. */
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
  /** How often each message was copied. */
  readonly copies: ReadonlyMap<string, number>
}

/** The session of explored operations. Lower ones are for people, who get the lowest free one; higher ones are for workloads. */
export const sessionFromSnapshot = 7

interface Growing {
  name: NodeName
  kind: NodeKind
  incarnation: number
  seed: string
  inputs: Exclude<Input, Start>[] | null
  isPaused: boolean
}

/** Gathers the incarnations at an event: takes all events up to it, in order. */
export class LivesOfTrace {
  readonly #settings: Settings
  readonly #nodes = new Map<NodeName, Growing>()
  readonly #mails = new MessagesInFlight<LifeMail>({ sent: mailOf, copied: (mail, { id }) => ({ ...mail, id }) })
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
      case 'message-sent':
      case 'message-dropped': return void this.#mails.take(event)
      case 'message-duplicated': return this.#duplicated(event)
      case 'message-taken': {
        const mail = this.#mails.take(event)
        return mail && this.#input(event.node, { type: 'message', from: mail.from, message: mail.message })
      }
      case 'timer-fired':
      case 'peer-lost':
      case 'operation-invoked': return this.#input(event.node, stepInputOf(event))
      default: return
    }
  }

  /** The name of a paused node, if there is one: it could take no step. */
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

  #duplicated(event: EventOf<'message-duplicated'>): void {
    this.#mails.take(event)
    const original = originalId(event.of)
    this.#copies.set(original, (this.#copies.get(original) ?? 0) + 1)
  }

  #input(name: NodeName, input: Exclude<Input, Start>): void {
    this.#nodes.get(name)?.inputs?.push(input)
  }
}

function mailOf(sending: EventOf<'message-sent'>): LifeMail {
  return { id: sending.id, from: senderAs(sending), to: sending.to, message: messageOf(sending.message) }
}

/** Replays every node up to the event. */
export function startingPointOf({ settings, nodes, mails }: Lives): StartingPoint {
  return {
    settings, session: sessionFromSnapshot, mails,
    nodes: nodes.map((life) => {
      const { name, kind, incarnation, inputs } = life
      if (inputs === null) return { name, kind, incarnation, machine: null, timers: [], steps: 0 }
      const timers = new Set<string>()
      const sink = {
        send: () => undefined, report: () => undefined,
        setTimer: (timer: string) => void timers.add(timer), cancelTimer: (timer: string) => void timers.delete(timer),
      }
      const machine = createMachine(startOf({ name, kind, incarnation, settings, seed: life.seed }), sink)
      for (const input of inputs) {
        if (input.type === 'timer') timers.delete(input.name)
        machine.step(input, sink)
      }
      return { name, kind, incarnation, machine, timers: [...timers], steps: inputs.length }
    }),
  }
}
