// `bench throughput`: replicated writes a second in direct mode, compared with the alternatives of a user and with the upper bound of Node. Every
// system holds all keys before the measurement, and runs once in every round. Ratios are computed within a round.
import type { Bench, BenchContext, Goal } from './bench'
import { startDirectCluster, type DirectCluster } from './direct-cluster'
import { startEtcd, type Etcd } from './etcd'
import { startFloor } from './floor'
import { loadgenFor, type LoadGenerator, type LoadProtocol } from './loadgen'
import { hasProgram } from './machine-line'
import { startRedisPair } from './redis-pair'

/** A ratio of two rows' operations a second. */
interface Ratio extends Goal {
  readonly of: string
  readonly to: string
}

const row = {
  direct: 'direct UDS 50x1', directTcp: 'direct TCP 50x1', direct16: 'direct UDS 50x16', direct16Tcp: 'direct TCP 50x16', asynchronous: 'direct asynchronous UDS 50x1',
  redis: 'Redis SET+WAIT UDS 50x1', redisTcp: 'Redis SET+WAIT TCP 50x1', redis16: 'Redis SET+WAIT each UDS 50x16', redisBatch: 'Redis 16 SET + 1 WAIT UDS 50x16',
  floor: 'two-hop floor UDS 50x1', floor16: 'two-hop floor UDS 50x16', etcd: 'etcd, 3 members, JSON TCP 50x1',
} as const

const higher = (name: string, of: string, to: string, needed: number | null, aim: number | null): Ratio => ({ name, of, to, better: 'higher', needed, aim })

const ratios: readonly Ratio[] = [
  higher('direct / Redis SET+WAIT, UDS 50x1', row.direct, row.redis, 0.75, 1),
  higher('direct / Redis SET+WAIT, TCP 50x1', row.directTcp, row.redisTcp, 0.9, 1.25),
  higher('direct / Redis SET+WAIT each, UDS 50x16', row.direct16, row.redis16, 1.5, 4),
  higher('direct / Redis 16 SET + 1 WAIT, UDS 50x16', row.direct16, row.redisBatch, 0.6, 1.5),
  higher('direct / two-hop floor, UDS 50x1', row.direct, row.floor, 0.6, 0.8),
  higher('direct / two-hop floor, UDS 50x16', row.direct16, row.floor16, 0.2, 0.45),
  higher('direct / etcd, 50x1', row.directTcp, row.etcd, null, null),
  higher('asynchronous / synchronous, UDS 50x1', row.asynchronous, row.direct, null, null),
]
const tail: Goal = { name: 'direct p99 / p50, UDS 50x1', better: 'lower', needed: 5, aim: 3 }
const errors: Goal = { name: 'errors, all rows of a round', better: 'lower', needed: 0, aim: 0, unit: 'errors', judgedBy: 'worst' }

export const throughput: Bench = {
  name: 'throughput', title: 'replicated writes a second in a closed loop, CONNECTIONSxIN-FLIGHT',
  rounds: 5, seconds: 1.5, goals: [...ratios, tail, errors],
  async run(context) {
    const loadgen = await loadgenFor(context)
    if (!loadgen) return
    const systems = await startSystems(context)
    await fill(loadgen, systems)
    const rows = rowsOf(loadgen, systems, context.seconds)
    // Every other round runs in reverse order, so that slow changes of the machine affect all rows alike.
    for (let round = 1; round <= context.rounds; round++) await measureRound(context, round, round % 2 === 1 ? rows : rows.toReversed())
  },
}

interface Systems {
  readonly direct: DirectCluster
  readonly directTcp: DirectCluster
  readonly asynchronous: DirectCluster
  readonly floor: string
  readonly redis: { readonly unixAddress: string; readonly tcpAddress: string } | null
  readonly etcd: Etcd | null
}

