// Interprets the `:value` of a history's entries: [key value] or a value alone, and its text. It refuses what is not one of our operations
// (transactions, values with versions). It must never guess: a form that can be read in two ways is refused.
import { utf8ToBytes, type Operation, type Result } from '../protocol'
import { bytesOf, recordBytes, type Recorded } from '../trace'
import { ednText, itemsOf, untagged, type EdnForm } from './edn-form'
import { EdnReader } from './edn-reader'

/** `register`: a `:value` is the value of one register. `keys`: it is `[key value]`. */
export const historyModels = ['register', 'keys'] as const
export type HistoryModel = (typeof historyModels)[number]

/** Throws an error with the position of the form. */
export type Fail = (form: EdnForm, sentence: string) => never

/** An operation as its invocation gives it. */
export interface Call {
  /** The name that the invocation gives the operation. */
  readonly f: string
  /** Whether its `:value` is [key value]. */
  readonly isPair: boolean
  readonly operation: Recorded<Operation>
  /** The text of the value that it was invoked with; null: none. */
  readonly given: string | null
}

/** The relevant fields of a client's entry. */
export interface Entry {
  readonly form: EdnForm
  readonly process: string
  readonly type: 'invoke' | 'ok' | 'fail' | 'info'
  readonly f: EdnForm | undefined
  readonly key: EdnForm | undefined
  readonly value: EdnForm | undefined
  readonly error: EdnForm | undefined
  readonly time: EdnForm | undefined
}

/** Names of operations: ours, and those of common histories. */
export const operationTypes: ReadonlyMap<string, Operation['type']> = new Map([
  ['read', 'get'], ['get', 'get'], ['r', 'get'], ['write', 'put'], ['put', 'put'], ['w', 'put'], ['append', 'append'], ['delete', 'delete'], ['cas', 'cas'],
])

/** The name of a keyword, or of a string as JSON has them; empty for anything else. */
export function nameOf(form: EdnForm | undefined): string {
  return form?.type === 'keyword' ? form.name : form?.type === 'string' ? form.value : ''
}

/** Both items of a vector of two; undefined for anything else. */
function pairOf(form: EdnForm | undefined): readonly [EdnForm, EdnForm] | undefined {
  const items = itemsOf(form && untagged(form))
  return items?.length === 2 ? items as readonly [EdnForm, EdnForm] : undefined
}

function isNil(form: EdnForm | undefined): form is undefined | (EdnForm & { type: 'nil' }) {
  return form === undefined || form.type === 'nil'
}

const parts: ReadonlySet<string> = new Set(['r', 'w', 'read', 'write', 'append', 'get', 'put', 'delete', 'cas', 'add', 'inc', 'insert', 'update'])

/** Whether the form is `[:w 9 2]`, an operation of a transaction. */
function isPart(form: EdnForm): boolean {
  const items = itemsOf(untagged(form))
  const [first] = items ?? []
  const name = first?.type === 'symbol' ? first.name : nameOf(first)
  return items !== undefined && items.length >= 2 && items.length <= 4 && parts.has(name)
}

/** Whether the form is operations that take effect together, `[[:w 9 2] [:r 3 nil]]`, or one of them alone, `[:w 9 2]`. */
export function isTransaction(form: EdnForm | undefined): boolean {
  const items = itemsOf(form && untagged(form))
  if (form === undefined || items === undefined || items.length === 0) return false
  return items.every(isPart) || (items.length > 2 && isPart(form))
}

export const noTransactions = 'Transactions are not supported: each operation is a read, a write, an append, a delete or a cas of one key.'

/** The model that an invocation implies; undefined if its value can be read in both ways. */
export function modelOf({ key, value: tagged, f }: Entry): HistoryModel | 'named' | undefined {
  if (key !== undefined) return 'named'
  const value = tagged && untagged(tagged)
  const pair = pairOf(value)
  switch (operationTypes.get(nameOf(f))) {
    case 'get': return isNil(value) || pair === undefined ? 'register' : pair[1].type === 'nil' ? 'keys' : undefined
    case 'delete': return pair === undefined ? 'register' : 'keys'
    case 'cas': return pair !== undefined && pairOf(pair[1]) !== undefined ? undefined : 'register'
    case 'put':
    case 'append': return pair === undefined ? 'register' : undefined
    case undefined: return 'register' // The operation is refused, whatever its value.
  }
}

