// The codec: reads back what it wrote, and refuses invalid bytes with a sentence and without a crash.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyBytes, type ByteString, type Message, type Operation } from '../../protocol'
import { arbitraryOperation, arbitraryResult } from '../../trace/testing/arbitrary-operations'
import { Cursor, FrameSplitter, frameBytesMax, FrameWriter, WireError } from './frame'
import { decodeMessage, encodeMessage } from './wire'

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => String.fromCharCode(...array) as ByteString)
const viewnum = fc.nat(0xffff_ffff)
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/)
const clientId = fc.stringMatching(/^[!-~]{1,32}$/)
const member = fc.record({ name, incarnation: count, address: fc.string({ maxLength: 40 }) })
const view = fc.record({ viewnum, primary: fc.option(member), backups: fc.array(member, { maxLength: 4 }) })
const between = { viewnum, fromIncarnation: count, toIncarnation: count }
const operation = arbitraryOperation(bytes)
const result = arbitraryResult(bytes)
const row = fc.record({ clientId, requestId: count, seq: count, viewnum, result })
const of = <Type extends Message['type']>(type: Type) => fc.constant(type)

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: of('ping'), viewnum, incarnation: count, address: fc.string({ maxLength: 40 }),
    initialised: fc.array(fc.record({ name, incarnation: count }), { maxLength: 4 }),
  }),
  fc.record({ type: of('view-reply'), view, toIncarnation: count }),
  fc.record({ type: of('superseded'), toIncarnation: count, incarnation: count }),
  fc.record({ type: fc.constantFrom('get-view' as const, 'query' as const) }),
  fc.record({ type: of('query-reply'), current: view, acked: view, historyLost: fc.boolean(), pings: count, getViews: count, queries: count }),
  fc.record({ type: of('request'), clientId, requestId: count, viewnum, operation }),
  fc.record({ type: of('reply'), clientId, requestId: count, viewnum, seq: count, replayed: fc.boolean(), executedViewnum: viewnum, result }),
  fc.record({
    type: of('rejected'), clientId, requestId: count, reason: fc.constantFrom('not-primary' as const, 'deposed' as const, 'busy' as const),
    requestViewnum: viewnum, viewnum,
  }),
  fc.record({ type: of('not-yet'), viewnum, clientId: fc.oneof(clientId, fc.constant('')), requestId: count }),
  fc.record({ type: of('forward'), ...between, seq: count, clientId, requestId: count, operation }),
  fc.record({ type: of('forward-ack'), ...between, executed: count }),
  fc.record({
    type: of('state-transfer'), ...between, chunk: viewnum, last: fc.boolean(), executed: count,
    entries: fc.array(fc.record({ key: bytes, value: bytes }), { maxLength: 5 }), rows: fc.array(row, { maxLength: 5 }),
  }),
  fc.record({
    type: of('state-transfer'), ...between, chunk: viewnum, last: fc.constant(true), executed: count,
    entries: fc.array(fc.record({ key: bytes, value: bytes }), { maxLength: 5 }), rows: fc.array(row, { maxLength: 5 }),
    digest: fc.record({ keys: count, rows: viewnum, hash: viewnum }),
  }),
  fc.record({ type: of('state-transfer-ack'), ...between, chunk: viewnum, installed: fc.boolean() }),
  fc.record({ type: of('restarted'), ...between }),
)

/** The frame of one message, starting with its length. */
function frameOf(message: Message): Buffer {
  const writer = new FrameWriter()
  writer.beginFrame()
  encodeMessage(writer, message)
  writer.endFrame()
  let frame: Buffer = Buffer.alloc(0)
  writer.flush((written) => {
    frame = Buffer.from(written)
    return true
  })
  return frame
}

function decode(body: Buffer): Message {
  return decodeMessage(new Cursor().reset(body, 0, body.length))
}

/** Copies the entries out of their frames. */
function plain(message: Message): Message {
  if (message.type === 'state-transfer') return { ...message, entries: message.entries.map(({ key, value }) => ({ key, value })) }
  if (message.type !== 'request' && message.type !== 'forward') return message
  const { operation: written } = message
  if (written.type !== 'put' && written.type !== 'append') return message
  return { ...message, operation: { type: written.type, key: written.key, value: written.value } }
}

