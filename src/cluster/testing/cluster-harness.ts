// A real cluster for process tests: starts the built programs, keeps every event, and waits for expected events.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFailed } from 'vitest'
import { defaultSettings, utf8ToBytes, type Call, type Dialect, type NodeKind, type Operation, type Settings } from '../../protocol'
import { beginState, currentView, foldEvent, stalledViewsText, traceVersion, type ClusterState, type EndedOutcome, type HeaderNode, type TraceEvent, type TraceHeader } from '../../trace'
import type { ProgramSpec } from '../foreign/program-spec'
import { startCluster, type RunningCluster } from '../supervisor/cluster'

export const programs = resolve(import.meta.dirname, '../../../out/main')
/** Time limit for an expected event, however busy the machine is. */
const patienceMs = 120_000

/** Short intervals, but a server is dead only after half a second of silence. With four busy loops on two cores a process may be frozen for 100 ms. */
export const quick = { pingIntervalMs: 20, pingCheckIntervalMs: 20, deadPings: 25, retryMs: 20 } as const

/**
 * A test that failed because a stall of the machine caused a view change reports that instead of its later error. vitest.config.ts runs such a test
 * again. Other failures are unchanged.
 */
export function blameMachine(state: () => ClusterState): void {
  onTestFailed(({ task }) => {
    const stalled = stalledViewsText(state())
    const errors = task.result?.errors ?? []
    if (stalled !== '') throw new Error(`${stalled} After that: ${errors.splice(0).map(({ message }) => message).join('; ')}`)
  })
}

export interface HarnessOptions {
  readonly replicas?: number
  readonly clients?: number
  readonly settings?: Partial<Settings>
  readonly nodeProgram?: string
  readonly switchboardProgram?: string
  readonly diskFreeMiBMin?: number
  /** Other nodes than vs, s1 ... and c1 ...; those with a spec are programs. */
  readonly nodes?: readonly (HeaderNode & { readonly spec?: ProgramSpec })[]
  readonly dialect?: Dialect
}

interface Waiter {
  readonly passes: (event: TraceEvent) => boolean
  readonly resolve: (event: TraceEvent) => void
}

export class Harness {
  readonly events: TraceEvent[] = []
  readonly recordingPath: string
  readonly state: ClusterState
  endedBecause = ''
  recordingProblem = ''
  cluster!: RunningCluster
  readonly #folder = mkdtempSync(join(tmpdir(), 'understudy-test-'))
  readonly #header: TraceHeader
  readonly #nodeProgram: string
  readonly #switchboardProgram: string
  readonly #diskFreeMiBMin: number
  readonly #programs: ReadonlyMap<string, ProgramSpec>
  readonly #waiters = new Set<Waiter>()

