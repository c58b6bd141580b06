// Writes a recording's lines into a file that was just made, and tells the event log where they are.
// Lines must be whole, checked and of the current version; it must never change one.
import type { FileHandle } from 'node:fs/promises'
import { formatHeader, type TraceHeader } from '../trace'
import { type EventLog, eventLogLimits } from './event-log'

export class RecordingWriter {
  readonly #file: FileHandle
  readonly #log: EventLog
  #lines: string[] = []
  #length = 0
  bytes = 0

  constructor(file: FileHandle, log: EventLog) {
    this.#file = file
    this.#log = log
  }

  async begin(header: TraceHeader): Promise<void> {
    await this.#write(`${formatHeader(header)}\n`)
  }

  async add(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.#lines.push(line)
      this.#length += line.length + 1
      if (this.#length >= eventLogLimits.chunkBytes) await this.finish()
    }
  }

  /** Writes what is left as a last chunk. */
  async finish(): Promise<void> {
    if (this.#lines.length === 0) return
    const count = this.#lines.length
    const bytes = await this.#write(`${this.#lines.join('\n')}\n`)
    this.#log.appendFromFile({ from: this.#log.latest + 1, count, bytes })
    this.#lines = []
    this.#length = 0
  }

  async #write(text: string): Promise<number> {
    const data = Buffer.from(text)
    await this.#file.writeFile(data) // Appends: a handle writes where it stands.
    this.bytes += data.length
    return data.length
  }
}
