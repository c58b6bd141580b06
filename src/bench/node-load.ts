// A closed loop of writes by a client library in Node, in a process of its own: our client, or ioredis. It uses the keys and values of the load
// generator in C. An operation is done when a second process has it. A program of its own:
//   node-load sessions|clients|ioredis ADDRESS COUNT SECONDS WARM-SECONDS
// `sessions` is one client with COUNT sessions, `clients` are COUNT clients with one each, `ioredis` are COUNT connections.
import { performance } from 'node:perf_hooks'
import type * as ioredis from 'ioredis'
import { DirectClient } from '../cluster'
import { defaultSettings, utf8ToBytes, type ByteString } from '../protocol'

const keyCount = 100_000
const value = 'x'.repeat(64)
const keys = Array.from({ length: keyCount }, (_, index) => `key:${String(index).padStart(12, '0')}`)
const someKey = (): string => keys[Math.floor(Math.random() * keyCount)] ?? ''

/** Writes once and reports whether it succeeded. */
type Write = (onDone: (isDone: boolean) => void) => void

const [, , kind = '', address = '', ...numbers] = process.argv
const [count = 1, seconds = 1, warmSeconds = 0.5] = numbers.map(Number)

const writers = kind === 'ioredis' ? await ioredisWriters() : kind === 'clients' ? await clientWriters() : await sessionWriters(count)
process.stdout.write(`${JSON.stringify(await measure(writers))}\n`)
process.exit(0)

function measure(loops: readonly Write[]): Promise<object> {
  const warmUntil = performance.now() + warmSeconds * 1000
  const end = warmUntil + seconds * 1000
  const latencies: number[] = []
  let errors = 0
  let running = loops.length
  return new Promise((settle) => {
    for (const write of loops) {
      const next = (): void => {
        const began = performance.now()
        write((isDone) => {
          const now = performance.now()
          if (!isDone) errors++
          else if (now >= warmUntil && now < end) latencies.push((now - began) * 1000)
          if (now < end) next()
          else if (--running === 0) settle(resultOf(latencies, errors))
        })
      }
      next()
    }
  })
}

function resultOf(latencies: readonly number[], errors: number): object {
  const sorted = latencies.toSorted((one, other) => one - other)
  const quantile = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)
  const { user, system } = process.cpuUsage()
  return {
    ops: sorted.length, ops_s: Math.round(sorted.length / seconds), p50_us: quantile(0.5), p99_us: quantile(0.99), max_us: Math.round(sorted.at(-1) ?? 0),
    errors, cpu_s: Math.round((user + system) / 1000) / 1000,
  }
}

/** One client, connected to the primary before anything is measured. */
async function sessionWriters(sessions: number): Promise<Write[]> {
  const client = new DirectClient({ viewServer: address, settings: defaultSettings, log: () => undefined })
  const bytes = utf8ToBytes(value)
  await client.operation({ type: 'put', key: utf8ToBytes(someKey()), value: bytes })
  // An ASCII key equals its bytes as a string.
  const write = (session: number): Write => (onDone) => client.start({ type: 'put', key: someKey() as ByteString, value: bytes }, session, ({ type }) => onDone(type === 'ok'))
  return Array.from({ length: sessions }, (_, session) => write(session))
}

async function clientWriters(): Promise<Write[]> {
  return (await Promise.all(Array.from({ length: count }, () => sessionWriters(1)))).flat()
}

/** Loads ioredis at run time; it is not bundled. */
async function ioredisWriters(): Promise<Write[]> {
  const name = 'ioredis'
  const { Redis } = await import(/* @vite-ignore */ name) as typeof ioredis
  const [host = '', port] = address.split(':')
  const clients = Array.from({ length: count }, () => new Redis({ host, port: Number(port), lazyConnect: true }))
  await Promise.all(clients.map((client) => client.connect()))
  return clients.map((client) => (onDone) => {
    // Both commands leave together; the answer to WAIT is the number of replicas that have the write.
    const set = client.set(someKey(), value)
    const wait = client.wait(1, 0)
    Promise.all([set, wait]).then(([, replicas]) => onDone(replicas >= 1), () => onDone(false))
  })
}
