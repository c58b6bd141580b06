// Reads operations from a history of Jepsen, Knossos or Porcupine (EDN or JSON: one vector, or one map after another), for checkers. It reads
// our own exports, and those of other tools as far as their operations are ours. It must never guess: what it cannot understand is refused with
// line and column; what a missing key reads as is inferred from the reads, and reported.
import { EdnProblem, type Closing, type FormReader } from './edn-form'
import { EdnReader } from './edn-reader'
import { HistoryBuilder } from './history-entries'
import type { HistoryOptions, ImportedHistory } from './imported-history'
import { isJson, JsonReader } from './json-reader'

/** Throws an `EdnProblem`: one sentence with line and column. */
export function readHistory(text: string, options: HistoryOptions = {}): ImportedHistory {
  const reading = new HistoryReading(text, options)
  while (reading.advance(entriesAtOnce));
  return reading.end()
}

const entriesAtOnce = 10_000

/** The same in steps, for callers that must not block. It must not be used again after it has thrown. */
export class HistoryReading {
  readonly #text: string
  readonly #reader: FormReader
  /** The closing brackets around the entries, outermost first. */
  readonly #closings: Closing[] = []
  readonly #history: HistoryBuilder

  constructor(text: string, options: HistoryOptions = {}) {
    this.#text = text
    this.#reader = isJson(text) ? new JsonReader(text) : new EdnReader(text)
    const outer = this.#reader.enter()
    if (outer !== '') this.#closings.push(outer)
    const inner = outer === '' ? '' : this.#reader.enter('{#')
    if (inner !== '') this.#closings.push(inner)
    this.#history = new HistoryBuilder(text, options)
  }

  /** Reads up to `entries` more entries; false when there are none left. Throws as `readHistory` does. */
  advance(entries: number): boolean {
    for (let read = 0; read < entries; read++) {
      const form = this.#reader.next(this.#closings.at(-1) ?? '')
      if (form === undefined) return false
      this.#history.take(form)
    }
    return true
  }

  /** Call once `advance` has returned false. */
  end(): ImportedHistory {
    for (let closing = this.#closings.pop(); closing !== undefined; closing = this.#closings.pop()) {
      const extra = this.#reader.next(this.#closings.at(-1) ?? '')
      if (extra !== undefined) throw new EdnProblem(this.#text, extra.offset, `Something follows the ${closing === ']' ? 'vector' : 'list'} of the history.`)
    }
    return this.#history.end()
  }
}
