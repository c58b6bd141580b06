// Reads EDN, the notation of Clojure's data, as far as histories are written in it: form by form, with the line and column of what is wrong.
// Tagged values are their values. It must never run anything, and what is too deep or too long is refused.

/** A value, and where it stands in the text. */
export type EdnForm = { readonly offset: number } & (
  | { readonly type: 'nil' }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** As it stands: numbers may be longer than a double is exact. */
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'character'; readonly value: string }
  /** Without its colon. */
  | { readonly type: 'keyword'; readonly name: string }
  | { readonly type: 'symbol'; readonly name: string }
  | { readonly type: 'list' | 'vector' | 'set'; readonly items: readonly EdnForm[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [key: EdnForm, value: EdnForm])[] }
)

/** Why a text cannot be read: the message is one sentence that begins with the line and the column. */
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

/** What ends a number, a keyword or a symbol. */
const delimiter = /[\s,"()[\]{};]/
const numberPattern = /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?[NM]?$|^[+-]?\d+\/\d+$/
const escapes: ReadonlyMap<string, string> = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['b', '\b'], ['f', '\f'], ['"', '"'], ['\\', '\\']])
const characterNames: ReadonlyMap<string, string> = new Map([['newline', '\n'], ['return', '\r'], ['space', ' '], ['tab', '\t']])

