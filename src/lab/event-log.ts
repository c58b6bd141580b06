// Where a session's events are kept: recent ones in memory, older ones in the recording file, from which they are read back.
// If the recording stopped, what is not in the file stays in memory up to a larger limit; then the oldest go, and that is said.
// It must never block whoever appends, and never hand out an event twice or out of order.
import { open, type FileHandle } from 'node:fs/promises'
import { grouped } from '../trace'
import type { EventLines } from './cluster-seam'
import { reasonOf } from './folders'

export interface EventLogLimits {
  /** Text of recent events that is kept in memory although the file has it too. */
  readonly recentBytesMax: number
  /** Text that is kept in memory because no file has it. */
  readonly unrecordedBytesMax: number
  /** A chunk is closed at this size: what one read from the file brings. The list of chunks costs some 60 bytes for each. */
  readonly chunkBytes: number
}

export const eventLogLimits: EventLogLimits = {
  recentBytesMax: 32 * 1024 * 1024,
  unrecordedBytesMax: 256 * 1024 * 1024,
  chunkBytes: 256 * 1024,
}

interface Chunk {
  readonly from: number
  count: number
  /** Where its first line is in the file, counted from the end of the header line. */
  readonly offset: number
  /** Of the text and one line feed after each line. */
  bytes: number
  /** The batches that it is made of; null when they must be read from the file. */
  texts: string[] | null
}

/** What one reading may bring; one event is always brought, however long. */
export interface ReadLimits {
  readonly eventsMax: number
  readonly bytesMax: number
}

export class EventLog {
  readonly #path: string
  readonly #limits: EventLogLimits
  readonly #chunks: Chunk[] = []
  /** Bytes of the file that are known to be whole, from the end of the header line; Infinity while recording goes on. */
  #recordedBytes = Number.POSITIVE_INFINITY
  #latest = 0
  #bytes = 0
  #bytesInMemory = 0
  /** Chunks before this index have no text in memory. */
  #firstInMemory = 0
  #headerBytes: number | null = null
  #dropped = 0
  /** seq of the last event that is known to be lost; 0 while all are there. */
  #lostTo = 0
  #unreadable = ''

  /** Called when `problem` has changed. */
  onProblem: () => void = () => {}

  /** `path`: the recording, whose header line is skipped when it is read. */
  constructor(path: string, limits: EventLogLimits = eventLogLimits) {
    this.#path = path
    this.#limits = limits
  }

  /** seq of the newest event; 0 before the first. */
  get latest(): number {
    return this.#latest
  }

