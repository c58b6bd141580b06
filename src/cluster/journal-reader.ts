// Reads nodes' journals: which lives a file holds, and the frames of one life in their order. A torn last frame is left out and said;
// anything else that is wrong refuses the file with one sentence. It must never repair, nor hold more than a piece of a file.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { NodeName, Operation } from '../protocol'
import { FrameSplitter, WireError, type Cursor } from './frame'
import { fileReasonOf } from './journal'
import { journalFrameBytesMax, journalFrames, journalInputs, journalMagic, journalRecords, journalVersion, type JournalLife } from './journal-frames'
import { decodeOperationInput } from './lab-frames'

/** Why a file is no journal that can be read: one sentence for a person. */
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
  /** JSON text of a report, as the trace has it. */
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

/** Reads one frame; bodies are parts of its buffer. Throws a WireError. */
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
  return JSON.parse(text) as JournalLife
}

function decodeInput(cursor: Cursor): JournalInput {
  const kind = cursor.u8()
  switch (kind) {
    case journalInputs.start: return { type: 'start' }
    case journalInputs.message: return { type: 'message', connection: cursor.u32(), index: cursor.u32(), body: decodeBody(cursor) }
    case journalInputs.timer: return { type: 'timer', name: cursor.text(textBytesMax, 'a timer'), armed: cursor.u32() }
    case journalInputs.operation: return { type: 'operation', ...decodeOperationInput(cursor) }
    case journalInputs.peerLost: return { type: 'peer-lost', peer: cursor.text(textBytesMax, 'a name') }
    default: throw new WireError(`there is no input of kind ${kind}`)
  }
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

/** The place of a life in its file. */
export interface LifePlace {
  readonly path: string
  /** Of its first frame. */
  readonly from: number
  /** Of the end of its last whole frame. */
  to: number
}

/** The frames of a part of a file, each with its end. What is torn at the end is left out. */
function* framesOf(file: number, from: number, to: number): Generator<{ readonly frame: JournalFrame; readonly end: number }> {
  let frames: { frame: JournalFrame; end: number }[] = []
  let end = from
  const splitter = new FrameSplitter((cursor) => {
    end += 4 + cursor.left
    frames.push({ frame: decodeJournalFrame(cursor), end })
  }, journalFrameBytesMax)
  for (let position = from; position < to;) {
    // A new one each time: bodies of frames are parts of it.
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
    // What is whole before the damage is given first, so that the place of it is known.
    yield* frames
    if (problem !== null) throw problem as Error
    frames = []
  }
}

/** The frames of one life, read as they are asked for; between two pieces the file is closed, so that any number may be read at once. */
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

/** What a journal says of a life as a whole, before its steps are looked at one by one. */
export interface ScannedLife {
  readonly place: LifePlace
  readonly life: JournalLife
  /** Of its last frame. */
  lastAt: number
  steps: number
  /** The node ended by itself, and the journal with it. */
  isEnded: boolean
  /** The file ends in the middle of a frame of this life. */
  isTorn: boolean
  readonly connections: Map<number, ScannedConnection>
}

export interface ScannedConnection {
  /** Of the greeting that this end sent, if it dialled; else 0. */
  readonly mark: number
  /** Whom it dialled; empty if it was dialled. */
  readonly peer: NodeName | ''
  greeting: Extract<JournalRecord, { type: 'greeted' }> | null
  /** Ordinals of messages that were given to it and never left. */
  readonly withdrawn: Set<number>
}

/** Looks through a file. Throws a JournalProblem. */
export function scanJournal(path: string): ScannedLife[] {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
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
  for (const record of frame.records) if (record.type !== 'send') scanRecord(life, record)
}

function scanRecord(life: ScannedLife, record: JournalRecord): void {
  switch (record.type) {
    case 'opened':
      life.connections.set(record.connection, { mark: record.mark, peer: record.peer, greeting: null, withdrawn: new Set() })
      return
    case 'greeted': {
      const connection = life.connections.get(record.connection)
      if (connection) connection.greeting = record
      return
    }
    case 'withdrawn': return void life.connections.get(record.connection)?.withdrawn.add(record.ordinal)
    case 'end':
      life.isEnded = true
      return
    default: return
  }
}

/** Where an open journal's whole frames end, and the life that has not told its end; nothing is known of a process that was killed. Throws a WireError. */
export function endOfJournal(file: number): { readonly bytes: number; readonly writer: JournalLife | null } {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw new WireError('it is no file')
  let bytes = 0
  let writer: JournalLife | null = null
  try {
    for (const { frame, end } of framesOf(file, 0, stat.size)) {
      if (frame.type === 'life') writer = frame.life
      else if (bytes === 0) throw new WireError('there is a file of that name')
      if (frame.type === 'record' && frame.record.type === 'end') writer = null
      bytes = end
    }
  } catch {
    throw new WireError('there is a file of that name that is no journal')
  }
  if (bytes === 0 && stat.size > 0) throw new WireError('there is a file of that name that is no journal')
  return { bytes, writer }
}
