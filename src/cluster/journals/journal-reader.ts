// Reads node journals: the incarnations in a file, and the frames of one incarnation in order. A torn last frame is left out and reported; any
// other damage refuses the file with one sentence. It must never repair a file, nor hold more than one chunk of it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isNodeName, type ProtocolKind, type NodeName, type Operation } from '../../protocol'
import { settingsShape, shapes } from '../../trace'
import { FrameSplitter, WireError, type Cursor } from '../wire/frame'
import { fileReasonOf } from '../switchboard/recorder'
import { journalFrameBytesMax, journalFrames, journalInputs, journalMagic, journalRecords, journalVersion, type JournalLife } from './journal-frames'
import { decodeOperationInput } from '../wire/lab-frames'
import { NoRegularFile, openRegularFileSync } from '../../system/regular-file'
import { isForwardAck } from '../wire/wire'

/** Why a file is no readable journal: one sentence for the user. */
export class JournalProblem extends Error {
  override readonly name = 'JournalProblem'
}

export type JournalInput =
  | { readonly type: 'start' }
  /** `body` is empty where the sender's own journal has the message. */
  | { readonly type: 'message'; readonly connection: number; readonly index: number; readonly body: Buffer }
  | { readonly type: 'timer'; readonly name: string; readonly armed: number }
  | { readonly type: 'operation'; readonly operationId: number; readonly session: number; readonly target: NodeName | ''; readonly operation: Operation }
  | { readonly type: 'peer-lost'; readonly peer: NodeName }

export type JournalRecord =
  /** `connection` 0: there was none. */
  | { readonly type: 'send'; readonly connection: number; readonly to: NodeName; readonly body: Buffer }
  /** JSON text of a report, as in the trace. */
  | { readonly type: 'report'; readonly text: string }
  | { readonly type: 'opened'; readonly connection: number; readonly peer: NodeName | ''; readonly mark: number }
  | { readonly type: 'greeted'; readonly connection: number; readonly isClient: boolean; readonly name: NodeName; readonly incarnation: number; readonly mark: number; readonly peer: NodeName }
  | { readonly type: 'closed'; readonly connection: number }
  | { readonly type: 'withdrawn'; readonly connection: number; readonly ordinal: number }
  | { readonly type: 'aside-sent'; readonly connection: number; readonly body: Buffer }
  | { readonly type: 'aside-taken'; readonly connection: number; readonly index: number }
  | { readonly type: 'end'; readonly code: number }
  | { readonly type: 'broken' }

export type JournalFrame =
  | { readonly type: 'life'; readonly life: JournalLife }
  | { readonly type: 'step'; readonly step: number; readonly at: number; readonly input: JournalInput; readonly records: readonly JournalRecord[] }
  | { readonly type: 'record'; readonly at: number; readonly record: JournalRecord }

const textBytesMax = 255

/** Reads one frame. Bodies are slices of its buffer. Throws a WireError. */
export function decodeJournalFrame(cursor: Cursor): JournalFrame {
  const kind = cursor.u8()
  if (kind === journalFrames.life) return { type: 'life', life: decodeLife(cursor) }
  if (kind !== journalFrames.step) {
    const at = cursor.u64()
    const record = decodeRecord(kind, cursor)
    cursor.expectEnd()
    return { type: 'record', at, record }
  }
  const step = cursor.u32()
  const at = cursor.u64()
  const input = decodeInput(cursor)
  const records: JournalRecord[] = []
  while (cursor.left > 0) records.push(decodeRecord(cursor.u8(), cursor))
  return { type: 'step', step, at, input, records }
}

function decodeLife(cursor: Cursor): JournalLife {
  for (const character of journalMagic) if (cursor.u8() !== character.charCodeAt(0)) throw new WireError('a life does not begin as one')
  const version = cursor.u16()
  if (version !== journalVersion) throw new WireError(`it has version ${version}, this Understudy reads version ${journalVersion}`)
  const text = cursor.longText()
  cursor.expectEnd()
  const life: unknown = JSON.parse(text)
  if (!lifeShape.fits(life)) throw new WireError(`the first frame of a life is none: ${lifeShape.problem(life, 'life')}`)
  return life as JournalLife
}

const { count, oneOf, record, text } = shapes
const name: shapes.Shape<NodeName> = { fits: (value) => typeof value === 'string' && isNodeName(value), problem: (_value, path) => `${path} is no name of a node` }

/** Validates the header of an incarnation, because a recording is made of it. */
const lifeShape = record<JournalLife>({
  kind: oneOf<ProtocolKind>({ 'view-server': true, 'replica': true, 'client': true }), name, incarnation: count, address: text, seed: text,
  settings: settingsShape, pid: count, protocolHash: text, host: text, at: count, wall: count,
})

