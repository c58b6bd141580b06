// A running cluster as the lab sees it: one call starts the switchboard and every node, and the rest are acts of a person.
// Every act is carried out by the switchboard; what this file adds is processes, incarnations and the order of starting and ending.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { viewServerName, type NodeName, type Operation } from '../protocol'
import type { NetworkAct } from '../network'
import type { ToldEvent, TraceHeader } from '../trace'
import type { WorkloadPlan } from '../workload'
import { decodeFromSwitchboard, encodeToSwitchboard, type BranchBegin, type Command, type FromSwitchboard, type Invoke, type SwitchboardLoad, type ToldEvents, type ToSwitchboard } from './control'
import { FrameSplitter, FrameWriter } from './frame'
import { labFrameBytesMax } from './lab-frames'
import { createSocketPath, startNodeProcess, startSwitchboardProcess, type Child } from './supervisor'

export interface ClusterOptions {
  /** Names every node; its settings are the cluster's. */
  readonly header: TraceHeader
  /** The nodes to start; without it all. The view server is always among them. */
  readonly start?: readonly NodeName[]
  /** Created here, mode 0600, the header line first; must not exist. A branch's is there already, with the events that it begins with. */
  readonly recordingPath: string
  /** The cluster goes on from the end of its recording, standing still at first; `header.parent` names what it branches from. */
  readonly branch?: BranchStart
  /** Recording stops, and the cluster goes on, when the disk has less than this free; 0 or without it: when it is full. */
  readonly diskFreeMiBMin?: number
  /** Paths of the built programs. */
  readonly nodeProgram: string
  readonly switchboardProgram: string
  /** Consecutive events, JSON lines joined by line feeds; they are in the file, unless recording has stopped. */
  onEvents(batch: { readonly from: number; readonly count: number; readonly text: string }): void
  /** The file's length, and one sentence once recording has stopped. */
  onRecording(status: { readonly bytes: number; readonly problem: string }): void
  /** The cluster is over without having been stopped: one sentence, once. */
  onEnded(reason: string): void
}

export interface BranchStart extends BranchBegin {
  /** The incarnation of each node's last start; 0 for one that was never started. */
  readonly incarnations: ReadonlyMap<NodeName, number>
  /** Nodes that live at the moment. */
  readonly lives: readonly NodeName[]
}

/** What a person may do to a running cluster. Every act rejects with one plain sentence where it makes no sense. */
export interface RunningCluster {
  kill(node: NodeName): Promise<void>
  pause(node: NodeName): Promise<void>
  resume(node: NodeName): Promise<void>
  /** Kills the node if it lives, and starts its next incarnation with empty memory. */
  restart(node: NodeName): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Faults, single messages and timers, break conditions. */
  act(act: NetworkAct): Promise<void>
  /** Writes into the trace how far a scenario has come, or that a rule was broken. */
  tell(event: ToldEvent): Promise<void>
  invoke(request: { client: NodeName; operation: Operation; target: NodeName | ''; label: string; session?: number }): Promise<{ operationId: number }>
  startWorkload(plan: WorkloadPlan): Promise<void>
  stopWorkload(): Promise<void>
  /** For measuring: what the switchboard has carried since this was asked last. */
  load(): Promise<SwitchboardLoad>
  /** Resolves when every process is gone and the recording is closed. */
  stop(): Promise<void>
}

/** False where the system cannot stop a process. */
export function canPause(): boolean {
  return process.platform !== 'win32'
}

