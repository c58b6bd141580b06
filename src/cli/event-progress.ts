// How far a recording has been read, on standard error: a bar on a terminal, a line now and then elsewhere. Silent where it is quick.
import { grouped } from '../trace'

const barWidth = 24
/** Nothing is shown before this long. */
const quietMs = 1_000
const barEveryMs = 100
const lineEveryMs = 5_000

export class EventProgress {
  readonly #total: number
  readonly #out: NodeJS.WriteStream
  #bytes = 0
  #events = 0
  #shown = false
  #nextAt = Date.now() + quietMs

  /** `total` bytes of the file. */
  constructor(total: number, out: NodeJS.WriteStream) {
    this.#total = Math.max(1, total)
    this.#out = out
  }

  /** So many bytes of the file have been read. */
  read(bytes: number): void {
    this.#bytes = bytes
  }

  took(events: number): void {
    this.#events += events
    const now = Date.now()
    if (now < this.#nextAt) return
    this.#nextAt = now + (this.#out.isTTY ? barEveryMs : lineEveryMs)
    this.#show()
  }

  end(): void {
    if (this.#shown && this.#out.isTTY) this.#out.write('\r\x1b[2K')
  }

  #show(): void {
    this.#shown = true
    const part = Math.min(1, this.#bytes / this.#total)
    const text = `${Math.floor(part * 100)} %, ${grouped(this.#events)} events`
    const full = Math.round(part * barWidth)
    this.#out.write(this.#out.isTTY ? `\r\x1b[2K[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${text}` : `${text}\n`)
  }
}
