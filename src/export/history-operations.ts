// An imported history in the form that the judge of linearizability takes (src/check/linearizability). Ids are positions in the history, from 0.
import type { HistoryOperation } from '../check'
import { operationOf, resultOf } from '../trace'
import type { ImportedHistory, ImportedOperation } from './imported-history'

/** All operations except failed ones, which never took effect. */
export function historyOperations({ operations }: ImportedHistory): HistoryOperation[] {
  return operations.flatMap((imported, id) => imported.outcome.type === 'failed' ? [] : [judged(imported, id)])
}

/** The failed operations, for sentences about the values that they would have written. */
export function failedOperations({ operations }: ImportedHistory): HistoryOperation[] {
  return operations.flatMap((imported, id) => imported.outcome.type === 'failed' ? [judged(imported, id)] : [])
}

function judged({ process, operation, outcome, invoked, returned, line, isInitial }: ImportedOperation, id: number): HistoryOperation {
  return {
    id, process: `process ${process}`, operation: operationOf(operation), invoked, returned,
    result: outcome.type === 'ok' && outcome.result !== null ? resultOf(outcome.result) : null,
    ...(isInitial ? { isInitial } : { place: `line ${line}` }),
  }
}
