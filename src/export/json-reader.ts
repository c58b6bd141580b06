// Reads JSON as EDN forms: an array of objects, or one object after another (JSON lines). Errors name line and column. `null` gives nil, an
// array a vector, an object a map with strings as keys. It must never run anything, and it refuses what is too deep.
import { EdnProblem, ednLimits, type Closing, type EdnForm, type FormReader } from './edn-form'

/** Whether the text begins like JSON objects do: a brace, a string and a colon. */
export function isJson(text: string): boolean {
  return /^[\ufeff\s[]{0,1000}\{\s{0,1000}"[^"\\]{0,1000}"\s{0,1000}:/.test(text.slice(0, 4000))
}

const numberPattern = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const escapes: ReadonlyMap<string, string> = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['b', '\b'], ['f', '\f'], ['"', '"'], ['\\', '\\'], ['/', '/']])

export class JsonReader implements FormReader {
  readonly #text: string
  #at = 0
  /** Nothing has been read between the outer brackets yet, so no comma may come. */
  #isFirst = true

  constructor(text: string) {
    if (text.length > ednLimits.textCharacters) throw new EdnProblem(text, 0, `The text is longer than ${ednLimits.textCharacters / 1024 / 1024} Mi characters.`)
    this.#text = text
    if (text.startsWith('\ufeff')) this.#at = 1
  }

  enter(): Closing {
    this.#skip()
    if (this.#text[this.#at] !== '[' || !this.#isFirst) return ''
    this.#at++
    return ']'
  }

  next(closing: Closing = ''): EdnForm | undefined {
    this.#skip()
    if (closing !== '' && this.#text[this.#at] === closing) {
      this.#at++
      return undefined
    }
    if (this.#at >= this.#text.length) {
      if (closing !== '') this.#fail(this.#at, `The text ends before a ${closing}.`)
      return undefined
    }
    // Objects on separate lines may have a comma between them; inside brackets they must.
    if (!this.#isFirst && this.#text[this.#at] === ',') {
      this.#at++
      this.#skip()
    } else if (!this.#isFirst && closing !== '') this.#fail(this.#at, 'A comma is missing here.')
    this.#isFirst = false
    return this.#form(0)
  }

  #fail(offset: number, sentence: string): never {
    throw new EdnProblem(this.#text, offset, sentence)
  }

  #skip(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '.')) this.#at++
  }

  #form(depth: number): EdnForm {
    this.#skip()
    const offset = this.#at
    if (depth > ednLimits.depth) this.#fail(offset, `This is nested deeper than ${ednLimits.depth}.`)
    switch (this.#text[offset]) {
      case undefined: return this.#fail(offset, 'The text ends where a value is missing.')
      case '"': return { offset, type: 'string', value: this.#string() }
      case '[': return { offset, type: 'vector', items: this.#list(']', () => this.#form(depth + 1)) }
      case '{': return { offset, type: 'map', entries: this.#entries(depth) }
      default: return this.#atom(offset)
    }
  }

  #entries(depth: number): (readonly [EdnForm, EdnForm])[] {
    const names = new Set<string>()
    return this.#list('}', () => {
      const offset = this.#at
      if (this.#text[offset] !== '"') this.#fail(offset, 'The name of a value is missing here.')
      const value = this.#string()
      if (names.has(value)) this.#fail(offset, `This object has the name ${JSON.stringify(value.slice(0, 40))} twice.`)
      names.add(value)
      this.#skip()
      if (this.#text[this.#at] !== ':') this.#fail(this.#at, 'A colon is missing here.')
      this.#at++
      return [{ offset, type: 'string', value }, this.#form(depth + 1)] as const
    })
  }

  #list<Item>(closing: string, item: () => Item): Item[] {
    const offset = this.#at++
    const items: Item[] = []
    for (;;) {
      this.#skip()
      const character = this.#text[this.#at]
      if (character === undefined) this.#fail(offset, `This ${this.#text[offset]} is never closed.`)
      if (character === closing && items.length === 0) break
      items.push(item())
      this.#skip()
      const next = this.#text[this.#at]
      if (next === closing) break
      if (next === undefined) this.#fail(offset, `This ${this.#text[offset]} is never closed.`)
      if (next !== ',') this.#fail(this.#at, 'A comma is missing here.')
      this.#at++
    }
    this.#at++
    return items
  }

  #atom(offset: number): EdnForm {
    for (const [word, form] of words) {
      if (!this.#text.startsWith(word, offset)) continue
      this.#at += word.length
      return { offset, ...form }
    }
    numberPattern.lastIndex = offset
    const text = numberPattern.exec(this.#text)?.[0]
    if (text === undefined) return this.#fail(offset, `${JSON.stringify(/^[^\s,\]}]{1,40}|^./.exec(this.#text.slice(offset, offset + 40))?.[0] ?? '')} is no value of JSON.`)
    this.#at += text.length
    return { offset, type: 'number', text: plainNumber(text) }
  }

  #string(): string {
    const offset = this.#at++
    let value = ''
    for (let begin = this.#at; ; this.#at++) {
      const character = this.#text[this.#at]
      if (character === undefined) this.#fail(offset, 'This string is never closed.')
      if (character !== '"' && character !== '\\') continue
      value += this.#text.slice(begin, this.#at)
      if (character === '"') {
        this.#at++
        return value
      }
      value += this.#escape(this.#at)
      begin = this.#at + 1
    }
  }

  /** Advances to the last character of the escape. */
  #escape(backslash: number): string {
    const letter = this.#text[++this.#at] ?? ''
    if (letter !== 'u') return escapes.get(letter) ?? this.#fail(backslash, `A string has no escape \\${letter}.`)
    const digits = this.#text.slice(this.#at + 1, this.#at + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail(backslash, 'Four hexadecimal digits follow \\u.')
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }
}

const words: readonly (readonly [string, { type: 'nil' } | { type: 'boolean'; value: boolean }])[] = [
  ['null', { type: 'nil' }], ['true', { type: 'boolean', value: true }], ['false', { type: 'boolean', value: false }],
]

/** JSON has one kind of number: `1.0` and `1e0` are `1`. */
function plainNumber(text: string): string {
  const value = Number(text)
  return !/^-?\d+$/.test(text) && Number.isSafeInteger(value) ? String(value) : text
}
