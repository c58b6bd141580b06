// A session with real processes: it starts a cluster, keeps its events, and passes on people's acts.
// It uses the cluster only through cluster-seam.ts. It must never decide what the protocol or the switchboard decides.
import { basename } from 'node:path'
import { mixOf, Refusal, type ClusterSettings, type Workload } from '../contract'
import { defaultSettings, viewServerName, type NodeKind, type NodeName, type Settings } from '../protocol'
import { formatHeader, traceVersion, type ClusterAct, type HeaderNode, type Performed, type TraceEvent, type TraceHeader } from '../trace'
import type { PreparedBranch } from './branch'
import type { ClusterNow, ClusterOptions, ClusterStarter, EventLines, ProgramSpec, RunningCluster } from './cluster-seam'
import { EventLog } from './event-log'
import { giveNameBack, type RecordingPlace } from './folders'
import type { ClusterPrograms } from './lab-options'
import type { Allowance } from './limits'
import { RuleWatch } from './rule-watch'
import type { ScenarioPlay } from './scenario-play'
import type { RecordingSource, Session, SessionView } from './session'
import { HealthWatch, type SessionHealth } from './session-health'

export interface LiveSessionOptions {
  readonly header: TraceHeader
  readonly place: RecordingPlace
  readonly programs: ClusterPrograms
  /** The nodes that are programs of others; a session that continues a recording has none. */
  readonly foreign?: ReadonlyMap<NodeName, ProgramSpec>
  readonly startCluster: ClusterStarter
  /** The scenario that this session plays, and the nodes that it begins with. */
  readonly play?: ScenarioPlay
  /** The branch that this session continues; its recording is prepared. */
  readonly branch?: Pick<PreparedBranch, 'log' | 'start'>
  /** Recording stops when the disk has less than this free; 0 or without it: when it is full. */
  readonly diskFreeMiBMin?: number
  /** The limits of its lab, if it is one of several. */
  readonly allowance?: Allowance
  /** Called when the view has changed. */
  readonly onChange: () => void
  /** Called when the log has new events. */
  readonly onEvents: () => void
}

export class LiveSession implements Session {
  readonly log: EventLog
  readonly #options: LiveSessionOptions
  readonly #headerLine: string
  /** The size of the header line with its line feed. */
  readonly #headerBytes: number
  #cluster: RunningCluster | null = null
  #rules: RuleWatch | null = null
  readonly #health = new HealthWatch()
  #kind: 'starting' | 'live' | 'ended' = 'starting'
  #reason = ''
  #now: ClusterNow = standsNot
  #recordedBytes: number
  #recordingProblem = ''
  #ending: Promise<void> | null = null
  readonly #givenUp = new AbortController()
  /** Settles when the start has succeeded or failed. */
  #starting: Promise<unknown> = Promise.resolve()

  constructor(options: LiveSessionOptions) {
    this.#options = options
    this.#headerLine = formatHeader(options.header)
    this.#headerBytes = Buffer.byteLength(this.#headerLine) + 1
    this.log = options.branch?.log ?? new EventLog(options.place.path)
    this.#recordedBytes = options.branch?.start.bytes ?? 0
  }