/** Starts everything; rejects with one sentence, and leaves no process, if a node does not come up. */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const cluster = new Cluster(options)
  try {
    await cluster.start()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

type Answer = Extract<FromSwitchboard, { type: 'done' | 'load' }>

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

class Cluster implements RunningCluster {
  readonly #options: ClusterOptions
  readonly #socketPath = createSocketPath()
  readonly #secret = randomBytes(24).toString('base64url')
  readonly #switchboard: Child
  readonly #writer = new FrameWriter(labFrameBytesMax)
  readonly #waiting = new Map<number, Waiting>()
  readonly #children = new Map<NodeName, Child>()
  readonly #incarnations = new Map<NodeName, number>()
  #nextId = 1
  #isFlushing = false
  /** The end is wanted, or was told. */
  #isOver = false

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#switchboard = startSwitchboardProcess(options.switchboardProgram)
    const splitter = new FrameSplitter((frame) => this.#handle(decodeFromSwitchboard(frame)), labFrameBytesMax)
    this.#switchboard.pipe?.on('data', (data: Buffer) => splitter.push(data))
    // The pipe's end is the process's end, which is told below.
    this.#switchboard.pipe?.on('error', () => undefined)
    void this.#switchboard.exited.then(({ code, signal, stderr }) => this.#switchboardExited(`${signal ?? `status ${code}`}${stderr ? `: ${stderr}` : ''}`))
  }

  async start(): Promise<void> {
    const { header, recordingPath, branch, diskFreeMiBMin = 0 } = this.#options
    if (branch) return this.#startBranch(branch)
    const names = header.nodes.map(({ name }) => name)
    const start = this.#options.start ? names.filter((name) => name === viewServerName || this.#options.start?.includes(name)) : names
    await this.#command({ type: 'open', header, recordingPath, socketPath: this.#socketPath, secret: this.#secret, start, branch: null, diskFreeMiBMin })
    await Promise.all(start.map((name) => this.#startNode(name)))
    await this.#command({ type: 'go' })
  }

  /** The processes of a branch have the incarnations that the nodes had. */
  async #startBranch({ incarnations, lives, seq, bytes, at, wall }: BranchStart): Promise<void> {
    const { header, recordingPath, diskFreeMiBMin = 0 } = this.#options
    const begin = { seq, bytes, at, wall }
    await this.#command({ type: 'open', header, recordingPath, socketPath: this.#socketPath, secret: this.#secret, start: [], branch: begin, diskFreeMiBMin })
    for (const [name, incarnation] of incarnations) this.#incarnations.set(name, incarnation)
    await Promise.all(lives.map((name) => this.#startProcess(name, incarnations.get(name) ?? 0)))
    await this.#command({ type: 'branch' })
  }

  #startNode(name: NodeName): Promise<void> {
    const incarnation = (this.#incarnations.get(name) ?? 0) + 1
    this.#incarnations.set(name, incarnation)
    return this.#startProcess(name, incarnation)
  }

  async #startProcess(name: NodeName, incarnation: number): Promise<void> {
    const child = startNodeProcess(this.#options.nodeProgram, this.#socketPath, this.#secret, name, incarnation)
    if (child.pid === undefined) {
      const { stderr } = await child.exited
      await this.#command({ type: 'start-failed', node: name, incarnation, reason: stderr })
      throw new Error(`${name} could not be started: ${stderr}`)
    }
    this.#children.set(name, child)
    void child.exited.then((exit) => {
      if (this.#children.get(name) === child) this.#children.delete(name)
      this.#command({ type: 'exited', node: name, incarnation, ...exit }).catch(ignoreAfterEnd)
    })
    await this.#command({ type: 'started', node: name, incarnation, pid: child.pid })
  }

  kill(node: NodeName): Promise<void> {
    return this.#command({ type: 'kill', node })
  }

  pause(node: NodeName): Promise<void> {
    if (!canPause()) return Promise.reject(new Error('This system cannot stop a process.'))
    return this.#command({ type: 'pause', node })
  }

  resume(node: NodeName): Promise<void> {
    return this.#command({ type: 'resume', node })
  }

  async restart(node: NodeName): Promise<void> {
    if (!this.#options.header.nodes.some(({ name }) => name === node)) throw new Error(`There is no node ${node}.`)
    if (node === viewServerName) {
      throw new Error('The view server is not restarted: it would not know the views it made, and by then an empty server might be made primary.')
    }
    if (this.#children.has(node)) await this.kill(node)
    await this.#startNode(node)
  }

  freeze(): Promise<void> {
    return this.#command({ type: 'freeze' })
  }

  thaw(): Promise<void> {
    return this.#command({ type: 'thaw' })
  }

  act(act: NetworkAct): Promise<void> {
    return this.#command({ type: 'act', act })
  }

  tell(event: ToldEvent): Promise<void> {
    return this.#command({ type: 'tell', event })
  }

  async invoke(request: Parameters<RunningCluster['invoke']>[0]): Promise<{ operationId: number }> {
    const { client, operation, target, label, session = -1 } = request
    const invoke: Invoke = { client, label, frame: { operationId: 0, session, target, operation } }
    const answer = await this.#request((id) => ({ type: 'invoke', id, invoke }))
    return { operationId: answer.type === 'done' ? answer.operationId : 0 }
  }

  startWorkload(plan: WorkloadPlan): Promise<void> {
    return this.#command({ type: 'start-workload', plan })
  }

  stopWorkload(): Promise<void> {
    return this.#command({ type: 'stop-workload' })
  }

  async load(): Promise<SwitchboardLoad> {
    const answer = await this.#request((id) => ({ type: 'command', id, command: { type: 'load' } }))
    if (answer.type !== 'load') throw new Error('the switchboard told no load')
    return answer.load
  }

  async stop(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true
      // If the switchboard cannot answer any more it is ended with its pipe, and ends its nodes then.
      await this.#command({ type: 'stop' }).catch(ignoreAfterEnd)
      this.#switchboard.pipe?.end()
    }
    for (const child of this.#children.values()) child.kill()
    await Promise.all([this.#switchboard.exited, ...[...this.#children.values()].map((child) => child.exited)])
    this.#removeSocket()
  }

  // ---- the switchboard

  async #command(command: Command): Promise<void> {
    await this.#request((id) => ({ type: 'command', id, command }))
  }

  #request(frameOf: (id: number) => ToSwitchboard): Promise<Answer> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      encodeToSwitchboard(this.#writer, frameOf(id))
      this.#flushSoon()
    })
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => {
      this.#isFlushing = false
      // A pipe may keep the bytes for later, so the writer never gets its buffer back.
      this.#writer.flush((bytes) => {
        this.#switchboard.pipe?.write(bytes)
        return false
      })
    })
  }

  #handle(frame: FromSwitchboard | ToldEvents): void {
    switch (frame.type) {
      case 'events': return this.#options.onEvents(frame)
      case 'file': return this.#options.onRecording(frame)
      case 'load':
      case 'done': return this.#settle(frame.id)?.resolve(frame)
      case 'refused': return this.#settle(frame.id)?.reject(new Error(frame.sentence))
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  /** Without its switchboard the cluster is over: a node that is stopped would not even notice, so all are killed. */
  #switchboardExited(how: string): void {
    const reason = `The switchboard ended (${how}); the session is over. Its recording is whole up to the last event shown.`
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(reason))
    this.#waiting.clear()
    for (const child of this.#children.values()) child.kill()
    if (this.#isOver) return
    this.#isOver = true
    this.#removeSocket()
    this.#options.onEnded(reason)
  }

  #removeSocket(): void {
    if (process.platform !== 'win32') rmSync(dirname(this.#socketPath), { recursive: true, force: true })
  }
}

/** After the end there is nobody left to tell. */
function ignoreAfterEnd(): void {
  return undefined
}
