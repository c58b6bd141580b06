// The switchboard: the cluster's network and its memory. Every message passes here, every event gets its place in one order here,
// and here nodes are killed and paused. What messages meet is traffic.ts, what time does is standstill.ts.
// It must never decide anything of the protocol, nor tell what the journal has not got.
import { createRandom, Refused, type NetworkAct } from '../network'
import { type NodeKind, type NodeName, type Start } from '../protocol'
import { operationInputJson, type BreakingEvent, type EventBody, type ToldEvent, type TraceHeader } from '../trace'
import { completePlan, WorkloadDriver, workloadText, type WorkloadMoment, type WorkloadPlan } from '../workload'
import { BranchBeginning } from './branch'
import type { ClusterClock } from './cluster-clock'
import type { BranchBegin, Command, Invoke } from './control'
import { WireError, type Cursor } from './frame'
import type { Journal } from './journal'
import { encodeOperationInput, encodeStart, toSwitchboard, type Hello, type OperationFrame } from './lab-frames'
import { Life, type Exit, type NodeSocket } from './life'
import type { Mail } from './mailbox'
import type { Moment } from './moment'
import { Outbox } from './outbox'
import { Peaks } from './peaks'
import { identifyProcess, signalProcess } from './process-identity'
import { Standstill } from './standstill'
import { readStep, type StepHandler } from './step-reader'
import { Traffic } from './traffic'

export interface SwitchboardOptions {
  readonly header: TraceHeader
  readonly clock: ClusterClock
  readonly journal: Journal
  /** True while so much waits for the lab to read that no more should be made. */
  readonly isLabBehind: () => boolean
  /** Nodes that are started with the cluster; the others wait to be started. */
  readonly start: readonly NodeName[]
  /** The recording and where in it a branch begins; null for a new cluster. */
  readonly branch: { readonly path: string; readonly begin: BranchBegin } | null
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
  readonly #traffic: Traffic
  readonly #standstill: Standstill
  readonly peaks = new Peaks()
  readonly journal: Journal
  readonly #outbox = new Outbox()
  #workload: WorkloadDriver | null = null
  #workloads = 0
  #beginning: BranchBeginning | null = null

  constructor(options: SwitchboardOptions) {
    this.#options = options
    this.#kinds = new Map(options.header.nodes.map(({ name, kind }) => [name, kind]))
    const nodes = [...this.#kinds.keys()]
    const { header, clock, journal } = options
    this.journal = journal
    clock.onAction = () => journal.look()
    const event = (body: EventBody): void => journal.event(body)
    const lifeOf = (name: NodeName): Life | undefined => this.#lives.get(name)
    const standstill = new Standstill({ nodes, clock, event, lifeOf, latestSeq: () => journal.latest, onThawed: (life) => this.#traffic.pump(life) })
    this.#standstill = standstill
    this.#traffic = new Traffic({
      peaks: this.peaks, journal,
      seed: header.seed, nodes, clock, event, lifeOf, lives: () => this.#lives.values(),
      isHeldBack: () => standstill.isHeldBack, isBehind: () => this.#isBehind,
      isExact: () => standstill.conditions.isExact, isWatched: () => !standstill.conditions.isEmpty,
    })
  }

  // ---- commands of the lab

  /** Carries a command out; rejects with a Refused for one that makes no sense now. */
  async command(command: Command): Promise<void> {
    switch (command.type) {
      case 'started': return this.#nodeStarted(command.node, command.incarnation, command.pid)
      case 'start-failed':
        return this.event({ type: 'node-failed', node: command.node, incarnation: command.incarnation, reason: command.reason })
      case 'exited': return this.#nodeExited(command.node, command.incarnation, command)
      case 'go': return this.#standstill.run()
      case 'branch': return this.#branch()
      case 'kill': return this.#kill(command.node)
      case 'pause': return this.#pause(command.node)
      case 'resume': return this.#resume(command.node)
      case 'freeze': return this.#standstill.freeze()
      case 'thaw': return this.#standstill.thaw()
      case 'act': return this.#act(command.act)
      case 'tell': return this.#tell(command.event)
      case 'start-workload': return this.#startWorkload(command.plan)
      case 'stop-workload': return this.#stopWorkload()
      case 'stop': return this.#stop()
      case 'open':
      case 'load': throw new Refused('The switchboard is open already.')
    }
  }

  /** Servers go on all the same: to hold their pings up would make them look dead, and what they do has an end when clients wait. */
  get #isBehind(): boolean {
    return this.journal.isFull || this.#options.isLabBehind()
  }

