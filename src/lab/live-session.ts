// A session with real processes: it starts a cluster, keeps its events, and passes on what people ask of it.
// It knows the cluster only through cluster-seam.ts. It must never decide anything that the protocol or the switchboard decides.
import { basename } from 'node:path'
import { Refusal, type ClusterSettings, type Workload } from '../contract'
import type { NetworkAct } from '../network'
import { defaultSettings, viewServerName, type NodeKind, type NodeName, type Operation, type Settings } from '../protocol'
import { formatHeader, operationInputOf, traceVersion, type TraceHeader } from '../trace'
import type { PreparedBranch } from './branch'
import type { ClusterOptions, ClusterStarter, EventLines, RunningCluster } from './cluster-seam'
import { EventLog } from './event-log'
import type { RecordingPlace } from './folders'
import type { ClusterPrograms } from './lab-options'
import type { StandingAct } from '../sim'
import { doStanding } from './rerun'
import { RuleWatch } from './rule-watch'
import type { ScenarioPlay } from './scenario-play'
import type { OperationCall, RecordingSource, Session, SessionView } from './session'

export interface LiveSessionOptions {
  readonly header: TraceHeader
  readonly place: RecordingPlace
  readonly programs: ClusterPrograms
  readonly startCluster: ClusterStarter
  /** The scenario that this session plays, and the nodes that it begins with. */
  readonly play?: ScenarioPlay
  /** What this session goes on from; its recording is begun. */
  readonly branch?: Pick<PreparedBranch, 'log' | 'start' | 'workload'>
  /** Recording stops when the disk has less than this free; 0 or without it: when it is full. */
  readonly diskFreeMiBMin?: number
  /** Something of the view has changed. */
  readonly onChange: () => void
  /** There are new events in the log. */
  readonly onEvents: () => void
}

export class LiveSession implements Session {
  readonly log: EventLog
  readonly #options: LiveSessionOptions
  readonly #headerLine: string
  /** Of the header line and its line feed. */
  readonly #headerBytes: number
  #cluster: RunningCluster | null = null
  #rules: RuleWatch | null = null
  #kind: 'starting' | 'live' | 'ended' = 'starting'
  #reason = ''
  #isFrozen = false
  #workload: Workload | null
  #recordedBytes: number
  #recordingProblem = ''
  #ending: Promise<void> | null = null

  constructor(options: LiveSessionOptions) {
    this.#options = options
    this.#headerLine = formatHeader(options.header)
    this.#headerBytes = Buffer.byteLength(this.#headerLine) + 1
    this.log = options.branch?.log ?? new EventLog(options.place.path)
    this.#workload = options.branch?.workload ?? null
    this.#recordedBytes = options.branch?.start.bytes ?? 0
  }

