// One copy of the replicated state: the store, the at-most-once table and the number of the last executed operation.
// Every copy executes the same operations one at a time in sequence order, and so they stay equal.
import { execute } from './application'
import { AtMostOnceTable } from './at-most-once'
import type { ClientId, Operation, TableRow } from './messages'
import type { MakeStore, Store } from './store'

export interface Copy {
  store: Store
  table: AtMostOnceTable
  /** The sequence number of the last executed operation; 0 before the first. */
  executed: number
}

export function emptyCopy(tableClientsMax: number, makeStore: MakeStore): Copy {
  return { store: makeStore(), table: new AtMostOnceTable(tableClientsMax), executed: 0 }
}

export function copyOfCopy({ store, table, executed }: Copy): Copy {
  return { store: store.copy(), table: table.copy(), executed }
}

/** What executing the next operation gave: its row, as it is until the next execution, and whether it was executed before and answered from the table now. */
export interface Executed {
  readonly row: TableRow
  readonly replayed: boolean
}

/**
 * Takes the operation with the next sequence number: executes it, unless the table knows it already.
 * Returns undefined where a later request of the same client was executed: nobody waits for this answer.
 */
export function executeNext(copy: Copy, clientId: ClientId, requestId: number, operation: Operation, viewnum: number): Executed | undefined {
  copy.executed++
  const seen = copy.table.look(clientId, requestId)
  if (seen.type === 'old') return undefined
  if (seen.type === 'executed') return { row: seen.row, replayed: true }
  const result = execute(copy.store, operation)
  return { row: copy.table.remember(clientId, requestId, result, copy.executed, viewnum), replayed: false }
}
