// The connections of a node, attacked by unauthenticated clients: half frames, messages out of place, idle connections.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { viewServerName, type Message, type NodeName, type ProtocolKind } from '../../protocol'
import { decodeError, encodeError, encodeGreeting, errorType } from './direct-frames'
import { FrameSplitter, FrameWriter } from '../wire/frame'
import { Peers, type PeersLimits } from './peers'
import { encodeMessage } from '../wire/wire'

let folder: string
let server: Server
let peers: Peers
const logged: string[] = []
const taken: [NodeName, Message['type']][] = []
const sockets: Socket[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-peers-'))
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  peers.close()
  server.close()
  rmSync(folder, { recursive: true, force: true })
  logged.length = taken.length = 0
})

/** Starts the connections of a listening replica, s1. */
async function listen(limits?: PeersLimits): Promise<void> {
  peers = new Peers({
    greeting: { kind: 'replica', name: 's1', incarnation: 5, address: join(folder, 's1') }, journal: null, log: (sentence) => logged.push(sentence),
    onMessage: (from, { type }) => taken.push([from, type]), onLost: () => undefined, ...(limits ? { limits } : {}),
  })
  server = createServer((socket) => peers.accept(socket))
  server.listen(join(folder, 's1'))
  await once(server, 'listening')
}

function bytes(write: (writer: FrameWriter) => void): Buffer {
  const writer = new FrameWriter()
  let found = Buffer.alloc(0)
  write(writer)
  writer.flush((written) => {
    found = Buffer.from(written)
    return true
  })
  return found
}

const hello = (kind: ProtocolKind, name: string): Buffer => bytes((writer) => encodeGreeting(writer, { kind, name, incarnation: 9, address: '' }))
const frameOf = (message: Message): Buffer => bytes((writer) => {
  writer.beginFrame()
  encodeMessage(writer, message)
  writer.endFrame()
})

/** Sends these bytes. `refusal` resolves when the connection ends, with the error's sentence, or '' if there was none. */
function knock(...pieces: Buffer[]): { socket: Socket; refusal: Promise<string> } {
  const socket = connect(join(folder, 's1'))
  sockets.push(socket)
  let said = ''
  const splitter = new FrameSplitter((frame) => {
    if (frame.u8() === errorType) said = decodeError(frame)
  })
  socket.on('error', () => undefined)
  socket.on('data', (data) => splitter.push(data))
  const refusal = once(socket, 'close').then(() => said)
  for (const piece of pieces) socket.write(piece)
  return { socket, refusal }
}

const superseded: Message = { type: 'superseded', toIncarnation: 5, incarnation: 6 }
const getView: Message = { type: 'get-view' }

/** Resolves when everything sent before on other connections was received. */
async function settled(): Promise<void> {
  const before = taken.length
  knock(hello('client', 'last'), frameOf(getView))
  await expect.poll(() => taken.slice(before).some(([from, type]) => from.startsWith('last/') && type === 'get-view')).toBe(true)
}

test('a stranger without a greeting leaves some kilobytes at most: a longer frame is refused by its length', async () => {
  await listen()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(4097)
  expect(await knock(length).refusal).toBe('a frame of 4097 bytes is over the limit of 4096')
  // After the greeting a frame may be long, also in the same chunk as the greeting.
  length.writeUInt32BE(16 * 1024 * 1024)
  knock(Buffer.concat([hello('client', 'c'), length]))
  await settled()
  expect(logged).toEqual(['A connection from somebody was closed: a frame of 4097 bytes is over the limit of 4096.'])
})

test('half frames of all connections together have an end: the client that left most is closed, and a server stays', async () => {
  await listen({ connections: 100, halfFramesBytes: 100_000, unsentBytes: 1e9 })
  const half = (size: number): Buffer => {
    const started = Buffer.alloc(size)
    started.writeUInt32BE(1_000_000)
    return started
  }
  const replica = knock(hello('replica', 's2'), half(60_000))
  const small = knock(hello('client', 'small'), half(10_000))
  await settled()
  const large = knock(hello('client', 'large'), half(35_000))
  expect(await large.refusal).toBe('too much was left half sent on all connections')
  await settled()
  expect([replica.socket.destroyed, small.socket.destroyed]).toEqual([false, false])
})

