// The journal: gives every event its number and its two times, writes it to the recording, and only then tells the lab.
// It must never tell what is not in the file, unless the file has failed and that was said; a file always ends at a whole line.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { EventBody, TraceHeader } from '../trace'
import type { ClusterClock } from './cluster-clock'

export interface JournalOptions {
  readonly path: string
  readonly header: TraceHeader
  readonly clock: ClusterClock
  /** The file is there and whole up to this event and length, and is gone on with; without it a new one is made. */
  readonly begin?: { readonly seq: number; readonly bytes: number }
  /** Consecutive events: JSON lines joined by line feeds. */
  readonly onEvents: (from: number, count: number, text: string) => void
  /** After every change of the problem, and after each flush with the file's length. */
  readonly onFile: (bytes: number, problem: string) => void
  /** Writes the whole text or throws; replaced in tests. */
  readonly write?: (file: number, text: string) => number
}

export class Journal {
  readonly #options: JournalOptions
  readonly #write: (file: number, text: string) => number
  #file: number | undefined
  /** Where the last whole line ends. */
  #bytes = 0
  #problem = ''
  #seq = 0
  #lines: string[] = []
  #isFlushing = false

  /** Opens the recording and writes its header, or goes on with one. A file that cannot be opened is a problem, not the end of the lab. */
  constructor(options: JournalOptions) {
    this.#options = options
    this.#write = options.write ?? writeWhole
    this.#seq = options.begin?.seq ?? 0
    this.#bytes = options.begin?.bytes ?? 0
    try {
      this.#file = openSync(options.path, options.begin ? 'a' : 'wx', 0o600)
      if (!options.begin) this.#bytes += this.#write(this.#file, `${JSON.stringify(options.header)}\n`)
    } catch (error) {
      this.#stop(error)
    }
    options.onFile(this.#bytes, this.#problem)
  }

  /** The number of the last event. */
  get latest(): number {
    return this.#seq
  }

  /** Writes an event; it reaches the file and the lab at the end of this tick. */
  event(body: EventBody): void {
    this.eventText(JSON.stringify(body))
  }

  /** The same for a body that is JSON text of an object already, for what happens at every operation. */
  eventText(body: string): void {
    this.#seq++
    const { clock } = this.#options
    this.#lines.push(`{"seq":${this.#seq},"at":${clock.now()},"wall":${clock.wall()},${body.slice(1)}`)
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => this.flush())
  }

  flush(): void {
    this.#isFlushing = false
    const lines = this.#lines
    if (lines.length === 0) return
    this.#lines = []
    const text = lines.join('\n')
    this.#toFile(`${text}\n`)
    this.#options.onEvents(this.#seq - lines.length + 1, lines.length, text)
  }

  close(): void {
    this.flush()
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #toFile(text: string): void {
    if (this.#file === undefined) return
    try {
      this.#bytes += this.#write(this.#file, text)
    } catch (error) {
      this.#stop(error)
    }
    this.#options.onFile(this.#bytes, this.#problem)
  }

  /** Recording ends, the lab goes on. What stands in the file is cut back to its last whole line. */
  #stop(error: unknown): void {
    this.#problem = `Recording stopped: ${fileReasonOf(error)} The lab goes on.`
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

function writeWhole(file: number, text: string): number {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
  return bytes.length
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