  /** Resolves when every node is up. Rejects with one sentence; the session has then ended. `end` cancels the start. */
  async start(): Promise<void> {
    const { header, place, programs, foreign, startCluster, play, branch, diskFreeMiBMin = 0, allowance } = this.#options
    const options: ClusterOptions = {
      ...(foreign ? { programs: foreign, hostProgram: programs.host } : {}),
      ...(play ? { start: play.scenario.start } : {}), ...(branch ? { branch: branch.start } : {}),
      header, recordingPath: place.path, diskFreeMiBMin, nodeProgram: programs.node, switchboardProgram: programs.switchboard, signal: this.#givenUp.signal,
      ...(allowance ? await this.#boundsOf(allowance) : {}),
      onEvents: (lines) => this.#takeEvents(lines),
      onRecording: ({ bytes, problem }) => this.#takeRecording(bytes, problem),
      onNow: (now) => {
        this.#now = now
        this.#options.onChange()
      },
      onEnded: (reason) => this.#hasEnded(reason),
    }
    const starting = startCluster(options)
    this.#starting = starting.catch(() => undefined) // The caller of `start` gets the error.
    try {
      const cluster = await starting
      this.#cluster = allowance ? allowedCluster(cluster, allowance) : cluster
    } catch (error) {
      this.#hasEnded((error as Error).message)
      await giveNameBack(place.path)
      throw new Refusal(this.#reason)
    }
    // The cluster may have died, or `end` was called, since the start resolved.
    if (this.#kind !== 'starting') {
      await this.#cluster.stop()
      throw new Refusal(this.#reason)
    }
    this.#kind = 'live'
    play?.begin(header, this.#cluster)
    const cluster = this.#cluster
    const look = (event: TraceEvent): void => this.#health.take(event)
    this.#rules = new RuleWatch({ header, source: this.log, tell: (violation) => cluster.tell(violation), past: branch?.start.seq ?? 0, look })
    this.#rules.wake()
    this.#options.onChange()
  }

  /** The limits of the cluster; its recording may use all remaining space. */
  async #boundsOf(allowance: Allowance): Promise<Pick<ClusterOptions, 'recordingBytesMax' | 'operationsPerSecondMax'>> {
    const begun = this.#options.branch?.start.bytes ?? 0
    return { recordingBytesMax: Math.max(1, begun + await allowance.recordings.leftBytes()), operationsPerSecondMax: allowance.limits.operationsPerSecond }
  }

  view(): SessionView {
    const { header, place } = this.#options
    const problem = [place.problem, this.#recordingProblem, this.log.problem].filter((sentence) => sentence !== '').join(' ')
    return {
      kind: this.#kind, title: header.title, reason: this.#reason, header: this.#headerLine, frozen: this.#now.isFrozen, workload: workloadOf(this.#now),
      scenario: this.#options.play?.status() ?? null,
      recording: { path: place.path, bytes: this.#recordedBytes, problem }, latest: this.log.latest,
    }
  }

  async perform(act: ClusterAct): Promise<Performed> { return await this.#running().perform(act) }

  steerScenario(act: 'pause' | 'resume' | 'step' | 'stop'): Promise<void> {
    const { play } = this.#options
    if (!play) return Promise.reject(new Refusal('No scenario plays in this session.'))
    play.steer(act)
    return Promise.resolve()
  }

  health(): SessionHealth {
    const health = this.#health.now()
    // Events were lost, so violations and stuckness are unknown from then on.
    return this.#rules?.isBlind === true ? { ...health, broken: null, stuck: '' } : health
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
    return Promise.resolve() // The recording stays: it belongs to the person.
  }

  /** Kills what a start or an end waits for. */
  abandon(reason: string): void {
    this.#hasEnded(reason)
    this.#givenUp.abort()
    this.#cluster?.abandon()
  }

  async #stop(reason: string): Promise<void> {
    if (this.#cluster === null) {
      this.#hasEnded(reason)
      this.#givenUp.abort()
      await this.#starting
      await giveNameBack(this.#options.place.path)
    }
    const wasRunning = this.#kind !== 'ended'
    // Also after it ended by itself, to remove what is left.
    await this.#cluster?.stop()
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
    this.#rules?.take(lines)
    this.#options.onEvents()
    this.#options.onChange()
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
    this.#now = standsNot
    this.#options.play?.end()
    this.#rules?.stop()
    this.#options.onChange()
  }
}

/** The state before the cluster reports its own, and after its end. */
const standsNot: ClusterNow = { isFrozen: false, workload: null }

function workloadOf({ workload }: ClusterNow): Workload | null {
  return workload && { ...workload, mix: mixOf(workload.mix), clients: [...workload.clients] }
}

/** Wraps the cluster so that every start of a node is counted: by hand, by a scenario, and in a rerun. */
function allowedCluster(cluster: RunningCluster, allowance: Allowance): RunningCluster {
  return {
    perform: (act) => act.type === 'restart' ? allowance.starting(1, () => cluster.perform(act)) : cluster.perform(act),
    tell: (event) => cluster.tell(event),
    load: () => cluster.load(),
    stop: () => cluster.stop(),
    abandon: () => cluster.abandon(),
  }
}

/** What is known of a session before it starts. */
export interface SessionFacts {
  readonly seed: string
  readonly createdAt: Date
  readonly protocolHash: string
}

/** The recording's header for a cluster as a person chose it. */
export function headerFor(chosen: ClusterSettings, { seed, createdAt, protocolHash }: SessionFacts): TraceHeader {
  return {
    understudy: 'recording', version: traceVersion, source: 'live', title: chosen.title, createdAt: createdAt.toISOString(),
    settings: protocolSettings(chosen), seed, protocolHash,
    nodes: nodesOf(chosen),
    parent: null,
  }
}

/** The nodes vs, s1 ..., c1 ... */
export function nodesOf({ replicas, clients }: Pick<ClusterSettings, 'replicas' | 'clients'>): HeaderNode[] {
  const named = (prefix: string, kind: NodeKind, count: number): HeaderNode[] =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index + 1}`, kind }))
  return [{ name: viewServerName, kind: 'view-server' }, ...named('s', 'replica', replicas), ...named('c', 'client', clients)]
}

function protocolSettings(chosen: ClusterSettings): Settings {
  const { pingIntervalMs, deadPings, backupsWanted, replication, retryMs, operationTimeoutMs, tableClientsMax, mutants } = chosen
  return {
    ...defaultSettings, pingIntervalMs, pingCheckIntervalMs: pingIntervalMs, deadPings, backupsWanted, replication, retryMs, operationTimeoutMs, tableClientsMax, mutants,
  }
}
