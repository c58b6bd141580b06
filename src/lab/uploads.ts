// Files that a screen brings in pieces, whatever carries them: one at a time for each connection, in a private folder.
// It must never let a piece past what was announced, and never leave a file behind.
import { open, rm, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Refusal } from '../contract'
import { grouped } from '../trace'
import { reasonOf } from './folders'

/** A file that is brought may be this long, packed or not. */
export const uploadBytesMax = 4 * 1024 * 1024 * 1024

/** Pieces that may wait to be written: 64 of 1.5 MB. A screen that awaits each piece never meets this. */
export const piecesWaitingMax = 64

interface Upload {
  readonly id: number
  readonly name: string
  readonly path: string
  readonly file: FileHandle
  readonly bytes: number
  received: number
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

  /** Announces a file; an earlier one of this connection that was not opened is thrown away. */
  begin(name: string, bytes: number): Promise<number> {
    return this.#inTurn(async () => {
      if (bytes > uploadBytesMax) throw new Refusal(`A file of more than ${grouped(uploadBytesMax / 1024 / 1024)} MiB cannot be opened.`)
      await this.#discard()
      const id = ++this.#lastId
      const path = join(this.#folder, `upload-${process.hrtime.bigint()}`)
      const file = await open(path, 'wx', 0o600).catch((error: unknown) => { throw new Refusal(`The file cannot be kept: ${reasonOf(error)}.`) })
      this.#current = { id, name: basename(name.replaceAll('\\', '/')) || 'recording', path, file, bytes, received: 0 }
      return id
    })
  }

  /** The next piece, as base64. A piece that does not fit ends the upload. */
  async addPiece(id: number, base64: string): Promise<void> {
    if (this.#piecesWaiting >= piecesWaitingMax) throw new Refusal(`${piecesWaitingMax} pieces of the file wait to be written; wait for an answer before the next.`)
    this.#piecesWaiting++
    await this.#inTurn(() => this.#write(id, base64)).finally(() => { this.#piecesWaiting-- })
  }

  /** Hands a whole file over to be read; it is removed afterwards, whatever came of it. */
  use<Result>(id: number, use: (file: { path: string; name: string }) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => {
      const upload = this.#find(id)
      try {
        if (upload.received < upload.bytes) throw new Refusal(`Only ${grouped(upload.received)} of ${grouped(upload.bytes)} bytes of the file have arrived.`)
        return await use({ path: upload.path, name: upload.name })
      } finally {
        await this.#discard()
      }
    })
  }

  /** The connection has ended. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isClosed = true
      await this.#discard()
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

  async #write(id: number, base64: string): Promise<void> {
    const upload = this.#find(id)
    try {
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) throw new Refusal('A piece of the file is not base64.')
      const piece = Buffer.from(base64, 'base64')
      if (upload.received + piece.length > upload.bytes) throw new Refusal('The file is longer than was announced.')
      await upload.file.writeFile(piece) // Appends: a handle writes where it stands.
      upload.received += piece.length
    } catch (error) {
      await this.#discard()
      throw error instanceof Refusal ? error : new Refusal(`The file cannot be kept: ${reasonOf(error)}.`)
    }
  }

  async #discard(): Promise<void> {
    const upload = this.#current
    this.#current = null
    if (upload === null) return
    await upload.file.close()
    await rm(upload.path, { force: true })
  }
}
