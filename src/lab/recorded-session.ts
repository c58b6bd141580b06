// An opened recording as a session: read-only, fed to the same panels. Every act is refused.
// The file is checked whole before it is shown, and copied to a private folder: what happens to the original later changes nothing.
// It must never run anything that a recording says.
import { createReadStream } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { TextDecoder } from 'node:util'
import { constants, createGunzip } from 'node:zlib'
import { Refusal } from '../contract'
import { createRecordingReader, formatHeader, grouped, RecordingProblem, type ReadLines, type TraceHeader } from '../trace'
import { EventLog, eventLogLimits } from './event-log'
import { reasonOf } from './folders'
import type { RecordingSource, Session, SessionView } from './session'

/** An unpacked recording is at most this long; a file that unpacks to more is refused. */
export const recordingBytesMax = 8 * 1024 * 1024 * 1024

export interface OpenOptions {
  /** The file, plain or gzip; its first bytes say which. */
  readonly path: string
  /** What people call the file. */
  readonly name: string
  /** A private folder for the checked copy. */
  readonly folder: string
  readonly bytesMax?: number
}

/** Reads, checks and copies a recording. Rejects with a `Refusal` of one sentence and leaves nothing behind. */
export async function openRecordedSession({ path, name, folder, bytesMax = recordingBytesMax }: OpenOptions): Promise<Session> {
  const copyPath = join(folder, `opened-${process.hrtime.bigint()}.jsonl`)
  try {
    const copy = await open(copyPath, 'wx', 0o600)
    try {
      const checked = await copyChecked(path, copy, new EventLog(copyPath), bytesMax)
      return new RecordedSession(name, copyPath, checked)
    } finally {
      await copy.close()
    }
  } catch (error) {
    await rm(copyPath, { force: true })
    if (error instanceof RecordingProblem) throw new Refusal(error.message)
    throw new Refusal(`${name} cannot be read: ${reasonOf(error)}.`)
  }
}

interface Checked {
  readonly header: TraceHeader
  readonly log: EventLog
  readonly bytes: number
  readonly note: string
}

async function copyChecked(path: string, copy: FileHandle, log: EventLog, bytesMax: number): Promise<Checked> {
  const reader = createRecordingReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const writer = new CopyWriter(copy, log)
  let unpackedBytes = 0
  const isCutOff = await eachPiece(path, async (piece) => {
    unpackedBytes += piece.length
    if (unpackedBytes > bytesMax) throw new RecordingProblem(`This recording is longer than ${grouped(Math.floor(bytesMax / 1024 / 1024))} MiB, the most that can be opened.`)
    const hadHeader = reader.header !== undefined
    const lines = reader.push(decode(decoder, piece))
    if (!hadHeader && reader.header !== undefined) await writer.begin(reader.header)
    await writer.add(lines)
  })
  const end = reader.end()
  if (writer.bytes === 0) await writer.begin(end.header)
  await writer.add(end)
  await writer.finish()
  const note = end.note === '' && isCutOff ? `The compressed file was cut off; ${grouped(end.count)} events are whole.` : end.note
  return { header: end.header, log, bytes: writer.bytes, note }
}

/** Gives each piece of the unpacked file; true if a gzip file ended too early, which leaves a torn recording and no more. */
async function eachPiece(path: string, take: (piece: Buffer) => Promise<void>): Promise<boolean> {
  const announcedBytes = await gzipLength(path)
  let unpackedBytes = 0
  const takeAll = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) {
      unpackedBytes += piece.length
      await take(piece)
    }
  }
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 })
  if (announcedBytes === null) {
    await pipeline(file, takeAll)
    return false
  }
  try {
    // With a sync flush at the end a file that was cut off gives all that can be unpacked, where it would give an error and less.
    await pipeline(file, createGunzip({ chunkSize: 256 * 1024, finishFlush: constants.Z_SYNC_FLUSH }), takeAll)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw new RecordingProblem('The compressed file is damaged.')
    throw error
  }
  return unpackedBytes % 2 ** 32 !== announcedBytes
}

