// Reads the part of EDN (the notation of Clojure's data) that histories use, form by form; errors name line and column. Metadata is left
// out. It must never run anything, and it refuses what is too deep or too long.
import { characterNames, EdnProblem, ednLimits, ednText, type Closing, type EdnForm, type FormReader } from './edn-form'

/** What ends a number, a keyword or a symbol. */
const delimiter = /[\s,"()[\]{};]/
const numberPattern = /^[+-]?(0|[1-9]\d*)(N|(\.\d*)?([eE][+-]?\d+)?M?)$|^[+-]?\d+\/\d+$|^##(Inf|-Inf|NaN)$/
const escapes: ReadonlyMap<string, string> = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['b', '\b'], ['f', '\f'], ['"', '"'], ['\\', '\\']])

export { EdnProblem, ednLimits, ednText } from './edn-form'

export class EdnReader implements FormReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    if (text.length > ednLimits.textCharacters) throw new EdnProblem(text, 0, `The text is longer than ${ednLimits.textCharacters / 1024 / 1024} Mi characters.`)
    this.#text = text
    if (text.startsWith('\ufeff')) this.#at = 1
  }

  enter(before = ''): Closing {
    this.#skip(0)
    const began = this.#at
    const bracket = this.#text[this.#at]
    if (bracket !== '[' && bracket !== '(') return ''
    this.#at++
    this.#skip(0)
    if (before !== '' && !before.includes(this.#text[this.#at] ?? ' ')) {
      this.#at = began
      return ''
    }
    return bracket === '[' ? ']' : ')'
  }

  next(closing: Closing = ''): EdnForm | undefined {
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

  #tooDeep(offset: number): never {
    return this.#fail(offset, `This is nested deeper than ${ednLimits.depth}.`)
  }

  /** Skips white space, commas, comments, and forms discarded by `#_`. */
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
        if (depth > ednLimits.depth) this.#tooDeep(offset)
        this.#at += 2
        this.#skip(depth + 1)
        if (this.#at >= this.#text.length) this.#fail(offset, 'Nothing follows #_.')
        this.#form(depth + 1)
      } else return
    }
  }

  #form(depth: number): EdnForm {
    const offset = this.#at
    if (depth > ednLimits.depth) this.#tooDeep(offset)
    switch (this.#text[offset]) {
      case '"': return { offset, type: 'string', value: this.#string() }
      case '\\': return { offset, type: 'character', value: this.#character() }
      case '(': return { offset, type: 'list', items: this.#items(')', depth) }
      case '[': return { offset, type: 'vector', items: this.#items(']', depth) }
      case '{': return { offset, type: 'map', entries: this.#entries(offset, depth) }
      case '#': return this.#dispatch(offset, depth)
      case '^': return this.#afterMetadata(offset, depth)
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

  #set(depth: number): EdnForm[] {
    const items = this.#items('}', depth)
    this.#once(items, 'This set holds', 'twice')
    return items
  }

  /** `space`: the namespace of a map like `#:space{...}`, for keywords without one of their own. */
  #entries(offset: number, depth: number, space = ''): (readonly [EdnForm, EdnForm])[] {
    const items = this.#items('}', depth)
    if (items.length % 2 !== 0) this.#fail(offset, 'This map has a key without a value.')
    const entries = Array.from({ length: items.length / 2 }, (_, index) => [spaced(items[index * 2] as EdnForm, space), items[index * 2 + 1] as EdnForm] as const)
    this.#once(entries.map(([key]) => key), 'This map has the key', 'twice')
    return entries
  }

  #once(forms: readonly EdnForm[], begin: string, end: string): void {
    const texts = new Set<string>()
    for (const form of forms) {
      const text = ednText(form)
      if (texts.has(text)) this.#fail(form.offset, `${begin} ${text.slice(0, 40)} ${end}.`)
      texts.add(text)
    }
  }

  /** Reads what follows `#`. `#{`: a set. `#:space{`: a map with a namespace for its keywords. `#tag form`. `##NaN` and its like. */
  #dispatch(offset: number, depth: number): EdnForm {
    this.#at++
    const next = this.#text[this.#at]
    if (next === '{') return { offset, type: 'set', items: this.#set(depth) }
    if (next === ':') return this.#spacedMap(offset, depth)
    if (next === '#') {
      this.#at = offset
      return this.#atom(offset)
    }
    const tag = this.#word()
    if (!/^[A-Za-z]/.test(tag)) this.#fail(offset, 'A # is followed by nothing that EDN knows.')
    this.#skip(depth)
    if (this.#at >= this.#text.length) this.#fail(offset, `Nothing follows the tag #${tag.slice(0, 40)}.`)
    return { offset, type: 'tagged', tag, form: this.#form(depth + 1) }
  }

  #spacedMap(offset: number, depth: number): EdnForm {
    this.#at++
    const space = this.#word()
    this.#skip(depth)
    if (space === '' || this.#text[this.#at] !== '{') this.#fail(offset, 'A #: is followed by a namespace and a map.')
    return { offset, type: 'map', entries: this.#entries(offset, depth, space) }
  }

  /** `^{...} form` and `^:word form`, which Clojure prints for metadata: returns the form. */
  #afterMetadata(offset: number, depth: number): EdnForm {
    this.#at++
    this.#skip(depth)
    if (this.#at < this.#text.length) this.#form(depth + 1)
    this.#skip(depth)
    if (this.#at >= this.#text.length) this.#fail(offset, 'Nothing follows this metadata.')
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

  /** The offset of the next quote or backslash. */
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
    if ([...name].length === 1) return name
    if (/^o[0-3]?[0-7]{1,2}$/.test(name)) return String.fromCharCode(Number.parseInt(name.slice(1), 8))
    if (/^u[0-9a-fA-F]{4}$/.test(name)) return String.fromCharCode(Number.parseInt(name.slice(1), 16))
    return characterNames.get(name) ?? this.#fail(offset, `There is no character \\${name.slice(0, 40)}.`)
  }
}

/** `:_/name` has no namespace, even in a map that has one. */
function spaced(key: EdnForm, space: string): EdnForm {
  if (space === '' || key.type !== 'keyword') return key
  const [own, ...rest] = key.name.split('/')
  if (rest.length === 0) return { ...key, name: `${space}/${key.name}` }
  return own === '_' ? { ...key, name: rest.join('/') } : key
}
