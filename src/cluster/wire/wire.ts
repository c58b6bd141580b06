// Encodes and decodes the protocol's messages: one type byte and the fields in the order of docs/wire-protocol.md. Direct mode and the lab use the
// same bytes. A field over its limit throws a WireError, so it must never reach a machine.
import {
  clientIdBytesMax, codeOf, fieldsOf, heldIn, isJsonObject, isNodeName, keyBytesMax, kindBytesMax, makeOperation, PackedEntry, PackedWrite, typeOfCode, valueBytesMax,
  type ByteString, type InOwnWords, type Member, type Message, type Operation, type RejectReason, type Result, type StateTransfer, type StoreEntry, type TableRow,
  type TransferDigest, type View,
} from '../../protocol'
import { WireError, type Cursor, type FrameWriter } from './frame'
import { KnownTexts } from './known-texts'

/** Type bytes of messages. 0x01 to 0x0f: with the view server; 0x10: with clients; 0x20: between servers; 0x30: of programs, in a lab only. */
export const messageTypes = {
  'ping': 0x01, 'view-reply': 0x02, 'superseded': 0x03, 'get-view': 0x04, 'query': 0x05, 'query-reply': 0x06,
  'request': 0x10, 'reply': 0x11, 'rejected': 0x12, 'not-yet': 0x13,
  'forward': 0x20, 'forward-ack': 0x21, 'state-transfer': 0x22, 'state-transfer-ack': 0x23, 'restarted': 0x24,
  'foreign': 0x30,
} as const satisfies Record<Message['type'], number>

const resultTypes = { 'done': 1, 'value': 2, 'missing': 3, 'mismatch': 4, 'too-large': 5 } as const satisfies Record<Result['type'], number>
const rejectReasons = { 'not-primary': 1, 'deposed': 2, 'busy': 3 } as const satisfies Record<RejectReason, number>

const nameBytesMax = 32
const addressBytesMax = 255
/** Most members of a view: no view server recruits more backups. */
const membersMax = 16

/** Each case writes its own type byte as a constant: a lookup by type name would slow every operation. */
export function encodeMessage(writer: FrameWriter, message: Message): void {
  switch (message.type) {
    case 'ping':
      writer.u8(messageTypes.ping)
      writer.u32(message.viewnum)
      writer.u64(message.incarnation)
      writer.text(message.address)
      writer.u8(message.initialised.length)
      for (const { name, incarnation } of message.initialised) {
        writer.text(name)
        writer.u64(incarnation)
      }
      return
    case 'view-reply':
      writer.u8(messageTypes['view-reply'])
      writer.u64(message.toIncarnation)
      return encodeView(writer, message.view)
    case 'superseded':
      writer.u8(messageTypes.superseded)
      writer.u64(message.toIncarnation)
      return writer.u64(message.incarnation)
    case 'get-view': return writer.u8(messageTypes['get-view'])
    case 'query': return writer.u8(messageTypes.query)
    case 'query-reply':
      writer.u8(messageTypes['query-reply'])
      encodeView(writer, message.current)
      encodeView(writer, message.acked)
      writer.bool(message.historyLost)
      writer.u64(message.pings)
      writer.u64(message.getViews)
      return writer.u64(message.queries)
    case 'request':
      writer.u8(messageTypes.request)
      encodeRequestId(writer, message)
      writer.u32(message.viewnum)
      return encodeOperation(writer, message.operation)
    case 'reply':
      writer.u8(messageTypes.reply)
      encodeRequestId(writer, message)
      writer.u32(message.viewnum)
      writer.u64(message.seq)
      writer.bool(message.replayed)
      writer.u32(message.executedViewnum)
      return encodeResult(writer, message.result)
    case 'rejected':
      writer.u8(messageTypes.rejected)
      encodeRequestId(writer, message)
      writer.u8(rejectReasons[message.reason])
      writer.u32(message.requestViewnum)
      return writer.u32(message.viewnum)
    case 'not-yet':
      writer.u8(messageTypes['not-yet'])
      encodeRequestId(writer, message)
      return writer.u32(message.viewnum)
    case 'forward':
      writer.u8(messageTypes.forward)
      encodeBetween(writer, message)
      writer.u64(message.seq)
      encodeRequestId(writer, message)
      return encodeOperation(writer, message.operation)
    case 'forward-ack':
      writer.u8(messageTypes['forward-ack'])
      encodeBetween(writer, message)
      return writer.u64(message.executed)
    case 'state-transfer':
      writer.u8(messageTypes['state-transfer'])
      return encodeStateTransfer(writer, message)
    case 'state-transfer-ack':
      writer.u8(messageTypes['state-transfer-ack'])
      encodeBetween(writer, message)
      writer.u32(message.chunk)
      return writer.bool(message.installed)
    case 'restarted':
      writer.u8(messageTypes.restarted)
      return encodeBetween(writer, message)
    case 'foreign':
      writer.u8(messageTypes.foreign)
      return encodeOwnWords(writer, message)
  }
}

