// Turns entries of a history into operations: a process's invocation and its completion are one operation. Entries wait until it is known
// whether `:value` is [key value] or a value. It must never guess: it refuses what it cannot understand, with line and column.
import { grouped } from '../trace'
import { EdnProblem, ednText, untagged, type EdnForm } from './edn-form'
import { withBeginning, type SaidModel } from './history-beginning'
import { HistoryValues, isTransaction, modelOf, nameOf, noTransactions, operationTypes, type Call, type Entry, type HistoryModel } from './history-values'
import { historyOperationsMax, singleKey, type HistoryOptions, type ImportedHistory, type ImportedOperation, type ImportedOutcome } from './imported-history'

interface OpenOperation {
  readonly call: Call
  readonly line: number
  readonly place: number
}

type Building = { -readonly [Key in keyof ImportedOperation]: ImportedOperation[Key] }

export class HistoryBuilder {
  readonly #text: string
  readonly #options: HistoryOptions
  readonly #values: HistoryValues
  readonly #initial: string | null
  readonly #operations: Building[] = []
  readonly #open = new Map<string, OpenOperation>()
  /** Processes whose operation ended with an unknown outcome: they never act again. */
  readonly #crashed = new Set<string>()
  /** Processes that act as clients although they are not numbers. */
  readonly #namedClients = new Set<string>()
  /** `named`: every entry has a `:key`. */
  #model: HistoryModel | 'named' | undefined
  /** The line of the entry that decided the model. */
  #modelLine = 0
  /** Entries that wait until the model is known. */
  #waiting: Entry[] = []
  #entries = 0
  #skipped = 0
  #index = -1
  /** What the history says of itself, in entries that our own exports write (jepsen.ts). */
  #said: SaidModel = {}
  // Counts lines while reading: counting from the start of the text for each entry would take too long.
  #line = 1
  #lineCountedTo = 0

  constructor(text: string, options: HistoryOptions) {
    this.#text = text
    this.#options = options
    this.#model = options.model
    this.#values = new HistoryValues((form, sentence) => this.#fail(form, sentence))
    // Before all entries, so that an entry's value of another kind is reported at its own position.
    this.#initial = options.initial === undefined ? null : this.#values.initialText(options.initial)
  }

  take(tagged: EdnForm): void {
    const form = untagged(tagged)
    if (form.type !== 'map') this.#fail(tagged, 'A history is made of maps like {:process 0, :type :invoke, :f :read, :value nil}.')
    const fields = new Map(form.entries.flatMap(([key, value]) => key.type === 'keyword' || key.type === 'string' ? [[nameOf(key), value] as const] : []))
    const process = this.#processOf(form, fields)
    if (process === null) {
      if (nameOf(fields.get('f')) === 'model') this.#said = saidOf(fields.get('value'))
      return void this.#skipped++
    }
    const type = fields.get('type')
    switch (nameOf(type)) {
      case 'invoke':
      case 'ok':
      case 'fail':
      case 'info': break
      default: return this.#fail(type ?? form, 'A :type is :invoke, :ok, :fail or :info.')
    }
    this.#inOrder(fields.get('index'))
    const entry: Entry = {
      form: { offset: form.offset, type: 'nil' }, process, type: nameOf(type) as Entry['type'], f: fields.get('f'), key: fields.get('key'), value: fields.get('value'),
      error: fields.get('error'), time: fields.get('time'),
    }
    if (isTransaction(entry.value)) this.#fail(entry.value as EdnForm, noTransactions)
    if (this.#model === undefined && !this.#isTold(entry)) return void this.#waiting.push(entry)
    this.#act(entry)
  }

  end(): ImportedHistory {
    const first = this.#waiting.find(({ type }) => type === 'invoke')
    if (first) this.#fail(first.value ?? first.form, 'This :value can be a key beside its value, or one value of a register, and no entry tells which: choose with --model keys or --model register.')
    for (const entry of this.#waiting) this.#act(entry)
    this.#values.end()
    return withBeginning({ operations: this.#operations, skipped: this.#skipped }, this.#initial, this.#options, this.#said)
  }

  #fail(form: EdnForm, sentence: string): never {
    throw new EdnProblem(this.#text, form.offset, sentence)
  }

  /** A client's name, or null for another process: a keyword like :nemesis, unless it acts as a client. */
  #processOf(form: EdnForm, fields: ReadonlyMap<string, EdnForm>): string | null {
    const process = fields.get('process')
    if (process === undefined) {
      const value = fields.get('value')
      return this.#fail(value && isTransaction(value) ? value : form, value && isTransaction(value) ? noTransactions : 'This entry has no :process.')
    }
    if (process.type === 'number' && /^\d+N?$/.test(process.text)) return ednText(process)
    const name = process.type === 'keyword' ? `:${process.name}` : nameOf(process)
    if (name === '') return this.#fail(process, 'A :process is a whole number, or a keyword like :nemesis.')
    if (/^:?nemesis$/.test(name)) return null
    if (process.type === 'string' || nameOf(fields.get('type')) !== 'info') this.#namedClients.add(name)
    return this.#namedClients.has(name) ? name : null
  }

  #inOrder(form: EdnForm | undefined): void {
    const index = numberOf(form)
    if (form === undefined || index === null) return
    if (index < this.#index) this.#fail(form, `This :index comes after ${this.#index}: the entries of a history stand in their order.`)
    this.#index = index
  }

  /** True once the model is known, from this entry or earlier; then it also processes the waiting entries. */
  #isTold(entry: Entry): boolean {
    if (entry.type === 'invoke') this.#model = modelOf(entry)
    if (this.#model === undefined) return false
    this.#modelLine = this.#lineOf(this.#waiting[0]?.form.offset ?? entry.form.offset)
    const waiting = this.#waiting
    this.#waiting = []
    for (const other of waiting) this.#act(other)
    return true
  }

  #act(entry: Entry): void {
    const place = this.#entries++
    if (entry.type === 'invoke') this.#invoke(entry, place)
    else this.#complete(entry, entry.type, place)
  }

  #invoke(entry: Entry, invoked: number): void {
    const { form, process } = entry
    const open = this.#open.get(process)
    if (open) this.#fail(form, `Process ${process} invokes while its operation of line ${open.line} is open.`)
    if (this.#crashed.has(process)) this.#fail(form, `Process ${process} acts again after an operation that ended :info; a new process number must take its place.`)
    if (this.#operations.length >= historyOperationsMax) this.#fail(form, `The history has more than ${grouped(historyOperationsMax)} operations.`)
    const call = this.#values.call(entry, this.#modelFor(entry), singleKey)
    const line = this.#lineOf(form.offset)
    const invokedNs = timeOf(entry.time)
    this.#open.set(process, { call, line, place: this.#operations.length })
    this.#operations.push({
      process, operation: call.operation, outcome: { type: 'unknown', reason: 'no completion' }, invoked, returned: null, ended: null,
      invokedNs, endedNs: null, line,
    })
  }

  /** One history has one model: two models in one are an error of its author, or of this reader. */
  #modelFor(entry: Entry): HistoryModel {
    const own = modelOf(entry)
    const known = this.#model ?? 'register'
    const isOther = own !== undefined && own !== known && (own === 'named' || known === 'named' || this.#options.model === undefined)
    if (isOther && operationTypes.has(nameOf(entry.f))) {
      this.#fail(entry.value ?? entry.form, `${ownText[own]}, and from line ${this.#modelLine || 1} on ${knownText[known]}.`)
    }
    return known === 'named' ? 'register' : known
  }

  #complete(entry: Entry, type: 'ok' | 'fail' | 'info', returned: number): void {
    const { form, process, f: named } = entry
    const open = this.#open.get(process)
    if (!open) this.#fail(form, `Process ${process} has no open operation that could end here.`)
    const f = nameOf(named)
    if (f !== open.call.f) this.#fail(named ?? form, `Process ${process} ends :${f}, and what it has open since line ${open.line} is :${open.call.f}.`)
    this.#open.delete(process)
    const operation = this.#operations[open.place] as Building
    operation.outcome = this.#outcome(entry, open.call, type)
    operation.ended = returned
    operation.endedNs = timeOf(entry.time)
    if (type === 'info') this.#crashed.add(process)
    else operation.returned = returned
  }

