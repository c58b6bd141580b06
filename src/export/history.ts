// Operations out of a history of Jepsen or Knossos (EDN: one vector, or one map after another), for checkers: our own exports, and those
// of other tools as far as their operations are ours. What cannot be understood is refused with its line and column, never guessed.
import { utf8ToBytes, type Operation, type Result } from '../protocol'
import { bytesOf, grouped, recordBytes, type Recorded } from '../trace'
import { EdnProblem, EdnReader, ednText, type EdnForm } from './edn-reader'

export type ImportedOutcome =
  /** `result` null: done, and the history does not say what came of it (a delete that tells not whether the key was there). */
  | { readonly type: 'ok'; readonly result: Recorded<Result> | null }
  | { readonly type: 'failed'; readonly reason: string }
  /** Also of an operation that has no completion. */
  | { readonly type: 'unknown'; readonly reason: string }

export interface ImportedOperation {
  readonly process: string
  readonly operation: Recorded<Operation>
  readonly outcome: ImportedOutcome
  /** Places in the order of the history, from 0; `returned` null: it has no completion, or an unknown outcome, and stays open. */
  readonly invoked: number
  readonly returned: number | null
  /** The place of its completion, also of one that tells an unknown outcome; null: it has none. */
  readonly ended: number | null
  /** Nanoseconds as the history tells them; null where it does not. */
  readonly invokedNs: number | null
  readonly endedNs: number | null
  /** Of its invocation. */
  readonly line: number
}

export interface ImportedHistory {
  /** In the order of their invocations. */
  readonly operations: readonly ImportedOperation[]
  /** Entries of the nemesis and of other processes that are no clients. */
  readonly skipped: number
}

/** Operations of one history. */
export const historyOperationsMax = 1_000_000

/** The key of a history that names none: one register. */
export const singleKey = 'register'

/** Throws an `EdnProblem`: one sentence with line and column. */
export function readHistory(text: string): ImportedHistory {
  const reading = new HistoryReading(text)
  while (reading.advance(entriesAtOnce));
  return reading.end()
}

const entriesAtOnce = 10_000

/** The same in pieces, for who has other things to do meanwhile. After it has thrown it must not be used again. */
export class HistoryReading {
  readonly #text: string
  readonly #reader: EdnReader
  readonly #closing: '' | ']'
  readonly #history: HistoryBuilder

  constructor(text: string) {
    this.#text = text
    this.#reader = new EdnReader(text)
    this.#closing = this.#reader.enter('[') ? ']' : ''
    this.#history = new HistoryBuilder(text)
  }

  /** Reads so many entries more; false when there are none. Throws as `readHistory` does. */
  advance(entries: number): boolean {
    for (let read = 0; read < entries; read++) {
      const form = this.#reader.next(this.#closing)
      if (form === undefined) return false
      this.#history.take(form)
    }
    return true
  }

  /** To be called when `advance` has answered false. */
  end(): ImportedHistory {
    if (this.#closing !== '' && this.#reader.next() !== undefined) throw new EdnProblem(this.#text, this.#text.length, 'Something follows the vector of the history.')
    return this.#history.end()
  }
}

type Fields = ReadonlyMap<string, EdnForm>

interface OpenOperation {
  readonly process: string
  readonly call: Call
  readonly invoked: number
  readonly invokedNs: number | null
  readonly line: number
  readonly place: number
}

/** An operation as its invocation tells it, and which name it had there. */
interface Call {
  readonly f: string
  readonly isTuple: boolean
  readonly operation: Recorded<Operation>
}

type Building = { -readonly [Key in keyof ImportedOperation]: ImportedOperation[Key] }

class HistoryBuilder {
  readonly #text: string
  readonly #operations: Building[] = []
  readonly #open = new Map<string, OpenOperation>()
  /** Processes whose operation ended unknown: they never act again. */
  readonly #crashed = new Set<string>()
  /** Whether a text stood for a string or for another value: the two must not be taken for each other. */
  readonly #kinds = new Map<string, 'string' | 'other'>()
  #entries = 0
  #skipped = 0
  // Lines are counted along, because asking for each from the begin of the text would take for ever.
  #line = 1
  #lineCountedTo = 0

  constructor(text: string) {
    this.#text = text
  }