export function encodeOwnWords(writer: FrameWriter, { kind, body }: InOwnWords): void {
  writer.text(kind)
  writer.longText(JSON.stringify(body))
}

export function decodeOwnWords(cursor: Cursor): InOwnWords {
  const kind = cursor.text(kindBytesMax, 'a kind of message')
  const body = jsonOf(cursor.longText())
  if (!isJsonObject(body)) throw new WireError('the body of a message in own words is no JSON object')
  return { kind, body }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function encodeStateTransfer(writer: FrameWriter, message: Extract<Message, { type: 'state-transfer' }>): void {
  encodeBetween(writer, message)
  writer.u32(message.chunk)
  writer.bool(message.last)
  writer.u64(message.executed)
  writer.u32(message.entries.length)
  for (const entry of message.entries) encodeEntry(writer, entry)
  writer.u32(message.rows.length)
  for (const row of message.rows) {
    encodeRequestId(writer, row)
    writer.u64(row.seq)
    writer.u32(row.viewnum)
    encodeResult(writer, row.result)
  }
  if (message.digest) encodeDigest(writer, message.digest)
}

function encodeDigest(writer: FrameWriter, { keys, rows, hash }: TransferDigest): void {
  writer.u64(keys)
  writer.u32(rows)
  writer.u32(hash)
}

/** `in-place`: entries and writes stay in the frame's buffer, which must not be overwritten while the message is in use. */
export type Decoding = 'in-place' | 'copied'

/** True for a message that a later one of its kind may replace (direct-connection.ts). */
export function isForwardAck(body: Uint8Array): boolean {
  return body[0] === messageTypes['forward-ack']
}

/** Reads one message; the cursor must hold nothing else. Throws a WireError for anything that is no message. */
export function decodeMessage(cursor: Cursor, decoding: Decoding = 'copied'): Message {
  const message = decodeByType(cursor, decoding)
  cursor.expectEnd()
  return message
}

function decodeByType(cursor: Cursor, decoding: Decoding): Message {
  const type = cursor.u8()
  switch (type) {
    case messageTypes['ping']: {
      const viewnum = cursor.u32()
      const incarnation = cursor.u64()
      const address = cursor.text(addressBytesMax, 'an address')
      const initialised = decodeList(cursor.u8(), membersMax, () => ({ name: decodeName(cursor), incarnation: cursor.u64() }))
      return { type: 'ping', viewnum, incarnation, address, initialised }
    }
    case messageTypes['view-reply']:
      return { type: 'view-reply', toIncarnation: cursor.u64(), view: decodeView(cursor) }
    case messageTypes['superseded']:
      return { type: 'superseded', toIncarnation: cursor.u64(), incarnation: cursor.u64() }
    case messageTypes['get-view']: return { type: 'get-view' }
    case messageTypes['query']: return { type: 'query' }
    case messageTypes['query-reply']:
      return {
        type: 'query-reply', current: decodeView(cursor), acked: decodeView(cursor), historyLost: cursor.bool(),
        pings: cursor.u64(), getViews: cursor.u64(), queries: cursor.u64(),
      }
    case messageTypes['request']:
      return {
        type: 'request', clientId: decodeClientId(cursor), requestId: cursor.u64(), viewnum: cursor.u32(),
        operation: decodeOperation(cursor, protocolLimits, decoding),
      }
    case messageTypes['reply']:
      return {
        type: 'reply', clientId: decodeClientId(cursor), requestId: cursor.u64(), viewnum: cursor.u32(),
        seq: cursor.u64(), replayed: cursor.bool(), executedViewnum: cursor.u32(), result: decodeResult(cursor),
      }
    case messageTypes['rejected']:
      return {
        type: 'rejected', clientId: decodeClientId(cursor), requestId: cursor.u64(), reason: decodeReason(cursor.u8()),
        requestViewnum: cursor.u32(), viewnum: cursor.u32(),
      }
    case messageTypes['not-yet']:
      return { type: 'not-yet', clientId: decodeClientId(cursor, 0), requestId: cursor.u64(), viewnum: cursor.u32() }
    default: return decodeBetweenServers(type, cursor, decoding)
  }
}

function decodeBetweenServers(type: number, cursor: Cursor, decoding: Decoding): Message {
  switch (type) {
    case messageTypes['forward']:
      return {
        type: 'forward', viewnum: cursor.u32(), fromIncarnation: cursor.u64(), toIncarnation: cursor.u64(), seq: cursor.u64(),
        clientId: decodeClientId(cursor), requestId: cursor.u64(), operation: decodeOperation(cursor, protocolLimits, decoding),
      }
    case messageTypes['forward-ack']:
      return { type: 'forward-ack', viewnum: cursor.u32(), fromIncarnation: cursor.u64(), toIncarnation: cursor.u64(), executed: cursor.u64() }
    case messageTypes['state-transfer']:
      return decodeStateTransfer(cursor, decoding)
    case messageTypes['state-transfer-ack']:
      return { type: 'state-transfer-ack', ...decodeBetween(cursor), chunk: cursor.u32(), installed: cursor.bool() }
    case messageTypes['foreign']: return { type: 'foreign', ...decodeOwnWords(cursor) }
    case messageTypes['restarted']: return { type: 'restarted', ...decodeBetween(cursor) }
    default: throw new WireError(`there is no message of type ${type}`)
  }
}

// ---- parts

function encodeRequestId(writer: FrameWriter, { clientId, requestId }: { clientId: string; requestId: number }): void {
  writer.text(clientId)
  writer.u64(requestId)
}

function encodeBetween(writer: FrameWriter, between: { viewnum: number; fromIncarnation: number; toIncarnation: number }): void {
  writer.u32(between.viewnum)
  writer.u64(between.fromIncarnation)
  writer.u64(between.toIncarnation)
}

function decodeBetween(cursor: Cursor): { viewnum: number; fromIncarnation: number; toIncarnation: number } {
  return { viewnum: cursor.u32(), fromIncarnation: cursor.u64(), toIncarnation: cursor.u64() }
}

export function encodeView(writer: FrameWriter, view: View): void {
  writer.u32(view.viewnum)
  const members = view.primary ? [view.primary, ...view.backups] : view.backups
  writer.bool(view.primary !== null)
  writer.u8(members.length)
  for (const { name, incarnation, address } of members) {
    writer.text(name)
    writer.u64(incarnation)
    writer.text(address)
  }
}

export function decodeView(cursor: Cursor): View {
  const viewnum = cursor.u32()
  const hasPrimary = cursor.bool()
  const members: Member[] = decodeList(cursor.u8(), membersMax, () => (
    { name: decodeName(cursor), incarnation: cursor.u64(), address: cursor.text(addressBytesMax, 'an address') }
  ))
  if (hasPrimary && members.length === 0) throw new WireError('a view has a primary but no members')
  return hasPrimary ? { viewnum, primary: members[0] as Member, backups: members.slice(1) } : { viewnum, primary: null, backups: members }
}

function encodeEntry(writer: FrameWriter, entry: StoreEntry): void {
  if (entry instanceof PackedEntry) {
    writer.bytesFrom(entry.bytes, entry.keyAt, entry.keyEnd)
    writer.bytesFrom(entry.bytes, entry.valueAt, entry.valueEnd)
  } else {
    writer.bytes(entry.key)
    writer.bytes(entry.value)
  }
}

function decodeEntry(cursor: Cursor, decoding: Decoding): StoreEntry {
  if (decoding === 'copied') return { key: decodeKey(cursor), value: decodeValue(cursor) }
  const keyAt = cursor.skipBytes(keyBytesMax, 'a key')
  const keyEnd = cursor.at
  const valueAt = cursor.skipBytes(valueBytesMax, 'a value')
  return new PackedEntry(cursor.buffer, keyAt, keyEnd, valueAt, cursor.at)
}

export function encodeOperation(writer: FrameWriter, operation: Operation): void {
  writer.u8(codeOf(operation.type))
  if (operation instanceof PackedWrite) return encodeEntry(writer, operation)
  writer.bytes(operation.key)
  for (const field of fieldsOf(operation.type)) {
    const held = heldIn(operation, field)
    if (field.kind === 'bytes-or-missing') encodeOptional(writer, held)
    else writer.bytes(held as ByteString)
  }
}

/** Limits of what an operation carries, in bytes. */
export interface OperationLimits {
  readonly keyBytes: number
  readonly valueBytes: number
}

const protocolLimits: OperationLimits = { keyBytes: keyBytesMax, valueBytes: valueBytesMax }

export function decodeOperation(cursor: Cursor, limits = protocolLimits, decoding: Decoding = 'copied'): Operation {
  const code = cursor.u8()
  const type = typeOfCode(code)
  if (type === undefined) throw new WireError(`there is no operation of type ${code}`)
  if (decoding === 'in-place' && (type === 'put' || type === 'append')) return decodeWriteInPlace(cursor, type, limits)
  const key = cursor.bytes(limits.keyBytes, 'a key')
  return makeOperation(type, key, ({ kind }) => kind === 'bytes-or-missing' && !cursor.bool() ? null : cursor.bytes(limits.valueBytes, 'a value'))
}

function decodeWriteInPlace(cursor: Cursor, type: PackedWrite['type'], limits: OperationLimits): PackedWrite {
  const keyAt = cursor.skipBytes(limits.keyBytes, 'a key')
  const keyEnd = cursor.at
  const valueAt = cursor.skipBytes(limits.valueBytes, 'a value')
  return new PackedWrite(type, cursor.buffer, keyAt, keyEnd, valueAt, cursor.at)
}

export function encodeResult(writer: FrameWriter, result: Result): void {
  if (result.type === 'done') return writer.u8(resultTypes.done)
  writer.u8(resultTypes[result.type])
  if (result.type === 'value') writer.bytes(result.value)
  else if (result.type === 'mismatch') encodeOptional(writer, result.actual)
}

/** One shared object for the most common result: results are immutable. */
const done: Result = { type: 'done' }

export function decodeResult(cursor: Cursor): Result {
  const type = cursor.u8()
  switch (type) {
    case resultTypes['done']: return done
    case resultTypes['value']: return { type: 'value', value: decodeValue(cursor) }
    case resultTypes['missing']: return { type: 'missing' }
    case resultTypes['mismatch']: return { type: 'mismatch', actual: decodeOptional(cursor) }
    case resultTypes['too-large']: return { type: 'too-large' }
    default: throw new WireError(`there is no result of type ${type}`)
  }
}

function decodeStateTransfer(cursor: Cursor, decoding: Decoding): StateTransfer {
  const chunk: StateTransfer = {
    type: 'state-transfer', ...decodeBetween(cursor), chunk: cursor.u32(), last: cursor.bool(), executed: cursor.u64(),
    // An entry has at least 8 bytes and a row more, so a count beyond the frame is refused before a list is allocated.
    entries: decodeList(cursor.u32(), cursor.left / 8, () => decodeEntry(cursor, decoding)),
    rows: decodeList(cursor.u32(), cursor.left / 8, () => decodeRow(cursor)),
  }
  // A sender without a digest ends the message here.
  return chunk.last && cursor.left > 0 ? { ...chunk, digest: { keys: cursor.u64(), rows: cursor.u32(), hash: cursor.u32() } } : chunk
}

function decodeRow(cursor: Cursor): TableRow {
  return { clientId: decodeClientId(cursor), requestId: cursor.u64(), seq: cursor.u64(), viewnum: cursor.u32(), result: decodeResult(cursor) }
}

function encodeOptional(writer: FrameWriter, value: ByteString | null): void {
  writer.bool(value !== null)
  if (value !== null) writer.bytes(value)
}

function decodeOptional(cursor: Cursor): ByteString | null {
  return cursor.bool() ? decodeValue(cursor) : null
}

function decodeKey(cursor: Cursor): ByteString {
  return cursor.bytes(keyBytesMax, 'a key')
}

function decodeValue(cursor: Cursor): ByteString {
  return cursor.bytes(valueBytesMax, 'a value')
}

function decodeName(cursor: Cursor): string {
  const name = cursor.text(nameBytesMax, 'a node name')
  if (!isNodeName(name)) throw new WireError('a node name is not 1 to 32 of a-z, 0-9 and "-", a letter first')
  return name
}

/** 1 to 32 printable ASCII characters; `min` is 0 in messages that may answer a server. */
function decodeClientId(cursor: Cursor, min = 1): string {
  const known = knownClientIds.read(cursor)
  if (known !== undefined) return known
  const clientId = cursor.text(clientIdBytesMax, 'a clientId')
  if (clientId.length < min || !/^[!-~]*$/.test(clientId)) throw new WireError('a clientId is not 1 to 32 printable ASCII characters')
  knownClientIds.add(clientId)
  return clientId
}

const knownClientIds = new KnownTexts()

function decodeReason(code: number): RejectReason {
  for (const [reason, known] of Object.entries(rejectReasons)) if (known === code) return reason as RejectReason
  throw new WireError(`there is no reason ${code} to reject`)
}

function decodeList<Item>(count: number, max: number, decode: () => Item): Item[] {
  if (count > max) throw new WireError(`a list of ${count} is over the limit of ${Math.floor(max)}`)
  return Array.from({ length: count }, decode)
}
