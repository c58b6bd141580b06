// One copy of the replicated state: the store, the at-most-once table and the number of the last executed operation.
// Every copy executes the same operations one at a time in sequence order, and so they stay equal.
import { execute } from './application'
import { AtMostOnceTable } from './at-most-once'
import type { ClientId, TableRow } from './messages'
import type { Operation } from './operations'
import { isBroken, type Settings } from './settings'
import type { MakeStore, Store } from './store'

export interface Copy {
  store: Store
  table: AtMostOnceTable
  /** The sequence number of the last executed operation; 0 before the first. */
  executed: number
  readonly settings: CopySettings
}

/** The settings of a cluster that a copy needs. */
export type CopySettings = Pick<Settings, 'tableClientsMax' | 'mutants'>

export function emptyCopy(settings: CopySettings, makeStore: MakeStore): Copy {
  return { store: makeStore(settings), table: emptyTable(settings), executed: 0, settings }
}

export function emptyTable(settings: CopySettings): AtMostOnceTable {
  return new AtMostOnceTable(isBroken(settings, 'forgets-requests') ? 0 : settings.tableClientsMax, isBroken(settings, 'evicts-by-arrival'))
}

export function copyOfCopy({ store, table, executed, settings }: Copy): Copy {
  return { store: store.copy(), table: table.copy(), executed, settings }
}

/** The result of the next operation: its row, valid until the next execution. `replayed`: it was executed before, and the row is from the table. */
export interface Executed {
  readonly row: TableRow
  readonly replayed: boolean
}

/**
 * Takes the operation with the next sequence number: executes it, unless the table has it already.
 * Returns undefined if a later request of the same client was executed: nobody waits for this answer.
 */
export function executeNext(copy: Copy, clientId: ClientId, requestId: number, operation: Operation, viewnum: number): Executed | undefined {
  copy.executed++
  const seen = copy.table.look(clientId, requestId)
  if (seen.type === 'old') return undefined
  if (seen.type === 'executed') return { row: seen.row, replayed: true }
  const result = execute(copy.store, operation, copy.settings)
  return { row: copy.table.remember(clientId, requestId, result, copy.executed, viewnum), replayed: false }
}
