// Tests what docs/wire-protocol.md promises to third-party programs. A client that knows only the frames tries it on real nodes: how a node starts
// and reports its address, who a pinging program is, what acks a view, and on which connection an answer comes.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { utf8ToBytes, type Message, type ProtocolKind } from '../../protocol'
import { dial, parseAddress } from './address'
import { decodeError, encodeGreeting, errorType, helloType } from './direct-frames'
import { FrameSplitter, FrameWriter } from '../wire/frame'
import { decodeMessage, encodeMessage } from '../wire/wire'
import { cli as program, runProgram } from '../../system/testing/built'

let folder: string
const children: ChildProcess[] = []
const wires: Wire[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-wire-'))
})

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.close()
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

const place = (name: string): string => join(folder, name)

/** Starts a node, without npm and a shell; resolves with the first line of its standard output. */
async function start(...words: string[]): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const [line] = await once(child.stdout, 'data') as [Buffer]
  return { child, address: String(line).slice(0, -1) }
}

/** One connection of a third-party program. */
class Wire {
  readonly messages: Message[] = []
  refused = ''
  readonly #socket: Socket

  constructor(address: string, kind: ProtocolKind, name: string, incarnation = 0) {
    this.#socket = dial(parseAddress(address))
    this.#socket.on('error', () => undefined) // The end comes with `close`.
    const splitter = new FrameSplitter((frame) => {
      const type = frame.buffer[frame.at]
      if (type !== helloType && type !== errorType) return void this.messages.push(decodeMessage(frame))
      if (type === helloType) return
      frame.u8()
      this.refused = decodeError(frame)
    })
    this.#socket.on('data', (bytes) => splitter.push(bytes))
    this.#write((writer) => encodeGreeting(writer, { kind, name, incarnation, address: kind === 'client' ? '' : `/run/${name}` }))
    wires.push(this)
  }

  #write(write: (writer: FrameWriter) => void): void {
    const writer = new FrameWriter()
    write(writer)
    writer.flush((bytes) => {
      this.#socket.write(Buffer.from(bytes))
      return true
    })
  }

  send(message: Message): this {
    this.#write((writer) => {
      writer.beginFrame()
      encodeMessage(writer, message)
      writer.endFrame()
    })
    return this
  }

  async next<Type extends Message['type']>(type: Type): Promise<Extract<Message, { type: Type }>> {
    for (const endMs = performance.now() + 20_000; performance.now() < endMs; await new Promise((settle) => setTimeout(settle, 5))) {
      const found = this.messages.find((message): message is Extract<Message, { type: Type }> => message.type === type)
      if (found) return found
    }
    throw new Error(`no ${type} came, only ${JSON.stringify(this.messages)}`)
  }

  async ended(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, 'close')
  }

  close(): void {
    this.#socket.destroy()
  }
}

const ping = (viewnum: number, incarnation: number, name: string): Message => ({ type: 'ping', viewnum, incarnation, address: `/run/${name}`, initialised: [] })

