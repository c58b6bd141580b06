// Reads a recording file once and writes the valid part to a plain copy, which the event log reads. It works in chunks, so that the lab can do other
// work and the beginning can be shown early. It must never log an event before it is in the copy.
import { open, type FileHandle } from 'node:fs/promises'
import { formatHeader, type TraceHeader } from '../trace'
import { DiskRoom, type DiskLimit } from './disk-room'
import type { EventLog } from './event-log'
import type { RecordingFile } from './recording-bytes'
import { RecordingLines, type GivenLines } from './recording-lines'

/** Unpacked bytes that are checked before anything is shown, so a short file with a fault anywhere is refused as a whole. */
export const beginningBytes = 1024 * 1024

export interface ReadingOptions {
  /** This reading closes the file at the end. */
  readonly file: RecordingFile
  /** The path of the copy, which is created. */
  readonly copyPath: string
  /** The log for the events; it reads the copy. */
  readonly log: EventLog
  readonly bytesMax: number
  /** The limit for the copy. */
  readonly disk: DiskLimit
  /** Called when the log has new events. */
  readonly onEvents: () => void
}

/** The error of a stopped reading. */
export class ReadingStopped extends Error {
  override readonly name = 'ReadingStopped'
}

export class RecordingReading {
  /** Resolves when the beginning has been read and is valid; never resolves if the file ends or is wrong before that. */
  readonly beginning: Promise<void>
  readonly #options: ReadingOptions
  readonly #stop = new AbortController()
  #endBeginning: () => void = () => {}
  #header: TraceHeader | null = null
  #copy: FileHandle | null = null
  #copiedBytes = 0
  readonly #room: DiskRoom

  constructor(options: ReadingOptions) {
    this.#options = options
    this.#room = new DiskRoom(options.copyPath, options.disk)
    this.beginning = new Promise((resolve) => { this.#endBeginning = resolve })
  }

  /** Throws if the beginning has not been read. */
  get header(): TraceHeader {
    if (this.#header === null) throw new Error('the header was asked for before it was read')
    return this.#header
  }

  /** The size of the copy in bytes: the header line and all logged events. */
  get bytes(): number { return this.#copiedBytes }

  /** The share of the file that has been read, from 0 to 1. */
  get share(): number {
    const { size, readBytes } = this.#options.file
    return size === 0 ? 1 : Math.min(1, readBytes / size)
  }

  /**
   * Reads to the end. Resolves with a note: empty, or what was truncated.
   * Rejects with a `RecordingProblem`, a `ReadingStopped`, a `NoRoom`, or the system's error.
   */
  async run(): Promise<string> {
    const { file, copyPath } = this.#options
    try {
      this.#copy = await open(copyPath, 'wx', 0o600)
      try {
        return await this.#readAll()
      } finally {
        await this.#copy.close()
      }
    } catch (error) {
      throw this.#stop.signal.aborted ? new ReadingStopped('reading was stopped') : error
    } finally {
      await file.close()
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  async #readAll(): Promise<string> {
    const { file, bytesMax, log, onEvents } = this.#options
    const lines = new RecordingLines(file, { bytesMax, signal: this.#stop.signal })
    for await (const given of lines.all()) {
      await this.#begin(given.header)
      await this.#copyLines(given)
      if (given.readBytes >= beginningBytes && log.latest > 0) this.#endBeginning()
      onEvents()
    }
    return lines.note
  }

  async #begin(header: TraceHeader): Promise<void> {
    if (this.#header !== null) return
    this.#header = header
    await this.#write(Buffer.from(`${formatHeader(header)}\n`))
  }

  /** Writes lines as one chunk and adds it to the log. An unchanged chunk is copied as bytes, which is the usual case. */
  async #copyLines({ lines, bytes: asTheyAre }: GivenLines): Promise<void> {
    if (lines.length === 0) return
    const { log } = this.#options
    const bytes = await this.#write(asTheyAre ?? Buffer.from(`${lines.join('\n')}\n`))
    log.appendFromFile({ from: log.latest + 1, count: lines.length, bytes })
  }

  async #write(data: Buffer): Promise<number> {
    await this.#room.need(data.length)
    await this.#copy?.writeFile(data) // Appends at the handle's position.
    this.#copiedBytes += data.length
    return data.length
  }
}
