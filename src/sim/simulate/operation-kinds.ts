// Names the kinds of operations that a run has reached: what was written, and the outcome (coverage-kinds.ts lists them all).
import type { Operation } from '../../protocol'
import type { EventOf, Recorded } from '../../trace'

/** The kind of what was written, and of the outcome; empty: no kind of its own. */
export function operationKind(operation: Recorded<Operation>, outcome: EventOf<'operation-returned'>['outcome']): string {
  if (outcome.type === 'failed') {
    if (outcome.reason === 'key-too-large') return 'get: a key larger than may be'
    return outcome.reason === 'value-too-large' ? (operation.type === 'put' ? 'put: larger than may be' : 'append: too large') : ''
  }
  const what = whatOf(operation)
  if (outcome.type === 'unknown') return `${what}: unknown`
  const { result } = outcome
  if (result.type === 'value') return `get: ${result.value === '' ? 'empty' : 'a value'}`
  return `${what}: ${result.type}`
}

function whatOf(operation: Recorded<Operation>): string {
  if ('expected' in operation) return `${operation.type} expecting ${operation.expected === null ? 'missing' : operation.expected === '' ? 'empty' : 'a value'}`
  return 'value' in operation ? `${operation.type} ${kindOfValue(operation.value)}` : operation.type
}

function kindOfValue(value: string): string {
  return value === '' ? 'empty' : value === 'same' || value === 'other' ? 'equal' : value.length > 20 ? 'large' : 'of its own'
}