function decodeInput(cursor: Cursor): JournalInput {
  const kind = cursor.u8()
  switch (kind) {
    case journalInputs.start: return { type: 'start' }
    case journalInputs.message: return { type: 'message', connection: cursor.u32(), index: cursor.u32(), body: decodeBody(cursor) }
    case journalInputs.timer: return { type: 'timer', name: cursor.text(textBytesMax, 'a timer'), armed: cursor.u32() }
    case journalInputs.operation: return operationOf(cursor)
    case journalInputs.peerLost: return { type: 'peer-lost', peer: cursor.text(textBytesMax, 'a name') }
    default: throw new WireError(`there is no input of kind ${kind}`)
  }
}

function operationOf(cursor: Cursor): JournalInput {
  const { operation, ...rest } = decodeOperationInput(cursor)
  if (operation.type === 'call') throw new WireError('a client of its own takes no calls')
  return { type: 'operation', ...rest, operation }
}

function decodeRecord(kind: number, cursor: Cursor): JournalRecord {
  const name = (): string => cursor.text(textBytesMax, 'a name')
  switch (kind) {
    case journalRecords.send: return { type: 'send', connection: cursor.u32(), to: name(), body: decodeBody(cursor) }
    case journalRecords.report: return { type: 'report', text: cursor.longText() }
    case journalRecords.opened: return { type: 'opened', connection: cursor.u32(), peer: name(), mark: cursor.u64() }
    case journalRecords.greeted:
      return { type: 'greeted', connection: cursor.u32(), isClient: cursor.bool(), name: name(), incarnation: cursor.u64(), mark: cursor.u64(), peer: name() }
    case journalRecords.closed: return { type: 'closed', connection: cursor.u32() }
    case journalRecords.withdrawn: return { type: 'withdrawn', connection: cursor.u32(), ordinal: cursor.u32() }
    case journalRecords.asideSent: return { type: 'aside-sent', connection: cursor.u32(), body: decodeBody(cursor) }
    case journalRecords.asideTaken: return { type: 'aside-taken', connection: cursor.u32(), index: cursor.u32() }
    case journalRecords.end: return { type: 'end', code: cursor.u32() }
    case journalRecords.broken: return { type: 'broken' }
    default: throw new WireError(`there is no record of kind ${kind}`)
  }
}

function decodeBody(cursor: Cursor): Buffer {
  const length = cursor.u32()
  const start = cursor.skip(length)
  return cursor.buffer.subarray(start, start + length)
}

// ---- files

const pieceBytes = 1024 * 1024

/** The position of an incarnation in its file. */
export interface LifePlace {
  readonly path: string
  /** Start of its first frame. */
  readonly from: number
  /** End of its last whole frame. */
  to: number
}

/** The frames of a range of a file, each with its end. A torn last frame is left out. */
function* framesOf(file: number, from: number, to: number): Generator<{ readonly frame: JournalFrame; readonly end: number }> {
  let frames: { frame: JournalFrame; end: number }[] = []
  let end = from
  const splitter = new FrameSplitter((cursor) => {
    end += 4 + cursor.left
    frames.push({ frame: decodeJournalFrame(cursor), end })
  }, journalFrameBytesMax)
  for (let position = from; position < to;) {
    // A new buffer for each chunk, because frame bodies are slices of it.
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, to - position))
    const read = readSync(file, piece, 0, piece.length, position)
    if (read === 0) return
    position += read
    let problem: unknown = null
    try {
      splitter.push(piece.subarray(0, read))
    } catch (error) {
      problem = error
    }
    // Yields the whole frames before the damage first, so that the position of the damage is known.
    yield* frames
    if (problem !== null) throw problem as Error
    frames = []
  }
}

/** The frames of one incarnation, read on demand. The file is closed between two chunks, so any number of incarnations can be read at once. */
export function* framesOfLife({ path, from, to }: LifePlace): Generator<JournalFrame> {
  let frames: JournalFrame[] = []
  const splitter = new FrameSplitter((cursor) => frames.push(decodeJournalFrame(cursor)), journalFrameBytesMax)
  for (let position = from; position < to;) {
    const piece = readPiece(path, position, Math.min(pieceBytes, to - position))
    if (piece.length === 0) throw new JournalProblem(`${path} became shorter while it was read.`)
    position += piece.length
    splitter.push(piece)
    yield* frames
    frames = []
  }
}

function readPiece(path: string, position: number, bytes: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const piece = Buffer.allocUnsafeSlow(bytes)
    return piece.subarray(0, readSync(file, piece, 0, bytes, position))
  } finally {
    closeSync(file)
  }
}

/** Facts about an incarnation as a whole, known before its steps are read. */
export interface ScannedLife {
  readonly place: LifePlace
  readonly life: JournalLife
  /** Time of its last frame. */
  lastAt: number
  steps: number
  /** The node ended by itself and closed its journal. */
  isEnded: boolean
  /** The file ends in the middle of a frame of this incarnation. */
  isTorn: boolean
  readonly connections: Map<number, ScannedConnection>
}

