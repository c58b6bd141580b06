// Hands a session's recording to a screen as a file, in pieces: what was recorded when the first piece was asked for.
// One at a time for each connection. It must never change the recording, and never hand out half an event.
import { createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Refusal, type Gives } from '../contract'
import { catchUpLimits } from './feed'
import { reasonOf } from './folders'
import type { Session } from './session'

/** Bytes of one piece: base64 makes it 4/3 of this. */
export const pieceBytesMax = 1024 * 1024

interface Export {
  readonly session: Session
  readonly gzip: boolean
  readonly name: string
  readonly path: string
  readonly total: number
  readonly isTemporary: boolean
}

type Piece = Gives<'readRecording'>

export class Exports {
  readonly #folder: string
  #current: Export | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The piece at `offset`; at 0 the recording is taken as it is now, and an earlier export of this connection is over. */
  read(session: Session, gzip: boolean, offset: number): Promise<Piece> {
    const piece = this.#turn.then(() => this.#read(session, gzip, offset))
    this.#turn = piece.catch(() => {}) // Told to who asked; the next one goes on.
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
    const { name, file } = session.recording()
    if (file !== null && !gzip) return { session, gzip, name, path: file.path, total: file.bytes, isTemporary: false }
    const path = join(this.#folder, `export-${process.hrtime.bigint()}`)
    try {
      const lines = Readable.from(recordingText(session))
      const target = createWriteStream(path, { flags: 'wx', mode: 0o600 })
      await (gzip ? pipeline(lines, createGzip(), target) : pipeline(lines, target))
      return { session, gzip, name: gzip ? `${name}.gz` : name, path, total: target.bytesWritten, isTemporary: true }
    } catch (error) {
      await rm(path, { force: true })
      throw new Refusal(`The recording cannot be packed: ${reasonOf(error)}.`)
    }
  }

  async #discard(): Promise<void> {
    const current = this.#current
    this.#current = null
    if (current?.isTemporary) await rm(current.path, { force: true })
  }
}

async function readPiece({ path, total }: Export, offset: number): Promise<Buffer> {
  const length = Math.min(pieceBytesMax, total - offset)
  try {
    const file = await open(path, 'r')
    try {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset)
      if (bytesRead < length) throw new Error('the file is shorter than it was')
      return buffer
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new Refusal(`The recording cannot be read: ${reasonOf(error)}.`)
  }
}

/** The file's text as far as it can be had now; it ends before the first event that is lost, as a recording has no gap. */
async function* recordingText(session: Session): AsyncGenerator<string> {
  const { latest } = session.log
  yield `${session.recording().header}\n`
  for (let next = 1; next <= latest;) {
    const lines = await session.log.read(next, { ...catchUpLimits, eventsMax: Math.min(catchUpLimits.eventsMax, latest - next + 1) })
    if (lines === undefined || lines.from !== next) return
    yield `${lines.text}\n`
    next += lines.count
  }
}
