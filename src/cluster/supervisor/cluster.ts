// A running cluster as the lab sees it: starts the switchboard and every node, and performs user actions on them. The switchboard executes the
// actions; this file adds processes, incarnations and the order of start and end. It must never leave a process behind.
import { randomBytes } from 'node:crypto'
import { checkRestart } from '../../core'
import { Refused } from '../../network'
import { viewServerName, type NodeName } from '../../protocol'
import { atEnd } from '../../system/at-end'
import { CannotRun } from '../../system/cannot-run'
import type { ClusterAct, Invocation, Performed, ToldEvent, TraceHeader } from '../../trace'
import type { BranchBegin, ClusterNow, SwitchboardLoad } from './control'
import { within } from './deadline'
import { endLife } from '../foreign/end-life'
import type { ProgramSpec } from '../foreign/program-spec'
import { identifyProcess, identityText } from './process-identity'
import { systemHost, type Child, type ChildExit, type ProcessHost } from './supervisor'
import { SwitchboardLink, type Patience } from './switchboard-link'

/** Time limit for the start: the switchboard must listen and every node must have taken its start input. */
const startPatience: Patience = { ms: 60_000, since: 'asked' }
/** A branch takes as long as its replay, so the limit counts from the switchboard's last sign of life. */
const branchPatience: Patience = { ms: 60_000, since: 'heard' }
/** Writing the end of a recording may take long too; a switchboard that sends nothing hangs. */
const stopPatience: Patience = { ms: 3000, since: 'heard' }
/** Time that a process gets to end after it was asked to or killed. */
const exitPatienceMs = 1000

/** Consecutive events as JSON lines joined by line feeds, none at the end. */
export interface EventLines {
  readonly from: number
  readonly count: number
  readonly text: string
}

export interface ClusterOptions {
  /** Names every node; its settings are the cluster's. */
  readonly header: TraceHeader
  /** The nodes to start; undefined: all. The view server is always among them. */
  readonly start?: readonly NodeName[]
  /**
   * The recording. Created with mode 0600 and the header line first; the file must not exist, or be empty. The recording of a branch exists
   * already, with the events that it begins with.
   */
  readonly recordingPath: string
  /** The cluster continues from the end of its recording, frozen at first; `header.parent` names what it branches from. */
  readonly branch?: BranchStart
  /** Recording stops when the disk has less than this free, and the cluster continues. 0 or undefined: it stops when the disk is full. */
  readonly diskFreeMiBMin?: number
  /** Longest recording, in bytes; undefined: unlimited. */
  readonly recordingBytesMax?: number
  /** Most operations per second, by hand, of scenarios and of the workload together. 0 or undefined: unlimited. */
  readonly operationsPerSecondMax?: number
  /** Paths of the built programs. */
  readonly nodeProgram: string
  /** The host of programs; needed if there are any. */
  readonly hostProgram?: string
  /** The nodes that are programs of others: what a person chose to run for each. */
  readonly programs?: ReadonlyMap<NodeName, ProgramSpec>
  readonly switchboardProgram: string
  /** Where processes run; undefined: the operating system. */
  readonly host?: ProcessHost
  /** Cancels the start: every process that it has started is killed. */
  readonly signal?: AbortSignal
  /** Called when the events are in the file, unless recording has stopped. */
  onEvents(batch: EventLines): void
  /** `bytes`: the size of the part of the file that is complete. `problem`: why recording stopped, in one sentence, or empty. */
  onRecording(status: { readonly bytes: number; readonly problem: string }): void
  /** The cluster was frozen or thawed, or a workload began or ended, by any cause. The events of that were sent before. */
  onNow?(now: ClusterNow): void
  /** The cluster ended without `stop`: one sentence, once, never after `stop`. */
  onEnded(reason: string): void
}

export interface BranchStart extends BranchBegin {
  /** The incarnation of each node's last start; 0 for one that was never started. */
  readonly incarnations: ReadonlyMap<NodeName, number>
  /** Nodes that run at the snapshot. */
  readonly lives: readonly NodeName[]
}

export interface RunningCluster {
  /** Rejects with one plain sentence where the act is impossible now. */
  perform(act: ClusterAct): Promise<Performed>
  /** Writes an event into the trace: the progress of a scenario, or a rule violation. */
  tell(event: ToldEvent): Promise<void>
  /** For measuring: the load of the switchboard since the last call. */
  load(): Promise<SwitchboardLoad>
  /** Ends the cluster. Resolves within seconds, when every process is gone and the recording is closed; hanging processes are killed. */
  stop(): Promise<void>
  /** Kills every process at once, even hanging ones. Events that the switchboard had not written are lost. */
  abandon(): void
}

/** False where the system cannot stop a process. */
export function canPause(): boolean {
  return process.platform !== 'win32'
}

/** Starts everything. Rejects with one sentence, and leaves no process, if a node does not start or the start is cancelled. */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const { signal } = options
  signal?.throwIfAborted()
  const cluster = new Cluster(options)
  const giveUp = (): void => cluster.abandon('The start was given up.')
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    await cluster.start()
  } catch (error) {
    await cluster.stop()
    throw error instanceof Refused ? new CannotRun(error.message) : error
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
  return cluster
}

