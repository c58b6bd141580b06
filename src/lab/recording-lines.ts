// Turns a recording file into checked lines, for the window and for every command: regular file, gzip, UTF-8, limits, lines, events.
// Each fault has the same sentence for every reader. It must never return an unchecked event, or one after a wrong line.
import { isAscii, isUtf8 } from 'node:buffer'
import { byteSentences, createRecordingReader, lineBytesMax, RecordingProblem, type ReadLines, type TraceHeader } from '../trace'
import type { RecordingFile } from './recording-bytes'
import { Unpacked } from './unpacked'

/** An unpacked recording is at most this long; a file that unpacks to more is refused. */
export const recordingBytesMax = 8 * 1024 * 1024 * 1024

export interface LinesOptions {
  readonly bytesMax?: number
  /** Stops the reading; the error is its reason. */
  readonly signal?: AbortSignal
}

/** The lines that are complete after a chunk of the file; there may be none. */
export interface GivenLines extends ReadLines {
  readonly header: TraceHeader
  /** The bytes of these lines in the file, each with its line feed; null if the text differs from the file. */
  readonly bytes: Buffer | null
  /** Bytes of the unpacked file read so far. */
  readonly readBytes: number
}

export class RecordingLines {
  readonly #file: RecordingFile
  readonly #bytesMax: number
  readonly #signal: AbortSignal
  readonly #reader = createRecordingReader()
  readonly #lines = new WholeLines()
  #readBytes = 0
  #note = ''

  constructor(file: RecordingFile, { bytesMax = recordingBytesMax, signal = new AbortController().signal }: LinesOptions = {}) {
    this.#file = file
    this.#bytesMax = bytesMax
    this.#signal = signal
  }

  /** Events given so far. */
  get count(): number {
    return this.#reader.count
  }

  /** Valid at the end: empty, or one sentence that the end was truncated. */
  get note(): string {
    return this.#note
  }

  /** All lines in order, once; at least one item, with the header. Throws a `RecordingProblem`, the signal's reason, or the system's error. */
  async *all(): AsyncGenerator<GivenLines> {
    const unpacked = new Unpacked(this.#file.pieces(this.#signal))
    for await (const piece of unpacked.pieces()) {
      this.#readBytes += piece.length
      if (this.#readBytes > this.#bytesMax) throw new RecordingProblem(byteSentences.tooLong(this.#bytesMax))
      const bytes = this.#lines.take(piece)
      if (this.#lines.openBytes > lineBytesMax) throw this.#reader.tooLong()
      if (bytes === null) continue
      const isFirst = this.#reader.header === undefined
      const lines = this.#reader.push(textOf(bytes))
      const { header, isAsGiven } = this.#reader
      // The first lines are formatted again, as the header may be of an older version.
      const isAsItIs = isAsGiven && !isFirst && !bytes.includes(carriageReturn)
      if (header !== undefined) yield { header, ...lines, bytes: isAsItIs ? bytes : null, readBytes: this.#readBytes }
    }
    yield* this.#end(unpacked.isCutOff)
  }

  *#end(isCutOff: boolean): Generator<GivenLines> {
    const lines = this.#reader.push(textOf(untorn(this.#lines.rest())))
    if (isCutOff && this.#reader.header === undefined) throw new RecordingProblem('The compressed file was cut off before its first line was whole.')
    const { header, note, count, ...last } = this.#reader.end()
    this.#note = note === '' && isCutOff ? byteSentences.cutOff(count) : note
    yield { header, events: [...lines.events, ...last.events], lines: [...lines.lines, ...last.lines], bytes: null, readBytes: this.#readBytes }
  }
}

/** Cuts a file's chunks at line ends, so that complete lines are processed as bytes. */
class WholeLines {
  /** The bytes after the last line feed. */
  #open: Buffer[] = []
  #openBytes = 0

  /** The lines that are now complete, with their line feeds; null if there is none. */
  take(piece: Buffer): Buffer | null {
    const end = piece.lastIndexOf(lineFeed) + 1
    if (end === 0) {
      this.#open.push(piece)
      this.#openBytes += piece.length
      return null
    }
    const lines = this.#open.length === 0 ? piece.subarray(0, end) : Buffer.concat([...this.#open, piece.subarray(0, end)])
    this.#open = end < piece.length ? [piece.subarray(end)] : []
    this.#openBytes = piece.length - end
    return lines
  }

  /** The rest at the end of the file: a line without its line feed, or a truncated one. */
  rest(): Buffer {
    return Buffer.concat(this.#open)
  }

  get openBytes(): number {
    return this.#openBytes
  }
}

function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1') // Same text, but faster.
  if (!isUtf8(bytes)) throw new RecordingProblem(byteSentences.foreign)
  return bytes.toString('utf8')
}

/** Removes a truncated UTF-8 character from the end of the last line. */
function untorn(bytes: Buffer): Buffer {
  for (let cut = 1; cut <= 3 && !isUtf8(bytes); cut++) {
    const whole = bytes.subarray(0, Math.max(0, bytes.length - cut))
    if (isUtf8(whole)) return whole
  }
  return bytes
}

const lineFeed = 10
const carriageReturn = 13
