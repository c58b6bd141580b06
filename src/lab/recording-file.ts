// Reads a recording's file, plain or gzip, piece by piece, and checks every line before it is believed.
// It must never repair: what was cut off is left out and said, anything else that is wrong is a `RecordingProblem` of one sentence.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { TextDecoder } from 'node:util'
import { constants, createGunzip } from 'node:zlib'
import { createRecordingReader, grouped, RecordingProblem, type ReadLines, type TraceHeader } from '../trace'

/** An unpacked recording is at most this long; a file that unpacks to more is refused. */
export const recordingBytesMax = 8 * 1024 * 1024 * 1024

export interface ReadOptions {
  readonly bytesMax?: number
  /** Called once, before the first lines. */
  readonly begin: (header: TraceHeader) => Promise<void> | void
  /** Called with the lines of each piece that became whole; the next piece waits for it. */
  readonly take: (lines: ReadLines) => Promise<void> | void
  /** How much of the file has been read, in its own bytes: for progress. */
  readonly read?: (bytes: number) => void
}

export interface ReadRecording {
  readonly header: TraceHeader
  readonly count: number
  /** Empty, or one sentence: the end was cut off. */
  readonly note: string
}

/** The file's first bytes say whether it is gzip. Rejects with a `RecordingProblem`, or with the file system's error. */
export async function readRecordingFile(path: string, { bytesMax = recordingBytesMax, begin, take, read }: ReadOptions): Promise<ReadRecording> {
  const reader = createRecordingReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let unpackedBytes = 0
  let hasBegun = false
  const isCutOff = await eachPiece(path, async (piece) => {
    unpackedBytes += piece.length
    if (unpackedBytes > bytesMax) throw new RecordingProblem(`This recording is longer than ${grouped(Math.floor(bytesMax / 1024 / 1024))} MiB, the most that can be opened.`)
    const lines = reader.push(decode(decoder, piece))
    if (!hasBegun && reader.header !== undefined) {
      hasBegun = true
      await begin(reader.header)
    }
    await take(lines)
  }, read)
  const end = reader.end()
  if (!hasBegun) await begin(end.header)
  await take(end)
  const note = end.note === '' && isCutOff ? `The compressed file was cut off; ${grouped(end.count)} events are whole.` : end.note
  return { header: end.header, count: end.count, note }
}

/** Gives each piece of the unpacked file; true if a gzip file ended too early, which leaves a torn recording and no more. */
async function eachPiece(path: string, take: (piece: Buffer) => Promise<void>, read?: (bytes: number) => void): Promise<boolean> {
  const announcedBytes = await gzipLength(path)
  let unpackedBytes = 0
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 })
  const takeAll = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) {
      unpackedBytes += piece.length
      read?.(file.bytesRead)
      await take(piece)
    }
  }
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
