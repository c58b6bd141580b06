// Finds invisible and misleading characters where they matter to YAML: what they are, where they are, and what to write instead. Used only for
// a text that is refused, near its problems. It must never change the text, nor report such a character in a title or a comment.
import type { Place } from './scenario'

export interface UnseenCharacter extends Place {
  readonly sentence: string
}

interface Kind {
  readonly name: string
  /** What to do instead. */
  readonly instead: string
}

const ordinarySpace = 'write an ordinary space'
const nothing = 'take it out'
const straightQuote = 'write " or \''

const kinds: ReadonlyMap<string, Kind> = new Map(([
  ['\u0000', 'a null character', nothing], ['\u0009', 'a tab', 'indent with spaces'], ['\u001b', 'an escape character', nothing], ['\u0085', 'a next line character', 'end the line'],
  ['\u00a0', 'a no-break space', ordinarySpace], ['\u00ad', 'a soft hyphen', nothing], ['\u200b', 'a zero width space', nothing],
  ['\u200c', 'a zero width non-joiner', nothing], ['\u200d', 'a zero width joiner', nothing], ['\u200e', 'a left-to-right mark', nothing],
  ['\u200f', 'a right-to-left mark', nothing], ['\u2028', 'a line separator', 'end the line'], ['\u2029', 'a paragraph separator', 'end the line'],
  ['\u202f', 'a narrow no-break space', ordinarySpace], ['\u2060', 'a word joiner', nothing], ['\u3000', 'an ideographic space', ordinarySpace],
  ['\ufeff', 'a byte order mark', nothing], ['\uff1a', 'a fullwidth colon', 'write : and a space'],
] as const).map(([character, name, instead]) => [character, { name, instead }]))

const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/
const strangeSpace = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/
const invisible = /\p{Default_Ignorable_Code_Point}|\p{Cf}|[\u2028\u2029]/u
const quotationMark = /[\u2018-\u201f\u00ab\u00bb\u2039\u203a\uff02\uff07]/
const dash = /[\u2010-\u2015\u2212\ufe63\uff0d]/

/**
 * Such characters in the lines of these problems, and in the last line before each that is not blank: YAML often reports a bad line only at the
 * line after it. Lines count from 1; only the first character of each line is reported.
 */
export function unseenNear(text: string, problemLines: readonly number[]): UnseenCharacter[] {
  const lines = text.split('\n')
  const near = new Set<number>()
  for (const line of problemLines) {
    near.add(line)
    let before = line - 1
    while (before > 0 && (lines[before - 1] ?? '').trim() === '') before--
    if (before > 0) near.add(before)
  }
  return [...near].sort((one, other) => one - other).flatMap((line) => firstOf(lines[line - 1] ?? '', line))
}

function firstOf(line: string, number: number): UnseenCharacter[] {
  const comment = /(^|\s)#/.exec(line)?.index ?? line.length
  for (let at = 0; at < comment;) {
    const character = String.fromCodePoint(line.codePointAt(at) ?? 0)
    const kind = kindAt(line, at, character, number)
    if (kind !== undefined) return [{ line: number, column: at + 1, sentence: sentenceOf(character, kind) }]
    at += character.length
  }
  return []
}

function sentenceOf(character: string, { name, instead }: Kind): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `Here stands ${name} (U+${code}), which YAML does not take for what it looks like: ${instead}.`
}

/** The kind of this character, if it matters to YAML at this place. */
function kindAt(line: string, at: number, character: string, lineNumber: number): Kind | undefined {
  const before = line.slice(0, at)
  const after = line.slice(at + character.length)
  if (character === '\t') return before.trim() === '' ? kinds.get(character) : undefined
  if (character === '\r' && after === '') return undefined
  if (character === '\ufeff' && lineNumber === 1 && at === 0) return undefined
  if (character === '\uff1a') return /^\s*(- +)?["']?[\w-]+["']?$/.test(before) ? kinds.get(character) : undefined
  // It matters at the edge of a value; within a word it is an apostrophe.
  if (quotationMark.test(character)) return isEdge(before, after) ? { name: 'a curly quotation mark', instead: straightQuote } : undefined
  if (dash.test(character)) return before.trim() === '' ? { name: 'a dash that is no hyphen', instead: 'write -' } : undefined
  const known = kinds.get(character)
  // Between two words of a text it is just a space.
  if (strangeSpace.test(character)) return isEdge(before, after) ? known ?? { name: 'a space that is no ordinary one', instead: ordinarySpace } : undefined
  if (known !== undefined) return known
  if (control.test(character)) return { name: 'a control character', instead: nothing }
  return invisible.test(character) ? { name: 'an invisible character', instead: nothing } : undefined
}

/** True where a key or a value begins or ends. */
function isEdge(before: string, after: string): boolean {
  return /(^|[:[{,-])\s*$/.test(before) || /^\s*($|[:\]},-])/.test(after)
}
