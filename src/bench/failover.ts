// Measures how long a cluster gives no answer when its primary is killed: processes in direct mode, kill -9, and a client that writes continuously.
// The time runs from the kill to the first acknowledged write that began after it.
import { setTimeout as pause } from 'node:timers/promises'
import type { DirectClient } from '../cluster'
import { utf8ToBytes, viewServerName, type Settings } from '../protocol'
import { failoverTimeline, type FailoverTimeline } from './failover-timeline'
import { MeasuredCluster, patienceMs, viewAtRest } from './measured-cluster'
import { monotonicMs, type TimedReport } from './measured-node'
import { preload } from './preload'

export interface FailoverOptions {
  /** The built program of a measured node. */
  readonly program: string
  readonly kills: number
  /** Keys on the primary, of 16 bytes with values of 64. The new backup has all of them before the first write is acknowledged. */
  readonly keys: number
  readonly settings: Partial<Settings>
  readonly onKill: (kill: FailoverKill) => void | Promise<void>
}

export interface FailoverKill {
  readonly kill: number
  readonly primary: string
  /** From the kill to the first acknowledged write, in milliseconds. */
  readonly ms: number
  readonly viewnum: number
  readonly timeline: FailoverTimeline
}

/** Pings every 20 ms, dead after 60 ms of silence, checks every 5 ms. A client without a newer view asks again every 2 ms. */
export const fastSettings = { pingIntervalMs: 20, pingCheckIntervalMs: 5, deadPings: 12 } as const
export const clientSettings = { retryMs: 2 } as const

const servers = ['s1', 's2', 's3']

export async function measureFailover({ program, kills, keys, settings, onKill }: FailoverOptions): Promise<void> {
  const cluster = new MeasuredCluster({ program, settings })
  const ofClient: TimedReport[] = []
  const client = cluster.client(clientSettings, (report) => {
    if (report.type === 'view-cached') ofClient.push({ atMs: monotonicMs(), report })
  })
  try {
    for (const name of [viewServerName, ...servers]) await cluster.start(name)
    await viewAtRest(client, 1)
    await preload(client, keys)
    for (let kill = 1; kill <= kills; kill++) {
      const view = await viewAtRest(client, 1)
      const primary = view.primary?.name ?? ''
      // Kills at a random time between two pings.
      await pause(Math.random() * cluster.settings.pingIntervalMs)
      const { killedAtMs, acknowledgedAtMs } = await killAndWrite(client, () => cluster.kill(primary))
      await viewAtRest(client, 1)
      const [ofViewServer, ...ofServers] = await Promise.all([viewServerName, ...servers.filter((name) => name !== primary)].map(async (name) => {
        const { reports } = await cluster.facts(name, { forget: true })
        return [name, reports] as const
      }))
      const timeline = failoverTimeline({
        killedAtMs, acknowledgedAtMs, killed: primary, checkIntervalMs: cluster.settings.pingCheckIntervalMs,
        viewServer: ofViewServer?.[1] ?? [], servers: new Map(ofServers), client: ofClient,
      })
      const { acked } = await client.query()
      await onKill({ kill, primary, ms: acknowledgedAtMs - killedAtMs, viewnum: acked.viewnum, timeline })
      await cluster.start(primary)
    }
  } finally {
    await cluster.close()
  }
}

/** Writes one after the other before and after the kill. The first acknowledged write that began after the kill stops the clock. */
function killAndWrite(client: DirectClient, kill: () => void): Promise<{ killedAtMs: number; acknowledgedAtMs: number }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no write was acknowledged after the kill')), patienceMs)
    let killedAtMs = 0
    let writes = 0
    const write = (): void => {
      const begunAtMs = monotonicMs()
      client.start({ type: 'put', key: utf8ToBytes('k'), value: utf8ToBytes(String(writes++)) }, 0, (outcome) => {
        if (killedAtMs > 0 && begunAtMs >= killedAtMs && outcome.type === 'ok') {
          clearTimeout(timer)
          return resolve({ killedAtMs, acknowledgedAtMs: monotonicMs() })
        }
        if (writes === 50) {
          killedAtMs = monotonicMs()
          kill()
        }
        write()
      })
    }
    write()
  })
}
