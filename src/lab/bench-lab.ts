// Measures the speed of a cluster in the lab with every event recorded: 8 client processes in a closed loop of puts, each round on a new cluster.
// First the reader only counts the events; then a full session keeps them and watches the rules.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { defaultClusterSettings, defaultWorkload, mixOf } from '../contract'
import { makeTemporaryFolder } from '../system'
import { parseEventLines, type TraceEvent } from '../trace'
import { median } from './bench-rules'
import type { ClusterOptions, ClusterStarter, EventLines, RunningCluster } from './cluster-seam'
import type { ClusterPrograms } from './lab-options'
import { headerFor, LiveSession } from './live-session'

/** The reader of the events: `nothing` only counts them, `session` does all that a window's lab does. */
export type LabReader = 'nothing' | 'session'

export interface LabBench {
  readonly rounds: number
  /** The length of each round. */
  readonly seconds: number
  readonly replicas: number
  readonly readers: readonly LabReader[]
  readonly programs: ClusterPrograms
  readonly startCluster: ClusterStarter
  readonly print: (line: object) => void
}

const clients = 8
/** clientIds of each client process: 48 together. */
const sessionsOfClient = 6
const keys = 1000
const valueBytes = 64

/** Warm-up before the measurement: views are formed and code is compiled. */
const warmUpMs = 3000

/** Characters of a round's first events that are kept for the operation times. */
const sampleCharactersMax = 4 * 1024 * 1024

