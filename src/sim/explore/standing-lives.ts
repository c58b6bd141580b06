// A frozen cluster of replayed incarnations, to find the message ids that a path's acts have there: ids follow from the steps that nodes have
// taken. Processes that branch from the same event do the same with the same ids.
import { copyId, originalId } from '../../network'
import { createMachine, startOf, type EffectSink, type Input, type Message, type NodeName, type Operation, type Start } from '../../protocol'
import { messageId, type ClusterAct } from '../../trace'
import { startingPointOf, type LifeMail, type Lives } from './lives'
import type { Standing, StandingMessage } from './play-acts'

interface StandingNode {
  readonly kind: Start['kind']
  incarnation: number
  step: number
  machine: ReturnType<typeof createMachine> | null
  timers: Set<string>
}

export class StandingLives implements Standing {
  readonly acts: ClusterAct[] = []
  readonly #lives: Lives
  readonly #nodes = new Map<NodeName, StandingNode>()
  readonly #mails = new Map<string, LifeMail>()
  readonly #copies: Map<string, number>
  #operationId = 0

  constructor(lives: Lives) {
    this.#lives = lives
    this.#copies = new Map(lives.copies)
    for (const { name, kind, incarnation, machine, timers, steps } of startingPointOf(lives).nodes) {
      this.#nodes.set(name, { kind, incarnation, step: steps ?? 0, machine, timers: new Set(timers) })
    }
    for (const mail of lives.mails) this.#mails.set(mail.id, mail)
  }

  inFlight(): Iterable<StandingMessage> {
    return this.#mails.values()
  }

  isArmed(name: NodeName, timer: string): boolean {
    return this.#nodes.get(name)?.timers.has(timer) ?? false
  }

  deliver(id: string): void {
    const mail = this.#mails.get(id)
    if (!mail) throw new Error(`there is no message ${id}`)
    this.#mails.delete(id)
    this.acts.push({ type: 'deliver', id })
    this.#take(mail.to, { type: 'message', from: mail.from, message: mail.message })
  }

  drop(id: string): void {
    this.#mails.delete(id)
    this.acts.push({ type: 'drop', id })
  }

  duplicate(id: string): void {
    const mail = this.#mails.get(id)
    if (!mail) throw new Error(`there is no message ${id}`)
    const original = originalId(id)
    const number = (this.#copies.get(original) ?? 0) + 1
    this.#copies.set(original, number)
    const copy = copyId(original, number)
    this.#mails.set(copy, { ...mail, id: copy })
    this.acts.push({ type: 'duplicate', id })
  }

  fire(name: NodeName, timer: string): void {
    this.acts.push({ type: 'fire', node: name, timer })
    this.#nodes.get(name)?.timers.delete(timer)
    this.#take(name, { type: 'timer', name: timer })
  }

  kill(name: NodeName): void {
    this.acts.push({ type: 'kill', node: name })
    const node = this.#nodes.get(name)
    if (node) node.machine = null
    for (const [id, { to }] of this.#mails) if (to === name) this.#mails.delete(id)
  }

  restart(name: NodeName): void {
    const node = this.#nodes.get(name)
    if (!node) return
    this.acts.push({ type: 'restart', node: name })
    node.incarnation++
    node.step = 0
    node.timers = new Set()
    const { kind, incarnation } = node
    node.machine = createMachine(startOf({ name, kind, incarnation, settings: this.#lives.settings }), this.#sinkOf(name, node))
  }

  invoke(client: NodeName, operation: Operation, session: number): void {
    this.acts.push({ type: 'invoke', client, operation, session, target: '', label: 'explored' })
    this.#take(client, { type: 'operation', operationId: --this.#operationId, session, operation, target: '' })
  }

  #take(name: NodeName, input: Exclude<Input, Start>): void {
    const node = this.#nodes.get(name)
    if (!node?.machine) throw new Error(`${name} is dead and takes no step`)
    node.step++
    node.machine.step(input, this.#sinkOf(name, node))
  }

  #sinkOf(name: NodeName, node: StandingNode): EffectSink {
    let index = 0
    return {
      send: (to: NodeName, message: Message) => {
        const id = messageId(name, node.incarnation, node.step, index++)
        if (this.#nodes.get(to)?.machine) this.#mails.set(id, { id, from: name, to, message })
      },
      setTimer: (timer) => void node.timers.add(timer),
      cancelTimer: (timer) => void node.timers.delete(timer),
      report: () => undefined,
    }
  }
}
