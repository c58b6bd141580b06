// A store of maps with cheap copies (copy-on-write): copies share each bucket until one of them writes to it.
// It is for checkers, the simulator and the explorer, which copy machines often. A process that serves uses SlabStore, which makes no garbage.
import { concatBytes, type ByteString } from './byte-string'
import { hashOfEntry } from './digest'
import type { StoreEntry } from './messages'
import { isBroken, valueBytesMax } from './settings'
import { bucketCount, bucketOf, compareBytes, compareHashes, hashOf, initialCursor, soundStore, type Store, type StoreCursor, type StorePart, type StoreSettings } from './store'

export class MapStore implements Store {
  /** Buckets by number; only those that hold or held a key, so that a small store costs little. */
  #buckets = new Map<number, Map<ByteString, ByteString>>()
  #size = 0
  /** Buckets that no copy of this store shares; null while none is shared. The others are copied before a write. */
  #own: Set<number> | null = null
  readonly #settings: StoreSettings

  constructor(settings: StoreSettings = soundStore) {
    this.#settings = settings
  }

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
    if (before === undefined && isBroken(this.#settings, 'map-store-drops-append')) return true
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
    const copy = new MapStore(this.#settings)
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
        if (bytes >= bytesMax) {
          if (isBroken(this.#settings, 'map-store-skips-entry') && bytes === bytesMax) cursor.index++
          if (isBroken(this.#settings, 'map-store-skips-bucket') && cursor.index === 0) cursor.bucket++
          return { entries, bytes }
        }
        const key = keys[cursor.index] as ByteString
        const value = bucket.get(key) as ByteString
        entries.push({ key, value })
        bytes += key.length + value.length
      }
    }
    return { entries, bytes }
  }

  hashOfBuckets(from: number, to: number): number {
    let sum = 0
    for (const [at, bucket] of this.#buckets) {
      if (at < from || at >= to) continue
      for (const [key, value] of bucket) sum = (sum + hashOfEntry({ key, value })) | 0
    }
    return sum
  }

  sortedEntries(): StoreEntry[] {
    return this.take(initialCursor(), Infinity).entries.sort((one, other) => compareBytes(one.key, other.key))
  }
}
