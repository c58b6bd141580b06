// `bench transfer`: a backup joins a primary with a million keys. Measures the time until the view is acked, and the longest block of either event
// loop: a block near the time limit for silence would cause a false failover.
import { join } from 'node:path'
import { viewServerName, type Settings } from '../protocol'
import type { Bench, Goal } from './bench'
import { fastSettings } from './failover'
import { MeasuredCluster, viewAtRest } from './measured-cluster'
import { monotonicMs, type NodeFacts } from './measured-node'
import { preload } from './preload'

export interface TransferFigures {
  readonly fromStartMs: number
  readonly fromViewMs: number
  readonly primaryPauseMs: number
  readonly backupPauseMs: number
  /** View changes after the view in which the backup joined. */
  readonly falseFailovers: number
  readonly primaryMebibytes: number
  readonly backupMebibytes: number
}

export async function measureTransfer({ program, keys, settings }: { program: string; keys: number; settings: Partial<Settings> }): Promise<TransferFigures> {
  const cluster = new MeasuredCluster({ program, settings, watchesLoop: true })
  try {
    for (const name of [viewServerName, 's1']) await cluster.start(name)
    const client = cluster.client()
    const alone = await viewAtRest(client, 0)
    await preload(client, keys)
    await cluster.facts('s1', { forget: true })
    await cluster.facts(viewServerName, { forget: true })
    const startedAtMs = monotonicMs()
    await cluster.start('s2')
    // Waits for a stable view for three times the time limit for silence: a false failover would have come by then.
    const after = await viewAtRest(client, 1, 500)
    const [ofViewServer, primary, backup] = await Promise.all([viewServerName, 's1', 's2'].map((name) => cluster.facts(name)))
    const joined = momentOf(ofViewServer, 'view-changed')
    const acked = momentOf(ofViewServer, 'view-acked')
    return {
      fromStartMs: acked - startedAtMs, fromViewMs: acked - joined, primaryPauseMs: primary?.longestPauseMs ?? 0, backupPauseMs: backup?.longestPauseMs ?? 0,
      falseFailovers: after.viewnum - alone.viewnum - 1, primaryMebibytes: mebibytes(primary), backupMebibytes: mebibytes(backup),
    }
  } finally {
    await cluster.close()
  }
}

function momentOf(facts: NodeFacts | undefined, type: 'view-changed' | 'view-acked'): number {
  return facts?.reports.find(({ report }) => report.type === type)?.atMs ?? NaN
}

const mebibytes = (facts: NodeFacts | undefined): number => Math.round((facts?.residentBytes ?? 0) / 1024 / 1024)

const keys = 1_000_000
const duration: Goal = { name: 'transfer of 1,000,000 keys, from the start of the backup to the ack', better: 'lower', needed: 4, aim: 1.2, unit: 's' }
const pause: Goal = { name: 'longest pause of either event loop in that time', better: 'lower', needed: 50, aim: 10, unit: 'ms', judgedBy: 'worst' }
const failovers: Goal = { name: 'failovers that nobody caused in that time', better: 'lower', needed: 0, aim: 0, unit: 'views', judgedBy: 'worst' }

export const transfer: Bench = {
  name: 'transfer', title: 'a backup joins a primary that holds 1,000,000 keys of 16 and 64 bytes; pings 20 ms, dead after 60 ms',
  rounds: 3, seconds: 1, goals: [duration, pause, failovers],
  async run(context) {
    for (let round = 1; round <= context.rounds; round++) {
      const endWatch = context.watchForeignCores()
      const figures = await measureTransfer({ program: join(context.programs, 'measured-node.js'), keys, settings: { ...fastSettings, retryMs: 100 } })
      const foreignCores = endWatch()
      context.round({ round, row: 'transfer', ...figures, foreignCores })
      context.value(duration.name, figures.fromStartMs / 1000, foreignCores)
      context.value(pause.name, Math.max(figures.primaryPauseMs, figures.backupPauseMs), foreignCores)
      context.value(failovers.name, figures.falseFailovers, 0)
    }
  },
}