  /** The disk or the lab has caught up: clients get what waited for them. */
  caughtUp(): void {
    if (this.#isBehind) return
    this.journal.look()
    this.#traffic.pumpAll()
  }

  /** From beside the nodes. Cluster time runs on while the lab judges, so a freeze by a broken rule comes some events after it. */
  #tell(event: ToldEvent): void {
    this.event(event)
    if (!this.#standstill.conditions.isEmpty) this.#standstill.watchEvent(event)
  }

  async #act(act: NetworkAct): Promise<void> {
    const { transit } = this.#traffic
    switch (act.type) {
      case 'add-fault': return transit.addFault(act.fault, act.plan)
      case 'switch-fault': return transit.switchFault(act.fault, act.isOn)
      case 'remove-fault': return transit.removeFault(act.fault)
      case 'deliver':
        // While time runs, what waits in a node's mail is taken by itself; what is late or held can be let go.
        if (!this.#standstill.isHolding && transit.find(act.id)) return transit.release(act.id, 'by hand')
        return this.#standstill.step(() => this.#traffic.deliver(act.id))
      case 'drop': return this.#traffic.drop(act.id)
      case 'duplicate': return this.#traffic.duplicate(act.id)
      case 'fire': return this.#standstill.fire(act.node, act.timer)
      case 'add-break': return this.#standstill.conditions.add(act.condition)
      case 'remove-break':
        this.#standstill.conditions.remove(act.name)
        return this.#traffic.pumpAll()
    }
  }

  invoke({ client, label, frame }: Invoke): number {
    const life = this.#liveNode(client)
    if (life.kind !== 'client') throw new Refused(`${client} is no client.`)
    const operationId = ++this.#operationId
    const { session, target, operation } = frame
    const numbered = { operationId, session, target, operation }
    this.#operations.set(operationId, { frame: numbered, label })
    life.untakenOperations.add(operationId)
    const { outgoing } = life
    if (outgoing) encodeOperationInput(outgoing, numbered)
    return operationId
  }

  /** A person's operation; answered, in a freeze, when the client has taken it. */
  async invokeByHand(invoke: Invoke): Promise<number> {
    const operationId = this.invoke(invoke)
    const life = this.#lives.get(invoke.client)
    if (life) await this.#standstill.reported(life)
    return operationId
  }

  // ---- lives

  async #nodeStarted(name: NodeName, incarnation: number, pid: number): Promise<void> {
    const kind = this.#kinds.get(name)
    if (!kind) throw new Refused(`There is no node ${name}.`)
    const life = new Life(name, kind, incarnation, identifyProcess(pid), this.#outbox)
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
    if (this.#standstill.hasBegun) this.#sendStart(life)
    // It began in the parent; its life comes with those of the others.
    else if (this.#options.branch) life.settleStarted(true)
    else this.#startInOrder()
  }

  /** A new cluster takes its start inputs in the order of its nodes, so that s1 is the first that pings, whoever was up first. */
  #startInOrder(): void {
    for (const name of this.#options.start) {
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
    this.#outbox.heard(life)
    const kind = frame.u8()
    switch (kind) {
      case toSwitchboard.step:
        readStep(life, frame, this)
        return this.#traffic.taken(life)
      case toSwitchboard.asFarAs: return this.#beginning?.cameAsFarAs(life, frame.u32())
      case toSwitchboard.frozen:
      case toSwitchboard.thawed: return this.#standstill.answered(life, frame.u32(), frame.longText())
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
    this.#traffic.ended(life)
    for (const operationId of life.untakenOperations) {
      this.#operations.delete(operationId)
      this.event({ type: 'lab-note', node: name, text: `${name} ended before it took operation ${operationId}.` })
    }
    this.#tellPeers(name, life.peers)
    this.#standstill.silent(life)
    this.#beginning?.ended(life)
    life.settleStarted(false)
    life.settleGone()
  }

  #tellPeers(name: NodeName, peers: Iterable<NodeName>): void {
    for (const peer of peers) {
      const other = this.#lives.get(peer)
      if (other && this.#traffic.transit.reaches(name, peer) && other.mailbox.add({ type: 'peer-lost', peer: name })) this.#traffic.pump(other)
    }
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
    this.#standstill.silent(life)
  }

  #resume(name: NodeName): void {
    const life = this.#liveNode(name)
    if (!life.isPaused) throw new Refused(`${name} is not paused.`)
    life.isPaused = false
    this.event({ type: 'node-resumed', node: name, incarnation: life.incarnation })
    signalProcess(life.identity, 'SIGCONT')
    this.#traffic.pump(life)
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

  // ---- a branch

  /** Every process is up: their lives are lived again, the network is as it was, and all stands still. */
  async #branch(): Promise<void> {
    const { branch } = this.#options
    const { parent } = this.#options.header
    if (!branch || !parent) throw new Refused('This cluster is no branch.')
    this.#beginning = new BranchBeginning({ ...branch, lives: this.#lives })
    const moment = await this.#beginning.run()
    this.#beginning = null
    const processes = [...this.#lives.values()].map(({ name: node, incarnation, identity }) => ({ node, incarnation, pid: identity.pid }))
    this.event({ type: 'branched', parent, processes })
    for (const life of this.#lives.values()) {
      life.isStartSent = true
      life.isStarted = true
      for (const peer of moment.peers(life.name)) life.peers.add(peer)
    }
    this.#operationId = moment.operationId
    this.#workloads = moment.workloads
    if (moment.workload) this.#workload = this.#drive(moment.workload.plan, moment.workload)
    this.#standstill.conditions.begin([...moment.state.breaks.values()].map(({ condition }) => condition))
    this.#endKilled(moment)
    this.#traffic.begin(moment)
    await this.#standstill.beginFrozen(moment.freezes)
    for (const { name, life } of moment.state.nodes.values()) if (life === 'paused') this.#pauseAgain(name)
  }

  /** Nodes that had been sent SIGKILL and had not ended: in the branch they have. */
  #endKilled(moment: Moment): void {
    for (const { name, incarnation } of moment.state.nodes.values()) {
      if (!moment.lives(name) || this.#lives.has(name)) continue
      this.event({ type: 'node-exited', node: name, incarnation, code: null, signal: 'SIGKILL', stderr: '' })
      this.#tellPeers(name, moment.peers(name))
    }
  }

  /** A process that was paused at the moment is again; the parent's events have told it. */
  #pauseAgain(name: NodeName): void {
    const life = this.#lives.get(name)
    if (!life) return
    if (signalProcess(life.identity, 'SIGSTOP')) life.isPaused = true
    else {
      this.event({ type: 'lab-note', node: name, text: `${name} was paused at that moment; here it cannot be stopped and runs.` })
      this.event({ type: 'node-resumed', node: name, incarnation: life.incarnation })
    }
  }

  // ---- what steps tell

  event(body: EventBody): void {
    this.journal.event(body)
  }

  started(life: Life): void {
    const { name, incarnation, kind } = life
    this.event({ type: 'node-started', node: name, incarnation, step: 0, kind, pid: life.identity.pid, seed: this.#startOf(life).seed })
    life.isStarted = true
    if (!this.#standstill.hasBegun) this.#startInOrder()
    void this.#standstill.joined(life).then(() => life.settleStarted(true))
    if (kind === 'client') this.#workload?.clientRestarted(name)
  }

  operationTaken(life: Life, operationId: number, step: number): void {
    const taken = this.#operations.get(operationId)
    if (!taken) throw new WireError('it took an operation that was never sent to it')
    this.#operations.delete(operationId)
    life.untakenOperations.delete(operationId)
    this.journal.text(`"type":"operation-invoked",${life.of}${step},"operation":${operationInputJson(taken.frame)},"label":${JSON.stringify(taken.label)}}`)
  }

  returned(operationId: number): void {
    this.#workload?.returned(operationId)
  }

  reported({ of }: Life, step: number, source: Buffer, start: number, end: number): void {
    this.journal.bytes(source, start, end, '', of, String(step), ',')
    if (this.#standstill.conditions.isEmpty) return
    this.#standstill.watchEvent(JSON.parse(`{${of}${step},${source.toString('utf8', start, end)}`) as BreakingEvent)
  }

  send(from: Life, mail: Mail): void {
    if (!this.#standstill.conditions.isEmpty) this.#standstill.watchMessage(mail)
    this.#traffic.send(from, mail)
  }

  // ---- workload

  #startWorkload(plan: WorkloadPlan): void {
    const complete = completePlan(plan, [...this.#kinds].filter(([, kind]) => kind === 'client').map(([name]) => name))
    this.#workload?.stop()
    this.event({ type: 'workload-started', text: workloadText(complete), plan: complete })
    this.#workloads++
    this.#workload = this.#drive(complete)
  }

  #drive(plan: WorkloadPlan, begin?: WorkloadMoment): WorkloadDriver {
    return new WorkloadDriver({
      plan, clock: this.#options.clock, ...(begin ? { begin } : {}),
      random: createRandom(this.#options.header.seed, `workload ${this.#workloads}`),
      takes: (client) => !(this.#lives.get(client)?.isFrozen ?? false),
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
