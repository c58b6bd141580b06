// Parses the text of the search field into a query, or into one sentence with the problem and its position. Pure.
// It must never throw, whatever the text.
import { fieldWords, fields, nameFields, type Bound, type Field, type Name, type NameField, type NumberField, type Query, type Range, type Term } from './query'

/** The problem, and the characters that it is about. */
export interface QueryProblem {
  readonly text: string
  readonly at: number
  readonly length: number
}

export type Parsed = { readonly query: Query; readonly problem: null } | { readonly query: null; readonly problem: QueryProblem }

/** Longer texts and queries are refused. */
export const queryLimits = { characters: 1000, terms: 50 } as const

export function parseQuery(text: string): Parsed {
  const reader = new Reader(text)
  try {
    if (text.length > queryLimits.characters) reader.fail(`A search may have ${queryLimits.characters} characters.`, queryLimits.characters, text.length)
    return { query: reader.query(), problem: null }
  } catch (error) {
    if (error instanceof Wrong) return { query: null, problem: error.problem }
    throw error
  }
}

/** Thrown by the reader at any depth; only `parseQuery` catches it. */
class Wrong extends Error {
  readonly problem: QueryProblem
  constructor(problem: QueryProblem) {
    super(problem.text)
    this.problem = problem
  }
}

const space = /\s/
/** `name:` at the beginning of a term; a name has only letters, so a time such as 12:30 is no field. */
const fieldStart = /([a-z]+):/iy

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  query(): Query {
    const terms: Term[] = []
    /** The last term consists of unquoted words, so another word extends its phrase. */
    let isPhrase = false
    for (this.#skipSpace(); this.#at < this.#text.length; this.#skipSpace()) {
      const start = this.#at
      const { term, isBare } = this.#term()
      const last = terms.at(-1)
      if (isBare && isPhrase && term.type === 'words' && last?.type === 'words') terms[terms.length - 1] = { ...last, text: `${last.text} ${term.text}` }
      else terms.push(term)
      isPhrase = isBare
      if (terms.length > queryLimits.terms) this.fail(`A search may have ${queryLimits.terms} terms.`, start, this.#text.length)
    }
    return terms
  }

  fail(text: string, at: number, end: number): never {
    throw new Wrong({ text, at, length: Math.max(0, end - at) })
  }

  #term(): { term: Term; isBare: boolean } {
    const isNot = this.#peek() === '-' && this.#text[this.#at + 1] !== undefined && !space.test(this.#text[this.#at + 1] as string)
    if (isNot) this.#at++
    if (this.#peek() === '"') return { term: { type: 'words', isNot, text: this.#quoted() }, isBare: false }
    fieldStart.lastIndex = this.#at
    const name = fieldStart.exec(this.#text)?.[1]
    if (name !== undefined) return { term: this.#fieldTerm(name, isNot), isBare: false }
    const text = this.#bare(/[\s"]/)
    return { term: { type: 'words', isNot, text }, isBare: !isNot }
  }

  #fieldTerm(name: string, isNot: boolean): Term {
    const start = this.#at
    const field = name.toLowerCase() as Field
    this.#at += name.length + 1
    if (!fields.includes(field)) {
      this.fail(`There is no field “${name}”. The fields are ${fields.join(', ')}; a text with a colon goes in quotes.`, start, start + name.length)
    }
    if (isOneOf(nameFields, field)) return { type: 'names', isNot, field, names: this.#list(field, start, () => this.#name(field, start)) }
    return { type: 'numbers', isNot, field, ranges: this.#list(field, start, () => this.#range(field, start)) }
  }

  /** Reads one or more items, separated by commas, up to white space. */
  #list<Item>(field: Field, start: number, read: () => Item): Item[] {
    const items: Item[] = []
    do {
      items.push(read())
      if (items.length > queryLimits.terms) this.fail(`“${field}:” may have ${queryLimits.terms} values.`, start, this.#at)
    } while (this.#peek() === ',' && this.#at++ >= 0)
    const next = this.#peek()
    if (next !== undefined && !space.test(next)) this.fail('A comma or a space is missing after the quotes.', this.#at, this.#at + 1)
    return items
  }

  #name(field: NameField, start: number): Name {
    const text = this.#peek() === '"' ? this.#quoted() : this.#bare(/[\s",*]/)
    const isQuoted = this.#text[this.#at - 1] === '"'
    const isOpen = this.#peek() === '*'
    if (isOpen) this.#at++
    if (text === '' && !isQuoted && !isOpen) this.#missing(field, start)
    const next = this.#peek()
    if (isOpen && next !== undefined && next !== ',' && !space.test(next)) this.fail('“*” stands at the end of a value only.', this.#at - 1, this.#at)
    return { text, isOpen }
  }

  #range(field: NumberField, start: number): Range {
    const at = this.#at
    const text = this.#bare(/[\s",]/)
    if (text === '') this.#missing(field, start)
    const bound = /^(>=|<=|>|<)(.*)$/.exec(text)
    if (bound) return { type: 'bound', bound: bound[1] as Bound, value: this.#number(field, bound[2] as string, at + (bound[1] as string).length) }
    const dots = text.indexOf('..')
    if (dots === -1) {
      const value = this.#number(field, text, at)
      return { type: 'span', from: value, to: value }
    }
    const [first, second] = [text.slice(0, dots), text.slice(dots + 2)]
    if (first === '' && second === '') this.fail(`“..” needs a number on one side, as in ${fieldWords.seq.example}.`, at, this.#at)
    const from = first === '' ? null : this.#number(field, first, at)
    const to = second === '' ? null : this.#number(field, second, at + dots + 2)
    if (from !== null && to !== null && from > to) this.fail(`${from}..${to} goes backwards: nothing lies between.`, at, this.#at)
    return { type: 'span', from, to }
  }

  #number(field: NumberField, text: string, at: number): number {
    const isWhole = field !== 'at'
    if (!(isWhole ? /^\d{1,15}$/ : /^\d{1,12}(\.\d{1,6})?$/).test(text)) {
      const wanted = isWhole ? 'a whole number' : 'a time in seconds'
      if (text === '') this.fail(`“${field}:” needs ${wanted} here, as in ${fieldWords[field].example}.`, at - 1, this.#at)
      this.fail(`“${text}” is not ${wanted}; ${field} is written as in ${fieldWords[field].example}.`, at, at + text.length)
    }
    return Number(text)
  }

  #missing(field: Field, start: number): never {
    return this.fail(`“${field}:” needs a value, as in ${fieldWords[field].example}.`, start, this.#at)
  }

  /** Reads up to a character that matches `end`. */
  #bare(end: RegExp): string {
    const start = this.#at
    while (this.#at < this.#text.length && !end.test(this.#text[this.#at] as string)) this.#at++
    return this.#text.slice(start, this.#at)
  }

  #quoted(): string {
    const start = this.#at++
    let text = ''
    for (let sign = this.#peek(); sign !== undefined; sign = this.#peek()) {
      this.#at++
      if (sign === '"') return text
      if (sign === '\\' && this.#peek() !== undefined) text += this.#text[this.#at++] as string
      else text += sign
    }
    return this.fail('The quotes are not closed.', start, this.#text.length)
  }

  #peek(): string | undefined {
    return this.#text[this.#at]
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length && space.test(this.#text[this.#at] as string)) this.#at++
  }
}

function isOneOf<Name extends string>(names: readonly Name[], name: string): name is Name {
  return (names as readonly string[]).includes(name)
}
