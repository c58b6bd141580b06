// The contents of entries in a Jepsen history: an operation's invocation and how it ended. jepsen.ts writes the entries and numbers the
// processes. It must never make an answer look like another one: an answer that no store can give is written as it was.
import { fieldsOf, heldIn, resultsOf, type Operation, type OperationType, type Result } from '../protocol'
import type { AnyOperation, AnyResult, EndedOutcome, Recorded } from '../trace'
import { ednOfJson, ednString, ednStringOrNil } from './edn-text'

export interface Completed {
  readonly type: ':ok' | ':fail' | ':info'
  readonly rest: string
}

/** The invocation of an operation. nil is a key that must be missing, or a value that is not known yet. */
export function called(operation: AnyOperation): string {
  if (operation.type === 'call') return `:f ${ednString(operation.kind)}, :value ${ednOfJson(operation.body)}`
  return entry(operation, valueOf(operation))
}

/** An operation that has ended, and the index of its entry. */
export interface Ended {
  readonly client: string
  readonly operation: AnyOperation
  readonly outcome: EndedOutcome
  readonly index: number
  /** True if it comes from an imported history. That may not say what a read or a delete found; then the recording has "done". */
  readonly isImported: boolean
}

/** Of an operation of the store. */
export type EndedOfStore = Ended & { readonly operation: Recorded<Operation> }

export function completed(ended: Ended): Completed {
  const { operation, outcome, isImported } = ended
  switch (outcome.type) {
    case 'unknown': return { type: ':info', rest: `${called(operation)}, :error ${errorText(outcome)}` }
    case 'failed': return { type: ':fail', rest: `${called(operation)}, :error ${errorText(outcome)}` }
    case 'ok': {
      const { result } = outcome
      if (operation.type === 'call') return { type: ':ok', rest: `${called(operation)}, :answer ${answerText(result)}` }
      return isWrongAnswer(ended, result) || result.type === 'answered' ? wronglyAnswered({ ...ended, operation }, result) : answered(operation, result, isImported)
    }
  }
}

function answered(operation: Recorded<Operation>, result: Recorded<Result>, isImported: boolean): Completed {
  const isDelete = operation.type === 'delete'
  switch (result.type) {
    case 'done':
      // What the read saw is unknown, and it changed nothing: an open read says the same.
      if (isImported && operation.type === 'get') return { type: ':info', rest: `${called(operation)}, :error :not-told` }
      return { type: ':ok', rest: isDelete && !isImported ? entry(operation, 'true') : called(operation) }
    case 'missing': return { type: ':ok', rest: isDelete ? entry(operation, 'false') : called(operation) }
    case 'value': return { type: ':ok', rest: entry(operation, ednString(result.value)) }
    case 'mismatch': return { type: ':fail', rest: `${called(operation)}, :error [:mismatch ${ednStringOrNil(result.actual)}]` }
    case 'too-large': return { type: ':fail', rest: `${called(operation)}, :error :too-large` }
  }
}

/** Only a read can carry an answer that no store gives; for other operations a witness read follows (`witness`). */
function wronglyAnswered(ended: EndedOfStore, result: AnyResult): Completed {
  const { operation } = ended
  const rest = operation.type === 'get' ? entry(operation, wrongValue(ended, result)) : called(operation)
  return { type: ':ok', rest: `${rest}, :answer ${answerText(result)}` }
}

/** A value that no store gives to a read: a string, because some checkers take nothing else, and one that no client writes. */
function wrongValue({ client, operation, index }: EndedOfStore, result: AnyResult): string {
  return ednString(`the ${operation.type} of ${client} was answered with ${result.type}, which no store does (:index ${index})`)
}

/** The invocation and completion of a read of this key that no order explains, for checkers that know reads but not our `:answer`. */
export function witness(ended: EndedOfStore, result: AnyResult): { readonly asked: string; readonly saw: string } {
  const read = { type: 'get', key: ended.operation.key } as const
  return { asked: called(read), saw: entry(read, wrongValue(ended, result)) }
}

/** Whether no store gives this result to this operation; mostly it answers another request. */
export function isWrongAnswer({ operation, isImported }: Pick<Ended, 'operation' | 'isImported'>, result: AnyResult): boolean {
  if (operation.type === 'call') return false
  if (result.type === 'answered') return true
  if (isImported && operation.type === 'get' && result.type === 'done') return false
  if (!resultsOf(operation.type).includes(result.type)) return true
  return operation.type === 'cas' && result.type === 'mismatch' && result.actual === operation.expected
}

/** Whether a text stands for bytes that are not text. */
export function hasBytes(operation: AnyOperation, outcome: EndedOutcome | null): boolean {
  if (operation.type === 'call') return false
  const result = outcome?.type === 'ok' ? outcome.result : null
  const seen = result?.type === 'value' ? result.value : result?.type === 'mismatch' ? result.actual : null
  const asked = fieldsOf(operation.type).map((field) => heldIn(operation, field))
  return [operation.key, ...asked, seen].some((text) => text?.startsWith('base64:'))
}

function valueOf(operation: Recorded<Operation>): string {
  const held = fieldsOf(operation.type).map((field) => ednStringOrNil(heldIn(operation, field)))
  return held.length > 1 ? `[${held.join(' ')}]` : held[0] ?? 'nil'
}

const names: Readonly<Record<OperationType, string>> = { put: 'write', append: 'append', get: 'read', delete: 'delete', cas: 'cas' }

function entry({ type, key }: Recorded<Operation>, value: string): string {
  return `:f :${names[type]}, :key ${ednString(key)}, :value ${value}`
}

function answerText(result: AnyResult): string {
  switch (result.type) {
    case 'done':
    case 'missing':
    case 'too-large': return `:${result.type}`
    case 'value': return `[:value ${ednString(result.value)}]`
    case 'mismatch': return `[:mismatch ${ednStringOrNil(result.actual)}]`
    case 'answered': return `[${ednString(result.kind)} ${ednOfJson(result.body)}]`
  }
}

/** One of our keywords, or the text of an imported history. */
function errorText(outcome: Exclude<EndedOutcome, { type: 'ok' }>): string {
  return outcome.reason === 'told' ? ednString(outcome.told) : `:${outcome.reason}`
}