type Kind = 'string' | 'bytes' | 'other'
const kindText: Readonly<Record<Kind, string>> = { string: 'a string', bytes: 'bytes in base64', other: 'another value' }

type Shape = 'one' | 'collection'

/** Converts the forms of one history to values. */
export class HistoryValues {
  readonly #fail: Fail
  /** The kind of form behind each text, for keys and for values: two kinds with the same text must not be confused. */
  readonly #keys = new Map<string, Kind>()
  readonly #values = new Map<string, Kind>()
  /** The first read, and the first write, of a single value and of a collection. */
  readonly #read = new Map<Shape, EdnForm>()
  readonly #written = new Map<Shape, EdnForm>()
  #append: EdnForm | undefined
  #noString: EdnForm | undefined

  constructor(fail: Fail) {
    this.#fail = fail
  }

  /** A string gives its text as recordings write it; every other value gives its EDN text. */
  valueText(form: EdnForm): string {
    if (isTransaction(form)) this.#fail(form, noTransactions)
    if (form.type !== 'string') this.#noString ??= form
    return this.#textOf(form, this.#values)
  }

  /** Null for nil. */
  initialText(text: string): string | null {
    const form = new EdnReader(text).next()
    return form === undefined || form.type === 'nil' ? null : this.valueText(form)
  }

  keyText(form: EdnForm): string {
    if (form.type === 'nil') this.#fail(form, 'A key is a value, not nil.')
    return this.#textOf(form, this.#keys)
  }