  take(form: EdnForm): void {
    if (form.type !== 'map') this.#fail(form, 'A history is made of maps like {:process 0, :type :invoke, :f :read, :value nil}.')
    const fields: Fields = new Map(form.entries.flatMap(([key, value]) => key.type === 'keyword' ? [[key.name, value] as const] : []))
    const process = fields.get('process')
    if (!process) this.#fail(form, 'This entry has no :process.')
    if (process.type === 'keyword') return void this.#skipped++
    if (process.type !== 'number' || !/^\d+$/.test(process.text)) this.#fail(process, 'A :process is a whole number, or a keyword like :nemesis.')
    const type = fields.get('type')
    const place = this.#entries++
    switch (type?.type === 'keyword' ? type.name : '') {
      case 'invoke': return this.#invoke(form, process.text, fields, place)
      case 'ok':
      case 'fail':
      case 'info': return this.#complete(form, process.text, fields, place, (type as EdnForm & { type: 'keyword' }).name as 'ok' | 'fail' | 'info')
      default: return this.#fail(type ?? form, 'A :type is :invoke, :ok, :fail or :info.')
    }
  }

  end(): ImportedHistory {
    return { operations: this.#operations, skipped: this.#skipped }
  }

  #fail(form: EdnForm, sentence: string): never {
    throw new EdnProblem(this.#text, form.offset, sentence)
  }

  #invoke(form: EdnForm, process: string, fields: Fields, invoked: number): void {
    const open = this.#open.get(process)
    if (open) this.#fail(form, `Process ${process} invokes while its operation of line ${open.line} is open.`)
    if (this.#crashed.has(process)) this.#fail(form, `Process ${process} acts again after an operation that ended :info; a new process number must take its place.`)
    if (this.#operations.length >= historyOperationsMax) this.#fail(form, `The history has more than ${grouped(historyOperationsMax)} operations.`)
    const call = this.#call(form, fields)
    const line = this.#lineOf(form.offset)
    const invokedNs = numberOf(fields.get('time'))
    this.#open.set(process, { process, call, invoked, invokedNs, line, place: this.#operations.length })
    this.#operations.push({
      process, operation: call.operation, outcome: { type: 'unknown', reason: 'no completion' }, invoked, returned: null, ended: null,
      invokedNs, endedNs: null, line,
    })
  }

  #complete(form: EdnForm, process: string, fields: Fields, returned: number, type: 'ok' | 'fail' | 'info'): void {
    const open = this.#open.get(process)
    if (!open) this.#fail(form, `Process ${process} has no open operation that could end here.`)
    const f = nameOf(fields.get('f'))
    if (f !== open.call.f) this.#fail(fields.get('f') ?? form, `Process ${process} ends :${f}, and what it has open since line ${open.line} is :${open.call.f}.`)
    this.#open.delete(process)
    const operation = this.#operations[open.place] as Building
    operation.outcome = this.#outcome(fields, open.call, type)
    operation.ended = returned
    operation.endedNs = numberOf(fields.get('time'))
    if (type === 'info') this.#crashed.add(process)
    else operation.returned = returned
  }

  // ---- values

  #call(form: EdnForm, fields: Fields): Call {
    const f = nameOf(fields.get('f'))
    const type = operationTypes.get(f)
    if (!type) this.#fail(fields.get('f') ?? form, f === '' ? 'This entry has no :f.' : `The operation :${f.slice(0, 40)} is none of read, write, append, cas and delete.`)
    const value = fields.get('value')
    const named = fields.get('key')
    const pair = value?.type === 'vector' && value.items.length === 2 ? value.items as [EdnForm, EdnForm] : undefined
    // A key beside its value, as independent registers are written: [key value], and of a compare-and-swap [key [expected value]].
    const isTuple = !named && pair !== undefined && (type !== 'cas' || pair[1].type === 'vector')
    const key = named ? this.#textOf(named) : isTuple && pair ? this.#textOf(pair[0]) : singleKey
    const given = isTuple && pair ? pair[1] : value
    return { f, isTuple, operation: this.#operation(form, type, key, given) }
  }

