// `bench node-client`: throughput of an application in Node, including the client library. Compares our client with ioredis, each in a process of
// its own, over TCP. Once as one client with 50 sessions on a shared connection, and once as 50 clients with a connection each. Redis can only do
// the latter, because a WAIT blocks its connection.
import { join } from 'node:path'
import type { Bench, BenchContext, Goal } from './bench'
import { startDirectCluster } from './direct-cluster'
import { hasProgram } from './machine-line'
import { startRedisPair } from './redis-pair'

const sessions: Goal = { name: 'one client of 50 sessions / ioredis SET+WAIT on 50 connections, TCP', better: 'higher', needed: 1, aim: 1.5 }
const clients: Goal = { name: '50 clients of one session / ioredis SET+WAIT on 50 connections, TCP', better: 'higher', needed: 1, aim: 1.5 }
const errors: Goal = { name: 'errors of our client', better: 'lower', needed: 0, aim: 0, unit: 'errors', judgedBy: 'worst' }

const count = 50
const warmSeconds = 1
/** Time beyond the requested seconds. */
const patienceMs = 30_000

interface NodeLoad {
  readonly ops_s: number
  readonly p50_us: number
  readonly p99_us: number
  readonly errors: number
}

export const nodeClient: Bench = {
  name: 'node-client', title: 'replicated writes a second of a Node client, 50 at once over TCP',
  rounds: 5, seconds: 2, goals: [sessions, clients, errors],
  async run(context) {
    const direct = await startDirectCluster(context, { name: 'd', transport: 'TCP' })
    await direct.untilReplicated()
    const redis = await redisAddress(context)
    const rows: [row: string, kind: string, address: string][] = [
      ['our client, 50 sessions', 'sessions', direct.viewServer], ['our clients, 50 of one session', 'clients', direct.viewServer],
      ...redis === '' ? [] : [['ioredis SET+WAIT, 50 connections', 'ioredis', redis] satisfies [string, string, string]],
    ]
    // One run of each row as a warm-up: every key exists and all code is compiled.
    for (const [, kind, address] of rows) await runLoad(context, kind, address)
    for (let round = 1; round <= context.rounds; round++) await measureRound(context, round, round % 2 === 1 ? rows : rows.toReversed())
  },
}

async function redisAddress(context: BenchContext): Promise<string> {
  if (!hasProgram('redis-server')) {
    context.absent('ioredis', 'There is no redis-server on the PATH.')
    return ''
  }
  try {
    const name = 'ioredis'
    await import(/* @vite-ignore */ name)
  } catch {
    context.absent('ioredis', 'The package is not installed.')
    return ''
  }
  return (await startRedisPair(context)).tcpAddress
}

async function measureRound(context: BenchContext, round: number, rows: readonly [row: string, kind: string, address: string][]): Promise<void> {
  const measured = new Map<string, NodeLoad & { foreignCores: number }>()
  for (const [row, kind, address] of rows) {
    const endWatch = context.watchForeignCores()
    const result = { ...await runLoad(context, kind, address), foreignCores: endWatch() }
    measured.set(kind, result)
    context.round({ round, row, ...result })
  }
  const theirs = measured.get('ioredis')
  for (const [goal, kind] of [[sessions, 'sessions'], [clients, 'clients']] as const) {
    const ours = measured.get(kind)
    if (ours && theirs) context.value(goal.name, ours.ops_s / theirs.ops_s, Math.max(ours.foreignCores, theirs.foreignCores))
  }
  context.value(errors.name, (measured.get('sessions')?.errors ?? 0) + (measured.get('clients')?.errors ?? 0), 0)
}

async function runLoad({ programs, children, seconds }: BenchContext, kind: string, address: string): Promise<NodeLoad> {
  const words = [join(programs, 'node-load.js'), kind, address, String(count), String(seconds), String(warmSeconds)]
  return JSON.parse(await children.run(process.execPath, words, { timeoutMs: (seconds + warmSeconds) * 1000 + patienceMs })) as NodeLoad
}
