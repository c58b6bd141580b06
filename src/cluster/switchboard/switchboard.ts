// The switchboard: the cluster's network and recording. Every message passes it, every event gets its position in one order, and it kills and
// pauses nodes. traffic.ts carries the messages; standstill.ts freezes and thaws. It must never decide anything about the protocol, nor report what
// the recording does not have.
import { BreakConditions, ClusterCore, ClusterWorkload, type BreakingEvent } from '../../core'
import { notStarted, refusals, Refused } from '../../network'
import { bytesOfOperation, startOf, type NodeKind, type NodeName, type Start } from '../../protocol'
import type { EventBody, Invocation, ToldEvent, TraceHeader } from '../../trace'
import { BranchBeginning } from './branch'
import type { ClusterClock } from './cluster-clock'
import type { BranchBegin, ClusterNow, Command } from '../supervisor/control'
import { EarlyGreetings } from './early-greetings'
import { WireError, type Cursor } from '../wire/frame'
import type { Bytes, EventWriter } from './event-writer'
import type { Recorder } from './recorder'
import { encodeOperationInput, encodeStart, toSwitchboard, type Hello, type OperationFrame } from '../wire/lab-frames'
import { LargeWork } from './large-work'
import { Life, type Exit, type NodeSocket } from './life'
import type { Mail } from './mailbox'
import type { Snapshot } from './snapshot'
import { OperationPace } from './operation-pace'
import { Outbox } from './outbox'
import { Peaks } from './peaks'
import { systemProcesses, type Processes } from '../supervisor/process-identity'
import { Standstill } from './standstill'
import { afterSignals, hostMicros, ReadingStalls } from './stalls'
import { readStep, type StepHandler } from './step-reader'
import { Traffic } from './traffic'

export interface SwitchboardOptions {
  readonly header: TraceHeader
  readonly clock: ClusterClock
  readonly recorder: Recorder
  /** True while so much waits for the lab that no more should be produced. */
  readonly isLabBehind: () => boolean
  /** Nodes that start with the cluster; the others are started later. */
  readonly start: readonly NodeName[]
  /** The recording and where in it a branch begins; null for a new cluster. */
  readonly branch: { readonly path: string; readonly begin: BranchBegin } | null
  /** Most operations per second, by hand, of scenarios and of the workload together. 0 or undefined: unlimited. */
  readonly operationsPerSecondMax?: number
  /** The cluster was frozen or thawed, or a workload began or ended; the events of that are written. */
  readonly onNow: (now: ClusterNow) => void
  /** Undefined: those of the operating system. */
  readonly processes?: Processes
  /** Called now and then while a branch is begun, which may take long. */
  readonly onAlive: () => void
}

/**
 * If more bytes of events than this wait for the disk or the lab, the cluster is frozen. Clients have to wait long before that; servers produce few
 * events and do not.
 */
const standBytes = 64 * 1024 * 1024

interface TakenOperation {
  readonly frame: OperationFrame
  readonly label: string
}

export class Switchboard implements StepHandler {
  readonly #options: SwitchboardOptions
  readonly #kinds: ReadonlyMap<NodeName, NodeKind>
  /** The present incarnation of each node; a dead node has none. */
  readonly #lives = new Map<NodeName, Life>()
  readonly #greetings = new EarlyGreetings()
  readonly #processes: Processes
  readonly #operations = new Map<number, TakenOperation>()
  #operationId = 0
  readonly #traffic: Traffic
  readonly #standstill: Standstill
  readonly peaks = new Peaks()
  readonly events: EventWriter
  readonly #outbox = new Outbox()
  readonly #workload: ClusterWorkload
  readonly #core: ClusterCore<Life, Mail, Promise<void>>
  #isFrozen = false
  readonly #largeWork = new LargeWork()
  /** Null if operations are not limited. */
  readonly #pace: OperationPace | null
  #beginning: BranchBeginning | null = null
  readonly #stalls: ReadingStalls

