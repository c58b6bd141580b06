// Uploads of a screen, in chunks through its calls or as a stream beside them: one at a time for each connection, in a private folder.
// A file may be opened while it is still being uploaded. It must never accept more bytes than announced, and never leave a file behind.
import { randomBytes } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Refusal } from '../contract'
import { reasonOf } from '../system'
import { grouped } from '../trace'
import { DiskRoom, NoRoom, type DiskLimit } from './disk-room'
import type { GrowingFile } from './recording-bytes'

/** The largest upload in bytes, packed or not. */
export const uploadBytesMax = 8 * 1024 * 1024 * 1024

/** The limits of chunks that wait to be written, and of their characters. A screen that awaits each chunk never reaches them. */
export const piecesWaitingMax = 64
const charactersWaitingMax = 16 * 1024 * 1024

/** A file to open; it may be removed once it is open. */
export interface UploadedFile {
  readonly path: string
  readonly name: string
  /** Null if the file is complete. */
  readonly growing: GrowingFile | null
}

interface Upload {
  readonly id: number
  /** A secret: it is the only authentication of a stream beside the calls. */
  readonly key: string
  readonly name: string
  readonly path: string
  readonly file: FileHandle
  readonly room: DiskRoom
  readonly bytes: number
  received: number
  /** It was opened while still being uploaded: when complete, it can be removed. */
  isRead: boolean
  /** Why the rest will not arrive; null while it may. */
  problem: Error | null
  /** Callbacks of readers that wait for more bytes. */
  waiting: (() => void)[]
}

export class Uploads {
  readonly #folder: string
  readonly #disk: () => DiskLimit
  #current: Upload | null = null
  #lastId = 0
  // Chunks may arrive faster than they are written, so all calls run in turn.
  #turn: Promise<unknown> = Promise.resolve()
  #piecesWaiting = 0
  #charactersWaiting = 0
  #isClosed = false

  constructor(folder: string, disk: () => DiskLimit) {
    this.#folder = folder
    this.#disk = disk
  }

  /** Announces a file. An earlier file of this connection that was not opened, or is incomplete, is discarded. */
  begin(name: string, bytes: number): Promise<{ upload: number; key: string }> {
    return this.#inTurn(async () => {
      if (bytes > uploadBytesMax) throw new Refusal(`A file of more than ${grouped(uploadBytesMax / 1024 / 1024)} MiB cannot be opened.`)
      await this.#discard('Another file was brought in its place')
      const id = ++this.#lastId
      const key = randomBytes(24).toString('base64url')
      const path = join(this.#folder, `upload-${process.hrtime.bigint()}`)
      const room = new DiskRoom(path, this.#disk())
      await room.need(bytes).catch((error: unknown) => { throw new Refusal(`The file cannot be kept: ${reasonOf(error)}.`) })
      const file = await open(path, 'wx', 0o600).catch((error: unknown) => { throw new Refusal(`The file cannot be kept: ${reasonOf(error)}.`) })
      this.#current = { id, key, name: basename(name.replaceAll('\\', '/')) || 'recording', path, file, room, bytes, received: 0, isRead: false, problem: null, waiting: [] }
      return { upload: id, key }
    })
  }