  /** Resolves when every node is up. Rejects with one sentence, and the session has then ended. */
  async start(): Promise<void> {
    const { header, place, programs, startCluster, play, branch, diskFreeMiBMin = 0 } = this.#options
    const options: ClusterOptions = {
      ...(play ? { start: play.scenario.start } : {}), ...(branch ? { branch: branch.start } : {}),
      header, recordingPath: place.path, diskFreeMiBMin, nodeProgram: programs.node, switchboardProgram: programs.switchboard,
      onEvents: (lines) => this.#takeEvents(lines),
      onRecording: ({ bytes, problem }) => this.#takeRecording(bytes, problem),
      onEnded: (reason) => this.#hasEnded(reason),
    }
    try {
      this.#cluster = await startCluster(options)
    } catch (error) {
      this.#hasEnded((error as Error).message)
      throw new Refusal((error as Error).message)
    }
    // It may have died between its start and this line.
    if (this.#kind !== 'starting') throw new Refusal(this.#reason)
    this.#kind = 'live'
    play?.begin(header, this.#cluster)
    const cluster = this.#cluster
    this.#rules = new RuleWatch({ header, source: this.log, tell: (violation) => cluster.tell(violation), past: branch?.start.seq ?? 0 })
    this.#rules.wake()
    this.#options.onChange()
  }

  view(): SessionView {
    const { header, place } = this.#options
    const problem = [place.problem, this.#recordingProblem, this.log.problem].filter((sentence) => sentence !== '').join(' ')
    return {
      kind: this.#kind, title: header.title, reason: this.#reason, header: this.#headerLine, frozen: this.#isFrozen, workload: this.#workload,
      scenario: this.#options.play?.status() ?? null,
      recording: { path: place.path, bytes: this.#recordedBytes, problem }, latest: this.log.latest,
    }
  }

  async kill(node: NodeName): Promise<void> { await this.#running().kill(node) }
  async pause(node: NodeName): Promise<void> { await this.#running().pause(node) }
  async resume(node: NodeName): Promise<void> { await this.#running().resume(node) }
  async restart(node: NodeName): Promise<void> { await this.#running().restart(node) }

  /** What was done in a recording, or what a path of the explorer needs. */
  async doStanding(act: StandingAct): Promise<void> { await doStanding(act, this.#running()) }

  async freeze(): Promise<void> { await this.#running().freeze() }
  async thaw(): Promise<void> { await this.#running().thaw() }
  async act(act: NetworkAct): Promise<void> { await this.#running().act(act) }

  steerScenario(act: 'pause' | 'resume' | 'step' | 'stop'): Promise<void> {
    const { play } = this.#options
    if (!play) return Promise.reject(new Refusal('No scenario plays in this session.'))
    play.steer(act)
    return Promise.resolve()
  }

  async invoke({ client, operation, target }: OperationCall): Promise<{ operationId: number }> {
    return await this.#running().invoke({ client, operation: operationOf(operation), target, label: 'person' })
  }

  async startWorkload(workload: Workload): Promise<void> {
    await this.#running().startWorkload(workload)
    this.#workload = workload
    this.#options.onChange()
  }

  async stopWorkload(): Promise<void> {
    await this.#running().stopWorkload()
    this.#workload = null
    this.#options.onChange()
  }

  recording(): RecordingSource {
    const { path } = this.#options.place
    const { events, bytes } = this.log.recordedPart
    const file = events === 0 ? null : { path, bytes: this.#headerBytes + bytes, events }
    return { name: basename(path), header: this.#headerLine, file }
  }

  end(reason: string): Promise<void> {
    this.#ending ??= this.#stop(reason)
    return this.#ending
  }

  dispose(): Promise<void> {
    return Promise.resolve() // The recording is the person's.
  }

  async #stop(reason: string): Promise<void> {
    const cluster = this.#cluster
    const wasRunning = this.#kind !== 'ended'
    // Also after it ended by itself: what is left of it goes now.
    await cluster?.stop()
    if (wasRunning) this.#hasEnded(reason)
  }

  #running(): RunningCluster {
    if (this.#kind === 'ended') throw new Refusal(`The session has ended. ${this.#reason}`)
    if (this.#cluster === null || this.#kind === 'starting') throw new Refusal('The cluster is still starting.')
    return this.#cluster
  }

  #takeEvents(lines: EventLines): void {
    this.log.append(lines)
    this.#options.play?.take(lines)
    this.#watchTime(lines.text)
    this.#rules?.take(lines)
    this.#options.onEvents()
    this.#options.onChange()
  }

  /** A break condition freezes without being asked: what time does is known from the events alone. */
  #watchTime(text: string): void {
    const frozen = text.lastIndexOf('"type":"frozen"')
    const thawed = text.lastIndexOf('"type":"thawed"')
    // Quotes within a value are escaped, so no key or value can look like this.
    if (frozen !== thawed) this.#isFrozen = frozen > thawed
  }

  #takeRecording(bytes: number, problem: string): void {
    this.#recordedBytes = bytes
    if (problem !== '' && this.#recordingProblem === '') {
      this.#recordingProblem = problem
      this.log.recordingStopped(bytes, this.#headerBytes)
    }
    this.#options.onChange()
  }

  #hasEnded(reason: string): void {
    if (this.#kind === 'ended') return
    this.#kind = 'ended'
    this.#reason = reason
    this.#isFrozen = false
    this.#workload = null
    this.#options.play?.end()
    this.#rules?.stop()
    this.#options.onChange()
  }
}

/** A request's text as the bytes that the protocol speaks of; refuses broken base64. */
function operationOf(operation: OperationCall['operation']): Operation {
  try {
    return operationInputOf({ type: 'operation', operationId: 0, session: -1, operation, target: '' }).operation
  } catch {
    throw new Refusal('A key or value that begins with "base64:" must go on in base64.')
  }
}

/** What is known of a session before it starts. */
export interface SessionFacts {
  readonly seed: string
  readonly createdAt: Date
  readonly protocolHash: string
}

/** The recording's header for a cluster as a person chose it: nodes vs, s1 ..., c1 ... */
export function headerFor(chosen: ClusterSettings, { seed, createdAt, protocolHash }: SessionFacts): TraceHeader {
  const named = (prefix: string, kind: NodeKind, count: number): { name: NodeName; kind: NodeKind }[] =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index + 1}`, kind }))
  return {
    understudy: 'recording', version: traceVersion, source: 'live', title: chosen.title, createdAt: createdAt.toISOString(),
    settings: protocolSettings(chosen), seed, protocolHash,
    nodes: [{ name: viewServerName, kind: 'view-server' }, ...named('s', 'replica', chosen.replicas), ...named('c', 'client', chosen.clients)],
    parent: null,
  }
}

function protocolSettings({ pingIntervalMs, deadPings, backupsWanted, replication, retryMs, operationTimeoutMs, mutants }: ClusterSettings): Settings {
  return { ...defaultSettings, pingIntervalMs, pingCheckIntervalMs: pingIntervalMs, deadPings, backupsWanted, replication, retryMs, operationTimeoutMs, mutants }
}