  constructor(options: SwitchboardOptions) {
    this.#options = options
    const { operationsPerSecondMax = 0, processes = systemProcesses } = options
    this.#processes = processes
    this.#pace = operationsPerSecondMax === 0 ? null : new OperationPace(operationsPerSecondMax)
    this.#stalls = new ReadingStalls(options.header.settings, hostMicros)
    this.#kinds = new Map(options.header.nodes.map(({ name, kind }) => [name, kind]))
    const nodes = [...this.#kinds.keys()]
    const { header, clock, recorder: { events } } = options
    this.events = events
    clock.onAction = () => events.look()
    const event = (body: EventBody): void => events.event(body)
    const timeEvent = (body: EventBody): void => {
      event(body)
      if (body.type !== 'frozen' && body.type !== 'thawed') return
      this.#isFrozen = body.type === 'frozen'
      this.#tellNow()
    }
    const lifeOf = (name: NodeName): Life | undefined => this.#lives.get(name)
    const conditions = new BreakConditions((body) => {
      event(body)
      // Without break conditions nodes get many deliveries at a time again.
      if (body.type === 'break-removed') this.#traffic.pumpAll()
    })
    const standstill = new Standstill({
      nodes, clock, event: timeEvent, lifeOf, conditions, latestSeq: () => events.latest, onThawed: (life) => this.#traffic.pump(life),
    })
    this.#standstill = standstill
    this.#workload = new ClusterWorkload({
      seed: header.seed, clock, operationsPerSecondMax,
      tell: (body) => {
        event(body)
        this.#tellNow()
      },
      clients: [...this.#kinds].filter(([, kind]) => kind === 'client').map(([name]) => name),
      takes: (client) => this.#takesWork(client),
      invoke: (client, session, operation) => this.#invokeForWorkload(client, session, operation),
    })
    this.#traffic = new Traffic({
      peaks: this.peaks, events,
      seed: header.seed, nodes, clock, event, lifeOf, lives: () => this.#lives.values(),
      isHeldBack: () => standstill.isHeldBack, isBehind: () => this.#isBehind,
      isExact: () => conditions.isExact, isWatched: () => !conditions.isEmpty,
    })
    const traffic = this.#traffic
    this.#core = new ClusterCore({
      transit: traffic.transit, conditions, workload: this.#workload, event,
      hasNode: (name) => this.#kinds.has(name), live: (name) => traffic.live(name), isFrozen: () => standstill.isHolding,
      kill: (life) => this.#kill(life), pause: (life) => this.#pause(life), resume: (life) => this.#resume(life),
      freeze: () => standstill.freeze(), thaw: () => standstill.thaw(), invoke: (client, invocation) => this.#invoke(client, invocation),
      waiting: (id) => traffic.waiting(id), takeWaiting: (id) => traffic.takeWaiting(id), arrive: (message) => traffic.arrive(message),
      hand: (life, message) => {
        traffic.handByHand(life, message)
        return standstill.reported(life)
      },
      armed: (life, timer) => standstill.armed(life, timer), fire: (life, timer, armed) => standstill.fire(life, timer, armed),
    })
  }

  // ---- commands of the lab

  /** Executes a command; rejects with a Refused for one that is impossible now. */
  async command(command: Command): Promise<void> {
    switch (command.type) {
      case 'ready': return this.#greetings.come({ name: command.node, incarnation: command.incarnation })
      case 'started': return this.#nodeStarted(command.node, command.incarnation, command.pid)
      case 'start-failed':
        return this.event({ type: 'node-failed', node: command.node, incarnation: command.incarnation, reason: command.reason })
      case 'exited': return this.#nodeExited(command.node, command.incarnation, command)
      case 'go': return this.#standstill.run()
      case 'branch': return this.#branch()
      case 'act': return this.#core.perform(command.act)
      case 'tell': return this.#tell(command.event)
      case 'stop': return this.#stop()
      case 'open':
      case 'load': throw new Refused('The switchboard is open already.')
    }
  }

  #tellNow(): void {
    this.#options.onNow({ isFrozen: this.#isFrozen, workload: this.#workload.plan })
  }

  /** Only clients wait. Holding up pings would make servers look dead, and servers run out of work when clients wait. */
  get #isBehind(): boolean {
    return this.#options.recorder.isFull || this.#options.isLabBehind()
  }

  /** This process was stopped by a signal and continues: no stall. */
  continued(): void {
    this.#stalls.continued()
  }

  /** Gets the bytes that wait for the disk or for the lab. Beyond the limit servers are frozen too. */
  waits(bytes: number, where: 'the disk' | 'the lab'): void {
    if (bytes > standBytes) this.#standstill.makeRoom(`more than ${standBytes / 1024 / 1024} MiB of events wait for ${where}; time goes on when they are less`)
  }

  /** The disk or the lab has caught up: clients get their queued messages. */
  caughtUp(): void {
    if (this.#isBehind) return
    this.#standstill.hasRoom()
    this.events.look()
    this.#traffic.pumpAll()
  }

  /** An event that comes from the lab. Cluster time runs while the lab judges, so a freeze for a rule violation comes some events after it. */
  #tell(event: ToldEvent): void {
    this.event(event)
    if (!this.#standstill.conditions.isEmpty) this.#standstill.watchEvent(event)
  }

  #invoke(life: Life, { operation, session, target, label }: Invocation): number {
    if (life.hasTooMuchUntaken) throw new Refused(`${life.name} takes no operations, and ${life.untakenOperations.size} wait for it already: is it paused?`)
    const operationId = ++this.#operationId
    const numbered = { operationId, session, target, operation }
    this.#operations.set(operationId, { frame: numbered, label })
    life.untakenOperations.add(operationId)
    life.untakenBytes += bytesOfOperation(operation)
    const { outgoing } = life
    if (outgoing) encodeOperationInput(outgoing, numbered)
    return operationId
  }

  /** An operation by hand. In a freeze it is answered when the client has taken it. */
  async invoke(invocation: Invocation): Promise<number> {
    await this.#pace?.turn()
    const operationId = this.#core.invoke(invocation)
    const life = this.#lives.get(invocation.client)
    if (life) await this.#standstill.reported(life)
    return operationId
  }

  // ---- incarnations

  async #nodeStarted(name: NodeName, incarnation: number, pid: number): Promise<void> {
    const kind = this.#kinds.get(name)
    if (!kind) throw refusals.noNode(name)
    const life = new Life(name, kind, incarnation, this.#processes.identify(pid), this.#outbox)
    this.#lives.set(name, life)
    const early = this.#greetings.take(life)
    if (early) this.#connect(life, early)
    if (!await life.started) throw notStarted(name, life.exit?.stderr ?? '')
  }

  /** A node has greeted. Its socket waits if the lab has not reported the process yet. */
  greeted(hello: Hello, socket: NodeSocket): void {
    const life = this.#lives.get(hello.name)
    if (life?.incarnation === hello.incarnation && !life.isConnected) this.#connect(life, socket)
    else this.#greetings.add(hello, socket)
  }

  #connect(life: Life, socket: NodeSocket): void {
    life.connect(socket)
    if (socket.programPid) life.program = this.#processes.identify(socket.programPid)
    if (this.#standstill.hasBegun) this.#sendStart(life)
    // It started in the parent; its incarnation is replayed together with the others.
    else if (this.#options.branch) life.settleStarted(true)
    else this.#startInOrder()
  }

  /** The nodes of a new cluster start in their order, so that s1 always pings first, whichever process was up first. */
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
    const { settings, dialect } = this.#options.header
    return startOf({ name, kind, incarnation, settings, dialect })
  }

  /** Handles a frame of a greeted node. Throws a WireError for an invalid frame. */
  handleFrame(hello: Hello, frame: Cursor): void {
    const life = this.#lives.get(hello.name)
    if (life?.incarnation !== hello.incarnation) return
    this.#outbox.heard(life)
    const kind = frame.u8()
    switch (kind) {
      case toSwitchboard.step:
        readStep(life, frame, this)
        return this.#traffic.taken(life)
      case toSwitchboard.told: return this.event(JSON.parse(frame.longText()) as EventBody)
      case toSwitchboard.stalled: return this.event({ type: 'stalled', node: life.name, ms: frame.u32() })
      case toSwitchboard.asFarAs: return this.#beginning?.cameAsFarAs(life, frame.u32())
      case toSwitchboard.frozen:
      case toSwitchboard.thawed: return this.#standstill.answered(life, frame.u32(), frame.longText())
      default: throw new WireError(`there is no frame of kind ${kind}`)
    }
  }

  /** The node's socket has ended and was read completely. */
  closed(hello: Hello): void {
    this.#greetings.take(hello)
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

  /** The process is gone and its output was read: its queued messages are dropped, and its peers are notified. */
  #end(life: Life, exit: Exit): void {
    const { name, incarnation } = life
    this.#lives.delete(name)
    this.event({ type: 'node-exited', node: name, incarnation, ...exit })
    this.#traffic.ended(life)
    for (const operationId of life.untakenOperations) {
      this.#operations.delete(operationId)
      this.event({ type: 'lab-note', node: name, text: `${name} ended before it took operation ${operationId}.` })
    }
    this.#largeWork.ended(name)
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

  async #kill(life: Life): Promise<void> {
    this.event({ type: 'node-killed', node: life.name, incarnation: life.incarnation })
    this.#signal(life, 'SIGKILL')
    await life.gone
  }

  /** A program gets what its host gets, except SIGCONT: the host continues it, unless the cluster is frozen. */
  #signal({ identity, program }: Life, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): boolean {
    const isSent = this.#processes.signal(identity, signal)
    if (program && signal !== 'SIGCONT') this.#processes.signal(program, signal, 'group')
    return isSent
  }

  #pause(life: Life): void {
    if (!this.#signal(life, 'SIGSTOP')) throw new Refused(`${life.name} has just ended.`)
    life.isPaused = true
    this.event({ type: 'node-paused', node: life.name, incarnation: life.incarnation })
    // A stopped process answers nothing; it reads the freeze from its socket when it continues.
    this.#standstill.silent(life)
  }

  #resume(life: Life): void {
    life.isPaused = false
    this.event({ type: 'node-resumed', node: life.name, incarnation: life.incarnation })
    this.#signal(life, 'SIGCONT')
    this.#traffic.pump(life)
  }

  /** Kills everything at once, without waiting: the lab is gone. */
  killAll(): void {
    for (const life of this.#lives.values()) {
      this.event({ type: 'node-killed', node: life.name, incarnation: life.incarnation })
      this.#signal(life, 'SIGKILL')
    }
  }

  async #stop(): Promise<void> {
    this.#workload.halt()
    this.#pace?.end()
    const lives = [...this.#lives.values()]
    this.killAll()
    await Promise.all(lives.map((life) => life.gone))
  }

  // ---- a branch

  /** Every process is up: replays the incarnations, restores the network, and leaves the cluster frozen. */
  async #branch(): Promise<void> {
    const { branch, onAlive } = this.#options
    const { parent } = this.#options.header
    if (!branch || !parent) throw new Refused('This cluster is no branch.')
    this.#beginning = new BranchBeginning({ ...branch, lives: this.#lives, onPiece: onAlive })
    const snapshot = await this.#beginning.run()
    this.#beginning = null
    const processes = [...this.#lives.values()].map(({ name: node, incarnation, identity }) => ({ node, incarnation, pid: identity.pid }))
    this.event({ type: 'branched', parent, processes })
    for (const life of this.#lives.values()) {
      life.isStartSent = true
      life.isStarted = true
      for (const peer of snapshot.peers(life.name)) life.peers.add(peer)
    }
    this.#operationId = snapshot.operationId
    this.#workload.goOn(snapshot.workloads, snapshot.workload ?? null)
    this.#standstill.conditions.begin([...snapshot.state.breaks.values()].map(({ condition }) => condition))
    this.#endKilled(snapshot)
    this.#traffic.begin(snapshot)
    await this.#standstill.beginFrozen(snapshot.freezes)
    for (const { name, life } of snapshot.state.nodes.values()) if (life === 'paused') this.#pauseAgain(name)
  }

  /** Ends nodes that had been sent SIGKILL and had not ended yet. */
  #endKilled(snapshot: Snapshot): void {
    for (const { name, incarnation } of snapshot.state.nodes.values()) {
      if (!snapshot.lives(name) || this.#lives.has(name)) continue
      this.event({ type: 'node-exited', node: name, incarnation, code: null, signal: 'SIGKILL', stderr: '' })
      this.#tellPeers(name, snapshot.peers(name))
    }
  }

  /** Pauses a process that was paused at the snapshot; the parent's events already say so. */
  #pauseAgain(name: NodeName): void {
    const life = this.#lives.get(name)
    if (!life) return
    if (this.#signal(life, 'SIGSTOP')) life.isPaused = true
    else {
      this.event({ type: 'lab-note', node: name, text: `${name} was paused at that moment; here it cannot be stopped and runs.` })
      this.event({ type: 'node-resumed', node: name, incarnation: life.incarnation })
    }
  }

  // ---- called for each step

  event(body: EventBody): void {
    this.events.event(body)
  }

  started(life: Life): void {
    const { name, incarnation, kind } = life
    this.event({ type: 'node-started', node: name, incarnation, step: 0, kind, pid: life.identity.pid, seed: this.#startOf(life).seed })
    life.isStarted = true
    if (!this.#standstill.hasBegun) this.#startInOrder()
    void this.#standstill.joined(life).then(() => life.settleStarted(true))
    if (kind === 'client') this.#workload.clientRestarted(name)
  }

  /** In a freeze no timer is due, so nothing is a stall. */
  timerFired(micros: number): void {
    const ms = this.#stalls.read(micros)
    if (ms === 0 || this.#standstill.isHolding) return
    afterSignals(() => {
      if (!this.#stalls.wasStoppedSince(micros) && !this.#standstill.isHolding) this.event({ type: 'stalled', node: '', ms })
    })
  }

  operationTaken(life: Life, operationId: number, step: number): void {
    const taken = this.#operations.get(operationId)
    if (!taken) throw new WireError('it took an operation that was never sent to it')
    this.#operations.delete(operationId)
    life.untakenOperations.delete(operationId)
    life.untakenBytes -= bytesOfOperation(taken.frame.operation)
    this.events.operationInvoked(life.of, step, taken.frame, taken.label)
  }

  returned(operationId: number): void {
    this.#largeWork.returned(operationId)
    this.#workload.returned(operationId)
  }

  reported({ name: node, of }: Life, step: number, report: Bytes): void {
    this.events.reported(of, step, report)
    if (this.#standstill.conditions.isEmpty) return
    this.#standstill.watchEvent({ node, ...JSON.parse(report.buffer.toString('utf8', report.start, report.end)) as BreakingEvent })
  }

  send(from: Life, mail: Mail): void {
    if (!this.#standstill.conditions.isEmpty) this.#standstill.watchMessage(mail)
    this.#traffic.send(from, mail)
  }

  // ---- workload

  #takesWork(client: NodeName): boolean {
    if (this.#largeWork.isFull || this.#traffic.isCrowded || this.#pace?.mayBegin === false) return false
    const life = this.#lives.get(client)
    return !life || (!life.isFrozen && !life.hasTooMuchUntaken)
  }

  /** A dead client takes no operation; the operation counts as in flight until the client is back. */
  #invokeForWorkload(client: NodeName, session: number, operation: OperationFrame['operation']): number {
    this.#pace?.began()
    if (!this.#traffic.live(client)) return ++this.#operationId
    const operationId = this.#core.invoke({ client, label: 'workload', session, target: '', operation })
    this.#largeWork.began(operationId, client, operation)
    return operationId
  }
}
