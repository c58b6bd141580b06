// What keys held before a history began, and what a missing key reads as. It adds initial operations before all others, so that recordings
// and judges treat them like the rest. It must never guess: an assumption needs reads that allow no other, and is reported.
import { initialNode } from '../check'
import { EdnReader } from './edn-reader'
import type { HistoryOptions, ImportedHistory, ImportedOperation } from './imported-history'

/** What a history says of itself; options take precedence. */
export interface SaidModel {
  /** `unknown`: the history is the middle of a longer one. */
  readonly begins?: string
  readonly missing?: 'nil'
}

export function withBeginning(
  { operations, skipped }: Pick<ImportedHistory, 'operations' | 'skipped'>, initialText: string | null, { missing, initial }: HistoryOptions, said: SaidModel = {},
): ImportedHistory {
  const told = missing === undefined && initial === undefined && said.missing === undefined ? earlyEmptyRead(operations) : undefined
  const isEmpty = missing === 'empty' || told !== undefined
  const begin = initialText ?? (isEmpty ? '' : null)
  const of = isEmpty ? operations.map(withoutMissing) : operations
  const assumed = [
    ...(told ? [`A missing key is taken to read as an empty value, as the read of line ${told.line} gave one that nobody had written, and no read gave nil (--missing nil takes it the other way).`] : []),
    ...(missing === 'empty' ? ['A missing key reads as an empty value (--missing empty).'] : []),
    ...(missing === 'any' ? ['A read of nil says nothing (--missing any).'] : []),
    ...(begin !== null && initial !== undefined ? [`Every key begins with ${initial.trim().slice(0, 40)} (--initial).`] : []),
  ]
  const isFromBeginning = said.begins !== 'unknown' || initial !== undefined
  return { operations: begin === null ? of : [...beginnings(of, begin), ...of], skipped, assumed, isFromBeginning }
}

/** Whether an option's value is exactly one EDN form. */
export function isEdnValue(text: string): boolean {
  try {
    const reader = new EdnReader(text)
    return reader.next() !== undefined && reader.next() === undefined
  } catch {
    return false // An EdnProblem: it is not valid EDN.
  }
}

/**
 * Finds a read that gave an empty value although its key may have been missing and no operation can have written that value. In a history
 * without nil, missing keys read as empty. If any read gave nil, such an empty value is an error of the store, so it returns undefined.
 */
function earlyEmptyRead(operations: readonly ImportedOperation[]): ImportedOperation | undefined {
  const keys = new Map<string, KeyFacts>()
  for (const { operation, outcome, invoked, returned } of operations) {
    if (operation.type === 'cas' && operation.expected === null) return undefined
    if (outcome.type === 'ok' && operation.type !== 'delete' && sawNil(outcome.result)) return undefined
    if (operation.type === 'get' || outcome.type === 'failed') continue
    const facts = keys.get(operation.key) ?? { filled: Infinity, emptied: Infinity, empty: Infinity }
    keys.set(operation.key, facts)
    if (operation.type === 'delete') facts.emptied = Math.min(facts.emptied, invoked)
    else if (operation.value === '') facts.empty = Math.min(facts.empty, invoked)
    else if (outcome.type === 'ok' && outcome.result?.type !== 'mismatch') facts.filled = Math.min(facts.filled, returned ?? Infinity)
  }
  return operations.find(({ operation, outcome, invoked, returned }) => {
    if (operation.type !== 'get' || outcome.type !== 'ok' || outcome.result?.type !== 'value' || outcome.result.value !== '') return false
    const { filled, emptied, empty } = keys.get(operation.key) ?? { filled: Infinity, emptied: Infinity, empty: Infinity }
    return empty > (returned ?? Infinity) && (filled > invoked || emptied < (returned ?? Infinity))
  })
}

/** The first positions at which a key surely held a value, may have been deleted, and may have got an empty value. */
interface KeyFacts {
  filled: number
  emptied: number
  empty: number
}

type ToldResult = Extract<ImportedOperation['outcome'], { type: 'ok' }>['result']

function sawNil(result: ToldResult): boolean {
  return result?.type === 'missing' || (result?.type === 'mismatch' && result.actual === null)
}

/** The operation when a missing key holds an empty value: a delete writes that value, and a delete that found nothing has read it. */
function withoutMissing(imported: ImportedOperation): ImportedOperation {
  const { operation, outcome } = imported
  const result = outcome.type === 'ok' ? outcome.result : null
  switch (operation.type) {
    case 'get': return sawNil(result) ? { ...imported, outcome: { type: 'ok', result: { type: 'value', value: '' } } } : imported
    case 'delete':
      if (result?.type === 'missing') return { ...imported, operation: { type: 'get', key: operation.key }, outcome: { type: 'ok', result: { type: 'value', value: '' } } }
      return { ...imported, operation: { type: 'put', key: operation.key, value: '' }, outcome: outcome.type === 'ok' ? { type: 'ok', result: { type: 'done' } } : outcome }
    case 'cas': return {
      ...imported, operation: { ...operation, expected: operation.expected ?? '' },
      outcome: result?.type === 'mismatch' ? { type: 'ok', result: { type: 'mismatch', actual: result.actual ?? '' } } : outcome,
    }
    case 'put':
    case 'append': return imported
  }
}

/** A completed put of `value` for each key, in the order of the keys' first operations, all before the first entry. */
function beginnings(operations: readonly ImportedOperation[], value: string): ImportedOperation[] {
  const keys = [...new Set(operations.map(({ operation }) => operation.key))]
  return keys.map((key, index) => {
    const invoked = 2 * (index - keys.length)
    return {
      process: initialNode, operation: { type: 'put', key, value }, outcome: { type: 'ok', result: { type: 'done' } }, invoked, returned: invoked + 1,
      ended: invoked + 1, invokedNs: null, endedNs: null, line: 0, isInitial: true,
    }
  })
}