describe('the wire codec', () => {
  test('reads every message as it was written', () => {
    fc.assert(fc.property(messages, (message) => {
      expect(decode(frameOf(message).subarray(4))).toEqual(message)
    }), { numRuns: 2000 })
  })

  test('reads the same where entries stay in the frame, and writes them again as the same bytes', () => {
    fc.assert(fc.property(messages, fc.nat(9), (message, before) => {
      const frame = frameOf(message)
      const within = Buffer.concat([Buffer.alloc(before, 0xee), frame.subarray(4), Buffer.of(0xee)])
      const read = decodeMessage(new Cursor().reset(within, before, within.length - 1), 'in-place')
      expect(plain(read)).toEqual(message)
      expect(frameOf(read)).toEqual(frame)
    }), { numRuns: 2000 })
  })

  test('leaves large keys and values in their frame too', () => {
    const operation: Operation = { type: 'put', key: 'k'.repeat(3000) as ByteString, value: 'v'.repeat(100_001) as ByteString }
    const message: Message = { type: 'request', clientId: 'c', requestId: 1, viewnum: 1, operation }
    const frame = frameOf(message)
    const read = decodeMessage(new Cursor().reset(frame, 4, frame.length), 'in-place')
    expect(plain(read)).toEqual(message)
    expect(frameOf(read)).toEqual(frame)
  })

  test('refuses a message that is cut anywhere, with a sentence', () => {
    fc.assert(fc.property(messages, fc.nat(), (message, drawn) => {
      const body = frameOf(message).subarray(4)
      const cut = drawn % body.length
      // A last chunk without its digest is also a whole message.
      fc.pre(!(message.type === 'state-transfer' && message.digest !== undefined && cut === body.length - 16))
      expect(() => decode(body.subarray(0, cut))).toThrow(WireError)
    }))
  })

  test('meets garbage with a WireError and nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
      try {
        decode(Buffer.from(garbage))
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    }), { numRuns: 5000 })
  })

  test('knows a clientId again, and takes no other for it', () => {
    const message = (name: string): Message => ({ type: 'not-yet', viewnum: 1, clientId: name, requestId: 0 })
    // They differ only in characters that the cache does not use, so they share one slot.
    for (const name of ['one.00000001', 'two.00000001', 'six.00000001', 'one.00000001', 'two.00000001', 'e.00000001']) expect(decode(frameOf(message(name)).subarray(4))).toEqual(message(name))
  })

  test('refuses a message with bytes left over', () => {
    expect(() => decode(Buffer.concat([frameOf({ type: 'get-view' }).subarray(4), Buffer.of(0)]))).toThrow('left over')
  })

  test('refuses a key over its limit before it is read', () => {
    const key = 'k'.repeat(64 * 1024 + 1) as ByteString
    const request: Message = { type: 'request', clientId: 'c', requestId: 1, viewnum: 1, operation: { type: 'get', key } }
    expect(() => decode(frameOf(request).subarray(4))).toThrow('a key of 65537 bytes is over the limit of 65536')
  })
})

describe('the frame splitter', () => {
  const split = (pieces: readonly Buffer[], max?: number): Message[] => {
    const found: Message[] = []
    const splitter = new FrameSplitter((frame) => found.push(decodeMessage(frame)), max)
    for (const piece of pieces) splitter.push(piece)
    return found
  }

  test('finds the same frames however the bytes are cut', () => {
    fc.assert(fc.property(fc.array(messages, { maxLength: 6 }), fc.array(fc.nat(50), { minLength: 1 }), (list, sizes) => {
      const stream = Buffer.concat(list.map(frameOf))
      const pieces: Buffer[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = (sizes[turn % sizes.length] as number) + 1
        pieces.push(stream.subarray(at, at + size))
        at += size
      }
      expect(split(pieces)).toEqual(list)
    }))
  })

  test('refuses a frame over the limit by its length alone', () => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(frameBytesMax + 1)
    expect(() => split([head])).toThrow('over the limit')
    expect(() => split([head.subarray(0, 2), head.subarray(2)])).toThrow('over the limit')
  })

  test('says that it waits for the rest of a frame', () => {
    const frame = frameOf({ type: 'get-view' })
    const splitter = new FrameSplitter(() => undefined)
    splitter.push(frame.subarray(0, 3))
    expect(splitter.isWaiting).toBe(true)
    splitter.push(frame.subarray(3))
    expect(splitter.isWaiting).toBe(false)
  })
})

test('a writer takes a frame over the limit back and goes on', () => {
  const writer = new FrameWriter()
  const value = 'v'.repeat(8 * 1024 * 1024) as ByteString
  writer.beginFrame()
  expect(() => {
    for (let copy = 0; copy < 3; copy++) writer.bytes(value)
    writer.endFrame()
  }).toThrow(WireError)
  expect(writer.length).toBe(0)
  expect(emptyBytes).toBe('')
})