class Cluster implements RunningCluster {
  readonly #options: ClusterOptions
  readonly #host: ProcessHost
  readonly #folder: ReturnType<ProcessHost['openFolder']>
  readonly #secret = randomBytes(24).toString('base64url')
  readonly #switchboard: Child
  /** Given to nodes, which kill a hanging switchboard when the lab has gone. */
  readonly #switchboardIdentity: string
  readonly #link: SwitchboardLink
  /** Every node process that has not ended; `#living` has those that a node runs in. */
  readonly #children = new Set<Child>()
  /** Settle when what ended programs have left is ended too. */
  readonly #endings = new Set<Promise<void>>()
  readonly #living = new Map<NodeName, Child>()
  /** Settles when the node's last restart has. */
  readonly #restarting = new Map<NodeName, Promise<void>>()
  readonly #incarnations = new Map<NodeName, number>()
  /** The end was requested or reported. */
  #isOver = false
  #stopping: Promise<void> | null = null
  /** Before it is open, a hanging switchboard has no nodes that would kill it. */
  #isOpen = false
  #takeBackEnd: () => void = () => undefined

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#host = options.host ?? systemHost
    this.#folder = this.#host.openFolder()
    this.#switchboard = this.#host.startSwitchboard({ program: options.switchboardProgram, folder: this.#folder.path })
    const { pid } = this.#switchboard
    this.#switchboardIdentity = pid === undefined ? '' : identityText(identifyProcess(pid))
    if (pid !== undefined) this.#folder.note(pid)
    this.#link = new SwitchboardLink(this.#switchboard.pipe, options)
    void this.#switchboard.exited.then((exit) => this.#switchboardExited(exit))
    this.#takeBackEnd = atEnd(() => { if (!this.#isOpen) this.#switchboard.kill() })
  }

  async start(): Promise<void> {
    const { header, branch } = this.#options
    if (branch) return this.#startBranch(branch)
    const names = header.nodes.map(({ name }) => name)
    const start = this.#options.start ? names.filter((name) => name === viewServerName || this.#options.start?.includes(name)) : names
    await this.#open(start, null)
    await Promise.all(start.map((name) => this.#startNode(name)))
    await this.#link.command({ type: 'go' }, startPatience)
  }

  /** The processes of a branch get the incarnations of the parent's nodes. */
  async #startBranch({ incarnations, lives, seq, bytes, at, wall }: BranchStart): Promise<void> {
    await this.#open([], { seq, bytes, at, wall })
    for (const [name, incarnation] of incarnations) this.#incarnations.set(name, incarnation)
    await Promise.all(lives.map((name) => this.#startProcess(name, incarnations.get(name) ?? 0)))
    await this.#link.command({ type: 'branch' }, branchPatience)
  }

  async #open(start: readonly NodeName[], branch: BranchBegin | null): Promise<void> {
    const { header, recordingPath, diskFreeMiBMin = 0, recordingBytesMax = 0, operationsPerSecondMax = 0 } = this.#options
    const { socketPath } = this.#folder
    await this.#link.command({ type: 'open', header, recordingPath, socketPath, secret: this.#secret, start, branch, diskFreeMiBMin, recordingBytesMax, operationsPerSecondMax }, startPatience)
    this.#isOpen = true
  }

  #startNode(name: NodeName): Promise<void> {
    return this.#startProcess(name, this.#nextIncarnation(name))
  }

  #nextIncarnation(name: NodeName): number {
    const incarnation = (this.#incarnations.get(name) ?? 0) + 1
    this.#incarnations.set(name, incarnation)
    return incarnation
  }

  async #startProcess(name: NodeName, incarnation: number): Promise<void> {
    const child = this.#spawn(name, incarnation)
    if (child.pid === undefined) {
      const { stderr } = await child.exited
      await this.#link.command({ type: 'start-failed', node: name, incarnation, reason: stderr })
      throw new CannotRun(`${name} could not be started: ${stderr}.`)
    }
    await this.#lives(name, incarnation, child)
  }

  /** Resolves when the process is ready to become the node; rejects if it ends before. */
  async #ready(node: NodeName, incarnation: number, { pid, exited }: Child): Promise<void> {
    const ready = pid === undefined ? exited : this.#link.command({ type: 'ready', node, incarnation }, startPatience)
    const ended = await Promise.race([ready, exited])
    if (!ended) return
    const said = ended.stderr === '' ? '' : `: ${ended.stderr}`
    throw new CannotRun(`${node} was not restarted and lives on: its next process ${pid === undefined ? 'could not be started' : 'ended at once'}${said}.`)
  }

  /** Starts a process for the node, in which the node does not run yet. */
  #spawn(name: NodeName, incarnation: number): Child {
    // A cancelled start starts nothing more.
    if (this.#isOver) throw new Error('The cluster has ended.')
    const { path: folder, socketPath } = this.#folder
    const { nodeProgram, hostProgram = '', programs, header: { nodes } } = this.#options
    const spec = programs?.get(name)
    const child = this.#host.startNode({
      program: spec ? hostProgram : nodeProgram, folder, socketPath, secret: this.#secret, name, incarnation, switchboard: this.#switchboardIdentity,
      hosted: spec && { ...spec, nodes },
    })
    if (spec) {
      const ending: Promise<void> = child.exited.then(() => endLife(folder, `${name}.${incarnation}`)).finally(() => this.#endings.delete(ending))
      this.#endings.add(ending)
    }
    if (child.pid === undefined) return child
    this.#folder.note(child.pid)
    this.#children.add(child)
    void child.exited.then(() => this.#children.delete(child))
    return child
  }

  /** From now on the node runs in this process; resolves when it has started. */
  async #lives(name: NodeName, incarnation: number, child: Child): Promise<void> {
    this.#living.set(name, child)
    void child.exited.then((exit) => {
      if (this.#living.get(name) === child) this.#living.delete(name)
      this.#link.command({ type: 'exited', node: name, incarnation, ...exit }).catch(ignoreAfterEnd)
    })
    await this.#link.command({ type: 'started', node: name, incarnation, pid: child.pid ?? 0 }, startPatience)
  }

  async perform(act: ClusterAct): Promise<Performed> {
    if (act.type === 'invoke') return this.#invoke(act)
    if (act.type === 'pause' && !canPause()) throw new Error('This system cannot stop a process.')
    await (act.type === 'restart' ? this.#restartInTurn(act.node) : this.#link.command({ type: 'act', act }))
    return { operationId: 0 }
  }

  async #invoke(invocation: Invocation): Promise<Performed> {
    const answer = await this.#link.invoke(invocation)
    return { operationId: answer.type === 'done' ? answer.operationId : 0 }
  }

  #restartInTurn(node: NodeName): Promise<void> {
    checkRestart(node, (wanted) => this.#options.header.nodes.some(({ name }) => name === wanted))
    // Restarts run one after the other: each begins an incarnation of its own.
    const restarting = (this.#restarting.get(node) ?? Promise.resolve()).then(() => this.#restart(node))
    this.#restarting.set(node, restarting.catch(ignoreAfterEnd))
    return restarting
  }

  /**
   * Starts the next process before it kills the last one. So a restart takes only as long as the system needs to end a process. Starting one on a
   * busy machine takes long enough for the node to count as dead.
   */
  async #restart(node: NodeName): Promise<void> {
    if (!this.#living.has(node)) return this.#startNode(node)
    const incarnation = this.#nextIncarnation(node)
    const child = this.#spawn(node, incarnation)
    try {
      await this.#ready(node, incarnation, child)
      if (this.#living.has(node)) await this.perform({ type: 'kill', node })
    } catch (error) {
      child.kill()
      throw error
    }
    await this.#lives(node, incarnation, child)
  }

  tell(event: ToldEvent): Promise<void> {
    return this.#link.command({ type: 'tell', event })
  }

  async load(): Promise<SwitchboardLoad> {
    const answer = await this.#link.request((id) => ({ type: 'command', id, command: { type: 'load' } }), 'load')
    if (answer.type !== 'load') throw new Error('the switchboard told no load')
    return answer.load
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true
      await this.#link.command({ type: 'stop' }, stopPatience).catch(ignoreAfterEnd)
      // A switchboard that has answered has closed the recording, and ends with its pipe. One that has not is killed below.
      this.#link.hangUp()
    }
    const children = [...this.#children]
    for (const child of children) child.kill()
    const { exited } = this.#switchboard
    if (!await within(exitPatienceMs, exited)) this.#switchboard.kill()
    // A process that the kernel cannot end is not waited for either.
    await within(exitPatienceMs, Promise.all([exited, ...children.map((child) => child.exited), ...this.#endings]))
    this.#folder.remove()
  }

  abandon(reason = 'The cluster was ended.'): void {
    this.#isOver = true
    this.#link.end(reason)
    this.#switchboard.kill()
    for (const child of this.#children) child.kill()
  }

  // ---- the switchboard

  /** A cluster ends with its switchboard. All nodes are killed, because a stopped node would not notice. */
  #switchboardExited({ code, signal, stderr }: ChildExit): void {
    // When Node aborts it writes a stack, not a sentence.
    const how = signal ?? `status ${code}${stderr ? `: ${stderr}` : ''}`
    const reason = this.#switchboard.pid === undefined ? `The switchboard could not be started: ${stderr}.`
      : `The switchboard ended (${how}); the session is over. Its recording is whole up to the last event shown.`
    this.#link.end(reason)
    this.#takeBackEnd()
    for (const child of this.#children) child.kill()
    if (this.#isOver) return
    this.#isOver = true
    this.#folder.remove()
    this.#options.onEnded(reason)
  }
}

/** After the end there is no receiver for an error. */
function ignoreAfterEnd(): void {
  return undefined
}
