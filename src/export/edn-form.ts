// A parsed value of EDN (the notation of Clojure's data), and its canonical text. Values that Clojure calls equal have equal texts, so a
// history's values are compared as the tool that wrote it compares them. It must never run anything.

/** A value, and its offset in the text. */
export type EdnForm = { readonly offset: number } & (
  | { readonly type: 'nil' }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** The text as written: a number may have more digits than a double holds exactly. */
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'character'; readonly value: string }
  /** Without its colon. */
  | { readonly type: 'keyword'; readonly name: string }
  | { readonly type: 'symbol'; readonly name: string }
  | { readonly type: 'list' | 'vector' | 'set'; readonly items: readonly EdnForm[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [key: EdnForm, value: EdnForm])[] }
  | { readonly type: 'tagged'; readonly tag: string; readonly form: EdnForm }
)

/** Why a text cannot be read: one sentence that begins with the line and the column. */
export class EdnProblem extends Error {
  override readonly name = 'EdnProblem'
  readonly line: number
  readonly column: number

  constructor(text: string, offset: number, sentence: string) {
    const { line, column } = positionOf(text, offset)
    super(`Line ${line}, column ${column}: ${sentence}`)
    this.line = line
    this.column = column
  }
}

/** Both from 1; columns count UTF-16 units, as editors do. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let lineBegin = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    lineBegin = at + 1
  }
  return { line, column: offset - lineBegin + 1 }
}

export const ednLimits = { textCharacters: 256 * 1024 * 1024, depth: 64 } as const

/** A reader that returns a text form by form. */
export interface FormReader {
  /**
   * Enters a bracket at the top level, so that its contents can be read form by form. Returns the bracket that closes it, or '' if the text
   * continues with none. `before`: enters only if one of these characters follows.
   */
  enter(before?: string): Closing
  /** The next form; undefined at the end of the text, or at `closing`. */
  next(closing?: Closing): EdnForm | undefined
}

export type Closing = '' | ']' | ')'

/** The form without its tags: `#jepsen.history.Op{...}` gives the map. */
export function untagged(form: EdnForm): EdnForm {
  return form.type === 'tagged' ? untagged(form.form) : form
}

/** A list is a vector here: in Clojure `(1 2)` and `[1 2]` are equal. */
export function itemsOf(form: EdnForm | undefined): readonly EdnForm[] | undefined {
  return form?.type === 'vector' || form?.type === 'list' ? form.items : undefined
}

/** On one line, for values other than strings. Equal values have equal texts, whatever the order of a set, and the text reads back as the value. */
export function ednText(form: EdnForm): string {
  switch (form.type) {
    case 'nil': return 'nil'
    case 'boolean': return String(form.value)
    case 'number': return numberText(form.text)
    case 'string': return JSON.stringify(form.value)
    case 'character': return `\\${characterName(form.value)}`
    case 'keyword': return `:${form.name}`
    case 'symbol': return form.name
    case 'list':
    case 'vector': return `[${form.items.map(ednText).join(' ')}]`
    case 'set': return `#{${form.items.map(ednText).sort().join(' ')}}`
    case 'map': return `{${form.entries.map(([key, value]) => `${ednText(key)} ${ednText(value)}`).sort().join(', ')}}`
    case 'tagged': return `#${form.tag} ${ednText(form.form)}`
  }
}

/** `+1`, `1` and `1N` are one number, `1.0` and `1.00` too; `1` and `1.0` are two, and `1M` is a third, as in Clojure. */
function numberText(text: string): string {
  const plain = text.replace(/^\+/, '')
  if (/^-?\d+N?$/.test(plain)) return plain.replace('N', '').replace(/^-0$/, '0')
  if (plain.endsWith('M') || plain.startsWith('##')) return plain
  if (plain.includes('/')) return ratioText(plain)
  const value = Number(plain)
  if (!Number.isFinite(value)) return value > 0 ? '##Inf' : '##-Inf'
  const shown = String(value)
  return /^-?\d+$/.test(shown) ? `${shown}.0` : shown
}

/** Longer ones are not reduced: the arithmetic would take too long. */
const ratioCharactersMax = 200

function ratioText(text: string): string {
  const [above = 0n, below = 0n] = text.length > ratioCharactersMax ? [] : text.split('/').map(BigInt)
  if (below === 0n) return text
  let [divisor, rest] = [above < 0n ? -above : above, below]
  while (rest !== 0n) [divisor, rest] = [rest, divisor % rest]
  return below === divisor ? String(above / divisor) : `${above / divisor}/${below / divisor}`
}

export const characterNames: ReadonlyMap<string, string> = new Map([
  ['newline', '\n'], ['return', '\r'], ['space', ' '], ['tab', '\t'], ['backspace', '\b'], ['formfeed', '\f'],
])

function characterName(character: string): string {
  for (const [name, named] of characterNames) if (named === character) return name
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? character : `u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
