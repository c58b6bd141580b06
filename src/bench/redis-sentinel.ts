// Measures a failover of Redis with two replicas and three sentinels: from kill -9 of the primary to the first write on a promoted replica. Also to
// the first write that another replica has (WAIT 1), which matches an acknowledged write of ours.
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { killChild } from '../system'
import type { BenchContext } from './bench'
import { freePort } from './redis-pair'
import { until } from './until'

export interface SentinelFailover {
  readonly setMs: number
  readonly replicatedMs: number
}

const downAfterMs = 100
const failoverTimeoutMs = 5000
const probeEveryMs = 5
/** Time for sentinels to discover each other, by messages that each sends every two seconds. */
const acquaintanceMs = 3000
const keysOfCommand = 1000

export async function killRedisPrimary({ folder, children }: BenchContext, round: number, keys: number): Promise<SentinelFailover> {
  const own = join(folder, `sentinel-${round}`)
  mkdirSync(own)
  const ports = [await freePort(), await freePort(), await freePort()]
  const [primaryPort = 0] = ports
  const servers = ports.map((port) => children.start('redis-server', [
    '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0', '--dir', own,
    '--dbfilename', `${port}.rdb`, '--logfile', join(own, `${port}.log`), ...(port === primaryPort ? [] : ['--replicaof', `127.0.0.1 ${primaryPort}`]),
  ]))
  const probes = ports.map((port) => new RedisProbe(port))
  const [toPrimary, ...toReplicas] = probes
  const sentinels = []
  try {
    await until('The primary of Redis', async () => await toPrimary?.ask('PING') === '+PONG' || undefined)
    for (let begin = 0; begin < keys; begin += keysOfCommand) await toPrimary?.ask(`MSET ${pairs(begin, Math.min(begin + keysOfCommand, keys))}`)
    await until('The replicas of Redis', async () => {
      await toPrimary?.ask('SET k 0')
      return await toPrimary?.ask('WAIT 2 500') === ':2' || undefined
    })
    for (const _ of [1, 2, 3]) {
      const port = await freePort()
      const file = join(own, `sentinel-${port}.conf`)
      writeFileSync(file, [
        `port ${port}`, 'bind 127.0.0.1', `dir ${own}`, `sentinel monitor m 127.0.0.1 ${primaryPort} 2`, `sentinel down-after-milliseconds m ${downAfterMs}`,
        `sentinel failover-timeout m ${failoverTimeoutMs}`, 'sentinel parallel-syncs m 1', `logfile ${join(own, `sentinel-${port}.log`)}`, '',
      ].join('\n'))
      sentinels.push(children.start('redis-sentinel', [file]))
    }
    await pause(acquaintanceMs + Math.random() * downAfterMs)
    const killedAt = performance.now()
    killChild(servers[0]?.child, 'SIGKILL')
    return await firstWrites(toReplicas, killedAt)
  } finally {
    for (const probe of probes) probe.close()
    for (const started of [...sentinels, ...servers]) await children.stop(started)
  }
}

async function firstWrites(probes: readonly RedisProbe[], killedAt: number): Promise<SentinelFailover> {
  let setMs = 0
  for (;;) {
    for (const probe of probes) {
      if (await probe.ask('SET k 1') !== '+OK') continue
      setMs ||= performance.now() - killedAt
      const copies = await probe.ask('WAIT 1 50')
      if (copies.startsWith(':') && Number(copies.slice(1)) >= 1) return { setMs, replicatedMs: performance.now() - killedAt }
    }
    if (performance.now() - killedAt > 20_000) throw new Error('Redis did not fail over')
    await pause(probeEveryMs)
  }
}

function pairs(begin: number, end: number): string {
  let text = ''
  for (let index = begin; index < end; index++) text += ` key-${String(index).padStart(12, '0')} ${String(index).padStart(64, 'v')}`
  return text.slice(1)
}

/** Sends one command at a time on a connection that is dialled again when it ends, because a promoted server closes its clients' connections. */
class RedisProbe {
  readonly #port: number
  #socket: Socket | null = null
  #answer: ((line: string) => void) | null = null

  constructor(port: number) {
    this.#port = port
  }

  /** The first line of the answer; empty if the connection ended instead. */
  ask(command: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answer = resolve
      this.#socket ??= this.#dial()
      this.#socket.write(`${command}\r\n`)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #dial(): Socket {
    const socket = connect(this.#port, '127.0.0.1')
    let text = ''
    const tell = (line: string): void => {
      this.#answer?.(line)
      this.#answer = null
    }
    socket.setNoDelay(true)
    socket.on('error', () => undefined) // The end comes with `close`.
    socket.on('data', (data) => {
      text += String(data)
      const end = text.indexOf('\r\n')
      if (end < 0) return
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      tell(line)
    })
    socket.on('close', () => {
      this.#socket = null
      tell('')
    })
    return socket
  }
}
