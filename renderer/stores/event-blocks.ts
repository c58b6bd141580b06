// The text of consecutive events, held in blocks: about a sixth of what the same events cost as objects. One line is parsed when it is
// asked for. Pure. It must never hand out an event under another seq, and never grow a string that no engine could hold.
import type { TraceEvent } from '../../src/trace'

/** A block is closed at so many events, or at so many characters: a line may be of any length up to 64 MiB. */
export const blockLimits = { events: 1024, characters: 1024 * 1024 } as const

/** Events that stay parsed: those on screen are asked for again with each frame. */
const parsedMax = 1024

interface Block {
  readonly from: number
  readonly count: number
  readonly text: string
  /** Where each line begins; the last number is one after the line feed that would follow the last line. */
  readonly starts: Uint32Array
  readonly bytes: number
}

/** A character outside of Latin-1 makes an engine keep two bytes for each of the whole string. */
const wide = /[^\u0000-\u00ff]/

export class EventBlocks {
  #blocks: Block[] = []
  #first = 1
  /** The lines after the last block. */
  #open: string[] = []
  #openFrom = 1
  #openCharacters = 0
  /** The text that all open lines are of, one after the other; null if they are of several, empty if there are none. */
  #openText: string | null = ''
  #openStart = 0
  #openEnd = 0
  #looked = { text: '', isWide: false }
  #bytes = 0
  readonly #parsed: (TraceEvent | undefined)[] = new Array<TraceEvent | undefined>(parsedMax).fill(undefined)

  /** seq of the first event that is held, or of the one that will be. */
  get first(): number {
    return this.#first
  }

  /** seq of the last event that is held; one less than `first` without any. */
  get last(): number {
    return this.#openFrom + this.#open.length - 1
  }

  get count(): number {
    return this.last - this.first + 1
  }

  /** What the text costs, about. */
  get bytes(): number {
    return this.#bytes + this.#openCharacters
  }

  has(seq: number): boolean {
    return seq >= this.first && seq <= this.last
  }

  /** Forgets everything; the next line is that of event `first`. */
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
   * Takes the line of the event after `last`: from `at` to `end` of a text, of which the line before was the one just before it, or of
   * another. Lines of one text are not copied: a block of them keeps the text that they came in.
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

  /** Lets go of what is before an event that is held; its block stays whole. */
  dropBefore(seq: number): void {
    this.#first = Math.max(this.#first, seq)
    let gone = 0
    while (gone < this.#blocks.length && this.#endOf(gone) <= seq) this.#bytes -= (this.#blocks[gone++] as Block).bytes
    if (gone > 0) this.#blocks = this.#blocks.slice(gone)
  }

  /** The line of an event; undefined where it is not held. */
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

  /** The same, for a walk over many: it leaves what is on screen parsed. */
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

  /** Looked for once in each text, as several blocks are of one. */
  #isWide(text: string): boolean {
    if (text !== this.#looked.text) this.#looked = { text, isWide: wide.test(text) }
    return this.#looked.isWide
  }

  #endOf(index: number): number {
    const { from, count } = this.#blocks[index] as Block
    return from + count
  }

  /** The block that holds an event; it must be in one. */
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
