// Redis with the same guarantee as our store: a primary and a replica in memory, and WAIT 1 after each SET.
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import type { BenchPlace } from './bench'
import { until } from './until'

export interface RedisPair {
  /** The primary's. */
  readonly unixAddress: string
  readonly tcpAddress: string
}

/** Starts both and waits until the replica answers a WAIT. */
export async function startRedisPair({ folder, children }: BenchPlace, { core = -1 }: { core?: number } = {}): Promise<RedisPair> {
  const [port, replicaPort] = [await freePort(), await freePort()]
  const unixAddress = join(folder, `redis-${port}`)
  const start = (own: number, more: readonly string[]): void => {
    const common = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0', '--daemonize', 'no']
    const files = ['--dir', folder, '--dbfilename', `redis-${own}.rdb`, '--logfile', join(folder, `redis-${own}.log`)]
    children.start('redis-server', ['--port', String(own), ...common, ...files, ...more], { core })
  }
  start(port, ['--unixsocket', unixAddress])
  await until('The primary of Redis', async () => await askRedis(port, 'PING') === '+PONG' || undefined)
  start(replicaPort, ['--replicaof', `127.0.0.1 ${port}`])
  await until('The replica of Redis', async () => await askRedis(port, 'WAIT 1 100') === ':1' || undefined)
  return { unixAddress, tcpAddress: `127.0.0.1:${port}` }
}

/** The first line of the answer to an inline command. */
async function askRedis(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write(`${command}\r\n`)
    const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(1000) }) as [Buffer]
    return String(answer).split('\r\n')[0] ?? ''
  } finally {
    socket.destroy()
  }
}

/** A port that is free now, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  server.close()
  await once(server, 'close')
  return typeof bound === 'object' && bound ? bound.port : 0
}
