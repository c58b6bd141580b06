// The at-most-once table: for each client the last request that was executed and what it gave. Part of the replicated
// state: it is consulted and changed at execution, in sequence order, alike on every copy, and goes with a state transfer.
import type { ClientId, Result, TableRow } from './messages'

/** What the table knows of a request. */
export type Seen =
  /** Never executed as far as the table knows. */
  | { readonly type: 'new' }
  /** Executed; this is its row. */
  | { readonly type: 'executed'; readonly row: TableRow }
  /** A later request of the same client was executed: nobody waits for this one any more. */
  | { readonly type: 'old' }

const isNew: Seen = { type: 'new' }
const isOld: Seen = { type: 'old' }

export class AtMostOnceTable {
  /** In the order of execution, which is the order of `seq`: the first row is the next to be evicted. */
  readonly #rows = new Map<ClientId, TableRow>()
  readonly #clientsMax: number

  constructor(clientsMax: number) {
    this.#clientsMax = clientsMax
  }

  get size(): number {
    return this.#rows.size
  }

  look(clientId: ClientId, requestId: number): Seen {
    const row = this.#rows.get(clientId)
    if (row === undefined || requestId > row.requestId) return isNew
    return requestId === row.requestId ? { type: 'executed', row } : isOld
  }

  /** The last request of this client that was executed. */
  row(clientId: ClientId): TableRow | undefined {
    return this.#rows.get(clientId)
  }

  /** Remembers an execution; evicts the client that executed longest ago when there are more than the limit. */
  remember(clientId: ClientId, requestId: number, result: Result, seq: number, viewnum: number): TableRow {
    const row: TableRow = { clientId, requestId, result, seq, viewnum }
    this.#rows.delete(clientId)
    this.#rows.set(clientId, row)
    if (this.#rows.size > this.#clientsMax) this.#rows.delete(this.#rows.keys().next().value as ClientId)
    return row
  }

  /** Takes over a row of a transfer; rows come in order of execution. */
  install(row: TableRow): void {
    this.#rows.set(row.clientId, row)
  }

  copy(): AtMostOnceTable {
    const copy = new AtMostOnceTable(this.#clientsMax)
    for (const row of this.#rows.values()) copy.install(row)
    return copy
  }

  /** Rows in order of execution, read while nothing is executed. */
  rows(): IterableIterator<TableRow> {
    return this.#rows.values()
  }
}
