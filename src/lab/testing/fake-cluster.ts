// A cluster without processes, for tests of the lab: it writes its recording as a switchboard does, and stores the acts that it received.
// It must behave exactly as cluster-seam.ts says; otherwise the tests prove nothing.
import { appendFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { formatEvent, formatHeader, type ClusterAct, type EventBody } from '../../trace'
import { withinRate } from '../../workload'
import type { ClusterNow, ClusterOptions, Clusters, RunningCluster } from '../cluster-seam'

export interface FakeCluster extends RunningCluster {
  readonly options: ClusterOptions
  /** All received acts, in order. */
  readonly asked: string[]
  /** Writes events to the recording, unless that has stopped, and passes them to the lab. */
  emit(...bodies: EventBody[]): void
  /** Stops writing to the file. */
  stopRecording(problem: string): void
  /** Ends the cluster without `stop`. */
  die(reason: string): void
}

export interface FakeClusters extends Clusters {
  readonly started: FakeCluster[]
  /** The sentence that refuses the next start. */
  refuseWith: string
  /** Makes the next start wait until the returned function is called. */
  holdStart(): () => void
}

export function createFakeClusters(): FakeClusters {
  const started: FakeCluster[] = []
  let held: Promise<void> = Promise.resolve()
  const clusters: FakeClusters = {
    started,
    refuseWith: '',
    canPause: () => true,
    endLeft: () => Promise.resolve(),
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
      await (options.signal ? Promise.race([held, givenUp(options.signal)]) : held)
      return cluster
    },
  }
  return clusters
}

function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => { signal.addEventListener('abort', () => reject(new Error('The start was given up.')), { once: true }) })
}

function createFakeCluster(options: ClusterOptions): FakeCluster {
  const asked: string[] = []
  let seq = options.branch?.seq ?? 0
  let isRecording = true
  let now: ClusterNow = { isFrozen: false, workload: null }
  // A branch's recording exists already.
  if (!options.branch) {
    if (existsSync(options.recordingPath) && bytesOf(options.recordingPath) > 0) throw new Error('there is a file of that name already')
    writeFileSync(options.recordingPath, `${formatHeader(options.header)}\n`, { mode: 0o600 })
  }

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
      for (const { type } of bodies) if (type === 'frozen' || type === 'thawed') now = { ...now, isFrozen: type === 'frozen' }
      options.onNow?.(now)
      if (isRecording) options.onRecording({ bytes: bytesOf(options.recordingPath), problem: '' })
    },
    stopRecording(problem) {
      isRecording = false
      options.onRecording({ bytes: bytesOf(options.recordingPath), problem })
    },
    die: (reason) => options.onEnded(reason),
    async perform(act) {
      await ask(wordsOf(act))
      if (act.type === 'freeze') this.emit({ type: 'frozen', freeze: 1, timers: [], reason: 'by hand', metBy: 0 })
      if (act.type === 'thaw') this.emit({ type: 'thawed', freeze: 1 })
      if (act.type === 'start-workload' || act.type === 'stop-workload') {
        now = { ...now, workload: act.type === 'start-workload' ? withinRate(act.plan, options.operationsPerSecondMax ?? 0) : null }
        options.onNow?.(now)
      }
      return { operationId: act.type === 'invoke' ? asked.length : 0 }
    },
    tell: (event) => ask(`tell ${event.type === 'violation' ? event.rule : event.state} ${event.text}`),
    load: () => Promise.resolve({ processorMicros: 0, mailMax: 0, mailBytesMax: 0, recorderBytesMax: 0, labBytesMax: 0, nodeBytesMax: 0 }),
    stop: () => ask('stop'),
    abandon: () => void asked.push('abandon'),
  }
}

function wordsOf(act: ClusterAct): string {
  switch (act.type) {
    case 'invoke': return `invoke ${act.client} ${JSON.stringify(act.operation)} ${act.target} ${act.label}`
    case 'start-workload': return `workload ${act.plan.rate}`
    case 'stop-workload': return 'stop workload'
    case 'kill':
    case 'pause':
    case 'resume':
    case 'restart': return `${act.type} ${act.node}`
    case 'freeze':
    case 'thaw': return act.type
    default: return `act ${act.type}`
  }
}

function bytesOf(path: string): number {
  return statSync(path).size
}
