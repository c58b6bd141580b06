// Bytes arrive whole and in order, however fast the other end reads. The end of a connection is reported as by an ordinary socket.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeNow } from './write-now'

let folder = ''
let server: Server

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-test-'))
  server = createServer()
})

afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function pair(kind: 'a Unix socket' | 'TCP'): Promise<{ sender: Socket; receiver: Socket }> {
  if (kind === 'TCP') server.listen(0, '127.0.0.1')
  else server.listen(join(folder, 's'))
  await once(server, 'listening')
  const address = server.address()
  const sender = typeof address === 'string' ? connect(address) : connect(address?.port ?? 0, '127.0.0.1')
  const [receiver] = await once(server, 'connection') as [Socket]
  return { sender, receiver }
}

test.each(['a Unix socket', 'TCP'] as const)('over %s everything arrives in order while the other end reads slowly', async (kind) => {
  const { sender, receiver } = await pair(kind)
  const received: Buffer[] = []
  receiver.on('data', (data) => received.push(data))
  receiver.pause()
  const expected: Buffer[] = []
  let atOnce = 0
  for (let turn = 0; turn < 400; turn++) {
    const bytes = Buffer.alloc((turn * 97) % 20_000 + 1, turn % 251)
    expected.push(Buffer.from(bytes))
    if (writeNow(sender, bytes)) {
      atOnce++
      // The owner may reuse the buffer.
      bytes.fill(0xff)
    }
    if (turn === 200) receiver.resume()
    if (turn % 50 === 0) await new Promise((settle) => setImmediate(settle))
  }
  sender.end()
  await once(receiver, 'end')
  expect(Buffer.concat(received).equals(Buffer.concat(expected))).toBe(true)
  expect(atOnce).toBeGreaterThan(0)
  expect(atOnce).toBeLessThan(400)
})

test('before it is connected, and after it was destroyed, nothing is lost that the stream would not lose', async () => {
  server.listen(join(folder, 's'))
  await once(server, 'listening')
  const sender = connect(join(folder, 's'))
  expect(writeNow(sender, Buffer.from('early'))).toBe(false)
  const [receiver] = await once(server, 'connection') as [Socket]
  expect(String((await once(receiver, 'data') as [Buffer])[0])).toBe('early')
  sender.destroy()
  sender.on('error', () => undefined)
  expect(writeNow(sender, Buffer.from('late'))).toBe(false)
})

test('an end of the connection comes as an event, not as an exception', async () => {
  const { sender, receiver } = await pair('a Unix socket')
  let errors = 0
  sender.on('error', () => errors++)
  const closed = new Promise((settle) => sender.once('close', settle))
  receiver.destroy()
  for (let turn = 0; turn < 100 && !sender.destroyed; turn++) {
    writeNow(sender, Buffer.alloc(1000))
    await new Promise((settle) => setImmediate(settle))
  }
  await closed
  expect(errors).toBeLessThanOrEqual(1)
})
