// Reads a recording from a file once, checks every line, and writes what is well as a plain copy that the event log reads: piece by
// piece, so that a lab does other things meanwhile, and what was read can be shown before the rest is.
// It must never log an event that it has not checked, or one after a line that is wrong.
import { isAscii, isUtf8 } from 'node:buffer'
import { open, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip } from 'node:zlib'
import { createRecordingReader, formatHeader, grouped, lineBytesMax, RecordingProblem, type ReadLines, type TraceHeader } from '../trace'
import type { EventLog } from './event-log'
import { pieceBytes, type RecordingFile } from './recording-bytes'

/** Unpacked bytes that are checked before anything is shown: a short file that is wrong anywhere is refused whole. */
export const beginningBytes = 1024 * 1024

export interface ReadingOptions {
  /** Closed at the end. */
  readonly file: RecordingFile
  /** Written anew. */
  readonly copyPath: string
  /** Where the events go; it reads the copy. */
  readonly log: EventLog
  readonly bytesMax: number
  /** The log has more. */
  readonly onEvents: () => void
}

/** Why a reading ended that somebody stopped. */
export class ReadingStopped extends Error {
  override readonly name = 'ReadingStopped'
}

export class RecordingReading {
  /** Resolves when the beginning was read and is well; never, if the file is over or wrong before that. */
  readonly beginning: Promise<void>
  readonly #options: ReadingOptions
  readonly #reader = createRecordingReader()
  readonly #lines = new WholeLines()
  readonly #stop = new AbortController()
  #endBeginning: () => void = () => {}
  #header: TraceHeader | null = null
  #copy: FileHandle | null = null
  #copiedBytes = 0
  #unpackedBytes = 0
  /** The last four bytes of the file so far: a packed one says there how long it is unpacked. */
  #lastBytes = Buffer.alloc(0)