  /** The beginning that the file holds: how many events, and their bytes, the header line not counted. */
  get recordedPart(): { events: number; bytes: number } {
    if (this.#bytes <= this.#recordedBytes) return { events: this.#latest, bytes: this.#bytes }
    const last = this.#chunks.findLast((chunk) => chunk.offset + chunk.bytes <= this.#recordedBytes)
    return last === undefined ? { events: 0, bytes: 0 } : { events: last.from + last.count - 1, bytes: last.offset + last.bytes }
  }

  /** False if an event from `from` on is known to be lost: whoever reads on from there would meet a gap. */
  isWholeFrom(from: number): boolean {
    return from > this.#lostTo
  }

  /** Empty, or one sentence: which events can no longer be had, and why. */
  get problem(): string {
    if (this.#unreadable !== '') return this.#unreadable
    if (this.#dropped === 0) return ''
    return `${grouped(this.#dropped)} events are neither in the recording nor in memory any more: memory for unrecorded events is full.`
  }

  /** Adds events; `text` is in the file already, unless recording stopped. Throws if they do not follow the last: our mistake. */
  append({ from, count, text }: EventLines): void {
    const bytes = this.#admit(from, count, Buffer.byteLength(text) + 1)
    const last = this.#chunks.at(-1)
    if (last?.texts && last.bytes + bytes <= this.#limits.chunkBytes) {
      last.texts.push(text)
      last.count += count
      last.bytes += bytes
    } else {
      this.#chunks.push({ from, count, offset: this.#bytes, bytes, texts: [text] })
    }
    this.#bytes += bytes
    this.#bytesInMemory += bytes
    this.#trim()
  }

  /** Adds events that are only in the file (an opened recording): `bytes` with one line feed after each line. */
  appendFromFile({ from, count, bytes }: { from: number; count: number; bytes: number }): void {
    this.#admit(from, count, bytes)
    this.#chunks.push({ from, count, offset: this.#bytes, bytes, texts: null })
    this.#bytes += bytes
    this.#firstInMemory = this.#chunks.length
  }

  /** The file holds this many whole bytes, header line included, and will hold no more. */
  recordingStopped(fileBytes: number, headerBytes: number): void {
    this.#recordedBytes = Math.min(this.#recordedBytes, Math.max(0, fileBytes - headerBytes))
    this.#trim()
  }

  /**
   * Events from `from` on, or from the first one after it that can still be had; undefined if there is none.
   * Reads from the file where memory no longer has them.
   */
  async read(from: number, { eventsMax, bytesMax }: ReadLimits): Promise<EventLines | undefined> {
    const texts: string[] = []
    let first = 0
    let count = 0
    let length = 0
    for (let index = this.#indexOf(from); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk
      const next = count === 0 ? Math.max(from, chunk.from) : first + count
      if (chunk.from > next) break // A hole: what follows it is the next reading's.
      const text = await this.#textOf(chunk)
      if (text === undefined) {
        if (count > 0) break
        continue
      }
      const cut = cutLines(text, next - chunk.from, eventsMax - count, bytesMax - length)
      if (cut.count === 0 || (count > 0 && length + cut.text.length > bytesMax)) break
      if (count === 0) first = next
      texts.push(cut.text)
      count += cut.count
      length += cut.text.length + 1
      if (!cut.isAll || count >= eventsMax || length >= bytesMax) break
    }
    return count === 0 ? undefined : { from: first, count, text: texts.join('\n') }
  }

  /** Checks that events follow the last, and counts them in. */
  #admit(from: number, count: number, bytes: number): number {
    if (from !== this.#latest + 1 || count < 1) {
      throw new Error(`events ${from} to ${from + count - 1} do not follow event ${this.#latest}`)
    }
    this.#latest = from + count - 1
    return bytes
  }

  /** Lets go of the oldest texts: those that the file has beyond the small limit, those that it has not beyond the large one. */
  #trim(): void {
    while (this.#firstInMemory < this.#chunks.length - 1) {
      const chunk = this.#chunks[this.#firstInMemory] as Chunk
      const isRecorded = chunk.offset + chunk.bytes <= this.#recordedBytes
      if (this.#bytesInMemory <= (isRecorded ? this.#limits.recentBytesMax : this.#limits.unrecordedBytesMax)) return
      this.#bytesInMemory -= chunk.bytes
      if (isRecorded) {
        chunk.texts = null
        this.#firstInMemory++
      } else {
        this.#dropped += chunk.count
        this.#lose(chunk)
        this.#chunks.splice(this.#firstInMemory, 1)
      }
    }
  }

  /** The first chunk that ends at or after `from`. */
  #indexOf(from: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const chunk = this.#chunks[middle] as Chunk
      if (chunk.from + chunk.count <= from) low = middle + 1
      else high = middle
    }
    return low
  }

  /** A chunk's lines without the last line feed; undefined if the file cannot give them any more. */
  async #textOf(chunk: Chunk): Promise<string | undefined> {
    if (chunk.texts) return chunk.texts.join('\n')
    try {
      return await this.#readChunk(chunk)
    } catch (error) {
      this.#unreadable = `The older events cannot be read back from the recording: ${reasonOf(error)}.`
      this.#lose(chunk)
      return undefined
    }
  }

  #lose({ from, count }: Chunk): void {
    this.#lostTo = Math.max(this.#lostTo, from + count - 1)
    this.onProblem()
  }

  async #readChunk(chunk: Chunk): Promise<string> {
    const file = await open(this.#path, 'r')
    try {
      this.#headerBytes ??= await lengthOfFirstLine(file)
      const bytes = Buffer.allocUnsafe(chunk.bytes)
      const { bytesRead } = await file.read(bytes, 0, chunk.bytes, this.#headerBytes + chunk.offset)
      // The last line of an opened file may lack its line feed.
      if (bytesRead < chunk.bytes - 1) throw new Error('the file is shorter than it was')
      const end = bytes[bytesRead - 1] === lineFeed ? bytesRead - 1 : bytesRead
      return bytes.toString('utf8', 0, end)
    } finally {
      await file.close()
    }
  }
}

const lineFeed = 10

/** Bytes of the first line with its line feed. */
async function lengthOfFirstLine(file: FileHandle): Promise<number> {
  const piece = Buffer.allocUnsafe(64 * 1024)
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, position)
    const end = piece.subarray(0, bytesRead).indexOf(lineFeed)
    if (end !== -1) return position + end + 1
    if (bytesRead === 0) throw new Error('the file has no first line')
    position += bytesRead
  }
}

/** Lines from the `skip`th on, as many as the limits allow, but at least one. */
function cutLines(text: string, skip: number, eventsMax: number, lengthMax: number): { text: string; count: number; isAll: boolean } {
  let start = 0
  for (let line = 0; line < skip; line++) start = text.indexOf('\n', start) + 1
  let end = start
  let count = 0
  while (count < eventsMax && end <= text.length) {
    const lineEnd = text.indexOf('\n', end)
    const next = lineEnd === -1 ? text.length : lineEnd
    if (count > 0 && next - start > lengthMax) break
    count++
    end = next + 1
  }
  return { text: text.slice(start, end - 1), count, isAll: end > text.length }
}
