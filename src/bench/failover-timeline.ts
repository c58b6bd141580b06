// Splits one failover into phases, from the kill to the acknowledged write, by the times that nodes reported. A pure function, so a bench can read
// the reports afterwards.
import type { TimedReport } from './measured-node'

/** The phases, each in milliseconds since the kill; a time that was not reported is left out. */
export interface FailoverTimeline {
  /** When the last ping before the kill arrived: at this time, or up to a check interval later. */
  readonly lastPingMs?: number
  readonly verdictMs?: number
  readonly primaryAdoptsMs?: number
  readonly backupInstalledMs?: number
  readonly primaryServesMs?: number
  readonly viewAckedMs?: number
  readonly clientKnowsMs?: number
  readonly acknowledgedMs: number
}

export interface FailoverWitnesses {
  readonly killedAtMs: number
  readonly acknowledgedAtMs: number
  readonly killed: string
  readonly checkIntervalMs: number
  readonly viewServer: readonly TimedReport[]
  readonly servers: ReadonlyMap<string, readonly TimedReport[]>
  readonly client: readonly TimedReport[]
}

export function failoverTimeline({ killedAtMs, acknowledgedAtMs, killed, checkIntervalMs, viewServer, servers, client }: FailoverWitnesses): FailoverTimeline {
  const since = (reports: readonly TimedReport[]): TimedReport[] => reports.filter(({ atMs }) => atMs >= killedAtMs)
  const first = (reports: readonly TimedReport[], is: (report: TimedReport['report']) => boolean): number | undefined => {
    const found = since(reports).find(({ report }) => is(report))
    return found && found.atMs - killedAtMs
  }
  const change = since(viewServer).find(({ report }) => report.type === 'view-changed')?.report
  const view = change?.type === 'view-changed' ? change.view : null
  const primary = servers.get(view?.primary?.name ?? '') ?? []
  const backups = view?.backups.map(({ name }) => servers.get(name) ?? []) ?? []
  const second = viewServer.findLast(({ atMs, report }) => report.type === 'ping-missed' && report.server === killed && report.missed === 2 && atMs <= acknowledgedAtMs)
  // The check before the first miss was the first check after the ping.
  const lastPingMs = second && second.atMs - 3 * checkIntervalMs - killedAtMs
  return ofDefined({
    lastPingMs,
    verdictMs: first(viewServer, ({ type }) => type === 'view-changed'),
    primaryAdoptsMs: first(primary, ({ type }) => type === 'role-changed'),
    backupInstalledMs: latest(backups.map((reports) => first(reports, ({ type }) => type === 'transfer-installed'))),
    primaryServesMs: first(primary, (report) => report.type === 'role-changed' && report.serving),
    viewAckedMs: first(viewServer, ({ type }) => type === 'view-acked'),
    clientKnowsMs: first(client, ({ type }) => type === 'view-cached'),
    acknowledgedMs: acknowledgedAtMs - killedAtMs,
  })
}

function latest(moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length > 0 ? Math.max(...known) : undefined
}

function ofDefined(timeline: { [Name in keyof FailoverTimeline]: FailoverTimeline[Name] | undefined } & { acknowledgedMs: number }): FailoverTimeline {
  return Object.fromEntries(Object.entries(timeline).filter(([, ms]) => ms !== undefined)) as unknown as FailoverTimeline
}
