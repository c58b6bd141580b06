// Escapes text of a cluster for HTML and SVG: it must never become mark-up, and no invisible character may change how a line reads.
import { utf8ToBytes } from '../protocol'
import { visible } from '../trace'

/** Longer text is cut in reports, with its length; the recording has all of it. */
const shownCharacters = 400

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

/** For text and for attribute values in quotes. */
export function escaped(text: string): string {
  const short = text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}… (${text.length} characters)`
  return visible(short).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** The bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  return utf8ToBytes(text).length
}
