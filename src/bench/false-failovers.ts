// `bench false-failovers`: full load with a short time limit for silence. No server is killed, so every view change is a false failover: a server
// was too busy to ping. A round is a minute by default.
import { join } from 'node:path'
import { viewServerName, type Settings } from '../protocol'
import type { Bench, Goal } from './bench'
import { fastSettings } from './failover'
import { compileLoadgen, type LoadResult } from './loadgen'
import { MeasuredCluster, viewAtRest } from './measured-cluster'
import type { TimedReport } from './measured-node'

export interface FalseFailovers {
  readonly viewChanges: number
  /** The longest silence of a server as the view server saw it, in steps of the check interval. */
  readonly longestSilenceMs: number
  readonly opsPerSecond: number
}

export interface FalseFailoversOptions {
  readonly program: string
  readonly settings: Partial<Settings>
  /** Loads the cluster of this view server until the load ends. */
  readonly load: (viewServer: string) => Promise<Pick<LoadResult, 'ops_s'>>
}

export async function measureFalseFailovers({ program, settings, load }: FalseFailoversOptions): Promise<FalseFailovers> {
  const cluster = new MeasuredCluster({ program, settings })
  try {
    for (const name of [viewServerName, 's1', 's2', 's3']) await cluster.start(name)
    const client = cluster.client()
    const before = await viewAtRest(client, 1)
    await cluster.facts(viewServerName, { forget: true })
    const { ops_s: opsPerSecond } = await load(cluster.addressOf(viewServerName))
    const { current } = await client.query()
    const { reports } = await cluster.facts(viewServerName)
    return {
      viewChanges: current.viewnum - before.viewnum, longestSilenceMs: longestSilenceMs(reports, cluster.settings.pingCheckIntervalMs),
      opsPerSecond: Math.round(opsPerSecond),
    }
  } finally {
    await cluster.close()
  }
}

/** Computed from consecutive checks that a server missed; 0 if no server missed two. */
export function longestSilenceMs(reports: readonly TimedReport[], checkIntervalMs: number): number {
  return Math.max(0, ...reports.map(({ report }) => report.type === 'ping-missed' ? (report.missed + 1) * checkIntervalMs : 0))
}

const rows = [
  { row: '20 ms x 3', settings: fastSettings },
  { row: '50 ms x 3', settings: { pingIntervalMs: 50, pingCheckIntervalMs: 10, deadPings: 15 } },
] as const

const goals = new Map<string, Goal>(rows.map(({ row }) => [
  row, { name: `view changes that nobody caused, pings ${row}`, better: 'lower', needed: 0, aim: 0, unit: 'views', judgedBy: 'worst' },
]))

export const falseFailovers: Bench = {
  name: 'false-failovers', title: 'full load of 50 connections with 16 operations each, and no failure: no view may change', rounds: 10, seconds: 60,
  goals: [...goals.values()],
  async run(context) {
    const loadgen = await compileLoadgen(context.children, context.folder)
    for (let round = 1; round <= context.rounds; round++) {
      for (const { row, settings } of rows) {
        const endWatch = context.watchForeignCores()
        const figures = await measureFalseFailovers({
          program: join(context.programs, 'measured-node.js'), settings: { ...settings, retryMs: 100 },
          load: (address) => loadgen.run({ protocol: 'understudy', address, connections: 50, inFlight: 16, seconds: context.seconds }),
        })
        context.round({ round, row, ...figures, foreignCores: endWatch() })
        context.value(goals.get(row)?.name ?? '', figures.viewChanges, 0)
      }
    }
  },
}
