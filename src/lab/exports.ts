// Sends a session's recording to a screen as a file, in chunks: the state at the first chunk. One export at a time for each connection.
// It must never change the recording, and never send half an event.
import { createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Refusal, type Gives } from '../contract'
import { reasonOf } from '../system'
import { DiskRoom, NoRoom, type DiskLimit } from './disk-room'
import { catchUpLimits } from './feed'
import type { Session } from './session'

/** Bytes of one chunk; base64 makes it 4/3 of this. */
export const pieceBytesMax = 1024 * 1024

interface Export {
  readonly session: Session
  readonly gzip: boolean
  readonly name: string
  /** The part that comes from a file. A temporary file must be removed here. */
  readonly file: { readonly path: string; readonly bytes: number; readonly isTemporary: boolean } | null
  /** The part that no file has: at most what the event log keeps in memory, usually nothing. */
  readonly rest: Buffer
  readonly total: number
}

type Piece = Gives<'readRecording'>

export class Exports {
  readonly #folder: string
  readonly #disk: () => DiskLimit
  #current: Export | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(folder: string, disk: () => DiskLimit) {
    this.#folder = folder
    this.#disk = disk
  }

  /** The chunk at `offset`. At 0 the recording is taken as it is now, and an earlier export of this connection ends. */
  read(session: Session, gzip: boolean, offset: number): Promise<Piece> {
    const piece = this.#turn.then(() => this.#read(session, gzip, offset))
    this.#turn = piece.catch(() => {}) // The caller gets the error; the next call must still run.
    return piece
  }

  /** The connection has ended. */
  async close(): Promise<void> {
    await this.#turn
    await this.#discard()
  }

  async #read(session: Session, gzip: boolean, offset: number): Promise<Piece> {
    if (offset === 0) {
      await this.#discard()
      this.#current = await this.#prepare(session, gzip)
    }
    const current = this.#current
    if (current === null || current.session !== session || current.gzip !== gzip) throw new Refusal('The export was not begun; read from offset 0.')
    if (offset > current.total) throw new Refusal(`offset must be at most ${current.total}, not ${offset}.`)
    const piece = await readPiece(current, offset)
    const next = offset + piece.length
    const { name, total } = current
    if (next === total) await this.#discard()
    return { name, base64: piece.toString('base64'), next, total }
  }

  async #prepare(session: Session, gzip: boolean): Promise<Export> {
    const { name, file, header } = session.recording()
    if (gzip) {
      const packed = await this.#pack(session)
      return { session, gzip, name: `${name}.gz`, file: { ...packed, isTemporary: true }, rest: Buffer.alloc(0), total: packed.bytes }
    }
    // In memory, not in a file: the recording may have stopped because the disk is full.
    const rest: Buffer[] = file === null ? [Buffer.from(`${header}\n`)] : []
    for await (const text of linesFrom(session, (file?.events ?? 0) + 1)) rest.push(Buffer.from(text))
    const kept = Buffer.concat(rest)
    return { session, gzip, name, file: file && { ...file, isTemporary: false }, rest: kept, total: (file?.bytes ?? 0) + kept.length }
  }

  async #pack(session: Session): Promise<{ path: string; bytes: number }> {
    const path = join(this.#folder, `export-${process.hrtime.bigint()}`)
    try {
      const target = createWriteStream(path, { flags: 'wx', mode: 0o600 })
      const room = new DiskRoom(path, this.#disk())
      // Asks for the unpacked size, which is never smaller than the packed one.
      const roomy = async function* (): AsyncGenerator<string> {
        for await (const text of wholeText(session)) {
          await room.need(text.length)
          yield text
        }
      }
      await pipeline(Readable.from(roomy()), createGzip(), target)
      return { path, bytes: target.bytesWritten }
    } catch (error) {
      await rm(path, { force: true })
      throw new Refusal(error instanceof NoRoom ? `The recording cannot be packed: ${error.message} Export it unpacked.` : `The recording cannot be packed (${reasonOf(error)}); export it unpacked.`)
    }
  }

  async #discard(): Promise<void> {
    const file = this.#current?.file
    this.#current = null
    if (file?.isTemporary) await rm(file.path, { force: true })
  }
}

async function readPiece({ file, rest, total }: Export, offset: number): Promise<Buffer> {
  const fileBytes = file?.bytes ?? 0
  if (file === null || offset >= fileBytes) return rest.subarray(offset - fileBytes, Math.min(total, offset + pieceBytesMax) - fileBytes)
  const length = Math.min(pieceBytesMax, fileBytes - offset)
  try {
    const handle = await open(file.path, 'r')
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset)
      if (bytesRead < length) throw new Error('the file is shorter than it was')
      return buffer
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new Refusal(`The recording cannot be read: ${reasonOf(error)}.`)
  }
}

async function* wholeText(session: Session): AsyncGenerator<string> {
  yield `${session.recording().header}\n`
  yield* linesFrom(session, 1)
}

/** The events from `from` to the newest one at the time of the call. It ends before the first lost event, as a recording has no gap. */
async function* linesFrom(session: Session, from: number): AsyncGenerator<string> {
  const { latest } = session.log
  for (let next = from; next <= latest;) {
    const lines = await session.log.read(next, { ...catchUpLimits, eventsMax: Math.min(catchUpLimits.eventsMax, latest - next + 1) })
    if (lines === undefined || lines.from !== next) return
    yield `${lines.text}\n`
    next += lines.count
  }
}