  constructor(options: ReadingOptions) {
    this.#options = options
    this.beginning = new Promise((resolve) => { this.#endBeginning = resolve })
  }

  /** Throws before the beginning was read. */
  get header(): TraceHeader {
    if (this.#header === null) throw new Error('the header was asked for before it was read')
    return this.#header
  }

  /** Bytes of the copy: the header line and every event of the log. */
  get bytes(): number { return this.#copiedBytes }

  /** The share of the file that was read, from 0 to 1. */
  get share(): number {
    const { size, readBytes } = this.#options.file
    return size === 0 ? 1 : Math.min(1, readBytes / size)
  }

  /** Reads to the end. Resolves with a note: empty, or what was cut off. Rejects with a `RecordingProblem`, a `ReadingStopped`, or the system's error. */
  async run(): Promise<string> {
    const { file, copyPath } = this.#options
    try {
      this.#copy = await open(copyPath, 'wx', 0o600)
      try {
        return await this.#readAll()
      } finally {
        await this.#copy.close()
      }
    } catch (error) {
      throw this.#stop.signal.aborted ? new ReadingStopped('reading was stopped') : error
    } finally {
      await file.close()
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  async #readAll(): Promise<string> {
    const isCutOff = await this.#eachPiece()
    await this.#takeText(textOf(untorn(this.#lines.rest())), null)
    const end = this.#reader.end()
    await this.#begin(end.header)
    await this.#copyLines(end, null)
    return end.note === '' && isCutOff ? `The compressed file was cut off; ${grouped(end.count)} events are whole.` : end.note
  }

  /** Takes each piece of the unpacked file; true if a gzip file ended too early, which leaves a torn recording and no more. */
  async #eachPiece(): Promise<boolean> {
    const { signal } = this.#stop
    const raw = this.#rawPieces()
    const first = await raw.next()
    async function* all(): AsyncGenerator<Buffer> {
      if (!first.done) yield first.value
      yield* raw
    }
    const takeAll = async (pieces: AsyncIterable<Buffer>): Promise<void> => { for await (const piece of pieces) await this.#take(piece) }
    if (first.done || first.value.length < 2 || first.value.readUInt16BE() !== gzipMagic) {
      await takeAll(all())
      return false
    }
    try {
      // With a sync flush at the end a file that was cut off gives all that can be unpacked, where it would give an error and less.
      await pipeline(all(), createGunzip({ chunkSize: pieceBytes, finishFlush: constants.Z_SYNC_FLUSH }), takeAll, { signal })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw new RecordingProblem('The compressed file is damaged.')
      throw error
    }
    return this.#unpackedBytes % 2 ** 32 !== (this.#lastBytes.length === 4 ? this.#lastBytes.readUInt32LE() : -1)
  }

  /** The file as it is; the first piece has the two bytes that tell what it is, if the file has. */
  async *#rawPieces(): AsyncGenerator<Buffer> {
    let early: Buffer | null = null
    for await (const piece of this.#options.file.pieces(this.#stop.signal)) {
      this.#lastBytes = Buffer.concat([this.#lastBytes, piece.subarray(-4)]).subarray(-4)
      const whole: Buffer = early === null ? piece : Buffer.concat([early, piece])
      early = whole.length < 2 ? whole : null
      if (early === null) yield whole
    }
    if (early !== null) yield early
  }

  async #take(piece: Buffer): Promise<void> {
    const { bytesMax } = this.#options
    this.#unpackedBytes += piece.length
    if (this.#unpackedBytes > bytesMax) throw new RecordingProblem(`This recording is longer than ${grouped(Math.floor(bytesMax / 1024 / 1024))} MiB, the most that can be opened.`)
    const lines = this.#lines.take(piece)
    if (this.#lines.openBytes > lineBytesMax) throw this.#reader.tooLong()
    if (lines === null) return
    await this.#takeText(textOf(lines), lines)
    if (this.#unpackedBytes >= beginningBytes && this.#options.log.latest > 0) this.#endBeginning()
    this.#options.onEvents()
  }

  /** `bytes`: the same lines, whole and as they are in the file; null where they are not whole lines. */
  async #takeText(text: string, bytes: Buffer | null): Promise<void> {
    const isFirst = this.#header === null
    const lines = this.#reader.push(text)
    if (this.#reader.header === undefined) return
    await this.#begin(this.#reader.header)
    // The usual file is copied as it is; the first lines are made anew, as the header may be of an older version.
    const isAsItIs = bytes !== null && !isFirst && this.#reader.isCurrent && !bytes.includes(carriageReturn)
    await this.#copyLines(lines, isAsItIs ? bytes : null)
  }

  async #begin(header: TraceHeader): Promise<void> {
    if (this.#header !== null) return
    this.#header = header
    await this.#write(Buffer.from(`${formatHeader(header)}\n`))
  }

  /** Writes lines as one chunk, and tells the log where they are. */
  async #copyLines({ lines }: ReadLines, asTheyAre: Buffer | null): Promise<void> {
    if (lines.length === 0) return
    const { log } = this.#options
    const bytes = await this.#write(asTheyAre ?? Buffer.from(`${lines.join('\n')}\n`))
    log.appendFromFile({ from: log.latest + 1, count: lines.length, bytes })
  }

  async #write(data: Buffer): Promise<number> {
    await this.#copy?.writeFile(data) // Appends: a handle writes where it stands.
    this.#copiedBytes += data.length
    return data.length
  }
}

/** Cuts pieces of a file at the ends of lines, so that whole lines are looked at as bytes. */
class WholeLines {
  /** What came after the last line feed. */
  #open: Buffer[] = []

  /** The lines that are whole now, with their line feeds; null if none is. */
  take(piece: Buffer): Buffer | null {
    const end = piece.lastIndexOf(lineFeed) + 1
    if (end === 0) {
      this.#open.push(piece)
      return null
    }
    const lines = this.#open.length === 0 ? piece.subarray(0, end) : Buffer.concat([...this.#open, piece.subarray(0, end)])
    this.#open = end < piece.length ? [piece.subarray(end)] : []
    return lines
  }

  /** What is left at the end of the file: a line without its line feed, or a torn one. */
  rest(): Buffer {
    return Buffer.concat(this.#open)
  }

  get openBytes(): number {
    return this.#open.reduce((sum, { length }) => sum + length, 0)
  }
}

function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1') // The same text, and quicker made.
  if (!isUtf8(bytes)) throw new RecordingProblem('This file holds bytes that are not UTF-8 text, which no recording does.')
  return bytes.toString('utf8')
}

/** A last line without a character that was cut off within itself. */
function untorn(bytes: Buffer): Buffer {
  for (let cut = 1; cut <= 3 && !isUtf8(bytes); cut++) {
    const whole = bytes.subarray(0, Math.max(0, bytes.length - cut))
    if (isUtf8(whole)) return whole
  }
  return bytes
}

const lineFeed = 10
const carriageReturn = 13
const gzipMagic = 0x1f8b