/** Null for a file that is not gzip; else the unpacked length that its last four bytes tell, modulo 2^32. */
async function gzipLength(path: string): Promise<number | null> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const start = await file.read(Buffer.alloc(2), 0, 2, 0)
    if (start.bytesRead < 2 || start.buffer.readUInt16BE() !== gzipMagic) return null
    const end = await file.read(Buffer.alloc(4), 0, 4, Math.max(0, size - 4))
    return end.buffer.readUInt32LE()
  } finally {
    await file.close()
  }
}

const gzipMagic = 0x1f8b

function decode(decoder: TextDecoder, piece: Buffer): string {
  try {
    return decoder.decode(piece, { stream: true })
  } catch {
    throw new RecordingProblem('This file holds bytes that are not UTF-8 text, which no recording does.')
  }
}

/** Writes checked lines in the current version, and tells the log where they are. */
class CopyWriter {
  readonly #copy: FileHandle
  readonly #log: EventLog
  #lines: string[] = []
  #length = 0
  bytes = 0

  constructor(copy: FileHandle, log: EventLog) {
    this.#copy = copy
    this.#log = log
  }

  async begin(header: TraceHeader): Promise<void> {
    await this.#write(`${formatHeader(header)}\n`)
  }

  async add({ lines }: ReadLines): Promise<void> {
    for (const line of lines) {
      this.#lines.push(line)
      this.#length += line.length + 1
      if (this.#length >= eventLogLimits.chunkBytes) await this.finish()
    }
  }

  /** Writes what is left as a last chunk. */
  async finish(): Promise<void> {
    if (this.#lines.length === 0) return
    const count = this.#lines.length
    const bytes = await this.#write(`${this.#lines.join('\n')}\n`)
    this.#log.appendFromFile({ from: this.#log.latest + 1, count, bytes })
    this.#lines = []
    this.#length = 0
  }

  async #write(text: string): Promise<number> {
    const data = Buffer.from(text)
    await this.#copy.writeFile(data) // Appends: a handle writes where it stands.
    this.bytes += data.length
    return data.length
  }
}

class RecordedSession implements Session {
  readonly log: EventLog
  readonly #name: string
  readonly #copyPath: string
  readonly #checked: Checked

  constructor(name: string, copyPath: string, checked: Checked) {
    this.#name = name
    this.#copyPath = copyPath
    this.#checked = checked
    this.log = checked.log
  }

  view(): SessionView {
    const { header, bytes, note } = this.#checked
    const problem = [note, this.log.problem].filter((sentence) => sentence !== '').join(' ')
    return {
      kind: 'recorded', title: header.title, reason: '', header: formatHeader(header), frozen: false, workload: null,
      recording: { path: this.#name, bytes, problem }, latest: this.log.latest,
    }
  }

  kill(): Promise<never> { return refuse('nothing in it can be killed') }
  pause(): Promise<never> { return refuse('nothing in it can be paused') }
  resume(): Promise<never> { return refuse('nothing in it can be resumed') }
  restart(): Promise<never> { return refuse('nothing in it can be restarted') }
  freeze(): Promise<never> { return refuse('there is nothing to freeze') }
  thaw(): Promise<never> { return refuse('there is nothing to thaw') }
  invoke(): Promise<never> { return refuse('no operation can be sent') }
  startWorkload(): Promise<never> { return refuse('no workload can be started') }
  stopWorkload(): Promise<never> { return refuse('there is no workload to stop') }

  recording(): RecordingSource {
    const { header, bytes } = this.#checked
    const name = `${basename(this.#name).replace(/(\.jsonl)?(\.gz)?$/, '')}.jsonl`
    return { name, header: formatHeader(header), file: { path: this.#copyPath, bytes, events: this.log.latest } }
  }

  end(): Promise<void> {
    return Promise.resolve() // Nothing runs.
  }

  async dispose(): Promise<void> {
    await rm(this.#copyPath, { force: true })
  }
}

function refuse(what: string): Promise<never> {
  return Promise.reject(new Refusal(`This is a recording: ${what}. Start a new cluster to act.`))
}