  #operation(form: EdnForm, type: Operation['type'], key: string, value: EdnForm | undefined): Recorded<Operation> {
    switch (type) {
      case 'get':
      case 'delete': return { type, key }
      case 'put':
      case 'append':
        if (!value || value.type === 'nil') return this.#fail(value ?? form, 'What is written has a :value.')
        return { type, key, value: this.#textOf(value) }
      case 'cas': {
        if (value?.type !== 'vector' || value.items.length !== 2) return this.#fail(value ?? form, 'The :value of a :cas is [expected new].')
        const [expected, next] = value.items as [EdnForm, EdnForm]
        if (next.type === 'nil') return this.#fail(next, 'A :cas writes a value, not nil.')
        return { type, key, expected: expected.type === 'nil' ? null : this.#textOf(expected), value: this.#textOf(next) }
      }
    }
  }

  #outcome(fields: Fields, { operation, isTuple }: Call, type: 'ok' | 'fail' | 'info'): ImportedOutcome {
    const error = fields.get('error')
    const reason = error ? ednText(error).slice(0, 200) : ''
    if (type === 'info') return { type: 'unknown', reason }
    if (type === 'fail') return this.#failed(operation, error, reason)
    const given = fields.get('value')
    const value = isTuple && given?.type === 'vector' ? given.items[1] : given
    switch (operation.type) {
      case 'put':
      case 'append':
      case 'cas': return { type: 'ok', result: { type: 'done' } }
      case 'get': return { type: 'ok', result: !value || value.type === 'nil' ? { type: 'missing' } : { type: 'value', value: this.#textOf(value) } }
      case 'delete': return { type: 'ok', result: value?.type !== 'boolean' ? null : value.value ? { type: 'done' } : { type: 'missing' } }
    }
  }

  /** Our own exports tell two results that changed nothing as failures, with what was seen beside them. */
  #failed(operation: Recorded<Operation>, error: EdnForm | undefined, reason: string): ImportedOutcome {
    if (operation.type === 'cas' && error?.type === 'vector' && nameOf(error.items[0]) === 'mismatch' && error.items[1]) {
      return { type: 'ok', result: { type: 'mismatch', actual: error.items[1].type === 'nil' ? null : this.#textOf(error.items[1]) } }
    }
    if (operation.type === 'append' && nameOf(error) === 'too-large') return { type: 'ok', result: { type: 'too-large' } }
    return { type: 'failed', reason }
  }

  /** A string is its text as recordings write it; every other value is its EDN text. */
  #textOf(form: EdnForm): string {
    const kind = form.type === 'string' ? 'string' : 'other'
    const text = form.type === 'string' ? recordedText(form.value) : ednText(form)
    const before = this.#kinds.get(text)
    if (before !== undefined && before !== kind) this.#fail(form, `${ednText(form).slice(0, 40)} stands here as ${kindText[kind]} and elsewhere as ${kindText[before]}; the two could not be told apart.`)
    if (before === undefined) this.#kinds.set(text, kind)
    return text
  }

  #lineOf(offset: number): number {
    for (let at = this.#text.indexOf('\n', this.#lineCountedTo); at !== -1 && at < offset; at = this.#text.indexOf('\n', at + 1)) {
      this.#line++
      this.#lineCountedTo = at + 1
    }
    return this.#line
  }
}

const kindText = { string: 'a string', other: 'another value' } as const

/** Names of operations, ours and those of common histories. */
const operationTypes: ReadonlyMap<string, Operation['type']> = new Map([
  ['read', 'get'], ['get', 'get'], ['r', 'get'], ['write', 'put'], ['put', 'put'], ['w', 'put'], ['append', 'append'], ['delete', 'delete'], ['cas', 'cas'],
])

/** Of a keyword; empty for anything else. */
function nameOf(form: EdnForm | undefined): string {
  return form?.type === 'keyword' ? form.name : ''
}

function numberOf(form: EdnForm | undefined): number | null {
  return form?.type === 'number' && /^-?\d+N?$/.test(form.text) ? Number(form.text.replace('N', '')) : null
}

/** `base64:` in front means bytes, as in recordings; a foreign text that only looks like it is text. */
function recordedText(text: string): string {
  try {
    return recordBytes(bytesOf(text))
  } catch {
    return recordBytes(utf8ToBytes(text)) // A RangeError: it is no base64.
  }
}

