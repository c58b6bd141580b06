import { expect, test } from 'vitest'
import { failoverTimeline } from './failover-timeline'
import { longestSilenceMs } from './false-failovers'
import { percentile } from './history'
import type { TimedReport } from './measured-node'

const member = (name: string): { name: string; incarnation: number; address: string } => ({ name, incarnation: 1, address: '' })
const view = { viewnum: 3, primary: member('s2'), backups: [member('s3')] }
const missed = (atMs: number, times: number): TimedReport => ({ atMs, report: { type: 'ping-missed', server: 's1', missed: times } })

test('the timeline of a failover is what the nodes reported after the kill, and nothing from before', () => {
  const timeline = failoverTimeline({
    killedAtMs: 1000, acknowledgedAtMs: 1062, killed: 's1', checkIntervalMs: 5,
    viewServer: [
      { atMs: 900, report: { type: 'view-acked', view } }, missed(1005, 2),
      { atMs: 1055, report: { type: 'view-changed', view, cause: { type: 'change', left: [], promoted: 's2', joined: ['s3'] } } },
      { atMs: 1059, report: { type: 'view-acked', view } },
    ],
    servers: new Map([
      ['s2', [
        { atMs: 500, report: { type: 'role-changed', role: 'backup', viewnum: 2, serving: true } },
        { atMs: 1056, report: { type: 'role-changed', role: 'primary', viewnum: 3, serving: false } },
        { atMs: 1058, report: { type: 'role-changed', role: 'primary', viewnum: 3, serving: true } },
      ]],
      ['s3', [{ atMs: 1057, report: { type: 'transfer-installed', from: 's2', viewnum: 3, executed: 1, keys: 1 } }]],
    ]),
    client: [{ atMs: 1060, report: { type: 'view-cached', viewnum: 3 } }],
  })
  expect(timeline).toEqual({
    lastPingMs: -10, verdictMs: 55, primaryAdoptsMs: 56, backupInstalledMs: 57, primaryServesMs: 58, viewAckedMs: 59, clientKnowsMs: 60, acknowledgedMs: 62,
  })
})

test('what was not reported is left out of a timeline', () => {
  const nothing = { viewServer: [], servers: new Map<string, readonly TimedReport[]>(), client: [] }
  expect(failoverTimeline({ killedAtMs: 10, acknowledgedAtMs: 12, killed: 's1', checkIntervalMs: 5, ...nothing })).toEqual({ acknowledgedMs: 2 })
})

test('the longest silence is told by the checks that were missed', () => {
  expect(longestSilenceMs([], 5)).toBe(0)
  expect(longestSilenceMs([missed(1, 2), missed(2, 3), missed(9, 2)], 5)).toBe(20)
})

test('a percentile is of sorted latencies, in microseconds', () => {
  const sorted = Float64Array.from({ length: 100 }, (_, index) => index / 10)
  expect([percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(new Float64Array(0), 0.5)]).toEqual([5000, 9900, 0])
})
