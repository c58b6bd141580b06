// The bytes of a recording's file, from a path or while it still comes from a screen: read once, in pieces.
// It must never say that a file is over while more of it is to come.
import { open, type FileHandle } from 'node:fs/promises'

/** Bytes of one piece at most: a few milliseconds of checking. */
export const pieceBytes = 256 * 1024

/** A file that is still written: how far, and when there is more. */
export interface GrowingFile {
  /** Bytes that it will have. */
  readonly size: number
  isWhole(): boolean
  /** Resolves when there are more bytes or it is whole; rejects when no more will come. */
  more(): Promise<void>
}

export class RecordingFile {
  readonly #handle: FileHandle
  readonly #growing: GrowingFile | null
  readonly size: number
  #readBytes = 0

  private constructor(handle: FileHandle, size: number, growing: GrowingFile | null) {
    this.#handle = handle
    this.size = size
    this.#growing = growing
  }

  /** The file may be removed once this has resolved. */
  static async open(path: string, growing: GrowingFile | null = null): Promise<RecordingFile> {
    const handle = await open(path, 'r')
    return new RecordingFile(handle, growing?.size ?? (await handle.stat()).size, growing)
  }

  get readBytes(): number {
    return this.#readBytes
  }

  /** Every piece, from the first byte on; ends early, with the signal's reason, when that is given. */
  async *pieces(signal: AbortSignal): AsyncGenerator<Buffer> {
    const stopped = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }))
    stopped.catch(() => undefined) // Told to who reads; nobody else waits for it.
    for (;;) {
      signal.throwIfAborted()
      // Asked before reading: what was whole then is over when nothing more is read.
      const isWhole = this.#growing?.isWhole() ?? true
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, this.#readBytes)
      this.#readBytes += bytesRead
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead)
      else if (isWhole) return
      else await Promise.race([this.#growing?.more(), stopped])
    }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
