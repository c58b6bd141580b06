// State transfer, both ends: the primary's walk over its state in chunks, and the backup's new state beside the old one.
// Half a transfer is never state. While a primary transfers it executes nothing (rule 4), so every chunk is of one moment.
import { AtMostOnceTable } from './at-most-once'
import type { Copy } from './copy'
import type { Result, StateTransfer, TableRow } from './messages'
import { isBroken, type Settings } from './settings'
import { initialCursor, isAtEnd, type MakeStore, type Store } from './store'

/** What a chunk carries, before it is addressed. */
export type Chunk = Pick<StateTransfer, 'chunk' | 'last' | 'executed' | 'entries' | 'rows'>

interface SentChunk {
  readonly chunk: Chunk
  /** True from the retry that first saw it waiting: a chunk is sent again when it has waited for a whole interval. */
  waited: boolean
}

/** The primary's side, for one backup in one life. Chunks are cut by bytes; the next goes on the ack of an earlier one. */
export class OutgoingTransfer {
  /** The life of the backup that this transfer is for. */
  readonly incarnation: number
  done = false
  ackedChunks = 0
  sentBytes = 0
  readonly #copy: Copy
  /** As they are when the transfer begins: nothing is executed until it is over (rule 4). */
  readonly #rows: readonly TableRow[]
  readonly #settings: Settings
  readonly #cursor = initialCursor()
  #nextRow = 0
  readonly #unacked = new Map<number, SentChunk>()
  #nextChunk = 0
  #allCut = false
  /** The highest chunk that was acked, and whether any was since the last retry. */
  #ackedUpTo = -1
  #hasProgressed = false

  constructor(incarnation: number, copy: Copy, settings: Settings, rows: readonly TableRow[] = copy.table.rows()) {
    this.incarnation = incarnation
    this.#copy = copy
    this.#rows = rows
    this.#settings = settings
  }

