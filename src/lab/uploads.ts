// Files that a screen brings, in pieces through its calls or as a stream beside them: one at a time for each connection, in a private
// folder. One may be opened while it still comes. It must never let a piece past what was announced, and never leave a file behind.
import { randomBytes } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Refusal } from '../contract'
import { grouped } from '../trace'
import { reasonOf } from './folders'
import type { GrowingFile } from './recording-bytes'

/** A file that is brought may be this long, packed or not. */
export const uploadBytesMax = 8 * 1024 * 1024 * 1024

/** Pieces that may wait to be written: 64 of 1.5 MB. A screen that awaits each piece never meets this. */
export const piecesWaitingMax = 64

/** A file as it is opened: it may be removed once it was. */
export interface UploadedFile {
  readonly path: string
  readonly name: string
  /** Null if all of it is there. */
  readonly growing: GrowingFile | null
}

interface Upload {
  readonly id: number
  /** Not to be guessed: it is all that a stream beside the calls shows for itself. */
  readonly key: string
  readonly name: string
  readonly path: string
  readonly file: FileHandle
  readonly bytes: number
  received: number
  /** It is read while it comes: when it is whole, nobody else needs it. */
  isRead: boolean
  /** Why the rest will not come; null while it may. */
  problem: Error | null
  /** Who waits for more of it. */
  waiting: (() => void)[]
}

export class Uploads {
  readonly #folder: string
  #current: Upload | null = null
  #lastId = 0
  // Pieces may come faster than they are written: they wait their turn here.
  #turn: Promise<unknown> = Promise.resolve()
  #piecesWaiting = 0
  #isClosed = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Announces a file; an earlier one of this connection that was not opened, or has not come whole, is thrown away. */
  begin(name: string, bytes: number): Promise<{ upload: number; key: string }> {
    return this.#inTurn(async () => {
      if (bytes > uploadBytesMax) throw new Refusal(`A file of more than ${grouped(uploadBytesMax / 1024 / 1024)} MiB cannot be opened.`)
      await this.#discard('Another file was brought in its place')
      const id = ++this.#lastId
      const key = randomBytes(24).toString('base64url')
      const path = join(this.#folder, `upload-${process.hrtime.bigint()}`)
      const file = await open(path, 'wx', 0o600).catch((error: unknown) => { throw new Refusal(`The file cannot be kept: ${reasonOf(error)}.`) })
      this.#current = { id, key, name: basename(name.replaceAll('\\', '/')) || 'recording', path, file, bytes, received: 0, isRead: false, problem: null, waiting: [] }
      return { upload: id, key }
    })
  }

  /** The next piece, as base64. A piece that does not fit ends the upload. */
  async addPiece(id: number, base64: string): Promise<void> {
    if (this.#piecesWaiting >= piecesWaitingMax) throw new Refusal(`${piecesWaitingMax} pieces of the file wait to be written; wait for an answer before the next.`)
    this.#piecesWaiting++
    await this.#inTurn(() => {
      const piece = Buffer.from(base64, 'base64')
      // What is no base64 is left out by Buffer: then there is less than there should be.
      return this.#write(id, piece, piece.length === bytesInBase64(base64) ? '' : 'A piece of the file is not base64.')
    }).finally(() => { this.#piecesWaiting-- })
  }

  /** An upload that waits for its bytes under this key. */
  has(key: string): boolean {
    return this.#current?.key === key
  }

  /** The whole file as a stream, each piece written before the next is asked for. One that ends too early, or does not fit, ends the upload. */
  async receive(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const upload = this.#current
    if (upload?.key !== key) throw new Refusal('There is no such upload; begin again.')
    try {
      for await (const piece of pieces) await this.#inTurn(() => this.#write(upload.id, piece))
    } finally {
      await this.#inTurn(() => this.#current === upload && upload.received < upload.bytes ? this.#discard('its end did not come') : Promise.resolve())
    }
  }

  /** Hands a whole file over to be read; it is removed afterwards, whatever came of it. */
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

  /** Hands a file over to be read while it comes. If it is refused no more of it is wanted. */
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

  /** The connection has ended. */
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
    this.#turn = result.catch(() => {}) // Told to who asked; the next one goes on.
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
      await upload.file.writeFile(piece) // Appends: a handle writes where it stands.
      upload.received += piece.length
      wake(upload)
      if (upload.isRead && upload.received === upload.bytes) await this.#discard('The file was opened')
    } catch (error) {
      await this.#discard('a piece of it could not be taken')
      throw error instanceof Refusal ? error : new Refusal(`The file cannot be kept: ${reasonOf(error)}.`)
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

/** How many bytes a piece of base64 stands for, if it is any; NaN if its length is that of none. */
function bytesInBase64(base64: string): number {
  if (base64.length % 4 !== 0) return NaN
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return base64.length / 4 * 3 - padding
}
