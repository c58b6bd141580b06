// The switchboard: the cluster's network and its memory. Every message passes here, every event gets its place in one order here,
// and here nodes are killed, paused, frozen. It must never decide anything of the protocol, nor tell what the journal has not got.
import { createRandom } from '../network'
import { viewServerName, type NodeKind, type NodeName, type Start } from '../protocol'
import { recordOperationInput, type EventBody, type FrozenTimer, type TraceHeader } from '../trace'
import type { ClusterClock } from './cluster-clock'
import type { Command, Invoke } from './control'
import { WireError, type Cursor } from './frame'
import type { Journal } from './journal'
import { encodeDeliver, encodeFreeze, encodeOperationInput, encodePeerLost, encodeStart, toSwitchboard, type Hello, type OperationFrame } from './lab-frames'
import { Life, type Exit, type NodeSocket } from './life'
import { windowHeld, windowRunning } from './mailbox'
import { identifyProcess, signalProcess } from './process-identity'
import { readStep, type StepHandler } from './step-reader'
import { WorkloadDriver, type WorkloadPlan } from './workload'

/** A refused command: one plain sentence for a person. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export interface SwitchboardOptions {
  readonly header: TraceHeader
  readonly clock: ClusterClock
  readonly journal: Journal
}

interface TakenOperation {
  readonly frame: OperationFrame
  readonly label: string
}

export class Switchboard implements StepHandler {
  readonly #options: SwitchboardOptions
  readonly #kinds: ReadonlyMap<NodeName, NodeKind>
  /** The present life of each node; a node that is dead has none. */
  readonly #lives = new Map<NodeName, Life>()
  /** Greetings that came before the lab told of their process. */
  readonly #early = new Map<string, NodeSocket>()
  readonly #operations = new Map<number, TakenOperation>()
  #operationId = 0
  /** Time stands still: before the start, and in a freeze. */
  #isHolding = true
  #isChanging = false
  /** Time has been set going once. */
  #hasBegun = false
  #freezeNumber = 0
  /** Nodes that were asked to freeze or thaw and have not answered. */
  readonly #answers = new Map<NodeName, (timers: FrozenTimer[]) => void>()
  #workload: WorkloadDriver | null = null
  #workloads = 0

  constructor(options: SwitchboardOptions) {
    this.#options = options
    this.#kinds = new Map(options.header.nodes.map(({ name, kind }) => [name, kind]))
  }

  // ---- commands of the lab

  /** Carries a command out; rejects with a Refused for one that makes no sense now. */
  async command(command: Command): Promise<void> {
    switch (command.type) {
      case 'started': return this.#nodeStarted(command.node, command.incarnation, command.pid)
      case 'start-failed':
        return this.event({ type: 'node-failed', node: command.node, incarnation: command.incarnation, reason: command.reason })
      case 'exited': return this.#nodeExited(command.node, command.incarnation, command)
      case 'go': return this.#run(0)
      case 'kill': return this.#kill(command.node)
      case 'pause': return this.#pause(command.node)
      case 'resume': return this.#resume(command.node)
      case 'freeze': return this.#alone(() => this.#freeze())
      case 'thaw': return this.#alone(() => this.#thaw())
      case 'start-workload': return this.#startWorkload(command.plan)
      case 'stop-workload': return this.#stopWorkload()
      case 'stop': return this.#stop()
      case 'open': throw new Refused('The switchboard is open already.')
    }
  }

  invoke({ client, label, frame }: Invoke): number {
    const life = this.#liveNode(client)
    if (life.kind !== 'client') throw new Refused(`${client} is no client.`)
    const operationId = ++this.#operationId
    this.#operations.set(operationId, { frame: { ...frame, operationId }, label })
    life.untakenOperations.add(operationId)
    life.send((writer) => encodeOperationInput(writer, { ...frame, operationId }))
    return operationId
  }

  // ---- lives

  async #nodeStarted(name: NodeName, incarnation: number, pid: number): Promise<void> {
    const kind = this.#kinds.get(name)
    if (!kind) throw new Refused(`There is no node ${name}.`)
    const life = new Life(name, kind, incarnation, identifyProcess(pid))
    this.#lives.set(name, life)
    const early = this.#early.get(`${name}#${incarnation}`)
    if (early) this.#connect(life, early)
    if (!await life.started) throw new Refused(`${name} ended before it had started.${life.exit?.stderr ? ` It said: ${life.exit.stderr}` : ''}`)
  }

  /** A node has greeted. Returns its life, or undefined if the lab has not told of it yet. */
  greeted(hello: Hello, socket: NodeSocket): void {
    const life = this.#lives.get(hello.name)
    if (life?.incarnation === hello.incarnation && !life.isConnected) this.#connect(life, socket)
    else this.#early.set(`${hello.name}#${hello.incarnation}`, socket)
  }

  #connect(life: Life, socket: NodeSocket): void {
    this.#early.delete(`${life.name}#${life.incarnation}`)
    life.connect(socket)
    if (this.#hasBegun) this.#sendStart(life)
    else this.#startInOrder()
  }

  /** A new cluster takes its start inputs in the order of its nodes, so that s1 is the first that pings, whoever was up first. */
  #startInOrder(): void {
    for (const name of this.#kinds.keys()) {
      const life = this.#lives.get(name)
      if (!life?.isConnected) return
      if (!life.isStarted) return this.#sendStart(life)
    }
  }

  #sendStart(life: Life): void {
    if (life.isStartSent) return
    life.isStartSent = true
    life.send((writer) => encodeStart(writer, this.#startOf(life)))
  }

  #startOf({ name, kind, incarnation }: Life): Start {
    return { type: 'start', name, kind, incarnation, address: '', settings: this.#options.header.settings, seed: `${name}.${incarnation}` }
  }

  /** A frame of a node that has greeted. Throws a WireError for one that makes no sense. */
  handleFrame(hello: Hello, frame: Cursor): void {
    const life = this.#lives.get(hello.name)
    if (life?.incarnation !== hello.incarnation) return
    const kind = frame.u8()
    switch (kind) {
      case toSwitchboard.step:
        readStep(life, frame, this)
        return this.#pump(life)
      case toSwitchboard.frozen:
      case toSwitchboard.thawed: return this.#answered(life, frame.u32(), frame.longText())
      default: throw new WireError(`there is no frame of kind ${kind}`)
    }
  }

  /** The node's socket has ended and was read to its end. */
  closed(hello: Hello): void {
    this.#early.delete(`${hello.name}#${hello.incarnation}`)
    const life = this.#lives.get(hello.name)
    if (life?.incarnation !== hello.incarnation) return
    life.disconnect()
    if (life.exit) this.#end(life, life.exit)
  }

  #nodeExited(name: NodeName, incarnation: number, exit: Exit): void {
    const life = this.#lives.get(name)
    if (life?.incarnation !== incarnation) return
    life.exit = { code: exit.code, signal: exit.signal, stderr: exit.stderr }
    if (!life.isConnected) this.#end(life, life.exit)
  }

  /** The process is gone and all that it wrote was read: what waits for it is lost, and who knew it is told. */
  #end(life: Life, exit: Exit): void {
    const { name, incarnation } = life
    this.#lives.delete(name)
    this.event({ type: 'node-exited', node: name, incarnation, ...exit })
    for (const mail of life.mailbox.empty()) this.event({ type: 'message-dropped', id: mail.id, reason: { type: 'receiver-dead' } })
    for (const operationId of life.untakenOperations) {
      this.#operations.delete(operationId)
      this.event({ type: 'lab-note', node: name, text: `${name} ended before it took operation ${operationId}.` })
    }
    for (const peer of life.peers) {
      const other = this.#lives.get(peer)
      if (other?.mailbox.add({ type: 'peer-lost', peer: name })) this.#pump(other)
    }
    this.#answered(life, this.#freezeNumber, '')
    life.settleStarted(false)
    life.settleGone()
  }

  #liveNode(name: NodeName): Life {
    const life = this.#lives.get(name)
    if (!this.#kinds.has(name)) throw new Refused(`There is no node ${name}.`)
    if (!life || life.exit) throw new Refused(`${name} is already dead.`)
    return life
  }

  async #kill(name: NodeName): Promise<void> {
    const life = this.#liveNode(name)
    this.event({ type: 'node-killed', node: name, incarnation: life.incarnation })
    signalProcess(life.identity, 'SIGKILL')
    await life.gone
  }

  #pause(name: NodeName): void {
    const life = this.#liveNode(name)
    if (life.isPaused) throw new Refused(`${name} is already paused.`)
    if (!signalProcess(life.identity, 'SIGSTOP')) throw new Refused(`${name} has just ended.`)
    life.isPaused = true
    this.event({ type: 'node-paused', node: name, incarnation: life.incarnation })
    // A stopped process answers nothing; it will find the freeze on its socket when it wakes.
    this.#answers.get(name)?.([])
  }

  #resume(name: NodeName): void {
    const life = this.#liveNode(name)
    if (!life.isPaused) throw new Refused(`${name} is not paused.`)
    life.isPaused = false
    this.event({ type: 'node-resumed', node: name, incarnation: life.incarnation })
    signalProcess(life.identity, 'SIGCONT')
    this.#pump(life)
  }

  /** Kills everything at once, without waiting: the lab is gone. */
  killAll(): void {
    for (const life of this.#lives.values()) {
      this.event({ type: 'node-killed', node: life.name, incarnation: life.incarnation })
      signalProcess(life.identity, 'SIGKILL')
    }
  }

  async #stop(): Promise<void> {
    this.#workload?.stop()
    const lives = [...this.#lives.values()]
    this.killAll()
    await Promise.all(lives.map((life) => life.gone))
  }

  // ---- what steps tell

  event(body: EventBody): void {
    this.#options.journal.event(body)
  }

  eventText(body: string): void {
    this.#options.journal.eventText(body)
  }

  started(life: Life): void {
    const { name, incarnation, kind } = life
    this.event({ type: 'node-started', node: name, incarnation, step: 0, kind, pid: life.identity.pid, seed: this.#startOf(life).seed })
    life.isStarted = true
    if (!this.#hasBegun) this.#startInOrder()
    if (!this.#isHolding) this.#tell('thaw', life)
    if (kind === 'client') this.#workload?.clientRestarted(name)
    life.settleStarted(true)
  }

  operationTaken(life: Life, operationId: number, step: number): void {
    const taken = this.#operations.get(operationId)
    if (!taken) throw new WireError('it took an operation that was never sent to it')
    this.#operations.delete(operationId)
    life.untakenOperations.delete(operationId)
    const operation = recordOperationInput({ type: 'operation', ...taken.frame })
    this.event({ type: 'operation-invoked', node: life.name, incarnation: life.incarnation, step, operation, label: taken.label })
  }

  returned(operationId: number): void {
    this.#workload?.returned(operationId)
  }

  // ---- messages

  send(from: Life, to: NodeName, id: string, body: Buffer): void {
    const drop = (type: 'no-such-node' | 'receiver-dead' | 'queue-full'): void => this.event({ type: 'message-dropped', id, reason: { type } })
    if (!this.#kinds.has(to)) return drop('no-such-node')
    const life = this.#lives.get(to)
    if (!life || life.exit) return drop('receiver-dead')
    from.peers.add(to)
    life.peers.add(from.name)
    if (!life.mailbox.add({ type: 'message', mail: { id, from: from.name, body } })) return drop('queue-full')
    this.#pump(life)
  }

  /** Hands over what the node's window has room for. */
  #pump(life: Life): void {
    if (life.isFrozen || !life.isConnected) return
    const window = life.isPaused ? windowHeld : windowRunning
    while (life.mailbox.untaken < window) {
      const delivery = life.mailbox.next()
      if (!delivery) return
      if (delivery.type === 'peer-lost') life.send((writer) => encodePeerLost(writer, delivery.peer))
      else {
        const { mail } = delivery
        this.eventText(`{"type":"message-handed","id":"${mail.id}"}`)
        const handle = life.mailbox.hand(mail)
        life.send((writer) => encodeDeliver(writer, handle, mail.from, mail.body))
      }
    }
  }

  // ---- freeze and thaw

  /** One freeze or thaw at a time: the second would find half of the first. */
  async #alone(change: () => Promise<void>): Promise<void> {
    if (this.#isChanging) throw new Refused('The cluster is just being frozen or thawed.')
    this.#isChanging = true
    try {
      await change()
    } finally {
      this.#isChanging = false
    }
  }

  /** The view server first: nobody may look dead to it because it was stopped later than the others. */
  async #freeze(): Promise<void> {
    if (this.#isHolding) throw new Refused('The cluster is already frozen.')
    this.#freezeNumber++
    const timers = await this.#ask('freeze', [viewServerName])
    timers.push(...await this.#ask('freeze', this.#others()))
    this.#isHolding = true
    this.#options.clock.stand()
    this.event({ type: 'frozen', freeze: this.#freezeNumber, timers })
  }

  async #thaw(): Promise<void> {
    if (!this.#isHolding) throw new Refused('The cluster is not frozen.')
    this.event({ type: 'thawed', freeze: this.#freezeNumber })
    await this.#run(this.#freezeNumber)
  }

  async #run(freeze: number): Promise<void> {
    this.#freezeNumber = freeze
    this.#hasBegun = true
    this.#options.clock.run()
    this.#isHolding = false
    await this.#ask('thaw', this.#others())
    await this.#ask('thaw', [viewServerName])
  }

  #others(): NodeName[] {
    return [...this.#kinds.keys()].filter((name) => name !== viewServerName)
  }

  /** Tells these nodes and waits for those that can answer: a paused one cannot, one that ends need not. */
  async #ask(kind: 'freeze' | 'thaw', names: readonly NodeName[]): Promise<FrozenTimer[]> {
    const answers = names.map((name) => {
      const life = this.#lives.get(name)
      if (!life?.isStarted) return Promise.resolve([])
      const canAnswer = !life.isPaused && !life.exit
      const answer = canAnswer ? new Promise<FrozenTimer[]>((settle) => this.#answers.set(name, settle)) : Promise.resolve([])
      this.#tell(kind, life)
      return answer
    })
    return (await Promise.all(answers)).flat()
  }

  #tell(kind: 'freeze' | 'thaw', life: Life): void {
    life.isFrozen = kind === 'freeze'
    life.send((writer) => encodeFreeze(writer, kind, this.#freezeNumber))
    this.#pump(life)
  }

  #answered(life: Life, freeze: number, text: string): void {
    if (freeze !== this.#freezeNumber) return
    const settle = this.#answers.get(life.name)
    this.#answers.delete(life.name)
    const timers = text === '' ? [] : JSON.parse(text) as Omit<FrozenTimer, 'node'>[]
    settle?.(timers.map((timer) => ({ node: life.name, ...timer })))
  }

  // ---- workload

  #startWorkload(plan: WorkloadPlan): void {
    this.#workload?.stop()
    const clients = plan.clients.length > 0 ? plan.clients : [...this.#kinds].filter(([, kind]) => kind === 'client').map(([name]) => name)
    const stranger = clients.find((name) => this.#kinds.get(name) !== 'client')
    if (stranger) throw new Refused(`${stranger} is no client.`)
    if (Object.values(plan.mix).every((weight) => weight === 0)) throw new Refused('A workload needs one kind of operation at least.')
    const mix = Object.entries(plan.mix).filter(([, weight]) => weight > 0).map(([type, weight]) => `${type} ${weight}`).join(', ')
    const rate = plan.rate === 0 ? 'as fast as answers come' : `${plan.rate} operations a second`
    this.event({ type: 'workload-started', text: `${rate} from ${clients.join(', ')}: ${mix}; ${plan.keys} keys` })
    this.#workload = new WorkloadDriver({
      plan: { ...plan, clients }, clock: this.#options.clock,
      random: createRandom(this.#options.header.seed, `workload ${++this.#workloads}`),
      invoke: (client, session, operation) => this.#invokeForWorkload(client, session, operation),
    })
  }

  /** A dead client takes nothing; the operation counts as out until the client is back. */
  #invokeForWorkload(client: NodeName, session: number, operation: OperationFrame['operation']): number {
    if (!this.#lives.has(client)) return ++this.#operationId
    return this.invoke({ client, label: 'workload', frame: { operationId: 0, session, target: '', operation } })
  }

  #stopWorkload(): void {
    if (!this.#workload) throw new Refused('No workload is running.')
    this.#workload.stop()
    this.#workload = null
    this.event({ type: 'workload-stopped' })
  }
}
