// The application that is replicated: a key/value store. Deterministic: the same operations in the same order give the
// same results and the same store on every copy. It knows nothing of views, clients or repeats (at-most-once.ts does).
import { concatBytes, type ByteString } from './byte-string'
import type { Operation, Result, StoreEntry } from './messages'
import { valueBytesMax } from './settings'

const done: Result = { type: 'done' }
const missing: Result = { type: 'missing' }
const tooLarge: Result = { type: 'too-large' }

/**
 * Buckets of the store. A state transfer walks the buckets and sorts one at a time, so its chunks depend on the content
 * alone (not on the order in which keys came) and no step has to sort the whole store. A million keys: 250 in a bucket.
 */
const bucketCount = 4096

/** Where a walk over the store stands; `initialCursor` is before the first entry. */
export interface StoreCursor {
  bucket: number
  index: number
}

export function initialCursor(): StoreCursor {
  return { bucket: 0, index: 0 }
}

export class Store {
  /** By their number; only those that hold or held a key, so that a small store costs little. */
  #buckets = new Map<number, Map<ByteString, ByteString>>()
  #size = 0
  /** Buckets that no copy of this store has; null while all are its own. The others are copied before they are written to. */
  #own: Set<number> | null = null

  get size(): number {
    return this.#size
  }

  get(key: ByteString): ByteString | undefined {
    return this.#buckets.get(bucketOf(key))?.get(key)
  }

  set(key: ByteString, value: ByteString): void {
    const bucket = this.#ownBucket(bucketOf(key))
    const before = bucket.size
    bucket.set(key, value)
    this.#size += bucket.size - before
  }

  delete(key: ByteString): boolean {
    const at = bucketOf(key)
    const deleted = (this.#buckets.get(at)?.has(key) ?? false) && this.#ownBucket(at).delete(key)
    if (deleted) this.#size--
    return deleted
  }

  /** A store with the same entries. What neither writes to is kept once. */
  copy(): Store {
    const copy = new Store()
    copy.#buckets = new Map(this.#buckets)
    copy.#size = this.#size
    copy.#own = new Set()
    this.#own = new Set()
    return copy
  }

  #ownBucket(at: number): Map<ByteString, ByteString> {
    const bucket = this.#buckets.get(at)
    if (bucket !== undefined && (this.#own?.has(at) ?? true)) return bucket
    const own = new Map(bucket)
    this.#own?.add(at)
    this.#buckets.set(at, own)
    return own
  }

  /**
   * Takes entries from the cursor on, in an order that the content alone decides, until their keys and values reach
   * `bytesMax` (one entry at least); moves the cursor. Fewer than that only at the end of the store.
   */
  take(cursor: StoreCursor, bytesMax: number): { entries: StoreEntry[]; bytes: number } {
    const entries: StoreEntry[] = []
    let bytes = 0
    for (; cursor.bucket < bucketCount; cursor.bucket++, cursor.index = 0) {
      const bucket = this.#buckets.get(cursor.bucket)
      if (!bucket || bucket.size === 0) continue
      const keys = [...bucket.keys()].sort(compareBytes)
      for (; cursor.index < keys.length; cursor.index++) {
        if (bytes >= bytesMax) return { entries, bytes }
        const key = keys[cursor.index] as ByteString
        const value = bucket.get(key) as ByteString
        entries.push({ key, value })
        bytes += key.length + value.length
      }
    }
    return { entries, bytes }
  }

  /** All entries sorted by key: for inspectors and checkers, not for a step. */
  sortedEntries(): StoreEntry[] {
    return this.take(initialCursor(), Infinity).entries.sort((one, other) => compareBytes(one.key, other.key))
  }
}

export function isAtEnd(cursor: StoreCursor): boolean {
  return cursor.bucket >= bucketCount
}

/** Executes one operation and says what it gave. Writes nothing unless the whole operation takes effect. */
export function execute(store: Store, operation: Operation): Result {
  switch (operation.type) {
    case 'put':
      store.set(operation.key, operation.value)
      return done
    case 'append': {
      const before = store.get(operation.key)
      if ((before?.length ?? 0) + operation.value.length > valueBytesMax) return tooLarge
      store.set(operation.key, before === undefined ? operation.value : concatBytes(before, operation.value))
      return done
    }
    case 'get': {
      const value = store.get(operation.key)
      return value === undefined ? missing : { type: 'value', value }
    }
    case 'delete':
      return store.delete(operation.key) ? done : missing
    case 'cas': {
      const actual = store.get(operation.key) ?? null
      if (actual !== operation.expected) return { type: 'mismatch', actual }
      store.set(operation.key, operation.value)
      return done
    }
  }
}

/** Byte order; code units are bytes, so the engine's own comparison is it. */
function compareBytes(one: ByteString, other: ByteString): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** FNV-1a over the bytes, folded to a bucket. Part of what a transfer looks like, so it may not change without the protocol's version. */
function bucketOf(key: ByteString): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 12)) & (bucketCount - 1)
}
