// Writes a recording's lines into a new file and adds their positions to the event log.
// Lines must be complete, checked and of the current version; it must never change one.
import type { FileHandle } from 'node:fs/promises'
import { formatHeader, type TraceHeader } from '../trace'
import type { DiskRoom } from './disk-room'
import { type EventLog, eventLogLimits } from './event-log'

export class RecordingWriter {
  readonly #file: FileHandle
  readonly #log: EventLog
  readonly #room: DiskRoom
  #lines: string[] = []
  #length = 0
  bytes = 0

  constructor(file: FileHandle, log: EventLog, room: DiskRoom) {
    this.#file = file
    this.#log = log
    this.#room = room
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

  /** Writes the remaining lines as the last chunk. */
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
    await this.#room.need(data.length)
    await this.#file.writeFile(data) // Appends at the handle's position.
    this.bytes += data.length
    return data.length
  }
}
