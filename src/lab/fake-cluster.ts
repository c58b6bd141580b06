// A cluster without processes, for tests of the lab: it writes its recording as a switchboard does and remembers what it was asked.
// It must behave at the seam exactly as cluster-seam.ts says, or what it proves is worth nothing.
import { appendFileSync, statSync, writeFileSync } from 'node:fs'
import { formatEvent, formatHeader, type EventBody } from '../trace'
import type { ClusterOptions, Clusters, RunningCluster } from './cluster-seam'

export interface FakeCluster extends RunningCluster {
  readonly options: ClusterOptions
  /** Everything it was asked, in order. */
  readonly asked: string[]
  /** Writes events to the recording, as long as that goes on, and tells the lab. */
  emit(...bodies: EventBody[]): void
  /** From now on nothing reaches the file. */
  stopRecording(problem: string): void
  /** It ends by itself. */
  die(reason: string): void
}

export interface FakeClusters extends Clusters {
  readonly started: FakeCluster[]
  /** The next start is refused with this sentence. */
  refuseWith: string
  /** The next start resolves only when this is called. */
  holdStart(): () => void
}

export function createFakeClusters(): FakeClusters {
  const started: FakeCluster[] = []
  let held: Promise<void> = Promise.resolve()
  const clusters: FakeClusters = {
    started,
    refuseWith: '',
    canPause: () => true,
    holdStart() {
      let release = (): void => {}
      held = new Promise((resolve) => { release = resolve })
      return release
    },
    async startCluster(options) {
      if (clusters.refuseWith !== '') throw new Error(clusters.refuseWith)
      const cluster = createFakeCluster(options)
      started.push(cluster)
      cluster.emit({ type: 'lab-note', text: 'started', node: '' })
      await held
      return cluster
    },
  }
  return clusters
}

function createFakeCluster(options: ClusterOptions): FakeCluster {
  const asked: string[] = []
  let seq = options.branch?.seq ?? 0
  let isRecording = true
  // A branch's recording is there already.
  if (!options.branch) writeFileSync(options.recordingPath, `${formatHeader(options.header)}\n`, { flag: 'wx', mode: 0o600 })

  const ask = (what: string): Promise<void> => {
    asked.push(what)
    return what === 'kill s9' ? Promise.reject(new Error('There is no node s9.')) : Promise.resolve()
  }
  return {
    options, asked,
    emit(...bodies) {
      const from = seq + 1
      const text = bodies.map((body) => formatEvent({ seq: ++seq, at: seq * 1000, wall: seq * 1000, ...body })).join('\n')
      if (isRecording) appendFileSync(options.recordingPath, `${text}\n`)
      options.onEvents({ from, count: bodies.length, text })
      if (isRecording) options.onRecording({ bytes: bytesOf(options.recordingPath), problem: '' })
    },
    stopRecording(problem) {
      isRecording = false
      options.onRecording({ bytes: bytesOf(options.recordingPath), problem })
    },
    die: (reason) => options.onEnded(reason),
    kill: (node) => ask(`kill ${node}`),
    pause: (node) => ask(`pause ${node}`),
    resume: (node) => ask(`resume ${node}`),
    restart: (node) => ask(`restart ${node}`),
    async freeze() {
      await ask('freeze')
      this.emit({ type: 'frozen', freeze: 1, timers: [], reason: 'by hand', metBy: 0 })
    },
    async thaw() {
      await ask('thaw')
      this.emit({ type: 'thawed', freeze: 1 })
    },
    act: (act) => ask(`act ${act.type}`),
    tell: (event) => ask(`tell ${event.type === 'violation' ? event.rule : event.state} ${event.text}`),
    async invoke({ client, operation, target, label }) {
      await ask(`invoke ${client} ${JSON.stringify(operation)} ${target} ${label}`)
      return { operationId: asked.length }
    },
    startWorkload: (workload) => ask(`workload ${workload.rate}`),
    stopWorkload: () => ask('stop workload'),
    load: () => Promise.resolve({ processorMicros: 0, mailMax: 0, journalBytesMax: 0, labBytesMax: 0, nodeBytesMax: 0 }),
    stop: () => ask('stop'),
  }
}

function bytesOf(path: string): number {
  return statSync(path).size
}