  /** The next chunk, as base64. An invalid chunk ends the upload. */
  async addPiece(id: number, base64: string): Promise<void> {
    if (this.#piecesWaiting >= piecesWaitingMax || this.#charactersWaiting > charactersWaitingMax) throw new Refusal(`${this.#piecesWaiting} pieces of the file wait to be written; wait for an answer before the next.`)
    this.#piecesWaiting++
    this.#charactersWaiting += base64.length
    await this.#inTurn(() => {
      const piece = Buffer.from(base64, 'base64')
      // Buffer skips invalid base64, so the result would be too short.
      return this.#write(id, piece, piece.length === bytesInBase64(base64) ? '' : 'A piece of the file is not base64.')
    }).finally(() => {
      this.#piecesWaiting--
      this.#charactersWaiting -= base64.length
    })
  }

  /** True if an upload with this key expects bytes. */
  has(key: string): boolean {
    return this.#current?.key === key
  }

  /** Receives the whole file as a stream; each chunk is written before the next is requested. A stream that is too short or too long ends the upload. */
  async receive(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const upload = this.#current
    if (upload?.key !== key) throw new Refusal('There is no such upload; begin again.')
    try {
      for await (const piece of pieces) await this.#inTurn(() => this.#write(upload.id, piece))
    } finally {
      await this.#inTurn(() => this.#current === upload && upload.received < upload.bytes ? this.#discard('its end did not come') : Promise.resolve())
    }
  }

  /** Passes a complete file to `use`; removes it afterwards in any case. */
  use<Result>(id: number, use: (file: UploadedFile) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => {
      const upload = this.#find(id)
      try {
        if (upload.received < upload.bytes) throw new Refusal(`Only ${grouped(upload.received)} of ${grouped(upload.bytes)} bytes of the file have arrived.`)
        return await use({ path: upload.path, name: upload.name, growing: null })
      } finally {
        await this.#discard('The file was opened')
      }
    })
  }

  /** Passes a file to `use` while it is still being uploaded. If `use` rejects, the upload ends. */
  async useWhileItComes<Result>(id: number, use: (file: UploadedFile) => Promise<Result>): Promise<Result> {
    const upload = await this.#inTurn(() => Promise.resolve(this.#find(id)))
    try {
      const opened = await use({ path: upload.path, name: upload.name, growing: growingFile(upload) })
      upload.isRead = true
      await this.#inTurn(() => this.#current === upload && upload.received === upload.bytes ? this.#discard('The file was opened') : Promise.resolve())
      return opened
    } catch (error) {
      await this.#inTurn(() => this.#current === upload ? this.#discard('The file was refused') : Promise.resolve())
      throw error
    }
  }

  /** To be called when the connection has ended. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isClosed = true
      await this.#discard('the screen that brought it has gone')
    })
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(() => {
      if (this.#isClosed) throw new Refusal('The connection has ended.')
      return act()
    })
    this.#turn = result.catch(() => {}) // The caller gets the error; the next call must still run.
    return result
  }

  #find(id: number): Upload {
    if (this.#current?.id !== id) throw new Refusal('There is no such upload; begin again.')
    return this.#current
  }

  async #write(id: number, piece: Uint8Array, problem = ''): Promise<void> {
    const upload = this.#find(id)
    try {
      if (problem !== '') throw new Refusal(problem)
      if (upload.received + piece.length > upload.bytes) throw new Refusal('The file is longer than was announced.')
      await upload.room.need(piece.length)
      await upload.file.writeFile(piece) // Appends at the handle's position.
      upload.received += piece.length
      wake(upload)
      if (upload.isRead && upload.received === upload.bytes) await this.#discard('The file was opened')
    } catch (error) {
      await this.#discard('a piece of it could not be taken')
      if (error instanceof Refusal) throw error
      throw new Refusal(`The file cannot be kept: ${error instanceof NoRoom ? error.message : `${reasonOf(error)}.`}`)
    }
  }

  async #discard(why: string): Promise<void> {
    const upload = this.#current
    this.#current = null
    if (upload === null) return
    if (upload.received < upload.bytes) upload.problem = new Error(why)
    wake(upload)
    await upload.file.close()
    await rm(upload.path, { force: true })
  }
}

function growingFile(upload: Upload): GrowingFile {
  return {
    size: upload.bytes,
    isWhole: () => upload.received >= upload.bytes,
    more: async () => {
      const { received } = upload
      while (upload.problem === null && upload.received === received && received < upload.bytes) {
        await new Promise<void>((resolve) => upload.waiting.push(resolve))
      }
      if (upload.problem !== null) throw upload.problem
    },
  }
}

function wake(upload: Upload): void {
  const { waiting } = upload
  upload.waiting = []
  for (const resolve of waiting) resolve()
}

/** The number of bytes in a base64 text; NaN if its length is invalid. */
function bytesInBase64(base64: string): number {
  if (base64.length % 4 !== 0) return NaN
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return base64.length / 4 * 3 - padding
}
