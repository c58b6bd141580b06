// Tests a program as the nodes of a real cluster: starts them, asks what the workload asks at its rate, lets the nemesis act, asks once more when
// everything is whole again, and judges what the clients saw. It must never leave a process behind, nor judge more than was seen.
import { join } from 'node:path'
import { defaultLimits, finalLabel, LiveHistory, type WorkloadVerdict } from '../../check'
import { createRandom } from '../../network'
import { serviceNames, type ServiceName } from '../../maelstrom'
import { defaultSettings, type Call, type Operation, type Settings } from '../../protocol'
import { OperationLog, parseEventLines, traceVersion, type ClusterAct, type EventOf, type HeaderNode, type TraceEvent, type TraceHeader } from '../../trace'
import { CannotRun, makeTemporaryFolder, sentenceOf, type TemporaryFolder } from '../../system'
import type { ClusterStarter, ProgramSpec, RunningCluster } from '../cluster-seam'
import type { ClusterPrograms } from '../lab-options'
import { lineOfCommand } from '../programs/command-line'
import { determinismProblem } from '../programs/determinism'
import { nemesisPlan, type NemesisName } from './nemesis'
import { workloads, type WorkloadName } from './workloads'
import type { TopologyName } from './topology'

export interface ProgramTestOptions {
  readonly workload: WorkloadName
  readonly program: Omit<ProgramSpec, 'dataFolder' | 'keepsData'>
  /** Whether each node has a folder that survives a kill, or one that does not; null: none. */
  readonly disk: 'keep' | 'lose' | null
  readonly nodeCount: number
  /** Clients that ask at the same time. */
  readonly concurrency: number
  /** Requests in a second, of all clients together. */
  readonly rate: number
  readonly durationMs: number
  readonly timeoutMs: number
  /** Time for the nodes to agree after the last fault, before every node is asked once more. */
  readonly settleMs: number
  readonly latency: { readonly ms: number; readonly distribution: 'constant' | 'uniform' | 'exponential' }
  readonly nemesis: readonly NemesisName[]
  readonly nemesisIntervalMs: number
  readonly topology: TopologyName
  readonly services: readonly ServiceName[]
  /** The least share of requests that must be answered with success, 0 to 1; null asks for none. */
  readonly availability: number | null
  readonly seed: string
  readonly recordingPath: string
  readonly programs: ClusterPrograms
  readonly startCluster: ClusterStarter
  readonly protocolHash: string
  /** A sentence on what happens. */
  readonly log: (sentence: string) => void
  readonly signal?: AbortSignal
}

export interface ProgramTestResult {
  readonly workload: WorkloadName
  readonly seed: string
  readonly verdict: WorkloadVerdict
  readonly counts: { readonly asked: number; readonly ok: number; readonly failed: number; readonly unknown: number }
  /** Messages between the nodes, for each request that was answered; 0 without any. */
  readonly messagesPerRequest: number
  /** Milliseconds from asking to the answer; 0 without answers. */
  readonly medianMs: number
  readonly p99Ms: number
  readonly levels: Readonly<Record<string, { readonly level: number; readonly reason: string }>>
  readonly refusedLines: number
  /** The first refused line with its reason; empty without one. */
  readonly firstRefused: string
  /** What the nemesis did: its acts, and the messages that were lost to faults. */
  readonly faults: { readonly acts: number; readonly lost: number }
  readonly events: number
  readonly recording: string
  /** A program did not answer alike when it was given its inputs again: one sentence; else empty. */
  readonly determinism: string
}

/** The longest that the history of a store is judged. */
const judgedMs = 60_000

const clientNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `c${index + 1}`)

export async function runProgramTest(options: ProgramTestOptions): Promise<ProgramTestResult> {
  const test = new ProgramTest(options)
  try {
    await test.start()
    await test.play()
  } finally {
    await test.stop()
  }
  return { ...test.result(), determinism: await determinismProblem(options.recordingPath, test.specs, options.programs.guard ?? '') }
}

