// The load generator in C as the benches use it, against real nodes and against a faulty server: an error that it misses would count as an operation.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DirectClient } from '../cluster'
import { defaultSettings, utf8ToBytes, type ByteString } from '../protocol'
import type { BenchPlace } from './bench'
import { Children } from './children'
import { startDirectCluster } from './direct-cluster'
import { startFloor } from './floor'
import { compileLoadgen, type LoadGenerator } from './loadgen'
import { hasProgram } from './machine-line'
import { startRedisPair } from './redis-pair'

const programs = resolve(import.meta.dirname, '../../out/main')
let folder: string
let children: Children
let acts: (() => void | Promise<void>)[]
let loadgen: LoadGenerator

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
  children = new Children()
  acts = []
  if (hasProgram('gcc')) loadgen = await compileLoadgen(children, folder)
})

afterEach(async () => {
  for (const act of acts) await act()
  await children.close()
  rmSync(folder, { recursive: true, force: true })
})

const place = (): BenchPlace => ({ programs, folder, children, atEnd: (act) => void acts.push(act) })
const round = { connections: 5, inFlight: 4, seconds: 0.3, warmSeconds: 0.1 }

describe.skipIf(!hasProgram('gcc'))('the load generator', () => {
  for (const transport of ['UDS', 'TCP'] as const) {
    test(`writes every key to a direct cluster over ${transport}, and a round of it has no errors`, async () => {
      const cluster = await startDirectCluster(place(), { name: 'd', transport })
      const client = new DirectClient({ viewServer: cluster.viewServer, settings: defaultSettings, log: () => undefined })
      try {
        await cluster.untilReplicated()
        const filled = await loadgen.run({ protocol: 'understudy', address: cluster.viewServer, connections: 5, inFlight: 16, seconds: 0 })
        expect(filled).toMatchObject({ ops: 100_000, ops_total: 100_000, errors: 0 })
        for (const key of ['key:000000000000', 'key:000000054321', 'key:000000099999']) {
          expect(await client.operation({ type: 'get', key: utf8ToBytes(key) })).toMatchObject({ type: 'ok', result: { type: 'value', value: 'x'.repeat(64) } })
        }
        expect(await client.operation({ type: 'get', key: 'key:000000100000' as ByteString })).toMatchObject({ result: { type: 'missing' } })
        const result = await loadgen.run({ protocol: 'understudy', address: cluster.viewServer, ...round })
        expect(result).toMatchObject({ errors: 0 })
        expect(result.ops).toBeGreaterThan(20)
        expect(result.ops_total).toBeGreaterThan(result.ops)
        expect(result.p99_us).toBeGreaterThanOrEqual(result.p50_us)
        expect(result.max_us).toBeGreaterThan(0)
      } finally {
        client.close()
      }
    })
  }

  test('drives the two-hop floor', async () => {
    const result = await loadgen.run({ protocol: 'floor', address: await startFloor(place()), ...round })
    expect(result).toMatchObject({ errors: 0 })
    expect(result.ops).toBeGreaterThan(20)
  })

  test.skipIf(!hasProgram('redis-server'))('drives Redis, alone, with a WAIT for each SET and with one for many', async () => {
    const redis = await startRedisPair(place())
    for (const protocol of ['redis-set', 'redis-setwait', 'redis-setNwait'] as const) {
      for (const address of [redis.unixAddress, redis.tcpAddress]) {
        const result = await loadgen.run({ protocol, address, ...round })
        expect(result, protocol).toMatchObject({ errors: 0 })
        expect(result.ops, protocol).toBeGreaterThan(20)
      }
    }
  })

  test('counts what is no done in its view as an error, and goes on', async () => {
    const answers = ['done', 'rejected', 'done', 'another view', 'done', 'a value', 'done', 'another request']
    const address = await badServer(join(folder, 'bad'), answers)
    const result = await loadgen.run({ protocol: 'understudy', address, connections: 1, inFlight: 1, seconds: 0.3, warmSeconds: 0 })
    // The last answer belongs to a request that was never sent, so the client sends nothing more.
    expect(result).toMatchObject({ ops_total: 4, errors: 4 })
  })

  test('writes a key again that was refused while every key is to be written', async () => {
    const address = await badServer(join(folder, 'bad'), ['done', 'rejected', 'rejected', 'done'])
    const filled = await loadgen.run({ protocol: 'understudy', address, connections: 1, inFlight: 16, seconds: 0 })
    expect(filled).toMatchObject({ ops_total: 100_000, errors: 2 })
  })

  test('ends with one sentence where it cannot go on', async () => {
    await expect(loadgen.run({ protocol: 'understudy', address: join(folder, 'nobody'), ...round })).rejects.toThrow(/Nobody listens at .*nobody: No such file/)
    await expect(loadgen.run({ protocol: 'understudy', address: 'x', ...round, connections: 0 })).rejects.toThrow('CONNECTIONS must be from 1 to 1000, not 0')
  })
})

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A view server that names itself the primary of view 2, and answers requests in the order of the list. */
function badServer(path: string, answers: readonly string[]): Promise<string> {
  const hello = Buffer.from('0000001a0055535459000102000676732d76737600000000000000000000', 'hex')
  const address = Buffer.from(path)
  const view = Buffer.concat([Buffer.from('020000000000000000000000020101000273310000000000000005', 'hex'), u16(address.length), address])
  const next = [...answers]
  const server = createServer((socket) => {
    socket.write(hello)
    socket.on('error', () => undefined)
    let rest = Buffer.alloc(0)
    socket.on('data', (more) => {
      const data = Buffer.concat([rest, more])
      let at = 0
      for (; at + 4 <= data.length && at + 4 + data.readUInt32BE(at) <= data.length; at += 4 + data.readUInt32BE(at)) {
        const type = data[at + 4]
        if (type === 0x04) socket.write(framed(view))
        if (type === 0x10) socket.write(framed(answerTo(data.subarray(at + 5, at + 5 + 2 + data.readUInt16BE(at + 5) + 8), next.shift() ?? 'done')))
      }
      rest = data.subarray(at)
    })
  })
  servers.push(server)
  return new Promise((settle) => server.listen(path, () => settle(path)))
}

/** `about`: the client id and the request id of the request. */
function answerTo(about: Buffer, kind: string): Buffer {
  const [view2, view3] = [Buffer.from('00000002', 'hex'), Buffer.from('00000003', 'hex')]
  const rest = Buffer.from('00000000000000010000000002', 'hex')
  const reply = (viewnum: Buffer, result: Buffer, to = about): Buffer => Buffer.concat([Buffer.from([0x11]), to, viewnum, rest, result])
  if (kind === 'rejected') return Buffer.concat([Buffer.from([0x12]), about, Buffer.from([1]), view2, view3])
  if (kind === 'another view') return reply(view3, Buffer.from([1]))
  if (kind === 'a value') return reply(view2, Buffer.from('020000000131', 'hex'))
  if (kind === 'another request') return reply(view2, Buffer.from([1]), Buffer.concat([about.subarray(0, -1), Buffer.from([99])]))
  return reply(view2, Buffer.from([1]))
}

function u16(number: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(number)
  return bytes
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