  copy(copyOfState: Copy): OutgoingTransfer {
    const copy = new OutgoingTransfer(this.incarnation, copyOfState, this.#settings, this.#rows)
    copy.done = this.done
    copy.ackedChunks = this.ackedChunks
    copy.sentBytes = this.sentBytes
    copy.#cursor.bucket = this.#cursor.bucket
    copy.#cursor.index = this.#cursor.index
    copy.#nextRow = this.#nextRow
    for (const [number, { chunk, waited }] of this.#unacked) copy.#unacked.set(number, { chunk, waited })
    copy.#nextChunk = this.#nextChunk
    copy.#allCut = this.#allCut
    copy.#ackedUpTo = this.#ackedUpTo
    copy.#hasProgressed = this.#hasProgressed
    return copy
  }

  /** What decides how it goes on. */
  essence(): unknown {
    const { incarnation, done } = this
    const unacked = [...this.#unacked].map(([chunk, { waited }]) => ({ chunk, waited, isOvertaken: chunk < this.#ackedUpTo }))
    return done ? { incarnation, done } : { incarnation, nextChunk: this.#nextChunk, allCut: this.#allCut, hasProgressed: this.#hasProgressed, unacked }
  }

  /** The chunks that the window has room for now. */
  nextChunks(): Chunk[] {
    const chunks: Chunk[] = []
    while (!this.#allCut && this.#unacked.size < this.#settings.transferWindow) {
      const chunk = this.#cut()
      this.#unacked.set(chunk.chunk, { chunk, waited: false })
      chunks.push(chunk)
    }
    return chunks
  }

  /** Takes the ack of a chunk; an ack that says `installed` ends the transfer. Returns false for an ack seen before. */
  takeAck(chunk: number, installed: boolean): boolean {
    if (this.done) return false
    const known = this.#unacked.delete(chunk)
    if (known) {
      this.ackedChunks++
      this.#ackedUpTo = Math.max(this.#ackedUpTo, chunk)
      this.#hasProgressed = true
    }
    if (installed) {
      this.done = true
      this.#unacked.clear()
    }
    return known || installed
  }

  /**
   * The chunks that have waited for their ack since before the last retry: all of them where nothing was acked since then, else those that a
   * later chunk has overtaken. The others are on a slow way, and would be slower for being sent twice.
   */
  chunksToRetry(): Chunk[] {
    const chunks: Chunk[] = []
    for (const sent of this.#unacked.values()) {
      if (sent.waited && (!this.#hasProgressed || sent.chunk.chunk < this.#ackedUpTo)) chunks.push(sent.chunk)
      sent.waited = true
    }
    this.#hasProgressed = false
    return chunks
  }

  /** Store entries first, then rows of the table, each chunk closed when it reaches the limit of bytes. */
  #cut(): Chunk {
    const bytesMax = this.#settings.transferChunkBytes
    const { entries, bytes } = this.#copy.store.take(this.#cursor, bytesMax)
    const rows: TableRow[] = []
    let total = bytes
    let rowsEnd = false
    while (total < bytesMax) {
      const next = this.#rows[this.#nextRow]
      if (next === undefined || isBroken(this.#settings, 'table-not-transferred')) {
        rowsEnd = true
        break
      }
      this.#nextRow++
      rows.push(next)
      total += rowBytes(next)
    }
    this.#allCut = rowsEnd && isAtEnd(this.#cursor)
    this.sentBytes += total
    return { chunk: this.#nextChunk++, last: this.#allCut, executed: this.#copy.executed, entries, rows }
  }
}

/** The backup's side: a new state that replaces the old one when its last chunk is there. */
export class IncomingTransfer {
  readonly viewnum: number
  readonly primaryIncarnation: number
  #store: Store
  readonly #makeStore: MakeStore
  /** By chunk, because rows must be installed in order of execution and chunks may come in any order. */
  readonly #rows = new Map<number, readonly TableRow[]>()
  #lastChunk = -1

  constructor(viewnum: number, primaryIncarnation: number, makeStore: MakeStore) {
    this.viewnum = viewnum
    this.primaryIncarnation = primaryIncarnation
    this.#makeStore = makeStore
    this.#store = makeStore()
  }

  copy(): IncomingTransfer {
    const copy = new IncomingTransfer(this.viewnum, this.primaryIncarnation, this.#makeStore)
    copy.#store = this.#store.copy()
    for (const [chunk, rows] of this.#rows) copy.#rows.set(chunk, rows)
    copy.#lastChunk = this.#lastChunk
    return copy
  }

  get receivedChunks(): number {
    return this.#rows.size
  }

  /** What decides how it goes on: a chunk of a view and a life is always the same. */
  essence(): unknown {
    const chunks = [...this.#rows.keys()].sort((one, other) => one - other)
    return { viewnum: this.viewnum, primaryIncarnation: this.primaryIncarnation, chunks }
  }

  /** Takes a chunk (a repeated one changes nothing) and returns the whole state when it was the last that was missing. */
  take(chunk: Chunk, tableClientsMax: number): Copy | undefined {
    if (!this.#rows.has(chunk.chunk)) {
      this.#rows.set(chunk.chunk, chunk.rows)
      for (const entry of chunk.entries) this.#store.put(entry)
      if (chunk.last) this.#lastChunk = chunk.chunk
    }
    if (this.#rows.size !== this.#lastChunk + 1) return undefined
    const table = new AtMostOnceTable(tableClientsMax)
    for (let at = 0; at <= this.#lastChunk; at++) for (const row of this.#rows.get(at) ?? []) table.install(row)
    return { store: this.#store, table, executed: chunk.executed }
  }
}

function rowBytes(row: TableRow): number {
  return row.clientId.length + 32 + resultBytes(row.result)
}

function resultBytes(result: Result): number {
  if (result.type === 'value') return result.value.length
  return result.type === 'mismatch' ? result.actual?.length ?? 0 : 0
}
