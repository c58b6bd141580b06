// The journal: gives every event its number and its two times, writes it to the recording, and only then tells the lab.
// Events are bytes from the start: they are laid into a page, the page is written by another thread while the next one fills, and the same
// bytes go to the lab. It must never tell what is not in the file, unless the file has failed and that was said; a file always ends at a
// whole line.
import { closeSync, ftruncateSync, openSync, statfs, write, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { counted, type EventBody, type TraceHeader } from '../trace'
import type { ClusterClock } from './cluster-clock'

/** Consecutive events as they are in the file: a JSON text a line, each line with its line feed. */
export interface Piece {
  readonly from: number
  readonly count: number
  readonly bytes: Buffer
}

export interface JournalOptions {
  readonly path: string
  readonly header: TraceHeader
  readonly clock: ClusterClock
  /** The file is there and whole up to this event and length, and is gone on with; without it a new one is made. */
  readonly begin?: { readonly seq: number; readonly bytes: number }
  /** Recording stops when the disk has less than this free; 0: when it is full. */
  readonly freeBytesMin?: number
  /** Returns true if the bytes are gone and their buffer may be used again. */
  readonly onEvents: (piece: Piece) => boolean
  /** After every change of the problem, and after each piece with the file's length. */
  readonly onFile: (bytes: number, problem: string) => void
  /** There was too much that waits for the disk (`isFull`), and now there is room again. */
  readonly onRoom?: () => void
  /** Told how many bytes wait for the disk, at each flush. */
  readonly onWaiting?: (bytes: number) => void
  /** Writes all of the bytes there or rejects; replaced in tests. */
  readonly write?: (file: number, bytes: Buffer, position: number) => Promise<void>
  /** Bytes that the disk of this folder has free; replaced in tests. */
  readonly freeBytes?: (folder: string) => Promise<number>
}

/** What one page holds, if no event is longer. */
const pageBytes = 128 * 1024
/** Pages that are kept to be filled again. */
const pagesKeptMax = 8
/** More than this waiting for the disk and whoever makes events has to wait (`isFull`), until half of it is left. */
export const waitingBytesMax = 8 * 1024 * 1024
/** What came sooner after the last piece than this waits for the rest of it, so that a busy cluster makes few large pieces. */
const pieceIntervalMs = 4
/** The disk's free space is looked at each time so much was written. */
const lookAtDiskBytes = 16 * 1024 * 1024

export class Journal {
  readonly #options: JournalOptions
  #file: number | undefined
  /** Where the last whole piece ends. */
  #bytes = 0
  #lookAtDiskAt = 0
  #problem = ''
  #seq = 0
  /** The last event that was told. */
  #told = 0
  #page: Buffer = Buffer.allocUnsafeSlow(pageBytes)
  #length = 0
  /** The first event in the page. */
  #pageFrom = 1
  readonly #pages: Buffer[] = []
  /** Full pieces that wait for the disk, the one that is being written first. */
  readonly #waiting: Piece[] = []
  #waitingBytes = 0
  #isWriting = false
  #isFull = false
  #isFlushing = false
  #timer: NodeJS.Timeout | undefined
  #lastFlushMs = Number.NEGATIVE_INFINITY
  readonly #toldActions: { readonly seq: number; readonly action: () => void }[] = []
  /** The two times as text, read once for all that is told together. */
  #times = ''

  /** Opens the recording and writes its header, or goes on with one. A file that cannot be opened is a problem, not the end of the lab. */
  constructor(options: JournalOptions) {
    this.#options = options
    this.#seq = this.#told = options.begin?.seq ?? 0
    this.#pageFrom = this.#seq + 1
    this.#bytes = options.begin?.bytes ?? 0
    try {
      this.#file = openSync(options.path, options.begin ? 'r+' : 'wx', 0o600)
      if (!options.begin) this.#bytes += writeWhole(this.#file, Buffer.from(`${JSON.stringify(options.header)}\n`), 0)
    } catch (error) {
      this.#stop(fileReasonOf(error))
    }
    options.onFile(this.#bytes, this.#problem)
  }

  /** The number of the last event. */
  get latest(): number {
    return this.#seq
  }

  /** Bytes of events that are not in the file yet. */
  get waitingBytes(): number {
    return this.#waitingBytes + this.#length
  }

  /** So much waits for the disk that no more should be made. */
  get isFull(): boolean {
    return this.#isFull
  }

  // ---- events

  /** The clock is read again for the next event: something new has come about. */
  look(): void {
    this.#times = ''
  }

  /** Writes an event; it reaches the file and the lab soon after the end of this tick. */
  event(body: EventBody): void {
    this.look()
    this.text(JSON.stringify(body).slice(1))
  }

  /** JSON text of an event's body without its first brace. */
  text(fields: string): void {
    // UTF-8 has at most three bytes for each of a string's units.
    this.#begin(fields.length * 3)
    this.#length += this.#page.write(fields, this.#length, 'utf8')
    this.#end()
  }

  /** The same in pieces, all ASCII: what happens at every message. No text is put together for it, nor is the engine asked to write it. */
  ascii(...pieces: string[]): void {
    this.#begin(lengthOf(pieces))
    this.#layPieces(pieces)
    this.#end()
  }

  /** The same as pieces of ASCII, then bytes of another buffer as they are, and `tail`. */
  bytes(source: Buffer, start: number, end: number, tail: '' | '}', ...pieces: string[]): void {
    this.#begin(lengthOf(pieces) + end - start)
    this.#layPieces(pieces)
    this.#length += source.copy(this.#page, this.#length, start, end)
    if (tail !== '') this.#page[this.#length++] = closingBrace
    this.#end()
  }

  /** The event's number and times, and room for so much more. The number is the page's from here on: nothing may throw before its line is whole. */
  #begin(bytes: number): void {
    this.#seq++
    if (this.#times === '') {
      const { clock } = this.#options
      this.#times = `,"at":${clock.now()},"wall":${clock.wall()},`
    }
    this.#reserve(stampBytesMax + bytes)
    this.#layPiece('{"seq":')
    this.#layPiece(String(this.#seq))
    this.#layPiece(this.#times)
  }

  #end(): void {
    this.#page[this.#length++] = lineFeed
    this.#flushSoon()
  }

  #layPieces(pieces: readonly string[]): void {
    for (const piece of pieces) this.#layPiece(piece)
  }

  /** Short ASCII, in a loop: a call into the engine takes longer. */
  #layPiece(piece: string): void {
    const page = this.#page
    let at = this.#length
    for (let index = 0; index < piece.length; index++) page[at++] = piece.charCodeAt(index)
    this.#length = at
  }

  /** Room in the page for the line of the event that has just got its number. */
  #reserve(bytes: number): void {
    if (this.#page.length - this.#length >= bytes) return
    this.#seal(this.#seq - 1)
    if (this.#page.length < bytes) this.#page = Buffer.allocUnsafeSlow(bytes)
  }

  /** The page is a piece from here on, up to this event. */
  #seal(last: number): void {
    if (this.#length === 0) return
    this.#waiting.push({ from: this.#pageFrom, count: last - this.#pageFrom + 1, bytes: this.#page.subarray(0, this.#length) })
    this.#waitingBytes += this.#length
    this.#pageFrom = last + 1
    this.#page = this.#pages.pop() ?? Buffer.allocUnsafeSlow(pageBytes)
    this.#length = 0
  }

  // ---- the file, and the lab after it

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    const sinceMs = performance.now() - this.#lastFlushMs
    if (sinceMs > pieceIntervalMs) setImmediate(() => this.flush())
    else this.#timer = setTimeout(() => this.flush(), pieceIntervalMs)
  }

  /** What was told so far goes to the file now, and to the lab after that. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#isFlushing = false
    this.#lastFlushMs = performance.now()
    this.look()
    this.#options.onWaiting?.(this.waitingBytes)
    if (this.waitingBytes > waitingBytesMax) this.#isFull = true
    // While a piece is on its way the page goes on filling: the disk is given as much as it can take.
    if (!this.#isWriting) void this.#write()
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    for (let piece = this.#next(); piece; piece = this.#next()) {
      if (this.#file !== undefined) await this.#toFile(piece.bytes)
      // The recording may have been ended meanwhile, in one go.
      if (this.#waiting[0] !== piece) break
      this.#waiting.shift()
      this.#waitingBytes -= piece.bytes.length
      this.#tell(piece)
    }
    this.#isWriting = false
  }

  #next(): Piece | undefined {
    if (this.#waiting.length === 0) this.#seal(this.#seq)
    return this.#waiting[0]
  }

  async #toFile(bytes: Buffer): Promise<void> {
    const { write: writeAll = writeByThread } = this.#options
    try {
      if (this.#bytes >= this.#lookAtDiskAt) await this.lookAtDisk()
      if (this.#file === undefined) return
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
    const isReusable = this.#options.onEvents(piece)
    const page = piece.bytes
    if (isReusable && page.buffer.byteLength === pageBytes && this.#pages.length < pagesKeptMax) this.#pages.push(Buffer.from(page.buffer, 0, pageBytes))
    this.#told = piece.from + piece.count - 1
    while (this.#toldActions.length > 0 && (this.#toldActions[0]?.seq ?? 0) <= this.#told) this.#toldActions.shift()?.action()
    if (!this.#isFull || this.waitingBytes > waitingBytesMax / 2) return
    this.#isFull = false
    this.#options.onRoom?.()
  }

  /** Calls the action once everything was told that has happened so far. */
  whenTold(action: () => void): void {
    if (this.#told === this.#seq) return action()
    this.#toldActions.push({ seq: this.#seq, action })
    this.flush()
  }

  /** Resolves when everything is in the file and was told. */
  close(): Promise<void> {
    return new Promise((resolve) => this.whenTold(() => {
      if (this.#file !== undefined) closeSync(this.#file)
      this.#file = undefined
      resolve()
    }))
  }

  /** The process is about to end: everything goes to the file at once, and nobody is told. What a thread may be writing is written again. */
  closeNow(): void {
    this.#seal(this.#seq)
    try {
      for (const { bytes } of this.#waiting) if (this.#file !== undefined) this.#bytes += writeWhole(this.#file, bytes, this.#bytes)
    } catch (error) {
      this.#stop(fileReasonOf(error))
    }
    this.#waiting.length = 0
    this.#file = undefined
  }

  /** Recording ends, the lab goes on. What stands in the file is cut back to its last whole line. */
  #stop(reason: string): void {
    this.#problem = `Recording stopped: ${reason} The lab goes on.`
    if (this.#file === undefined) return
    try {
      ftruncateSync(this.#file, this.#bytes)
      closeSync(this.#file)
    } catch {
      // The disk that refused the text may refuse this too; a torn last line is tolerated by every reader.
    }
    this.#file = undefined
  }
}

function lengthOf(pieces: readonly string[]): number {
  let length = 0
  for (const piece of pieces) length += piece.length
  return length
}

/** Number, times, a closing brace and a line feed. */
const stampBytesMax = 128
const closingBrace = 0x7d
const lineFeed = 0x0a

function writeWhole(file: number, bytes: Buffer, position: number): number {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, position + at)
  return bytes.length
}

/** Node's own threads write; the switchboard goes on with its messages meanwhile. */
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

function freeBytesOf(folder: string): Promise<number> {
  return new Promise((resolve) => statfs(folder, (error, found) => {
    // A system that does not tell its free space has no limit but its end.
    resolve(error ? Number.POSITIVE_INFINITY : found.bavail * found.bsize)
  }))
}

/** Why a file cannot be written: a part of a sentence, with its full stop. */
export function fileReasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  switch (code) {
    case 'ENOSPC': return 'the disk is full.'
    case 'EDQUOT': return 'the quota of this disk is used up.'
    case 'EROFS': return 'the disk is read-only.'
    case 'EACCES':
    case 'EPERM': return 'the folder may not be written.'
    case 'EEXIST': return 'there is a file of that name already.'
    default: return `${error instanceof Error ? error.message : String(error)}.`
  }
}
