// Texts that come again and again, clientIds above all: found by their bytes, so that no string is made for one that is known, and its
// hash for the tables that it is looked up in is known too. A cache of a fixed size; it changes nothing but the time that reading takes.
import type { Cursor } from './frame'

/** Places; a text has one of them, and a later one of the same place takes it over. */
const places = 4096
const textBytesMax = 32
/** The last units decide on the place: texts that come together differ at their ends. */
const placedBy = 6

export class KnownTexts {
  readonly #texts = new Array<string>(places).fill('')

  /** Reads the text that comes next (a u16 length and ASCII), if it is known; else reads nothing and returns undefined. */
  read(cursor: Cursor): string | undefined {
    const { buffer, at } = cursor
    if (cursor.left < 2 || buffer[at] !== 0) return undefined
    const length = buffer[at + 1] as number
    if (length === 0 || length > textBytesMax || cursor.left < 2 + length) return undefined
    const start = at + 2
    let place = length
    for (let index = Math.max(0, length - placedBy); index < length; index++) place = placeAfter(place, buffer[start + index] as number)
    const text = this.#texts[place & (places - 1)] as string
    if (text.length !== length) return undefined
    for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== buffer[start + index]) return undefined
    cursor.skip(2 + length)
    return text
  }

  /** The text must be ASCII. */
  add(text: string): void {
    if (text.length === 0 || text.length > textBytesMax) return
    let place = text.length
    for (let index = Math.max(0, text.length - placedBy); index < text.length; index++) place = placeAfter(place, text.charCodeAt(index))
    this.#texts[place & (places - 1)] = text
  }
}

function placeAfter(place: number, unit: number): number {
  return (Math.imul(place, 31) + unit) | 0
}
