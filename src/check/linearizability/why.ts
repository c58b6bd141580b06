// Why an operation has no place in any order, in words. Every sentence says what is so in the history; where no simple reason is found, it
// says what the longest order came to.
import type { ByteString } from '../../protocol'
import { grouped, recordBytes } from '../../trace'
import type { HistoryOperation, SearchLimits } from './history'
import type { Found } from './search'

/** Characters of a value that are shown. */
const shownMax = 24

export function shownValue(value: ByteString): string {
  const text = recordBytes(value)
  if (text === '') return 'an empty value'
  return text.length > shownMax ? `${text.slice(0, shownMax)}\u2026` : text
}

/** "c2's get". */
export function named({ process, operation: { type } }: HistoryOperation): string {
  return `${process}'s ${type}`
}

/** "returned 1", what a client saw; empty where nobody says. */
export function saw({ operation, result }: HistoryOperation): string {
  switch (result?.type) {
    case undefined: return ''
    case 'value': return `returned ${shownValue(result.value)}`
    case 'mismatch': return `saw ${result.actual === null ? 'no value' : shownValue(result.actual)}`
    case 'missing': return operation.type === 'delete' ? 'found nothing to delete' : 'found no value'
    case 'too-large': return 'was refused as too large'
    case 'done':
      if (operation.type === 'cas') return `found ${operation.expected === null ? 'no value' : shownValue(operation.expected)}`
      return operation.type === 'delete' ? 'found a value' : 'took effect'
  }
}

/** What a key must have held for this to be seen; undefined where more than one content would do. */
function seenContent({ operation, result }: HistoryOperation): ByteString | null | undefined {
  switch (result?.type) {
    case 'value': return result.value
    case 'mismatch': return result.actual
    case 'missing': return null
    case 'done': return operation.type === 'cas' ? operation.expected : undefined
    default: return undefined
  }
}

/** Could the key have held this right after it? */
function mayLeave({ operation, result }: HistoryOperation, content: ByteString | null): boolean {
  switch (operation.type) {
    case 'put': return operation.value === content
    case 'cas': return (result === null || result.type === 'done') && operation.value === content
    case 'append': return content !== null && content.endsWith(operation.value)
    case 'delete': return content === null && result?.type !== 'missing'
    case 'get': return false
  }
}

/** "2 was acknowledged to c1"; empty for what is no acknowledged change. */
function acknowledged({ process, operation, result }: HistoryOperation): string {
  if (result !== null && result.type !== 'done') return ''
  switch (operation.type) {
    case 'put':
    case 'cas': return `${shownValue(operation.value)} was acknowledged to ${process}`
    case 'append': return `the append of ${shownValue(operation.value)} was acknowledged to ${process}`
    case 'delete': return `the delete was acknowledged to ${process}`
    case 'get': return ''
  }
}

/** One sentence. `operations`: all of the key; null where some are not known any more. */
export function whyUnplaced(unplaced: HistoryOperation, operations: readonly HistoryOperation[] | null, holds: ByteString | null): string {
  const content = seenContent(unplaced)
  const begin = `${named(unplaced)} ${saw(unplaced)}`
  const reason = content === undefined || operations === null ? '' : reasonOf(unplaced, content, operations)
  if (reason !== '') return `${begin}, ${reason}.`
  return `${begin}, and no order of the operations explains it: after the longest that was found the key holds ${holds === null ? 'nothing' : shownValue(holds)}.`
}

function reasonOf(unplaced: HistoryOperation, content: ByteString | null, operations: readonly HistoryOperation[]): string {
  const { returned, invoked } = unplaced
  const writers = operations.filter((operation) => operation.id !== unplaced.id && operation.invoked < (returned ?? Infinity) && mayLeave(operation, content))
  if (content !== null && writers.length === 0) return 'which no operation had written'
  // Every one that could have left this content had ended when `later` began: it cannot have come back.
  const isPast = (later: HistoryOperation): boolean => writers.every((writer) => writer.returned !== null && writer.returned < later.invoked)
  const earlier = operations.filter((operation) => operation.returned !== null && operation.returned < invoked && isPast(operation))
    .sort((one, other) => (other.returned ?? 0) - (one.returned ?? 0))
  const overwrite = earlier.find((operation) => acknowledged(operation) !== '' && !mayLeave(operation, content))
  if (overwrite) return `but ${acknowledged(overwrite)} before it began`
  const look = earlier.find((operation) => {
    const other = seenContent(operation)
    return operation.operation.type !== 'cas' && other !== undefined && other !== content
  })
  return look ? `but ${named(look)} had already ${saw(look)} before it began` : ''
}

export function whyUnknown({ limit, steps }: Found, { memoMax }: SearchLimits): string {
  switch (limit) {
    case 'time': return 'The time that was given ended before an order was found or ruled out.'
    case 'memory': return `The search came to ${grouped(memoMax)} different contents of this key without an answer.`
    default: return `The search ended after ${grouped(steps)} steps without an answer.`
  }
}