  #outcome(entry: Entry, call: Call, type: 'ok' | 'fail' | 'info'): ImportedOutcome {
    const reason = entry.error ? ednText(entry.error).slice(0, 200) : ''
    switch (type) {
      case 'info': return { type: 'unknown', reason }
      case 'fail': return this.#failed(call, entry.error, reason)
      case 'ok': return { type: 'ok', result: this.#values.result(entry, call, this.#options.missing === 'any') }
    }
  }

  /** Our own exports write two results that changed nothing as failures, with what was seen in `:error`. */
  #failed({ operation }: Call, error: EdnForm | undefined, reason: string): ImportedOutcome {
    if (operation.type === 'cas' && error?.type === 'vector' && nameOf(error.items[0]) === 'mismatch' && error.items[1]) {
      return { type: 'ok', result: { type: 'mismatch', actual: error.items[1].type === 'nil' ? null : this.#values.valueText(error.items[1]) } }
    }
    if (operation.type === 'append' && nameOf(error) === 'too-large') return { type: 'ok', result: { type: 'too-large' } }
    return { type: 'failed', reason }
  }

  #lineOf(offset: number): number {
    if (offset < this.#lineCountedTo) return 1
    for (let at = this.#text.indexOf('\n', this.#lineCountedTo); at !== -1 && at < offset; at = this.#text.indexOf('\n', at + 1)) {
      this.#line++
      this.#lineCountedTo = at + 1
    }
    return this.#line
  }
}

const ownText = {
  register: 'Here a :value is one value', keys: 'Here a :value is [key value]', named: 'This entry has a :key',
} as const
const knownText = {
  register: 'it is one value of a register', keys: 'it is [key value]', named: 'every entry has a :key',
} as const

/** `{:begins :empty, :missing nil}` */
function saidOf(form: EdnForm | undefined): SaidModel {
  const entries = form?.type === 'map' ? form.entries : []
  const begins = entries.find(([key]) => nameOf(key) === 'begins')?.[1]
  const missing = entries.find(([key]) => nameOf(key) === 'missing')?.[1]
  return { ...(begins ? { begins: nameOf(begins) } : {}), ...(missing?.type === 'nil' ? { missing: 'nil' } : {}) }
}

function numberOf(form: EdnForm | undefined): number | null {
  return form?.type === 'number' && /^-?\d+N?$/.test(form.text) ? Number(form.text.replace('N', '')) : null
}

/** Nanoseconds in 64 bits, as all clocks have; a larger number is not a time. */
const nanosecondsMax = 2 ** 63

function timeOf(form: EdnForm | undefined): number | null {
  const ns = numberOf(form)
  return ns !== null && Math.abs(ns) <= nanosecondsMax ? ns : null
}
