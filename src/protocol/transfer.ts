// State transfer, both ends: the primary's walk over its state in chunks, and the backup's new state beside the old one.
// A partial transfer must never become state. During a transfer the primary executes nothing (rule 4), so all chunks are of one state.
import { emptyTable, type Copy, type CopySettings } from './copy'
import { sameDigest } from './digest'
import type { Result, StateTransfer, StoreEntry, TableRow, TransferDigest } from './messages'
import { isBroken, type Settings } from './settings'
import { bucketCount, bucketOfEntry, initialCursor, isAtEnd, type MakeStore, type Store } from './store'

/** What a chunk carries, before it is addressed. */
export type Chunk = Pick<StateTransfer, 'chunk' | 'last' | 'executed' | 'entries' | 'rows' | 'digest'>

interface SentChunk {
  readonly chunk: Chunk
  /** It was in flight when the current wait began: a chunk is sent again only after it has waited a whole interval. */
  waited: boolean
}

/** The primary's side, for one incarnation of one backup. Chunks are cut by bytes; the ack of one makes room for the next. */
export class OutgoingTransfer {
  /** The incarnation of the backup that this transfer is for. */
  readonly incarnation: number
  done = false
  ackedChunks = 0
  sentBytes = 0
  readonly #copy: Copy
  /** The rows at the start of the transfer: nothing is executed until it is over (rule 4). */
  readonly #rows: readonly TableRow[]
  readonly #settings: Settings
  readonly #cursor = initialCursor()
  #nextRow = 0
  readonly #unacked = new Map<number, SentChunk>()
  #nextChunk = 0
  #allCut = false
  /** The hash of the buckets that the walk has passed. Each chunk adds its part, so that no step has to read the whole store. */
  #hash = 0
  #hashedTo = 0
  /** The highest chunk that was acked. */
  #ackedUpTo = -1
  /** A wait has passed without an ack, though there were acks before: the backup may be slow, so it gets one more wait. */
  #isSlow = false

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
    copy.#hash = this.#hash
    copy.#hashedTo = this.#hashedTo
    copy.#ackedUpTo = this.#ackedUpTo
    copy.#isSlow = this.#isSlow
    return copy
  }

  /** The state that decides its future behaviour, without the incidental part. */
  essence(): object {
    const { incarnation, done } = this
    const unacked = [...this.#unacked.keys()].map((chunk) => ({ chunk, isOvertaken: chunk < this.#ackedUpTo }))
    return done ? { incarnation, done } : { incarnation, nextChunk: this.#nextChunk, allCut: this.#allCut, hasAcked: this.#ackedUpTo >= 0, unacked }
  }

  incidental(): readonly unknown[] {
    return this.done ? [] : [this.#isSlow, [...this.#unacked.values()].map(({ waited }) => waited)]
  }

  /** The backup acked every chunk but did not install the state: it does not match the digest, so the transfer must begin again. */
  get isRefused(): boolean {
    return !this.done && this.#allCut && this.#unacked.size === 0
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
      this.#isSlow = false
    }
    if (installed) {
      this.done = true
      this.#unacked.clear()
    }
    return known || installed
  }

  /** The number of the first chunk without an ack; if there is none, that of the next chunk to cut. */
  get oldestUnacked(): number {
    for (const number of this.#unacked.keys()) return number
    return this.#nextChunk
  }

  /** Restarts the wait for acks: the chunks in flight now will have waited all of it when it is over. */
  beginWait(): void {
    for (const sent of this.#unacked.values()) sent.waited = true
  }

  /**
   * The chunks to send again after a wait in which the oldest was not acked: those that a later chunk has overtaken, because they are lost.
   * If nothing was ever acked, it is all of them, because the backup may have been in another view.
   * Otherwise it is the oldest alone, after one more wait: the network is slow, and sending the others twice would make it slower.
   */
  chunksToRetry(): Chunk[] {
    const waited = [...this.#unacked.values()].filter((sent) => sent.waited).map(({ chunk }) => chunk)
    const overtaken = waited.filter(({ chunk }) => chunk < this.#ackedUpTo)
    if (overtaken.length > 0) return overtaken
    if (this.#ackedUpTo < 0) return waited
    if (this.#isSlow) return waited.slice(0, 1)
    this.#isSlow = true
    return []
  }

  /** All chunks in flight, in order, to send again when their connection is lost. */
  unackedChunks(): Chunk[] {
    return [...this.#unacked.values()].map(({ chunk }) => chunk)
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
    this.#hashTo(this.#cursor.bucket)
    const chunk = { chunk: this.#nextChunk++, last: this.#allCut, executed: this.#copy.executed, entries: this.#sentOf(entries), rows }
    return this.#allCut ? { ...chunk, digest: this.#digest() } : chunk
  }

  #hashTo(bucket: number): void {
    this.#hash = (this.#hash + this.#copy.store.hashOfBuckets(this.#hashedTo, bucket)) | 0
    this.#hashedTo = bucket
  }

  /** The digest of the state itself, not of the chunks cut from it. */
  #digest(): TransferDigest {
    const { store, table } = this.#copy
    return isBroken(this.#settings, 'table-not-transferred')
      ? { keys: store.size, rows: 0, hash: this.#hash >>> 0 }
      : { keys: store.size, rows: table.size, hash: (this.#hash + table.hash()) >>> 0 }
  }

  /** All of them, unless a mutant leaves some out. */
  #sentOf(entries: StoreEntry[]): StoreEntry[] {
    if (this.#allCut && isBroken(this.#settings, 'transfer-without-last-key')) return entries.slice(0, -1)
    return isBroken(this.#settings, 'transfer-without-empty') ? entries.filter(({ value }) => value.length > 0) : entries
  }
}

/** A received chunk: its rows, and the bucket of its last entry; -1 without entries. */
interface TakenChunk {
  readonly rows: readonly TableRow[]
  readonly lastBucket: number
}

/** The result of taking a chunk. */
export type Arrival =
  | { readonly type: 'waits' }
  | { readonly type: 'whole'; readonly copy: Copy }
  /** The transfer is complete but does not match the primary's digest: none of it may become state. */
  | { readonly type: 'refused'; readonly held: TransferDigest; readonly said: TransferDigest }

const waits: Arrival = { type: 'waits' }

/** The backup's side: a new state that replaces the old one when the last missing chunk has come. */
export class IncomingTransfer {
  readonly viewnum: number
  readonly primaryIncarnation: number
  #store: Store
  readonly #settings: CopySettings
  readonly #makeStore: MakeStore
  /** By number, because rows must be installed in order of execution and chunks may come in any order. */
  readonly #chunks = new Map<number, TakenChunk>()
  #lastChunk = -1
  #said: TransferDigest | undefined
  /**
   * The hash of the buckets below `#hashedTo`, for which no more entries are expected: chunks come bucket by bucket, and none below `#inTurn`
   * is missing. `#isPassed`: an entry came for them all the same, so the whole store is hashed again at the end.
   */
  #hash = 0
  #hashedTo = 0
  #inTurn = 0
  #isPassed = false

  constructor(viewnum: number, primaryIncarnation: number, settings: CopySettings, makeStore: MakeStore) {
    this.viewnum = viewnum
    this.primaryIncarnation = primaryIncarnation
    this.#settings = settings
    this.#makeStore = makeStore
    this.#store = makeStore(settings)
  }

  copy(): IncomingTransfer {
    const copy = new IncomingTransfer(this.viewnum, this.primaryIncarnation, this.#settings, this.#makeStore)
    copy.#store = this.#store.copy()
    for (const [chunk, taken] of this.#chunks) copy.#chunks.set(chunk, taken)
    copy.#lastChunk = this.#lastChunk
    copy.#said = this.#said
    copy.#hash = this.#hash
    copy.#hashedTo = this.#hashedTo
    copy.#inTurn = this.#inTurn
    copy.#isPassed = this.#isPassed
    return copy
  }

  get receivedChunks(): number {
    return this.#chunks.size
  }

  /** The state that decides its future behaviour. It has the content, because a primary of another history may send other chunks with these numbers. */
  essence(): object {
    const { viewnum, primaryIncarnation } = this
    const chunks = this.#chunksInOrder().map((chunk) => ({ chunk, rows: this.#chunks.get(chunk)?.rows }))
    return { viewnum, primaryIncarnation, chunks, lastChunk: this.#lastChunk, said: this.#said, entries: this.#store.sortedEntries() }
  }

  /** Takes a chunk; a repeated one changes nothing. The last missing chunk completes the state, which is then accepted or refused. */
  take(chunk: Chunk): Arrival {
    if (!this.#chunks.has(chunk.chunk)) this.#takeNew(chunk)
    if (!this.#isWhole) return waits
    const table = emptyTable(this.#settings)
    for (const at of this.#chunksInOrder()) for (const row of this.#chunks.get(at)?.rows ?? []) table.install(row)
    const copy = { store: this.#store, table, executed: chunk.executed, settings: this.#settings }
    if (this.#said === undefined || isBroken(this.#settings, 'installs-on-last-chunk')) return { type: 'whole', copy }
    const held = this.#digestOf(copy)
    return sameDigest(held, this.#said) ? { type: 'whole', copy } : { type: 'refused', held, said: this.#said }
  }

  #takeNew({ chunk, last, entries, rows, digest }: Chunk): void {
    let lastBucket = -1
    for (const entry of entries) {
      lastBucket = bucketOfEntry(entry)
      if (lastBucket < this.#hashedTo) this.#isPassed = true
      this.#store.put(entry)
    }
    this.#chunks.set(chunk, { rows, lastBucket })
    if (last) {
      this.#lastChunk = chunk
      this.#said = digest
    }
    for (let next = this.#chunks.get(this.#inTurn); next; next = this.#chunks.get(++this.#inTurn)) this.#hashTo(next.lastBucket)
  }

  #hashTo(bucket: number): void {
    if (bucket <= this.#hashedTo) return
    this.#hash = (this.#hash + this.#store.hashOfBuckets(this.#hashedTo, bucket)) | 0
    this.#hashedTo = bucket
  }

  /** The digest of the state held here now, not of the chunks that came. */
  #digestOf({ store, table }: Copy): TransferDigest {
    if (this.#isPassed) this.#hash = this.#hashedTo = 0
    this.#hashTo(bucketCount)
    return { keys: store.size, rows: table.size, hash: (this.#hash + table.hash()) >>> 0 }
  }

  get #isWhole(): boolean {
    return this.#chunks.size === this.#lastChunk + 1 || (this.#lastChunk >= 0 && isBroken(this.#settings, 'installs-on-last-chunk'))
  }

  #chunksInOrder(): number[] {
    const chunks = [...this.#chunks.keys()]
    return isBroken(this.#settings, 'rows-as-they-come') ? chunks : chunks.sort((one, other) => one - other)
  }
}

function rowBytes(row: TableRow): number {
  return row.clientId.length + 32 + resultBytes(row.result)
}

function resultBytes(result: Result): number {
  if (result.type === 'value') return result.value.length
  return result.type === 'mismatch' ? result.actual?.length ?? 0 : 0
}