test('the first line of standard output is where a node listens, with the port that it was given; SIGTERM ends it with status 0', async () => {
  const { child, address } = await start('view-server', '--new-cluster', '--listen', '127.0.0.1:0')
  expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
  expect((await new Wire(address, 'client', 'any').send({ type: 'get-view' }).next('view-reply')).view.viewnum).toBe(0)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('a program that pings greets as a replica, is known by the name of its hello and by the incarnation of its ping, and acks with an empty list', async () => {
  const { address } = await start('view-server', '--new-cluster', '--listen', place('vs'))
  const s7 = new Wire(address, 'replica', 's7', 5)
  const { view, toIncarnation } = await s7.send(ping(0, 5, 's7')).next('view-reply')
  expect([view.viewnum, view.primary, toIncarnation]).toEqual([1, { name: 's7', incarnation: 5, address: '/run/s7' }, 5])
  const operator = new Wire(address, 'client', 'operator')
  expect((await operator.send({ type: 'query' }).next('query-reply')).acked.viewnum).toBe(0)
  // A program may use another connection for each ping.
  await new Wire(address, 'replica', 's7', 5).send(ping(1, 5, 's7')).next('view-reply')
  expect((await new Wire(address, 'client', 'operator').send({ type: 'query' }).next('query-reply')).acked).toEqual(view)
})

test('an earlier life is told of the later one, and so is another process with the same number', async () => {
  const { address } = await start('view-server', '--new-cluster', '--listen', place('vs'))
  await new Wire(address, 'replica', 's7', 9).send(ping(0, 9, 's7')).next('view-reply')
  expect(await new Wire(address, 'replica', 's7', 5).send(ping(0, 5, 's7')).next('superseded')).toEqual({ type: 'superseded', toIncarnation: 5, incarnation: 9 })
  const twin = await new Wire(address, 'replica', 's7', 9).send(ping(0, 9, 'elsewhere')).next('superseded')
  expect(twin).toEqual({ type: 'superseded', toIncarnation: 9, incarnation: 9 })
})

test('who greets as a client and pings is refused, and is in no view', async () => {
  const { address } = await start('view-server', '--new-cluster', '--listen', place('vs'))
  const guest = new Wire(address, 'client', 's7').send(ping(0, 5, 's7'))
  await guest.ended()
  expect(guest.refused).toBe('only a replica pings, and it greets as one')
  expect((await new Wire(address, 'client', 'operator').send({ type: 'query' }).next('query-reply')).current.primary).toBeNull()
})

test('the name vs is refused', async () => {
  const refused = await runProgram(process.execPath, [program, 'replica', '--name', 'vs', '--listen', place('s'), '--view-server', place('vs')])
  expect(refused).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/^[^\n]*and not vs\.\n$/) as string })
})

test('a stale socket file is replaced, and a node that ends by itself removes its own', async () => {
  const { child } = await start('view-server', '--new-cluster', '--listen', place('vs'))
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(place('vs'))).toBe(true)
  const again = await start('view-server', '--new-cluster', '--listen', place('vs'))
  expect(again.address).toBe(place('vs'))
  again.child.kill('SIGTERM')
  await once(again.child, 'exit')
  expect(existsSync(place('vs'))).toBe(false)
})

test.each(['is closed', 'lives still'])('a request sent again on a new connection while the backup is stopped is answered there; the first, where it %s, too', async (first) => {
  const patient = ['--dead-pings', '1000']
  const { address } = await start('view-server', '--new-cluster', '--listen', place('vs'), ...patient)
  await start('replica', '--name', 's1', '--listen', place('s1'), '--view-server', address)
  const backup = await start('replica', '--name', 's2', '--listen', place('s2'), '--view-server', address)
  const viewnum = await new Promise<number>((settle) => {
    const look = async (): Promise<void> => {
      const { view } = await new Wire(address, 'client', 'c').send({ type: 'get-view' }).next('view-reply')
      if (view.backups.length > 0) settle(view.viewnum)
      else void look()
    }
    void look()
  })
  backup.child.kill('SIGSTOP')
  const request: Message = { type: 'request', clientId: 'far', requestId: 1, viewnum, operation: { type: 'append', key: utf8ToBytes('k'), value: utf8ToBytes('x') } }
  const one = new Wire(place('s1'), 'client', 'c').send(request)
  // An answer to a later message shows that the server has received this one.
  await one.send({ ...request, clientId: 'other', viewnum: viewnum + 1 }).next('not-yet')
  if (first === 'is closed') one.close()
  const other = new Wire(place('s1'), 'client', 'c').send(request)
  await other.send({ ...request, clientId: 'other', viewnum: viewnum + 1 }).next('not-yet')
  backup.child.kill('SIGCONT')
  expect(await other.next('reply')).toMatchObject({ clientId: 'far', requestId: 1, seq: 1, replayed: false })
  if (first === 'lives still') expect(await one.next('reply')).toMatchObject({ clientId: 'far', requestId: 1, seq: 1 })
  const third = await new Wire(place('s1'), 'client', 'c').send({ ...request, requestId: 2, operation: { type: 'get', key: utf8ToBytes('k') } }).next('reply')
  expect(third.result).toEqual({ type: 'value', value: 'x' })
})