export class EdnReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    if (text.length > ednLimits.textCharacters) throw new EdnProblem(text, 0, `The text is longer than ${ednLimits.textCharacters / 1024 / 1024} Mi characters.`)
    this.#text = text
    if (text.startsWith('\ufeff')) this.#at = 1
  }

  /** Steps into a bracket at the top, so that what it holds can be read form by form. False if the next thing is none. */
  enter(bracket: '['): boolean {
    this.#skip(0)
    if (this.#text[this.#at] !== bracket) return false
    this.#at++
    return true
  }

  /** The next form; undefined at the end of the text, or at `closing`. */
  next(closing: '' | ']' = ''): EdnForm | undefined {
    this.#skip(0)
    if (this.#at >= this.#text.length) {
      if (closing !== '') this.#fail(this.#at, `The text ends before a ${closing}.`)
      return undefined
    }
    if (closing !== '' && this.#text[this.#at] === closing) {
      this.#at++
      return undefined
    }
    return this.#form(0)
  }

  #fail(offset: number, sentence: string): never {
    throw new EdnProblem(this.#text, offset, sentence)
  }

  /** White space, commas, comments, and forms that are discarded by `#_`. */
  #skip(depth: number): void {
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined) return
      if (character === ',' || /\s/.test(character)) this.#at++
      else if (character === ';') {
        const end = this.#text.indexOf('\n', this.#at)
        this.#at = end === -1 ? this.#text.length : end
      } else if (character === '#' && this.#text[this.#at + 1] === '_') {
        const offset = this.#at
        this.#at += 2
        this.#skip(depth + 1)
        if (this.#at >= this.#text.length) this.#fail(offset, 'Nothing follows #_.')
        this.#form(depth + 1)
      } else return
    }
  }

  #form(depth: number): EdnForm {
    const offset = this.#at
    if (depth > ednLimits.depth) this.#fail(offset, `This is nested deeper than ${ednLimits.depth}.`)
    switch (this.#text[offset]) {
      case '"': return { offset, type: 'string', value: this.#string() }
      case '\\': return { offset, type: 'character', value: this.#character() }
      case '(': return { offset, type: 'list', items: this.#items(')', depth) }
      case '[': return { offset, type: 'vector', items: this.#items(']', depth) }
      case '{': return { offset, type: 'map', entries: this.#entries(offset, depth) }
      case '#': return this.#dispatch(offset, depth)
      case ')':
      case ']':
      case '}': return this.#fail(offset, `A ${this.#text[offset]} closes nothing.`)
      default: return this.#atom(offset)
    }
  }

  #items(closing: string, depth: number): EdnForm[] {
    const offset = this.#at++
    const items: EdnForm[] = []
    for (;;) {
      this.#skip(depth)
      const character = this.#text[this.#at]
      if (character === undefined) this.#fail(offset, `This ${this.#text[offset]} is never closed.`)
      if (character === closing) {
        this.#at++
        return items
      }
      items.push(this.#form(depth + 1))
    }
  }

  #entries(offset: number, depth: number): (readonly [EdnForm, EdnForm])[] {
    const items = this.#items('}', depth)
    if (items.length % 2 !== 0) this.#fail(offset, 'This map has a key without a value.')
    return Array.from({ length: items.length / 2 }, (_, index) => [items[index * 2] as EdnForm, items[index * 2 + 1] as EdnForm] as const)
  }

  /** `#{`: a set. `#tag form`: the form, whatever the tag says. */
  #dispatch(offset: number, depth: number): EdnForm {
    this.#at++
    if (this.#text[this.#at] === '{') return { offset, type: 'set', items: this.#items('}', depth) }
    const tag = this.#word()
    if (!/^[A-Za-z]/.test(tag)) this.#fail(offset, 'A # is followed by nothing that EDN knows.')
    this.#skip(depth)
    if (this.#at >= this.#text.length) this.#fail(offset, `Nothing follows the tag #${tag.slice(0, 40)}.`)
    return this.#form(depth + 1)
  }

  #word(): string {
    const begin = this.#at
    while (this.#at < this.#text.length && !delimiter.test(this.#text[this.#at] as string)) this.#at++
    return this.#text.slice(begin, this.#at)
  }

  #atom(offset: number): EdnForm {
    const word = this.#word()
    if (word === 'nil') return { offset, type: 'nil' }
    if (word === 'true' || word === 'false') return { offset, type: 'boolean', value: word === 'true' }
    if (numberPattern.test(word)) return { offset, type: 'number', text: word }
    if (word.startsWith(':') && word.length > 1) return { offset, type: 'keyword', name: word.slice(1) }
    if (/^[^\d:#]/.test(word) && !/^[+-]\d/.test(word)) return { offset, type: 'symbol', name: word }
    return this.#fail(offset, `${JSON.stringify(word.slice(0, 40))} is no value of EDN.`)
  }

  #string(): string {
    const offset = this.#at++
    let value = ''
    for (;;) {
      const plain = this.#nextOf(offset)
      value += this.#text.slice(this.#at, plain)
      this.#at = plain + 1
      if (this.#text[plain] === '"') return value
      value += this.#escape(plain)
    }
  }

  /** Where the next quote or backslash stands. */
  #nextOf(offset: number): number {
    for (let at = this.#at; at < this.#text.length; at++) {
      const character = this.#text[at]
      if (character === '"' || character === '\\') return at
    }
    return this.#fail(offset, 'This string is never closed.')
  }

  #escape(backslash: number): string {
    const letter = this.#text[this.#at++] ?? ''
    if (letter === 'u') {
      const digits = this.#text.slice(this.#at, this.#at + 4)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail(backslash, 'Four hexadecimal digits follow \\u.')
      this.#at += 4
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
    return escapes.get(letter) ?? this.#fail(backslash, `A string has no escape \\${letter}.`)
  }

  #character(): string {
    const offset = this.#at++
    const first = this.#text[this.#at++]
    if (first === undefined) this.#fail(offset, 'A character follows \\.')
    const name = first + this.#word()
    if (name.length === 1) return name
    if (/^u[0-9a-fA-F]{4}$/.test(name)) return String.fromCharCode(Number.parseInt(name.slice(1), 16))
    return characterNames.get(name) ?? this.#fail(offset, `There is no character \\${name.slice(0, 40)}.`)
  }
}

/** A form as EDN text again, on one line: for values that are no strings. */
export function ednText(form: EdnForm): string {
  switch (form.type) {
    case 'nil': return 'nil'
    case 'boolean': return String(form.value)
    case 'number': return form.text
    case 'string': return JSON.stringify(form.value)
    case 'character': return `\\${form.value}`
    case 'keyword': return `:${form.name}`
    case 'symbol': return form.name
    case 'list': return `(${form.items.map(ednText).join(' ')})`
    case 'vector': return `[${form.items.map(ednText).join(' ')}]`
    case 'set': return `#{${form.items.map(ednText).join(' ')}}`
    case 'map': return `{${form.entries.map(([key, value]) => `${ednText(key)} ${ednText(value)}`).join(', ')}}`
  }
}