export interface ScannedConnection {
  /** The mark that this end sent in its greeting, if it dialled; otherwise 0. */
  readonly mark: number
  /** The node that it dialled; empty if it was dialled. */
  readonly peer: NodeName | ''
  greeting: Extract<JournalRecord, { type: 'greeted' }> | null
  /** Ordinals of messages that were given to the connection and never left. */
  readonly withdrawn: Set<number>
  /** How many messages were given to it, and whether the last is an ack. The next act of the node may withdraw such an ack. */
  sent: number
  endsWithAck: boolean
  /** Frames of the other end, up to the last that this end took. */
  taken: number
}

/** Scans a file. Throws a JournalProblem. */
export function scanJournal(path: string): ScannedLife[] {
  let file: number
  try {
    file = openRegularFileSync(path).file
  } catch (error) {
    if (error instanceof NoRegularFile) throw new JournalProblem(`${path} is ${error.kind}, not a journal.`)
    throw new JournalProblem(`${path} cannot be read: ${fileReasonOf(error)}`)
  }
  try {
    return scan(file, path)
  } catch (error) {
    if (error instanceof JournalProblem) throw error
    throw new JournalProblem(`${path} cannot be read: ${fileReasonOf(error)}`)
  } finally {
    closeSync(file)
  }
}

function scan(file: number, path: string): ScannedLife[] {
  const { size } = fstatSync(file)
  const lives: ScannedLife[] = []
  let end = 0
  try {
    for (const { frame, end: next } of framesOf(file, 0, size)) {
      if (frame.type === 'life') lives.push(newLife(frame.life, path, end, next))
      const present = lives.at(-1)
      if (!present) throw new JournalProblem(`${path} is not a journal of a node.`)
      present.place.to = next
      scanFrame(present, frame)
      end = next
    }
  } catch (error) {
    if (!(error instanceof WireError) && !(error instanceof SyntaxError)) throw error
    const isVersion = error.message.startsWith('it has version')
    throw new JournalProblem(lives.length === 0 && !isVersion ? `${path} is not a journal of a node.` : `${path} cannot be read from byte ${end} on: ${error.message}.`)
  }
  const last = lives.at(-1)
  if (!last) throw new JournalProblem(`${path} is not a journal of a node${size === 0 ? ': it is empty' : ''}.`)
  last.isTorn = end < size
  return lives
}

function newLife(life: JournalLife, path: string, from: number, to: number): ScannedLife {
  return { place: { path, from, to }, life, lastAt: life.at, steps: 0, isEnded: false, isTorn: false, connections: new Map() }
}

function scanFrame(life: ScannedLife, frame: JournalFrame): void {
  if (frame.type === 'life') return
  life.lastAt = frame.at
  if (frame.type === 'record') return scanRecord(life, frame.record)
  life.steps++
  if (frame.input.type === 'message') scanTaken(life, frame.input)
  for (const record of frame.records) scanRecord(life, record)
}

function scanRecord(life: ScannedLife, record: JournalRecord): void {
  switch (record.type) {
    case 'opened':
      life.connections.set(record.connection, { mark: record.mark, peer: record.peer, greeting: null, withdrawn: new Set(), sent: 0, endsWithAck: false, taken: 0 })
      return
    case 'greeted': {
      const connection = life.connections.get(record.connection)
      if (connection) connection.greeting = record
      return
    }
    case 'send':
    case 'aside-sent': {
      const connection = life.connections.get(record.connection)
      if (!connection) return
      connection.sent++
      connection.endsWithAck = isForwardAck(record.body)
      return
    }
    case 'aside-taken': return scanTaken(life, record)
    case 'withdrawn': return void life.connections.get(record.connection)?.withdrawn.add(record.ordinal)
    case 'end':
      life.isEnded = true
      return
    default: return
  }
}

function scanTaken(life: ScannedLife, { connection, index }: { readonly connection: number; readonly index: number }): void {
  const found = life.connections.get(connection)
  if (found) found.taken = Math.max(found.taken, index + 1)
}

/** Where the last whole frame of an open journal ends, and its highest incarnation. Throws a WireError. */
export function endOfJournal(file: number): { readonly bytes: number; readonly incarnation: number } {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw new WireError('it is no file')
  let bytes = 0
  let incarnation = 0
  try {
    for (const { frame, end } of framesOf(file, 0, stat.size)) {
      if (frame.type === 'life') incarnation = Math.max(incarnation, frame.life.incarnation)
      else if (bytes === 0) throw new WireError('there is a file of that name')
      bytes = end
    }
  } catch {
    throw new WireError('there is a file of that name that is no journal')
  }
  if (bytes === 0 && stat.size > 0) throw new WireError('there is a file of that name that is no journal')
  return { bytes, incarnation }
}
