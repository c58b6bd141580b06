// A cache of repeated texts, mainly clientIds, looked up by their bytes. A known text needs no new string, and its hash for later map lookups is
// already computed. The size is fixed. It must never change a result, only the time of reading.
import type { Cursor } from './frame'

/** Slots, in pairs: a text may be in either slot of a pair, and a new one replaces the one that was found less recently. */
const places = 8192
const textBytesMax = 32
/** The last characters select the slot: texts that occur together differ at their ends. */
const placedBy = 8
const isAscii = /^[ -~]*$/

export class KnownTexts {
  readonly #texts = new Array<string>(places).fill('')

  /** Reads the next text (a u16 length and ASCII) if it is known; else reads nothing and returns undefined. */
  read(cursor: Cursor): string | undefined {
    const { buffer, at } = cursor
    if (cursor.left < 2 || buffer[at] !== 0) return undefined
    const length = buffer[at + 1] as number
    if (length === 0 || length > textBytesMax || cursor.left < 2 + length) return undefined
    const start = at + 2
    let hash = length
    for (let index = Math.max(0, length - placedBy); index < length; index++) hash = hashAfter(hash, buffer[start + index] as number)
    const place = firstPlace(hash)
    const [first, second] = [this.#texts[place] as string, this.#texts[place + 1] as string]
    if (isText(first, buffer, start, length)) {
      cursor.skip(2 + length)
      return first
    }
    if (!isText(second, buffer, start, length)) return undefined
    this.#texts[place] = second
    this.#texts[place + 1] = first
    cursor.skip(2 + length)
    return second
  }

  /** Reads the next text, of at most `max` bytes, known or not. Only ASCII is remembered. */
  next(cursor: Cursor, max: number, what: string): string {
    const known = this.read(cursor)
    if (known !== undefined) return known
    const text = cursor.text(max, what)
    if (isAscii.test(text)) this.add(text)
    return text
  }

  /** The text must be ASCII. */
  add(text: string): void {
    if (text.length === 0 || text.length > textBytesMax) return
    let hash = text.length
    for (let index = Math.max(0, text.length - placedBy); index < text.length; index++) hash = hashAfter(hash, text.charCodeAt(index))
    const place = firstPlace(hash)
    this.#texts[place + 1] = this.#texts[place] as string
    this.#texts[place] = text
  }
}

function isText(text: string, buffer: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== buffer[start + index]) return false
  return true
}

function hashAfter(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x9e3779b1)
}

function firstPlace(hash: number): number {
  return (hash >>> 16) & (places - 2)
}
