// Reads the bytes of a recording file once, in chunks, from a path or while it is still being uploaded.
// It must never report the end while more is to come, and never read anything but a regular file.
import type { FileHandle } from 'node:fs/promises'
import { openRegularFile } from '../cluster'

/** The largest chunk in bytes: checking it takes a few milliseconds. */
export const pieceBytes = 256 * 1024

/** A file that is still being written: its progress, and a way to wait for more. */
export interface GrowingFile {
  /** Its final size in bytes. */
  readonly size: number
  isWhole(): boolean
  /** Resolves when there are more bytes or the file is complete; rejects when no more will come. */
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

  /** The file may be removed once this has resolved. Rejects with a `NoRegularFile`, or with the system's error. */
  static async open(path: string, growing: GrowingFile | null = null): Promise<RecordingFile> {
    const { handle, size } = await openRegularFile(path)
    return new RecordingFile(handle, growing?.size ?? size, growing)
  }

  get readBytes(): number {
    return this.#readBytes
  }

  /** All chunks from the first byte on; throws the signal's reason when the signal aborts. */
  async *pieces(signal: AbortSignal): AsyncGenerator<Buffer> {
    let stop = (): void => undefined
    const stopped = new Promise<never>((_, reject) => { stop = () => reject(signal.reason as Error) })
    stopped.catch(() => undefined) // The reader gets the error; an unused promise must not be an unhandled rejection.
    signal.addEventListener('abort', stop, { once: true })
    try {
      for (;;) {
        signal.throwIfAborted()
        // Asked before the read: if the file was complete then, an empty read means the end.
        const isWhole = this.#growing?.isWhole() ?? true
        const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, this.#readBytes)
        this.#readBytes += bytesRead
        if (bytesRead > 0) yield buffer.subarray(0, bytesRead)
        else if (isWhole) return
        else await Promise.race([this.#growing?.more(), stopped])
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
