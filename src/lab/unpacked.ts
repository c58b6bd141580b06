// A file's bytes: unchanged, or unpacked if its first two bytes say gzip, which may have several members.
// Of a truncated file it returns what can be unpacked and reports the truncation. It must never hold more than a few chunks.
import { createGunzip } from 'node:zlib'
import { byteSentences, RecordingProblem } from '../trace'
import { pieceBytes } from './recording-bytes'

const gzipMagic = 0x1f8b

export class Unpacked {
  readonly #source: AsyncIterable<Buffer>
  #isCutOff = false

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source
  }

  /** Valid after the last chunk: true if the packed file is truncated. */
  get isCutOff(): boolean {
    return this.#isCutOff
  }

  /** All chunks, once. Throws a `RecordingProblem` for a damaged packed file. */
  async *pieces(): AsyncGenerator<Buffer> {
    let gunzip: Gunzip | null = null
    let early: Buffer | null = Buffer.alloc(0)
    try {
      for await (const piece of this.#source) {
        const whole: Buffer = early === null ? piece : Buffer.concat([early, piece])
        if (early !== null) {
          early = whole.length < 2 ? whole : null
          if (early !== null) continue
          if (whole.readUInt16BE() === gzipMagic) gunzip = new Gunzip()
        }
        if (gunzip === null) yield whole
        else yield* gunzip.take(whole)
      }
      if (early !== null && early.length > 0) yield early
      if (gunzip === null) return
      yield* gunzip.take(null)
      this.#isCutOff = gunzip.isCutOff
    } finally {
      gunzip?.close()
    }
  }
}

/** Unpacks chunk by chunk: all output of a chunk is returned before the next one is taken, so that nothing is lost at a truncation. */
class Gunzip {
  readonly #stream = createGunzip({ chunkSize: pieceBytes })
  #error: NodeJS.ErrnoException | null = null
  #isOver = false
  #wake: () => void = () => {}
  isCutOff = false

  constructor() {
    this.#stream.on('readable', () => this.#wake())
    this.#stream.on('error', (error) => this.#failed(error))
    this.#stream.on('end', () => {
      this.#isOver = true
      this.#wake()
    })
  }

  /** Null: the end of the input. */
  async *take(piece: Buffer | null): AsyncGenerator<Buffer> {
    if (this.#isOver) return // Padding zeros after the packed file, as some media add them.
    let isTaken = false
    if (piece === null) this.#stream.end()
    else {
      this.#stream.write(piece, (error) => {
        isTaken = true
        if (error) this.#failed(error)
        this.#wake()
      })
    }
    for (;;) {
      const unpacked = this.#stream.read() as Buffer | null
      if (unpacked !== null) yield unpacked
      else if (isTaken || this.#isOver || this.#error !== null) break
      else await new Promise<void>((resolve) => { this.#wake = resolve })
    }
    // All output has been returned; only the end of the last gzip member is missing.
    if (this.#error?.code === 'Z_BUF_ERROR' && piece === null) this.isCutOff = true
    else if (this.#error !== null) throw new RecordingProblem(byteSentences.damaged)
  }

  close(): void {
    this.#stream.destroy()
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#error ??= error
    this.#wake()
  }
}
