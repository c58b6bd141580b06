// `bench history`: an hour's worth of operations (3.6 million, at 1000 a second) on a fixed set of keys. If anything grows with the number of past
// operations, the last tenth is slower or larger than the first.
import { join } from 'node:path'
import type { DirectClient } from '../cluster'
import { viewServerName, type Settings } from '../protocol'
import type { Bench, Goal } from './bench'
import { MeasuredCluster, viewAtRest } from './measured-cluster'
import { benchKey, benchValue, preload } from './preload'

export interface HistoryTenth {
  readonly tenth: number
  readonly opsPerSecond: number
  readonly p50Us: number
  readonly p99Us: number
  /** By node: resident memory, and the heap's part of it. */
  readonly memory: ReadonlyMap<string, { readonly residentMebibytes: number; readonly heapMebibytes: number }>
}

export interface HistoryOptions {
  readonly program: string
  readonly operations: number
  readonly keys: number
  readonly settings: Partial<Settings>
  readonly onTenth: (tenth: HistoryTenth) => void
}

const nodes = [viewServerName, 's1', 's2']
/** Operations in flight: enough for speed, and few enough that latency is not only queueing. */
const sessions = 32

export async function measureHistory({ program, operations, keys, settings, onTenth }: HistoryOptions): Promise<void> {
  const cluster = new MeasuredCluster({ program, settings })
  try {
    for (const name of nodes) await cluster.start(name)
    const client = cluster.client()
    await viewAtRest(client, 1)
    await preload(client, keys)
    const count = Math.ceil(operations / 10)
    for (let tenth = 1; tenth <= 10; tenth++) {
      const begin = performance.now()
      const latencies = await write(client, count, keys)
      const seconds = (performance.now() - begin) / 1000
      const memory = new Map<string, { residentMebibytes: number; heapMebibytes: number }>()
      for (const name of nodes) {
        const { residentBytes, heapBytes } = await cluster.facts(name, { forget: true })
        memory.set(name, { residentMebibytes: mebibytes(residentBytes), heapMebibytes: mebibytes(heapBytes) })
      }
      latencies.sort()
      onTenth({ tenth, opsPerSecond: Math.round(count / seconds), p50Us: percentile(latencies, 0.5), p99Us: percentile(latencies, 0.99), memory })
    }
  } finally {
    await cluster.close()
  }
}

/** Writes in several sessions, one operation after the other in each; resolves with every latency in milliseconds. */
function write(client: DirectClient, count: number, keys: number): Promise<Float64Array> {
  const latencies = new Float64Array(count)
  return new Promise((resolve, reject) => {
    let begun = 0
    let ended = 0
    const next = (session: number): void => {
      if (begun === count) return
      const index = begun++
      const beganAt = performance.now()
      client.start({ type: 'put', key: benchKey(index % keys), value: benchValue(index) }, session, (outcome) => {
        if (outcome.type !== 'ok') return reject(new Error(`a write ended ${outcome.type}: ${outcome.reason}`))
        latencies[ended++] = performance.now() - beganAt
        if (ended === count) return resolve(latencies)
        next(session)
      })
    }
    for (let session = 0; session < Math.min(sessions, count); session++) next(session)
  })
}

/** Takes sorted milliseconds; returns microseconds. */
export function percentile(sorted: Float64Array, share: number): number {
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 1000)
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)

const latency: Goal = { name: 'p50 of the last tenth / of the first', better: 'lower', needed: 1.25, aim: 1.1 }
const tail: Goal = { name: 'p99 of the last tenth / of the first', better: 'lower', needed: 1.5, aim: 1.2 }
const memory: Goal = { name: 'resident memory of the larger server, last tenth / first', better: 'lower', needed: 1.25, aim: 1.1 }

export const history: Bench = {
  name: 'history', title: 'an hour of 1000 operations a second, by volume, on 100,000 keys',
  rounds: 1, seconds: 1, goals: [latency, tail, memory],
  async run(context) {
    for (let round = 1; round <= context.rounds; round++) {
      const endWatch = context.watchForeignCores()
      const tenths: HistoryTenth[] = []
      await measureHistory({
        program: join(context.programs, 'measured-node.js'), operations: 3_600_000, keys: 100_000, settings: {},
        onTenth: (tenth) => {
          tenths.push(tenth)
          const { memory: ofNodes, ...figures } = tenth
          context.round({ round, row: `tenth ${tenth.tenth}`, ...figures, ...Object.fromEntries([...ofNodes].flatMap(([name, { residentMebibytes, heapMebibytes }]) => [
            [`${name} RSS MiB`, residentMebibytes], [`${name} heap MiB`, heapMebibytes],
          ])) })
        },
      })
      const foreignCores = endWatch()
      const [first, last] = [tenths[0], tenths.at(-1)]
      if (!first || !last) continue
      context.value(latency.name, last.p50Us / first.p50Us, foreignCores)
      context.value(tail.name, last.p99Us / first.p99Us, foreignCores)
      context.value(memory.name, largest(last) / largest(first), foreignCores)
    }
  },
}

const largest = ({ memory: ofNodes }: HistoryTenth): number => Math.max(...[...ofNodes.values()].map(({ residentMebibytes }) => residentMebibytes))
