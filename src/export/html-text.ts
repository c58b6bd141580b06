// Text of a cluster inside HTML and SVG: nothing in it can become mark-up, and nothing unseen can change how a line is read.
import { utf8ToBytes } from '../protocol'
import { visible } from '../trace'

/** Longer text is cut in reports, with its length told; the recording has all of it. */
const shownCharacters = 400

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

/** For text and for attribute values in quotes. */
export function escaped(text: string): string {
  const short = text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}… (${text.length} characters)`
  return visible(short).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Bytes of a text in a file. */
export function utf8Length(text: string): number {
  return utf8ToBytes(text).length
}
