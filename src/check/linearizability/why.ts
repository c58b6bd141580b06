// Says in words why an operation cannot be linearized. Each sentence must be true of the history; where no simple reason is found, it says
// where the longest order ended.
import type { ByteString } from '../../protocol'
import { counted, grouped, recordBytes } from '../../trace'
import type { HistoryOperation } from './history'
import type { Found } from './search'

/** How many characters of a value a message shows. */
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

/** What a client saw, such as "returned 1"; empty if the history does not say. */
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

/** What the key must have held for this result; undefined if more than one content is possible. */
function seenContent({ operation, result }: HistoryOperation): ByteString | null | undefined {
  switch (result?.type) {
    case 'value': return result.value
    case 'mismatch': return result.actual
    case 'missing': return null
    case 'done': return operation.type === 'cas' ? operation.expected : undefined
    default: return undefined
  }
}

/** Whether the key could have held this content right after the operation. */
function mayLeave({ operation, result }: HistoryOperation, content: ByteString | null): boolean {
  switch (operation.type) {
    case 'put': return operation.value === content
    case 'cas': return (result === null || result.type === 'done') && operation.value === content
    case 'append': return content !== null && content.endsWith(operation.value)
    case 'delete': return content === null && result?.type !== 'missing'
    case 'get': return false
  }
}

/** "2 was acknowledged to c1 before it began"; empty unless the operation is an acknowledged change. */
function acknowledged({ process, operation, result, isInitial }: HistoryOperation): string {
  if (result !== null && result.type !== 'done') return ''
  const to = `was acknowledged to ${process} before it began`
  switch (operation.type) {
    case 'put':
    case 'cas': return isInitial ? `the key began with ${shownValue(operation.value)}` : `${shownValue(operation.value)} ${to}`
    case 'append': return `the append of ${shownValue(operation.value)} ${to}`
    case 'delete': return `the delete ${to}`
    case 'get': return ''
  }
}

/** "process 1's write (line 3)". */
function withPlace({ process, operation: { type }, place }: HistoryOperation): string {
  return `${process}'s ${type === 'put' ? 'write' : type}${place === undefined ? '' : ` (${place})`}`
}

/** One sentence. `operations`: all of the key; null if some are no longer held. `failed`: the failed operations that are known. */
export function whyUnplaced(
  unplaced: HistoryOperation, operations: readonly HistoryOperation[] | null, holds: ByteString | null, failed: readonly HistoryOperation[],
): string {
  const content = seenContent(unplaced)
  const begin = `${named(unplaced)} ${saw(unplaced)}`
  const reason = content === undefined || operations === null ? '' : reasonOf(unplaced, content, operations, failed)
  if (reason !== '') return `${begin}, ${reason}.`
  const part = content && operations ? failedPart(unplaced, content, operations, failed) : ''
  return `${begin}, ${part}and no order of the operations explains it: after the longest that was found the key holds ${holds === null ? 'nothing' : shownValue(holds)}.`
}

function reasonOf(unplaced: HistoryOperation, content: ByteString | null, operations: readonly HistoryOperation[], failed: readonly HistoryOperation[]): string {
  const { returned, invoked } = unplaced
  const writers = operations.filter((operation) => operation.id !== unplaced.id && operation.invoked < (returned ?? Infinity) && mayLeave(operation, content))
  if (content !== null && writers.length === 0) return failedWriters(unplaced, content, failed) || 'which no operation had written'
  // All that could have left this content had ended when `later` began, so it cannot have come back.
  const isPast = (later: HistoryOperation): boolean => writers.every((writer) => writer.returned !== null && writer.returned < later.invoked)
  const earlier = operations.filter((operation) => operation.returned !== null && operation.returned < invoked && isPast(operation))
    .sort((one, other) => (other.returned ?? 0) - (one.returned ?? 0))
  const overwrite = earlier.find((operation) => acknowledged(operation) !== '' && !mayLeave(operation, content))
  if (overwrite) return `but ${acknowledged(overwrite)}`
  const look = earlier.find((operation) => {
    const other = seenContent(operation)
    return operation.operation.type !== 'cas' && other !== undefined && other !== content
  })
  return look ? `but ${named(look)} had already ${saw(look)} before it began` : ''
}

/** Failed operations that would have left this content: the store said "failed" and kept what was written. */
function failedWriters({ returned }: HistoryOperation, content: ByteString, failed: readonly HistoryOperation[]): string {
  const [first, ...others] = failed.filter((operation) => operation.invoked < (returned ?? Infinity) && mayLeave({ ...operation, result: null }, content))
  if (first === undefined) return ''
  if (others.length === 0) return `which only ${withPlace(first)} carries, and it failed`
  return `which only ${withPlace(first)} and ${counted(others.length, 'other operation')} carry, and all of them failed`
}

/** "which has b in it, that only ... carries, ": a part of the content that comes from a failed append. */
function failedPart({ returned }: HistoryOperation, content: ByteString, operations: readonly HistoryOperation[], failed: readonly HistoryOperation[]): string {
  const carries = ({ operation }: HistoryOperation, part: ByteString): boolean => 'value' in operation && operation.value.includes(part)
  const append = failed.find(({ operation, invoked }) => operation.type === 'append' && operation.value !== '' && invoked < (returned ?? Infinity)
    && content.includes(operation.value) && !operations.some((other) => carries(other, operation.value)))
  return append && 'value' in append.operation ? `which has ${shownValue(append.operation.value)} in it, of ${withPlace(append)} alone, and that failed, ` : ''
}

export function whyUnknown(limit: Found['limit'], found: Found | null): string {
  switch (limit) {
    case 'time': return 'The time that was given ended before an order was found or ruled out.'
    case 'memory': return `The search came to ${grouped(found?.contents ?? 0)} different contents of this key, as many as there is memory for, without an answer.`
    case 'steps':
    case '': return `The search ended after ${grouped(found?.steps ?? 0)} steps without an answer.`
  }
}
