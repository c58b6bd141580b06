// The text of consecutive events in blocks, which takes about a sixth of the memory of objects. A line is parsed when it is asked for. Pure.
// It must never return an event for another seq, and never build a string longer than an engine allows.
import type { TraceEvent } from '../../src/trace'

/** A block is closed at either limit; the limit of characters is needed because a line may have up to 64 MiB. */
export const blockLimits = { events: 1024, characters: 1024 * 1024 } as const

/** Number of parsed events that are cached, because the events on screen are read in every frame. */
const parsedMax = 1024

interface Block {
  readonly from: number
  readonly count: number
  readonly text: string
  /** The start of each line; the last entry is where a next line would begin, after a line feed. */
  readonly starts: Uint32Array
  readonly bytes: number
}

/** A single character outside of Latin-1 makes an engine use two bytes for every character of the string. */
const wide = /[^\u0000-\u00ff]/

export class EventBlocks {
  #blocks: Block[] = []
  #first = 1
  /** The lines after the last block. */
  #open: string[] = []
  #openFrom = 1
  #openCharacters = 0
  /** The text that contains all open lines consecutively; null if they come from several texts, empty if there are none. */
  #openText: string | null = ''
  #openStart = 0
  #openEnd = 0
  #looked = { text: '', isWide: false }
  #bytes = 0
  readonly #parsed: (TraceEvent | undefined)[] = new Array<TraceEvent | undefined>(parsedMax).fill(undefined)

  /** seq of the first event in memory, or, without events, of the next one. */
  get first(): number {
    return this.#first
  }

  /** seq of the last event in memory; `first - 1` without events. */
  get last(): number {
    return this.#openFrom + this.#open.length - 1
  }

  get count(): number {
    return this.last - this.first + 1
  }

  /** The approximate memory of the text, in bytes. */
  get bytes(): number {
    return this.#bytes + this.#openCharacters
  }

  has(seq: number): boolean {
    return seq >= this.first && seq <= this.last
  }

  /** Drops all events; the next line must be that of event `first`. */
  begin(first: number): void {
    this.#blocks = []
    this.#first = first
    this.#open = []
    this.#openFrom = first
    this.#openCharacters = 0
    this.#openText = ''
    this.#bytes = 0
    this.#parsed.fill(undefined)
  }

  /**
   * Takes the line of the event after `last`, from `at` to `end` of a text. If consecutive lines come from one text, they are not copied:
   * their block refers to that text.
   */
  append(text: string, at = 0, end = text.length): void {
    const isNext = text === this.#openText && at === this.#openEnd + 1
    if (!isNext && this.#openText !== '') this.#openText = null
    if (this.#open.length === 0) {
      this.#openText = text
      this.#openStart = at
    }
    this.#openEnd = end
    this.#open.push(text.slice(at, end))
    this.#openCharacters += end - at + 1
    if (this.#open.length >= blockLimits.events || this.#openCharacters >= blockLimits.characters) this.#close()
  }

  /** Evicts the events before an event in memory; the block of that event stays whole. */
  dropBefore(seq: number): void {
    this.#first = Math.max(this.#first, seq)
    let gone = 0
    while (gone < this.#blocks.length && this.#endOf(gone) <= seq) this.#bytes -= (this.#blocks[gone++] as Block).bytes
    if (gone > 0) this.#blocks = this.#blocks.slice(gone)
  }

  /** The line of an event; undefined if it is not in memory. */
  lineAt(seq: number): string | undefined {
    if (!this.has(seq)) return undefined
    if (seq >= this.#openFrom) return this.#open[seq - this.#openFrom]
    const { from, text, starts } = this.#blocks[this.#blockOf(seq)] as Block
    return text.slice(starts[seq - from], (starts[seq - from + 1] as number) - 1)
  }

  eventAt(seq: number): TraceEvent | undefined {
    const place = seq % parsedMax
    const parsed = this.#parsed[place]
    if (parsed?.seq === seq && this.has(seq)) return parsed
    const line = this.lineAt(seq)
    if (line === undefined) return undefined
    return this.#parsed[place] = JSON.parse(line) as TraceEvent
  }

  /** Like `eventAt`, but without the cache, so that a walk over many events does not push out those on screen. */
  parse(seq: number): TraceEvent | undefined {
    const line = this.lineAt(seq)
    return line === undefined ? undefined : JSON.parse(line) as TraceEvent
  }

  #close(): void {
    const isOneText = this.#openText !== null
    const text = this.#openText ?? this.#open.join('\n')
    const starts = new Uint32Array(this.#open.length + 1)
    starts[0] = isOneText ? this.#openStart : 0
    for (const [index, line] of this.#open.entries()) starts[index + 1] = (starts[index] as number) + line.length + 1
    const bytes = this.#openCharacters * (this.#isWide(text) ? 2 : 1)
    this.#blocks.push({ from: this.#openFrom, count: this.#open.length, text, starts, bytes })
    this.#bytes += bytes
    this.#openFrom += this.#open.length
    this.#open = []
    this.#openCharacters = 0
    this.#openText = ''
  }

  /** The result is cached for the last text, because several blocks may share one text. */
  #isWide(text: string): boolean {
    if (text !== this.#looked.text) this.#looked = { text, isWide: wide.test(text) }
    return this.#looked.isWide
  }

  #endOf(index: number): number {
    const { from, count } = this.#blocks[index] as Block
    return from + count
  }

  /** The index of the block that contains an event; the event must be in a block. */
  #blockOf(seq: number): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#blocks[middle] as Block).from <= seq) low = middle
      else high = middle - 1
    }
    return low
  }
}
