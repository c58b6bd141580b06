// An imported history as what the judge of linearizability takes (src/check/linearizability). Ids are places in the history, from 0.
import type { HistoryOperation } from '../check'
import { operationOf, resultOf } from '../trace'
import type { ImportedHistory } from './history'

/** Without the operations that failed: they never took effect. */
export function historyOperations({ operations }: ImportedHistory): HistoryOperation[] {
  return operations.flatMap(({ process, operation, outcome, invoked, returned }, id) => outcome.type === 'failed' ? [] : [{
    id, process: `process ${process}`, operation: operationOf(operation), invoked, returned,
    result: outcome.type === 'ok' && outcome.result !== null ? resultOf(outcome.result) : null,
  }])
}
