// A store of maps, whose copies cost little: what neither copy writes to is kept once. For checkers, the simulator and the explorer,
// which copy machines all the time; a process that serves uses SlabStore, which leaves the collector nothing to do.
import { concatBytes, type ByteString } from './byte-string'
import type { StoreEntry } from './messages'
import { valueBytesMax } from './settings'
import { bucketCount, bucketOf, compareBytes, compareHashes, hashOf, initialCursor, type Store, type StoreCursor, type StorePart } from './store'

export class MapStore implements Store {
  /** By their number; only those that hold or held a key, so that a small store costs little. */
  #buckets = new Map<number, Map<ByteString, ByteString>>()
  #size = 0
  /** Buckets that no copy of this store has; null while all are its own. The others are copied before they are written to. */
  #own: Set<number> | null = null

  get size(): number {
    return this.#size
  }

  get(key: ByteString): ByteString | undefined {
    return this.#buckets.get(bucketOf(hashOf(key)))?.get(key)
  }

  put({ key, value }: StoreEntry): void {
    const bucket = this.#ownBucket(bucketOf(hashOf(key)))
    const before = bucket.size
    bucket.set(key, value)
    this.#size += bucket.size - before
  }

  append({ key, value }: StoreEntry): boolean {
    const before = this.get(key)
    if ((before?.length ?? 0) + value.length > valueBytesMax) return false
    this.put({ key, value: before === undefined ? value : concatBytes(before, value) })
    return true
  }

  delete(key: ByteString): boolean {
    const at = bucketOf(hashOf(key))
    const deleted = (this.#buckets.get(at)?.has(key) ?? false) && this.#ownBucket(at).delete(key)
    if (deleted) this.#size--
    return deleted
  }

  copy(): MapStore {
    const copy = new MapStore()
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

  take(cursor: StoreCursor, bytesMax: number): StorePart {
    const entries: StoreEntry[] = []
    let bytes = 0
    for (; cursor.bucket < bucketCount; cursor.bucket++, cursor.index = 0) {
      const bucket = this.#buckets.get(cursor.bucket)
      if (!bucket || bucket.size === 0) continue
      const keys = [...bucket.keys()].sort(compareHashes)
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

  sortedEntries(): StoreEntry[] {
    return this.take(initialCursor(), Infinity).entries.sort((one, other) => compareBytes(one.key, other.key))
  }
}
