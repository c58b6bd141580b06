// `bench latency`: one client with one operation in flight, and every process of a system on one processor core. On idle cores a message costs the
// wake-up of a core, more than all the rest. Pinned to one core, the bench measures the work itself.
import type { Bench, BenchContext, Goal } from './bench'
import { startDirectCluster } from './direct-cluster'
import { loadgenFor, type Load, type LoadProtocol } from './loadgen'
import { hasProgram } from './machine-line'
import { startRedisPair } from './redis-pair'

const core = 0
type Alone = Omit<Load, 'seconds'>

const ratio: Goal = { name: 'p50 of direct / Redis SET+WAIT, UDS 1x1, one core', better: 'lower', needed: 1.25, aim: 1 }
const errors: Goal = { name: 'errors of direct', better: 'lower', needed: 0, aim: 0, unit: 'errors', judgedBy: 'worst' }

export const latency: Bench = {
  name: 'latency', title: 'one replicated write after the other, all processes of a system on one core',
  rounds: 7, seconds: 1, goals: [ratio, errors],
  async run(context) {
    if (!hasProgram('taskset', '-V')) return context.absent('all rows', 'There is no taskset on the PATH, which pins processes to a core.')
    const loadgen = await loadgenFor(context)
    if (!loadgen) return
    const direct = await startDirectCluster(context, { name: 'd', transport: 'UDS', core })
    await direct.untilReplicated()
    const redis = hasProgram('redis-server') ? await startRedisPair(context, { core }) : null
    if (!redis) context.absent('Redis', 'There is no redis-server on the PATH.')
    const one = (protocol: LoadProtocol, address: string): Alone => ({ protocol, address, connections: 1, inFlight: 1, core })
    const loads = new Map([['direct UDS 1x1', one('understudy', direct.viewServer)]])
    if (redis) loads.set('Redis SET+WAIT UDS 1x1', one('redis-setwait', redis.unixAddress))
    for (const load of loads.values()) await loadgen.run({ ...load, seconds: 0 })
    for (let round = 1; round <= context.rounds; round++) await measureRound(context, round, loads, (load) => loadgen.run(load))
  },
}

async function measureRound(
  context: BenchContext, round: number, loads: ReadonlyMap<string, Alone>,
  run: (load: Load) => Promise<{ p50_us: number; errors: number }>,
): Promise<void> {
  const measured: { p50_us: number; errors: number; foreignCores: number }[] = []
  for (const [row, load] of loads) {
    const endWatch = context.watchForeignCores()
    const result = { ...await run({ ...load, seconds: context.seconds }), foreignCores: endWatch() }
    measured.push(result)
    context.round({ round, row, ...result })
  }
  const [ours, theirs] = measured
  if (ours) context.value(errors.name, ours.errors, 0)
  if (ours && theirs) context.value(ratio.name, ours.p50_us / theirs.p50_us, Math.max(ours.foreignCores, theirs.foreignCores))
}