  #textOf(form: EdnForm, kinds: Map<string, Kind>): string {
    const [text, kind] = form.type === 'string' ? recordedText(form.value) : [ednText(form), 'other' as const]
    const before = kinds.get(text)
    if (before !== undefined && before !== kind) this.#fail(form, `${ednText(form).slice(0, 40)} stands here as ${kindText[kind]} and elsewhere as ${kindText[before]}; the two could not be told apart.`)
    if (before === undefined) kinds.set(text, kind)
    return text
  }

  call(entry: Entry, model: HistoryModel, single: string): Call {
    const { form, f: named, key: field, value } = entry
    const f = nameOf(named)
    const type = operationTypes.get(f)
    if (!type) this.#fail(named ?? form, f === '' ? 'This entry has no :f.' : `The operation :${f.slice(0, 40)} is none of read, write, append, cas and delete.`)
    const isPair = field === undefined && model === 'keys'
    const pair = isPair ? pairOf(value) : undefined
    if (isPair && pair === undefined) this.#fail(value ?? form, 'Elsewhere a :value is [key value], and here it is not.')
    const key = field ? this.keyText(field) : pair ? this.keyText(pair[0]) : single
    const given = pair ? pair[1] : value
    const operation = this.#operation(form, type, key, given)
    return { f, isPair, operation, given: isNil(given) ? null : ednText(given) }
  }

  #operation(form: EdnForm, type: Operation['type'], key: string, value: EdnForm | undefined): Recorded<Operation> {
    switch (type) {
      case 'get': return { type, key }
      case 'delete':
        if (!isNil(value) && value.type !== 'boolean') this.#fail(value, 'A :delete has no value but nil; its key is a :key, or stands in [key nil].')
        return { type, key }
      case 'put':
      case 'append':
        if (isNil(value)) return this.#fail(value ?? form, 'What is written has a :value.')
        if (type === 'append') this.#append ??= value
        return { type, key, value: this.#writtenText(value) }
      case 'cas': {
        const pair = pairOf(value)
        if (pair === undefined) return this.#fail(value ?? form, 'The :value of a :cas is [expected new].')
        const [expected, next] = pair
        if (next.type === 'nil') return this.#fail(next, 'A :cas writes a value, not nil.')
        if (expected.type === 'nil' && pairOf(next)) this.#noVersions(value ?? form)
        return { type, key, expected: expected.type === 'nil' ? null : this.valueText(expected), value: this.#writtenText(next) }
      }
    }
  }

  /** Refuses `[nil 3]`: a value with a version that is not known yet cannot be written. */
  #writtenText(form: EdnForm): string {
    if (pairOf(form)?.[0].type === 'nil') this.#noVersions(form)
    note(this.#written, form)
    return this.valueText(form)
  }

  #noVersions(form: EdnForm): never {
    return this.#fail(form, 'Values beside versions, [version value], are not supported.')
  }

  /** The result that an `:ok` entry gives. `isAny`: a read of nil says nothing. */
  result({ value: whole }: Entry, { operation, isPair, given }: Call, isAny: boolean): Recorded<Result> | null {
    const value = isPair ? this.#besideKey(operation.key, whole) : whole
    switch (operation.type) {
      case 'put':
      case 'append':
      case 'cas':
        if (value && itemsOf(untagged(value)) && ednText(value) !== given) this.#fail(value, `This ends with ${ednText(value).slice(0, 40)} and began with ${(given ?? 'nil').slice(0, 40)}: values beside versions are not supported.`)
        return { type: 'done' }
      case 'get':
        if (given !== null && value && ednText(value) !== given) this.#fail(value, `This read ends with ${ednText(value).slice(0, 40)} and began with ${given.slice(0, 40)}, which is neither its key nor what it found.`)
        if (isNil(value)) return isAny ? null : { type: 'missing' }
        note(this.#read, value)
        return { type: 'value', value: this.valueText(value) }
      case 'delete': return value?.type !== 'boolean' ? null : value.value ? { type: 'done' } : { type: 'missing' }
    }
  }

  /** A completion may leave its value out; its key must be the invocation's. */
  #besideKey(key: string, value: EdnForm | undefined): EdnForm | undefined {
    if (isNil(value)) return undefined
    const pair = pairOf(value)
    if (pair === undefined) return this.#fail(value, 'Elsewhere a :value is [key value], and here it is not.')
    if (this.keyText(pair[0]) !== key) this.#fail(pair[0], `This ends with the key ${ednText(pair[0]).slice(0, 40)} and began with another.`)
    return isNil(pair[1]) ? undefined : pair[1]
  }

  /** Call after the last entry: refuses values that were read but that no write can have written in that form. */
  end(): void {
    if (this.#append && this.#noString) this.#fail(this.#noString.offset < this.#append.offset ? this.#append : this.#noString, 'An :append is of strings, and so is all else in its history: what it does to other values is not known.')
    const [read, written] = [this.#read, this.#written]
    const other = read.size === 1 && written.size === 1 && [...read.keys()][0] !== [...written.keys()][0] ? [...read.values()][0] : undefined
    if (other) this.#fail(other, `Every read gives ${read.has('one') ? 'one value' : 'a collection'} and every write writes ${written.has('one') ? 'one value' : 'a collection'}: they cannot be compared; values beside versions are not supported.`)
  }
}

function note(shapes: Map<Shape, EdnForm>, tagged: EdnForm): void {
  const { type } = untagged(tagged)
  const shape: Shape = type === 'list' || type === 'vector' || type === 'set' || type === 'map' ? 'collection' : 'one'
  if (!shapes.has(shape)) shapes.set(shape, tagged)
}

/** A `base64:` prefix means bytes, as in recordings; a text that only looks like it is text. */
function recordedText(text: string): readonly [text: string, kind: Kind] {
  try {
    const bytes = bytesOf(text)
    return [recordBytes(bytes), text.startsWith('base64:') ? 'bytes' : 'string']
  } catch {
    return [recordBytes(utf8ToBytes(text)), 'string'] // A RangeError: it is not base64.
  }
}