test.each([
  ['superseded', 'client', superseded], ['a view', 'client', { type: 'view-reply', toIncarnation: 5, view: { viewnum: 9, primary: null, backups: [] } }],
  ['superseded', 'replica', superseded], ['a view', 'replica', { type: 'view-reply', toIncarnation: 5, view: { viewnum: 9, primary: null, backups: [] } }],
  ['an ack', 'client', { type: 'forward-ack', viewnum: 2, fromIncarnation: 1, toIncarnation: 5, executed: 9 }],
  ['a chunk', 'client', { type: 'state-transfer', viewnum: 2, fromIncarnation: 1, toIncarnation: 5, chunk: 0, last: true, executed: 1, entries: [], rows: [] }],
] as const)('%s of a %s that calls is refused and reaches nobody', async (_what, kind, message) => {
  await listen()
  const { refusal } = knock(hello(kind, 's2'), frameOf(message))
  expect(await refusal).toMatch(/^only (a|the) (replica|view server) sends /)
  await settled()
  expect(taken.map(([, type]) => type)).toEqual(['get-view'])
})

test.each([['view-server', 'vs'], ['view-server', 's3'], ['replica', 'vs']] as const)('who calls as %s %s is refused, and what is sent to the view server never goes there', async (kind, name) => {
  await listen()
  const { socket, refusal } = knock(hello(kind, name), frameOf(superseded))
  let received = 0
  socket.on('data', (data) => { received += data.length })
  expect(await refusal).toBe('a view server calls nobody')
  expect(taken).toEqual([])
  expect(peers.reaches(viewServerName)).toBe(false)
  const before = received
  peers.send(viewServerName, { type: 'ping', viewnum: 0, incarnation: 5, address: '', initialised: [] })
  await settled()
  expect(received).toBe(before)
})

test('what comes after a refusal is nothing to anybody, and is logged once', async () => {
  await listen()
  const { refusal } = knock(Buffer.concat([hello('view-server', 'vs'), frameOf(getView), frameOf(superseded), Buffer.alloc(100, 0xff)]))
  expect(await refusal).toBe('a view server calls nobody')
  await settled()
  expect(taken.map(([from]) => from)).toEqual([expect.stringMatching(/^last/)])
  expect(logged).toHaveLength(1)
})

test('only on the connection that was dialled to the view server a view comes', async () => {
  await listen()
  const views = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write(Buffer.concat([hello('view-server', 'vs'), frameOf(superseded)]))
  })
  views.listen(join(folder, 'vs'))
  await once(views, 'listening')
  peers.setAddress(viewServerName, join(folder, 'vs'))
  peers.send(viewServerName, { type: 'ping', viewnum: 0, incarnation: 5, address: '', initialised: [] })
  await expect.poll(() => taken).toEqual([['vs', 'superseded']])
  views.close()
})

test('what an error says is quoted in the log, cut, and in one line, greeted or not', async () => {
  await listen()
  const error = (sentence: string): Buffer => bytes((writer) => encodeError(writer, 'garbage', sentence))
  await knock(error('bye.\ns1: a later process of this name has taken over\u001b[2K\u202e')).refusal
  await knock(hello('client', 'c'), error('x'.repeat(900))).refusal
  await expect.poll(() => logged.length).toBe(2)
  expect(logged[0]).toBe('A connection from somebody was closed at its other end, which said "bye.\\ns1: a later process of this name has taken over\\u001b[2K\\u202e".')
  expect(logged[1]).toBe(`A connection with c/1 was closed at its other end, which said "${'x'.repeat(200)}" and more.`)
})

test('connections that say nothing make room for new ones, the longest silent first, and that is logged once', async () => {
  await listen({ connections: 5, halfFramesBytes: 1e9, unsentBytes: 1e9 })
  const idle: { socket: Socket; refusal: Promise<string> }[] = []
  for (let index = 0; index < 5; index++) {
    idle.push(knock(hello('client', `idle${index}`), frameOf(getView)))
    await expect.poll(() => taken.length).toBe(index + 1)
  }
  // The first connection sends something, so it is no longer the longest silent.
  idle[0]?.socket.write(frameOf(getView))
  await expect.poll(() => taken.length).toBe(6)
  for (let index = 0; index < 3; index++) await settled()
  for (const index of [1, 2, 3]) await idle[index]?.refusal
  expect([idle[0]?.socket.destroyed, idle[4]?.socket.destroyed]).toEqual([false, false])
  expect(logged).toEqual(['5 connections are open, the most that may be: 1 was closed for others, the one that was silent longest first.'])
})
