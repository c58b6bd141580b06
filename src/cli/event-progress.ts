// Reports on standard error how much of a recording has been read: a bar on a terminal, otherwise occasional lines. Fast reads print nothing.
import { grouped } from '../trace'

const barWidth = 24
/** A bar appears only after this time; a line, which stays, only after the interval between two lines. */
const quietMs = 1_000
const barEveryMs = 100
const lineEveryMs = 5_000

export class EventProgress {
  readonly #out: NodeJS.WriteStream
  #bytes = 0
  #total = 1
  #events = 0
  #shown = false
  #nextAt: number

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#nextAt = Date.now() + (out.isTTY ? quietMs : lineEveryMs)
  }

  /** To be called when `bytes` of `size` bytes have been read. */
  read(bytes: number, size: number): void {
    this.#bytes = bytes
    this.#total = Math.max(1, size)
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
