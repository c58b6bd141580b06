// The at-most-once table: for each client, the last executed request and its result. It is replicated state: every copy
// reads and changes it at execution, in sequence order, and a state transfer includes it.
// A client's next request overwrites its row, so the table makes no garbage.
import { hashOfRow } from './digest'
import type { ClientId, Result, TableRow } from './messages'

/** What the table knows of a request. */
export type Seen =
  /** Never executed as far as the table knows. */
  | { readonly type: 'new' }
  /** Executed; `row` is valid until the next execution. */
  | { readonly type: 'executed'; readonly row: TableRow }
  /** A later request of the same client was executed: nobody waits for this one any more. */
  | { readonly type: 'old' }

const isNew: Seen = { type: 'new' }
const isOld: Seen = { type: 'old' }

/** A row, linked to its neighbours in the order of execution. */
interface Row {
  clientId: ClientId
  requestId: number
  result: Result
  seq: number
  viewnum: number
  earlier: Row | null
  later: Row | null
}

export class AtMostOnceTable {
  readonly #rows = new Map<ClientId, Row>()
  /** The order of execution, which is the order of `seq`: the first row is the next to be evicted. */
  #first: Row | null = null
  #last: Row | null = null
  readonly #clientsMax: number
  /** For a mutant: evicts clients in the order of their first requests. */
  readonly #evictsByArrival: boolean

  constructor(clientsMax: number, evictsByArrival = false) {
    this.#clientsMax = clientsMax
    this.#evictsByArrival = evictsByArrival
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
    const row = this.#rows.get(clientId)
    return row && asItIs(row)
  }

  /**
   * Records an execution. Above the limit it evicts the client whose last execution is the oldest.
   * Returns the row, which is valid until the next execution.
   */
  remember(clientId: ClientId, requestId: number, result: Result, seq: number, viewnum: number): TableRow {
    const row = this.#rows.get(clientId)
    if (row === undefined) return this.#add({ clientId, requestId, result, seq, viewnum, earlier: null, later: null })
    row.requestId = requestId
    row.result = result
    row.seq = seq
    row.viewnum = viewnum
    if (row !== this.#last && !this.#evictsByArrival) {
      this.#unlink(row)
      this.#link(row)
    }
    return row
  }

  #add(row: Row): Row {
    this.#rows.set(row.clientId, row)
    this.#link(row)
    if (this.#rows.size > this.#clientsMax && this.#first) {
      this.#rows.delete(this.#first.clientId)
      this.#unlink(this.#first)
    }
    return row
  }

  #link(row: Row): void {
    row.earlier = this.#last
    row.later = null
    if (this.#last) this.#last.later = row
    else this.#first = row
    this.#last = row
  }

  #unlink({ earlier, later }: Row): void {
    if (earlier) earlier.later = later
    else this.#first = later
    if (later) later.earlier = earlier
    else this.#last = earlier
  }

  /** Installs a row of a transfer. Rows must come in order of execution, one for each client. */
  install({ clientId, requestId, result, seq, viewnum }: TableRow): void {
    this.remember(clientId, requestId, result, seq, viewnum)
  }

  copy(): AtMostOnceTable {
    const copy = new AtMostOnceTable(this.#clientsMax, this.#evictsByArrival)
    for (let row = this.#first; row; row = row.later) copy.install(row)
    return copy
  }

  /** The 32-bit sum of the hashes of all rows, their order included. It walks another way than `rows`, so it exposes a row that `rows` omits. */
  hash(): number {
    let sum = 0
    for (const row of this.#rows.values()) sum = (sum + hashOfRow(row, row.earlier?.seq ?? 0)) | 0
    return sum
  }

  /** All rows in order of execution, as they are now. */
  rows(): TableRow[] {
    const rows: TableRow[] = []
    for (let row = this.#first; row; row = row.later) rows.push(asItIs(row))
    return rows
  }
}

function asItIs({ clientId, requestId, result, seq, viewnum }: Row): TableRow {
  return { clientId, requestId, result, seq, viewnum }
}
