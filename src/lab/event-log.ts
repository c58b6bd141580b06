// Stores a session's events: recent ones in memory, older ones in the recording file, from which they are read again.
// If recording stops, unrecorded events stay in memory up to a larger limit; then the oldest are dropped and `problem` says so.
// It must never block the caller of `append`, and never return an event twice or out of order.
import { open, type FileHandle } from 'node:fs/promises'
import { reasonOf } from '../system'
import { grouped } from '../trace'
import type { EventLines } from './cluster-seam'

export interface EventLogLimits {
  /** Bytes of recent events that stay in memory although the file has them too. */
  readonly recentBytesMax: number
  /** Bytes of events that stay in memory because no file has them. */
  readonly unrecordedBytesMax: number
  /** A chunk is closed at this size, which is also the size of one file read. Each entry in the chunk list costs about 60 bytes. */
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
  /** Offset of its first line in the file, counted from the end of the header line. */
  readonly offset: number
  /** Bytes of the text, with one line feed after each line. */
  bytes: number
  /** The batches in this chunk; null if they must be read from the file. */
  texts: string[] | null
}

/** The limits of one read; it always returns at least one event, however long. */
export interface ReadLimits {
  readonly eventsMax: number
  readonly bytesMax: number
}

export class EventLog {
  readonly #path: string
  readonly #limits: EventLogLimits
  readonly #chunks: Chunk[] = []
  /** Bytes of the file that are known to be complete, from the end of the header line; Infinity while recording goes on. */
  #recordedBytes = Number.POSITIVE_INFINITY
  #latest = 0
  #bytes = 0
  #bytesInMemory = 0
  /** Chunks before this index have no text in memory. */
  #firstInMemory = 0
  #headerBytes: number | null = null
  #dropped = 0
  /** seq of the last event that is known to be lost; 0 if none is. */
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

  /** The part that the file holds: its events and their bytes, without the header line. */
  get recordedPart(): { events: number; bytes: number } {
    if (this.#bytes <= this.#recordedBytes) return { events: this.#latest, bytes: this.#bytes }
    const last = this.#chunks.findLast((chunk) => chunk.offset + chunk.bytes <= this.#recordedBytes)
    return last === undefined ? { events: 0, bytes: 0 } : { events: last.from + last.count - 1, bytes: last.offset + last.bytes }
  }

  /** False if an event from `from` on is known to be lost, so that a reader would meet a gap. */
  isWholeFrom(from: number): boolean {
    return from > this.#lostTo
  }

  /** Empty, or one sentence: which events cannot be read any more, and why. */
  get problem(): string {
    if (this.#unreadable !== '') return this.#unreadable
    if (this.#dropped === 0) return ''
    return `${grouped(this.#dropped)} events are neither in the recording nor in memory any more: memory for unrecorded events is full.`
  }

  /** Adds events; the file already has `text`, unless recording stopped. Throws if they do not follow the last event, which is a bug. */
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

  /** Adds events of an opened recording, which only the file holds. `bytes` includes one line feed after each line. */
  appendFromFile({ from, count, bytes }: { from: number; count: number; bytes: number }): void {
    this.#admit(from, count, bytes)
    this.#chunks.push({ from, count, offset: this.#bytes, bytes, texts: null })
    this.#bytes += bytes
    this.#firstInMemory = this.#chunks.length
  }

  /** Recording has stopped: the file holds `fileBytes` complete bytes, header line included, and gets no more. */
  recordingStopped(fileBytes: number, headerBytes: number): void {
    this.#recordedBytes = Math.min(this.#recordedBytes, Math.max(0, fileBytes - headerBytes))
    this.#trim()
  }

  /** Events from `from` on, or from the first later one that is still available; undefined if there is none. Reads evicted events from the file. */
  async read(from: number, { eventsMax, bytesMax }: ReadLimits): Promise<EventLines | undefined> {
    const texts: string[] = []
    let first = 0
    let count = 0
    let length = 0
    for (let index = this.#indexOf(from); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk
      const next = count === 0 ? Math.max(from, chunk.from) : first + count
      if (chunk.from > next) break // A gap: the next read returns what follows it.
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

  /** Checks that the events follow the last one, and counts them. */
  #admit(from: number, count: number, bytes: number): number {
    if (from !== this.#latest + 1 || count < 1) {
      throw new Error(`events ${from} to ${from + count - 1} do not follow event ${this.#latest}`)
    }
    this.#latest = from + count - 1
    return bytes
  }

  /** Evicts the oldest texts: recorded ones beyond the small limit, unrecorded ones beyond the large limit. */
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

  /** The index of the first chunk that ends at or after `from`. */
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

  /** A chunk's lines without the last line feed; undefined if the file cannot be read any more. */
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

/** The length of the first line with its line feed, in bytes. */
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

/** Lines from index `skip` on, as many as the limits allow, but at least one. */
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