class ProgramTest {
  readonly #options: ProgramTestOptions
  readonly #nodes: readonly string[]
  readonly #clients: readonly string[]
  readonly #header: TraceHeader
  readonly #operations = new OperationLog()
  readonly #history: LiveHistory
  readonly #waiting = new Map<string, () => void>()
  readonly #returned = new Set<string>()
  readonly #levels: Record<string, { level: number; reason: string }> = {}
  /** Nodes that the nemesis has killed and not restarted, and those that ended by themselves. */
  readonly #killed = new Set<string>()
  readonly #crashed: EventOf<'node-exited'>[] = []
  #refused = 0
  #firstRefused = ''
  #acts = 0
  #lost = 0
  #betweenNodes = 0
  #events = 0
  #cluster: RunningCluster | null = null
  #disks: TemporaryFolder | null = null
  #ended = ''
  #isStopping = false

  constructor(options: ProgramTestOptions) {
    this.#options = options
    this.#nodes = Array.from({ length: options.nodeCount }, (_, index) => `n${index}`)
    this.#clients = clientNames(options.concurrency)
    this.#header = headerOf(options, this.#nodes, this.#clients)
    this.#history = new LiveHistory(this.#header)
  }

  async start(): Promise<void> {
    const { startCluster, programs, program, recordingPath, latency, signal, disk } = this.#options
    const disks = disk === null ? null : (this.#disks = makeTemporaryFolder('disks'))
    this.#cluster = await startCluster({
      header: this.#header, recordingPath, nodeProgram: programs.node, switchboardProgram: programs.switchboard, hostProgram: programs.host,
      programs: new Map(this.#nodes.map((node) => [node, { ...program, dataFolder: disks ? join(disks.path, node) : '', keepsData: disk === 'keep' }])),
      ...signal && { signal },
      onEvents: ({ text }) => parseEventLines(text).forEach((event) => this.#take(event)),
      onRecording: () => undefined,
      onEnded: (reason) => {
        this.#ended = reason
        for (const settle of this.#waiting.values()) settle()
      },
    }).catch((error: unknown) => { throw error instanceof CannotRun ? error : new CannotRun(sentenceOf(error)) })
    if (latency.ms > 0) {
      await this.#perform({
        type: 'add-fault', plan: { inMs: 0, forMs: 0 },
        fault: { name: 'latency', where: { from: this.#nodes, to: this.#nodes, kinds: [] }, bothWays: false, times: 0, effect: { type: 'delay', probability: 1, delay: delayOf(latency) } },
      })
    }
  }

  async play(): Promise<void> {
    const { workload: name, topology, settleMs, log } = this.#options
    const workload = workloads[name]
    if (workload.first) for (const node of this.#nodes) await this.#ask(this.#clients[0] ?? '', node, workload.first(node, this.#nodes, topology), 'first')
    log(`${name}: ${this.#nodes.length} nodes are up`)
    const acts = this.#nemesis()
    await this.#askAll()
    await acts
    await this.#heal()
    if (!workload.last) return
    log(`waits ${settleMs / 1000} s for the nodes to agree`)
    await this.#pause(settleMs)
    for (const node of this.#nodes) await this.#askLast(node, workload.last)
  }

  /** Requests at the rate, each by the next client that is free. */
  async #askAll(): Promise<void> {
    const { rate, durationMs, seed, workload } = this.#options
    const random = createRandom(seed, 'requests')
    const free = this.#clients.map((client, index) => ({ client, node: this.#nodes[index % this.#nodes.length] ?? '' }))
    const busy = new Set<Promise<void>>()
    const began = performance.now()
    for (let number = 0; this.#isRunning; number++) {
      const dueMs = number * 1000 / rate
      if (dueMs >= durationMs) break
      await this.#pause(began + dueMs - performance.now())
      while (free.length === 0 && this.#isRunning) await Promise.race(busy)
      // Clients that wait for answers hold the requests back; they do not pile up.
      if (performance.now() - began >= durationMs) break
      const next = free.shift()
      if (!next) break
      const asked: Promise<void> = this.#ask(next.client, next.node, workloads[workload].next(random, number), 'workload').then(() => {
        busy.delete(asked)
        free.push(next)
      })
      busy.add(asked)
    }
    await Promise.all(busy)
  }

  async #askLast(node: string, last: Call): Promise<void> {
    for (let tries = 0; tries < 5 && this.#isRunning; tries++) {
      const before = this.#operations.returned.length
      await this.#ask(this.#clients[0] ?? '', node, last, finalLabel)
      if (this.#operations.returned.slice(before).some(({ outcome }) => outcome?.type === 'ok')) return
    }
  }

  /** Resolves when the operation has ended. */
  async #ask(client: string, target: string, operation: Operation | Call, label: string): Promise<void> {
    const { operationId } = await this.#perform({ type: 'invoke', client, target, operation, label, session: -1 })
    if (operationId === 0 || !this.#isRunning) return
    const key = `${client} ${operationId}`
    // The answer may have come before the number of the operation.
    if (this.#returned.delete(key)) return
    await new Promise<void>((resolve) => this.#waiting.set(key, resolve))
  }

  // ---- the nemesis

  async #nemesis(): Promise<void> {
    const { seed, nemesis: kinds, nemesisIntervalMs: intervalMs, durationMs } = this.#options
    const began = performance.now()
    for (const { atMs, act } of nemesisPlan({ seed, kinds, nodes: this.#nodes, intervalMs, durationMs })) {
      await this.#pause(began + atMs - performance.now())
      if (!this.#isRunning) return
      if (await this.#act(act)) this.#acts++
    }
  }

  /** Two kinds may meet at one node: what cannot be done to it now is left out. */
  async #act(act: ClusterAct): Promise<boolean> {
    if (act.type === 'kill') this.#killed.add(act.node)
    if (act.type === 'restart') this.#killed.delete(act.node)
    return await this.#cluster?.perform(act).then(() => true, () => false) ?? false
  }

  async #heal(): Promise<void> {
    for (const node of this.#killed) await this.#act({ type: 'restart', node })
  }

  // ---- the cluster

  async #perform(act: ClusterAct): Promise<{ readonly operationId: number }> {
    try {
      return await (this.#cluster?.perform(act) ?? { operationId: 0 })
    } catch (error) {
      if (this.#ended !== '') throw new CannotRun(this.#ended)
      throw new CannotRun(sentenceOf(error))
    }
  }

  get #isRunning(): boolean {
    return this.#ended === '' && !this.#isStopping && this.#options.signal?.aborted !== true
  }

  #pause(ms: number): Promise<void> {
    return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
  }

  #take(event: TraceEvent): void {
    this.#events = event.seq
    this.#operations.take(event)
    this.#history.take(event)
    switch (event.type) {
      case 'operation-returned': {
        const key = `${event.node} ${event.operationId}`
        const settle = this.#waiting.get(key)
        if (!settle) this.#returned.add(key)
        this.#waiting.delete(key)
        settle?.()
        return
      }
      case 'message-sent':
        if (this.#nodes.includes(event.from) && this.#nodes.includes(event.to)) this.#betweenNodes++
        return
      case 'program-level':
        this.#levels[event.node] = { level: event.level, reason: event.reason }
        return
      case 'line-refused':
        this.#refused++
        this.#firstRefused ||= `${event.node} wrote ${event.line}: ${event.reason}`
        return
      case 'message-dropped':
        if ('fault' in event.reason) this.#lost++
        return
      case 'node-exited':
        if (this.#nodes.includes(event.node) && !this.#killed.has(event.node) && event.signal !== 'SIGKILL' && !this.#isStopping) this.#crashed.push(event)
        return
      default: return
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#cluster?.stop()
    this.#disks?.remove()
  }

  // ---- the verdict

  /** The program of each node, without its folder of data: a second start finds none. */
  get specs(): ReadonlyMap<string, ProgramSpec> {
    const { program, disk } = this.#options
    return new Map(disk === null ? this.#nodes.map((node) => [node, { ...program, dataFolder: '', keepsData: false }]) : [])
  }

  result(): Omit<ProgramTestResult, 'determinism'> {
    if (this.#ended !== '') throw new CannotRun(this.#ended)
    const { workload, seed, recordingPath } = this.#options
    const { list } = this.#operations
    const asked = list.filter(({ label }) => label === 'workload')
    const count = (type: string): number => asked.filter(({ outcome }) => (outcome?.type ?? 'unknown') === type).length
    const counts = { asked: asked.length, ok: count('ok'), failed: count('failed'), unknown: count('unknown') }
    const latencies = asked.filter(({ outcome }) => outcome?.type === 'ok').map(({ invokedAt, returnedAt }) => (returnedAt - invokedAt) / 1000).sort((one, other) => one - other)
    const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
    const history = this.#history.finish({ ...defaultLimits, milliseconds: judgedMs, now: () => performance.now() })
    const judged = workloads[workload].judge({ operations: list, nodes: this.#nodes, history })
    return {
      workload, seed, verdict: this.#withCrashes(this.#withAvailability(judged, counts)), counts,
      messagesPerRequest: counts.ok === 0 ? 0 : Math.round(this.#betweenNodes / counts.ok * 100) / 100,
      medianMs: Math.round(at(0.5) * 10) / 10, p99Ms: Math.round(at(0.99) * 10) / 10,
      levels: this.#levels, refusedLines: this.#refused, firstRefused: this.#firstRefused,
      faults: { acts: this.#acts, lost: this.#lost }, events: this.#events, recording: recordingPath,
    }
  }

  #withAvailability(verdict: WorkloadVerdict, { asked, ok }: ProgramTestResult['counts']): WorkloadVerdict {
    const { availability } = this.#options
    const share = asked === 0 ? 0 : ok / asked
    if (availability === null || share >= availability) return verdict
    return withError(verdict, `${ok} of ${asked} requests were answered, which is ${(share * 100).toFixed(1)} %, and ${(availability * 100).toFixed(1)} % were asked for`, [])
  }

  /** A program that ends by itself is wrong, whatever its answers were. */
  #withCrashes(verdict: WorkloadVerdict): WorkloadVerdict {
    return this.#crashed.reduce((before, { node, code, signal, stderr, seq }) => {
      const said = stderr.trim().split('\n').at(-1) ?? ''
      return withError(before, `${node} ended by itself (${signal ?? `status ${code}`})${said === '' ? '' : `: ${said}`}`, [seq])
    }, verdict)
  }
}

function withError(verdict: WorkloadVerdict, text: string, evidence: readonly number[]): WorkloadVerdict {
  const isFirst = verdict.standing !== 'broken'
  return { standing: 'broken', text: isFirst ? text : verdict.text, errors: [...verdict.errors, { text, evidence }], errorCount: verdict.errorCount + 1 }
}

function headerOf(options: ProgramTestOptions, servers: readonly string[], clients: readonly string[]): TraceHeader {
  const { workload, seed, program, services, timeoutMs, protocolHash } = options
  const settings: Settings = { ...defaultSettings, operationTimeoutMs: timeoutMs }
  const nodes: HeaderNode[] = [
    ...servers.map((name): HeaderNode => ({ name, kind: 'server', program: lineOfCommand(program.command) })),
    ...serviceNames.filter((name) => services.includes(name)).map((name): HeaderNode => ({ name, kind: 'service' })),
    ...clients.map((name): HeaderNode => ({ name, kind: 'client' })),
  ]
  return {
    understudy: 'recording', version: traceVersion, source: 'live', title: workload, createdAt: new Date().toISOString(), settings, seed, protocolHash, dialect: 'maelstrom',
    nodes, parent: null,
  }
}

function delayOf({ ms, distribution }: ProgramTestOptions['latency']) {
  switch (distribution) {
    case 'constant': return { type: 'constant', ms } as const
    case 'uniform': return { type: 'uniform', minMs: 0, maxMs: 2 * ms } as const
    case 'exponential': return { type: 'exponential', meanMs: ms } as const
  }
}