  constructor({ replicas = 3, clients = 1, settings = {}, nodeProgram = join(programs, 'node.js'), switchboardProgram = join(programs, 'switchboard.js'), diskFreeMiBMin = 0, nodes, dialect }: HarnessOptions = {}) {
    const named = (kind: NodeKind, prefix: string, count: number) => Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index + 1}`, kind }))
    this.#header = {
      understudy: 'recording', version: traceVersion, parent: null, source: 'live', title: 'test', createdAt: '2026-01-01T00:00:00.000Z', seed: '1', protocolHash: 'test',
      settings: { ...defaultSettings, ...settings },
      nodes: nodes?.map(({ name, kind, spec }) => ({ name, kind, ...spec && { program: spec.command.join(' ') } }))
        ?? [{ name: 'vs', kind: 'view-server' }, ...named('replica', 's', replicas), ...named('client', 'c', clients)],
      ...dialect && { dialect },
    }
    this.#programs = new Map(nodes?.flatMap(({ name, spec }) => spec ? [[name, spec]] : []))
    this.#nodeProgram = nodeProgram
    this.#switchboardProgram = switchboardProgram
    this.#diskFreeMiBMin = diskFreeMiBMin
    this.recordingPath = join(this.#folder, 'recording.jsonl')
    this.state = beginState(this.#header)
  }

  async start(): Promise<this> {
    blameMachine(() => this.state)
    if (!existsSync(join(programs, 'node.js'))) throw new Error('the programs are not built: npm run build')
    this.cluster = await startCluster({
      header: this.#header, recordingPath: this.recordingPath,
      nodeProgram: this.#nodeProgram, switchboardProgram: this.#switchboardProgram, diskFreeMiBMin: this.#diskFreeMiBMin,
      hostProgram: join(programs, 'foreign.js'), programs: this.#programs,
      onEvents: ({ text }) => {
        for (const line of text.split('\n')) this.#take(JSON.parse(line) as TraceEvent)
      },
      onRecording: ({ problem }) => {
        this.recordingProblem = problem
      },
      onEnded: (reason) => {
        this.endedBecause = reason
      },
    })
    return this
  }

  #take(event: TraceEvent): void {
    this.events.push(event)
    foldEvent(this.state, event)
    for (const waiter of this.#waiters) {
      if (!waiter.passes(event)) continue
      this.#waiters.delete(waiter)
      waiter.resolve(event)
    }
  }

  /** Resolves with the first event that passes, of past and future ones; rejects after two minutes. */
  async until(what: string, passes: (event: TraceEvent) => boolean, from = 0): Promise<TraceEvent> {
    const earlier = this.events.slice(from).find(passes)
    if (earlier) return earlier
    return new Promise((resolvePromise, reject) => {
      const timer = setTimeout(() => reject(new Error(`${what} did not come`)), patienceMs)
      this.#waiters.add({
        passes,
        resolve: (event) => {
          clearTimeout(timer)
          resolvePromise(event)
        },
      })
    })
  }

  /** Waits until an acked view passes. */
  async untilAcked(what: string, passes: (primary: string, backups: readonly string[], viewnum: number) => boolean): Promise<void> {
    await this.until(`an acked view with ${what}`, (event) => event.type === 'view-acked'
      && event.view.viewnum === currentView(this.state)?.view.viewnum
      && passes(event.view.primary?.name ?? '', event.view.backups.map(({ name }) => name), event.view.viewnum))
  }

  /** Sends an operation and waits for its outcome. */
  async operation(client: string, operation: Operation | Call, options: { target?: string; session?: number } = {}): Promise<EndedOutcome> {
    const { target = '', session = -1 } = options
    const from = this.events.length
    const { operationId } = await this.cluster.perform({ type: 'invoke', client, operation, target, label: 'person', session })
    const returned = await this.until(`operation ${operationId}`, (event) => event.type === 'operation-returned' && event.operationId === operationId, from)
    return (returned as Extract<TraceEvent, { type: 'operation-returned' }>).outcome
  }

  put(key: string, value: string, client = 'c1'): Promise<EndedOutcome> {
    return this.operation(client, { type: 'put', key: utf8ToBytes(key), value: utf8ToBytes(value) })
  }

  /** Gets the value, or the outcome's type if there is none. */
  async get(key: string, client = 'c1'): Promise<string> {
    const outcome = await this.operation(client, { type: 'get', key: utf8ToBytes(key) })
    return outcome.type === 'ok' && outcome.result.type === 'value' ? outcome.result.value : outcome.type
  }

  /** Pids of every node that was ever started. */
  get pids(): number[] {
    return this.events.flatMap((event) => event.type === 'node-started' ? [event.pid] : [])
  }

  /** The switchboard's pid: the child of this process that is no node. */
  get switchboardPid(): number {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number)
    const found = children.find((pid) => !this.pids.includes(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('switchboard'))
    if (found === undefined) throw new Error('no switchboard runs')
    return found
  }

  /** The events in the file, without the header. */
  recordedEvents(): TraceEvent[] {
    return readFileSync(this.recordingPath, 'utf8').trimEnd().split('\n').slice(1).map((line) => JSON.parse(line) as TraceEvent)
  }

  async stop(): Promise<void> {
    await this.cluster?.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** True while a process of that pid runs; false for one that has ended and waits to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