export async function measureLab({ rounds, replicas, readers, print, ...options }: LabBench): Promise<void> {
  const perSecond = new Map<LabReader, number[]>(readers.map((reader) => [reader, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const reader of readers) {
      const measured = await measureRound({ ...options, replicas, reader })
      perSecond.get(reader)?.push(measured.operationsPerSecond)
      print({ round, reader, ...measured })
    }
  }
  for (const [reader, rates] of perSecond) {
    print({
      reader, rounds, replicas, clients, clientIds: clients * sessionsOfClient, valueBytes,
      operationsPerSecond: median(rates), unit: 'operations/s, median',
    })
  }
}

interface RoundOptions extends Pick<LabBench, 'seconds' | 'replicas' | 'programs' | 'startCluster'> {
  readonly reader: LabReader
}

interface Measured {
  readonly operationsPerSecond: number
  readonly [name: string]: number
}

async function measureRound(options: RoundOptions): Promise<Measured> {
  const folder = makeTemporaryFolder('bench')
  const round = new Round(join(folder.path, 'bench.jsonl'), options)
  try {
    return await round.run()
  } finally {
    await round.stop()
    folder.remove()
  }
}

/** One cluster, from its start to its end. */
class Round {
  readonly #path: string
  readonly #options: RoundOptions
  #cluster: RunningCluster | null = null
  #session: LiveSession | null = null
  readonly #pids = new Map<string, number>()
  #operations = 0
  #events = 0
  #sample: string[] | null = null
  #sampleCharacters = 0

  constructor(path: string, options: RoundOptions) {
    this.#path = path
    this.#options = options
  }

  async run(): Promise<Measured> {
    const { seconds } = this.#options
    const cluster = await this.#start()
    await cluster.perform({ type: 'start-workload', plan: { ...defaultWorkload, rate: 0, inFlight: sessionsOfClient, keys, valueBytes, mix: mixOf({ put: 1 }) } })
    await pause(warmUpMs)
    this.#sample = []
    const before = await this.#count(cluster)
    await pause(seconds * 1000)
    const after = await this.#count(cluster)
    const since = (name: keyof Counted): number => after[name] - before[name]
    const perOperation = (name: keyof Counted): number => rounded(since(name) / since('operations'))
    const times = operationTimes((this.#sample ?? []).flatMap((text) => parseEventLines(text)))
    return {
      operationsPerSecond: Math.round(since('operations') / since('ms') * 1000),
      p50Ms: rounded(at(times, 0.5)), p99Ms: rounded(at(times, 0.99)),
      bytesPerOperation: perOperation('bytes'), eventsPerOperation: perOperation('events'),
      switchboardMicros: perOperation('switchboardMicros'), replicaMicros: perOperation('replicaMicros'), clientMicros: perOperation('clientMicros'),
      labMicros: perOperation('labMicros'),
      mailMax: after.mailMax, journalBytesMax: after.recorderBytesMax, labBytesMax: after.labBytesMax, nodeBytesMax: after.nodeBytesMax,
    }
  }

  async #start(): Promise<RunningCluster> {
    const { programs, reader, replicas } = this.#options
    const header = headerFor({ ...defaultClusterSettings, title: 'bench', replicas, backupsWanted: 1, clients }, { seed: 'bench', createdAt: new Date(), protocolHash: '' })
    if (reader === 'session') {
      this.#session = new LiveSession({
        header, place: { path: this.#path, problem: '' }, programs, onChange: () => undefined, onEvents: () => undefined,
        startCluster: (options) => this.#startCluster(options),
      })
      await this.#session.start()
    } else {
      await this.#startCluster({
        header, recordingPath: this.#path, nodeProgram: programs.node, switchboardProgram: programs.switchboard,
        onEvents: () => undefined, onRecording: () => undefined, onEnded: () => undefined,
      })
    }
    return this.#cluster as RunningCluster
  }

  async #startCluster(options: ClusterOptions): Promise<RunningCluster> {
    return this.#cluster = await this.#options.startCluster({
      ...options,
      onEvents: (lines) => {
        this.#take(lines)
        options.onEvents(lines)
      },
    })
  }

  #take({ from, count, text }: EventLines): void {
    this.#events += count
    for (let found = text.indexOf(returned); found >= 0; found = text.indexOf(returned, found + returned.length)) this.#operations++
    // In this bench nodes start only once, before any operation.
    if (from < 1000) for (const event of parseEventLines(text)) if (event.type === 'node-started') this.#pids.set(event.node, event.pid)
    if (this.#sample === null || this.#sampleCharacters >= sampleCharactersMax) return
    this.#sample.push(text)
    this.#sampleCharacters += text.length
  }

  async #count(cluster: RunningCluster): Promise<Counted> {
    const { processorMicros, ...queues } = await cluster.load()
    const { user, system } = process.cpuUsage()
    return {
      ms: performance.now(), operations: this.#operations, events: this.#events, bytes: statSync(this.#path).size,
      switchboardMicros: processorMicros, replicaMicros: this.#processorMicros('s'), clientMicros: this.#processorMicros('c'), labMicros: user + system, ...queues,
    }
  }

  /** CPU microseconds of all nodes whose name has this prefix; 0 on a system without /proc. */
  #processorMicros(prefix: string): number {
    let micros = 0
    for (const [name, pid] of this.#pids) if (name.startsWith(prefix)) micros += processorMicrosOf(pid)
    return micros
  }

  async stop(): Promise<void> {
    await this.#session?.end('The measurement is over.')
    await this.#cluster?.stop()
    this.#cluster = null
    this.#session = null
  }
}

const returned = '"type":"operation-returned"'

interface Counted {
  readonly ms: number
  readonly operations: number
  readonly events: number
  readonly bytes: number
  readonly switchboardMicros: number
  readonly replicaMicros: number
  readonly clientMicros: number
  readonly labMicros: number
  readonly mailMax: number
  readonly recorderBytesMax: number
  readonly labBytesMax: number
  readonly nodeBytesMax: number
}

/** Microseconds of one clock tick: Linux counts CPU time in hundredths of a second. */
const tickMicros = 10_000

function processorMicrosOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
    return (Number(fields[11]) + Number(fields[12])) * tickMicros
  } catch {
    return 0 // No /proc on this system.
  }
}

/** Sorted durations, in milliseconds, of the operations that were invoked and returned among these events. */
function operationTimes(events: readonly TraceEvent[]): number[] {
  const invoked = new Map<number, number>()
  const times: number[] = []
  for (const event of events) {
    if (event.type === 'operation-invoked') invoked.set(event.operation.operationId, event.at)
    if (event.type !== 'operation-returned') continue
    const began = invoked.get(event.operationId)
    if (began !== undefined) times.push((event.at - began) / 1000)
  }
  return times.sort((one, other) => one - other)
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0

const rounded = (value: number): number => Math.round(value * 100) / 100