async function startSystems(context: BenchContext): Promise<Systems> {
  const peer = async <Peer>(program: string, start: () => Promise<Peer>): Promise<Peer | null> => {
    if (hasProgram(program)) return start()
    context.absent(`rows of ${program}`, `There is no ${program} on the PATH.`)
    return null
  }
  return {
    direct: await startDirectCluster(context, { name: 'd', transport: 'UDS' }),
    directTcp: await startDirectCluster(context, { name: 't', transport: 'TCP' }),
    asynchronous: await startDirectCluster(context, { name: 'a', transport: 'UDS', replication: 'asynchronous' }),
    floor: await startFloor(context),
    redis: await peer('redis-server', () => startRedisPair(context)),
    etcd: await peer('etcd', () => startEtcd(context)),
  }
}

const filling = { connections: 50, inFlight: 16, seconds: 0 }

async function fill(loadgen: LoadGenerator, { direct, directTcp, asynchronous, redis }: Systems): Promise<void> {
  for (const cluster of [direct, directTcp, asynchronous]) {
    await cluster.untilReplicated()
    await loadgen.run({ protocol: 'understudy', address: cluster.viewServer, ...filling })
  }
  if (redis) await loadgen.run({ protocol: 'redis-setwait', address: redis.unixAddress, ...filling })
}

interface Measured {
  readonly ops_s: number
  readonly p50_us: number
  readonly p99_us: number
  readonly errors: number
}

interface Row {
  readonly name: string
  readonly run: () => Promise<Measured>
}

function rowsOf(loadgen: LoadGenerator, systems: Systems, seconds: number): Row[] {
  const { redis, etcd } = systems
  const load = (name: string, protocol: LoadProtocol, address: string, inFlight: number): Row => ({
    name, run: () => loadgen.run({ protocol, address, connections: 50, inFlight, seconds }),
  })
  const ours = (name: string, cluster: DirectCluster, inFlight: number): Row => ({
    name,
    run: async () => {
      const viewnum = await cluster.untilReplicated()
      const result = await loadgen.run({ protocol: 'understudy', address: cluster.viewServer, connections: 50, inFlight, seconds })
      // A failover during the run counts as an error: the result would not be the throughput.
      return { ...result, errors: result.errors + (await cluster.untilReplicated() - viewnum) }
    },
  })
  return [
    ours(row.direct, systems.direct, 1),
    ...redis ? [load(row.redis, 'redis-setwait', redis.unixAddress, 1)] : [],
    load(row.floor, 'floor', systems.floor, 1),
    ours(row.asynchronous, systems.asynchronous, 1),
    ours(row.directTcp, systems.directTcp, 1),
    ...redis ? [load(row.redisTcp, 'redis-setwait', redis.tcpAddress, 1)] : [],
    ours(row.direct16, systems.direct, 16),
    ...redis ? [load(row.redis16, 'redis-setwait', redis.unixAddress, 16), load(row.redisBatch, 'redis-setNwait', redis.unixAddress, 16)] : [],
    load(row.floor16, 'floor', systems.floor, 16),
    ours(row.direct16Tcp, systems.directTcp, 16),
    ...etcd ? [{ name: row.etcd, run: () => etcd.put({ connections: 50, seconds, warmSeconds: 0.5 }) }] : [],
  ]
}

async function measureRound(context: BenchContext, round: number, rows: readonly Row[]): Promise<void> {
  const measured = new Map<string, Measured & { foreignCores: number }>()
  let errorsOfRound = 0
  for (const { name, run } of rows) {
    const endWatch = context.watchForeignCores()
    const result = { ...await run(), foreignCores: endWatch() }
    measured.set(name, result)
    context.round({ round, row: name, ...result })
    errorsOfRound += result.errors
  }
  for (const { name, of, to } of ratios) {
    const [one, other] = [measured.get(of), measured.get(to)]
    if (one && other) context.value(name, one.ops_s / other.ops_s, Math.max(one.foreignCores, other.foreignCores))
  }
  const direct = measured.get(row.direct)
  if (direct) context.value(tail.name, direct.p99_us / direct.p50_us, direct.foreignCores)
  context.value(errors.name, errorsOfRound, 0)
}
