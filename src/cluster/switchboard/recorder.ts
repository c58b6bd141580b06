// Records a cluster: another thread writes full pages of events to the file while the next page fills, and then the lab gets the same bytes. It
// must never send the lab an event that is not in the file, unless it has reported that the file failed. A file always ends at a whole line.
import { closeSync, fstatSync, ftruncateSync, openSync, write, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { freeBytesOf } from '../../system/free-space'
import { reasonOf } from '../../system/reasons'
import { counted, type TraceHeader } from '../../trace'
import type { ClusterClock } from './cluster-clock'
import { EventWriter, type Piece } from './event-writer'

export interface RecorderOptions {
  readonly path: string
  readonly header: TraceHeader
  readonly clock: ClusterClock
  /** Continues an existing file that is whole up to this event and length; undefined: makes a new file. */
  readonly begin?: { readonly seq: number; readonly bytes: number }
  /** Recording stops when the disk has less than this free; 0: when it is full. */
  readonly freeBytesMin?: number
  /** Longest file in bytes; recording stops before it grows longer. */
  readonly bytesMax?: number
  /** Returns true if the bytes are gone and their buffer may be used again. */
  readonly onEvents: (piece: Piece) => boolean
  /** Called after every change of the problem, and after each write with the file's length. */
  readonly onFile: (bytes: number, problem: string) => void
  /** Called when `isFull` becomes false again. */
  readonly onRoom?: () => void
  /** Gets the bytes that wait for the disk, at each flush. */
  readonly onWaiting?: (bytes: number) => void
  /** Writes all of the bytes at the position or rejects; replaced in tests. */
  readonly write?: (file: number, bytes: Buffer, position: number) => Promise<void>
  /** Bytes that the disk of this folder has free; replaced in tests. */
  readonly freeBytes?: (folder: string) => Promise<number>
}

/** If more bytes than this wait for the disk, sources of events have to wait (`isFull`) until half of it is left. */
export const waitingBytesMax = 8 * 1024 * 1024
/** Shortest interval between two writes, so that a busy cluster makes few large ones. */
const pieceIntervalMs = 4
/** Free space is checked each time so many bytes were written. */
const lookAtDiskBytes = 16 * 1024 * 1024

export class Recorder {
  /** The writer of events; each event reaches the file and the lab soon after the end of this tick. */
  readonly events: EventWriter
  readonly #options: RecorderOptions
  #file: number | undefined
  /** Length of the file up to its last complete write. */
  #bytes = 0
  #lookAtDiskAt = 0
  #problem = ''
  /** The number of the last event that was sent to the lab. */
  #told: number
  #isWriting = false
  #isFull = false
  #isFlushing = false
  /** The recording is closed: what happens later, such as a stall that is noticed late, is neither written nor sent. */
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #lastFlushMs = Number.NEGATIVE_INFINITY
  readonly #toldActions: { readonly seq: number; readonly action: () => void }[] = []

  /** Opens a new recording and writes its header, or continues one. If the file cannot be opened it reports a problem, and the lab continues. */
  constructor(options: RecorderOptions) {
    this.#options = options
    const { clock, begin = { seq: 0, bytes: 0 } } = options
    this.events = new EventWriter({ clock, begin: begin.seq, onEvent: () => this.#flushSoon() })
    this.#told = begin.seq
    this.#bytes = begin.bytes
    try {
      this.#file = options.begin ? openSync(options.path, 'r+') : openNew(options.path)
      if (!options.begin) this.#bytes += writeWhole(this.#file, Buffer.from(`${JSON.stringify(options.header)}\n`), 0)
    } catch (error) {
      this.#stop(fileReasonOf(error))
    }
    options.onFile(this.#bytes, this.#problem)
  }

  /** True if so much waits for the disk that no more should be produced. */
  get isFull(): boolean {
    return this.#isFull
  }

  // ---- the file, and the lab after it

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    const sinceMs = performance.now() - this.#lastFlushMs
    if (sinceMs > pieceIntervalMs) setImmediate(() => this.flush())
    else this.#timer = setTimeout(() => this.flush(), pieceIntervalMs)
  }

  /** Sends all events so far to the file now, and to the lab after that. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#isFlushing = false
    this.#lastFlushMs = performance.now()
    if (this.#isClosed) return void this.events.takeAll()
    this.events.look()
    this.#options.onWaiting?.(this.events.bytes)
    if (this.events.bytes > waitingBytesMax) this.#isFull = true
    // While a write is in flight the next page fills, so the disk gets as much as it can take.
    if (!this.#isWriting) void this.#write()
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    for (let piece = this.events.first(); piece && !this.#isClosed; piece = this.events.first()) {
      if (this.#file !== undefined) await this.#toFile(piece.bytes)
      // `closeNow` may have written everything meanwhile.
      if (!this.events.shift(piece)) break
      this.#tell(piece)
    }
    this.#isWriting = false
  }

  async #toFile(bytes: Buffer): Promise<void> {
    const { write: writeAll = writeByThread } = this.#options
    try {
      if (this.#bytes >= this.#lookAtDiskAt) await this.lookAtDisk()
      if (this.#file === undefined) return
      if (this.#bytes + bytes.length > (this.#options.bytesMax ?? Infinity)) throw new NoMore()
      await writeAll(this.#file, bytes, this.#bytes)
      this.#bytes += bytes.length
    } catch (error) {
      this.#stop(fileReasonOf(error))
    }
    this.#options.onFile(this.#bytes, this.#problem)
  }

  /** Stops the recording if the disk has too little left. */
  async lookAtDisk(): Promise<void> {
    const { path, freeBytesMin = 0, freeBytes = freeBytesOf } = this.#options
    this.#lookAtDiskAt = this.#bytes + lookAtDiskBytes
    if (freeBytesMin === 0 || this.#file === undefined) return
    const free = await freeBytes(dirname(path))
    if (free >= freeBytesMin) return
    this.#stop(`the disk has less than ${counted(freeBytesMin / 1024 / 1024, 'MiB', 'MiB')} free.`)
    this.#options.onFile(this.#bytes, this.#problem)
  }

  #tell(piece: Piece): void {
    if (this.#options.onEvents(piece)) this.events.giveBack(piece)
    this.#told = piece.from + piece.count - 1
    while (this.#toldActions.length > 0 && (this.#toldActions[0]?.seq ?? 0) <= this.#told) this.#toldActions.shift()?.action()
    if (!this.#isFull || this.events.bytes > waitingBytesMax / 2) return
    this.#isFull = false
    this.#options.onRoom?.()
  }

  /** Calls the action when all events so far were sent to the lab. */
  whenTold(action: () => void): void {
    const { latest } = this.events
    if (this.#isClosed || this.#told === latest) return action()
    this.#toldActions.push({ seq: latest, action })
    this.flush()
  }

  /** Resolves when all events are in the file and were sent to the lab. Events after that are dropped. */
  close(): Promise<void> {
    return new Promise((resolve) => this.whenTold(() => {
      if (this.#file !== undefined) closeSync(this.#file)
      this.#file = undefined
      this.#isClosed = true
      resolve()
    }))
  }

  /**
   * For a process that is about to end: writes everything to the file synchronously, and sends nothing to the lab. What a thread may be writing is
   * written again.
   */
  closeNow(): void {
    try {
      for (const { bytes } of this.events.takeAll()) if (this.#file !== undefined) this.#bytes += writeWhole(this.#file, bytes, this.#bytes)
    } catch (error) {
      this.#stop(fileReasonOf(error))
    }
    this.#file = undefined
  }

  /** Ends the recording; the lab continues. Truncates the file to its last whole line. */
  #stop(reason: string): void {
    this.#problem = `Recording stopped: ${reason} The lab goes on.`
    if (this.#file === undefined) return
    try {
      ftruncateSync(this.#file, this.#bytes)
      closeSync(this.#file)
    } catch {
      // The disk that refused the text may refuse this too. Every reader tolerates a torn last line.
    }
    this.#file = undefined
  }
}

/** Thrown when the file would grow over its limit. */
class NoMore extends Error {
  override readonly message = 'its lab may keep no more on this disk'
}

/** Creates the file, or opens an empty file that was created to reserve the name. */
function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const file = openSync(path, 'r+')
    if (fstatSync(file).size === 0) return file
    closeSync(file)
    throw error
  }
}

function writeWhole(file: number, bytes: Buffer, position: number): number {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, position + at)
  return bytes.length
}

/** Writes on Node's own threads, so that the switchboard continues with its messages. */
function writeByThread(file: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const from = (at: number): void => write(file, bytes, at, bytes.length - at, position + at, (error, written) => {
      if (error) reject(error)
      else if (at + written < bytes.length) from(at + written)
      else resolve()
    })
    from(0)
  })
}

/** Why a file cannot be written or read: a part of a sentence, with its full stop. */
export function fileReasonOf(error: unknown): string {
  return `${reasonOf(error)}.`
}
