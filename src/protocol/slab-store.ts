// A store that makes no garbage: entries are bytes in pages of a megabyte, found through one hash table with chains.
// The cost of a write depends neither on the number of entries nor on a garbage collector. No step may ever grow or copy the whole store.
// docs/decisions/two-stores.md explains why there are two kinds, and draws a record.
import { layBytes, type ByteString } from './byte-string'
import type { StoreEntry } from './messages'
import { PackedEntry } from './packed-entry'
import { isBroken, valueBytesMax } from './settings'
import { Slab } from './slab'
import { bucketCount, bucketOf, compareBytes, hashOf, hashOfBytes, initialCursor, soundStore, type Store, type StoreCursor, type StorePart, type StoreSettings } from './store'

/**
 * The first record of each chain; 0: the chain is empty. The chains of a bucket are adjacent, so that a walk finds them.
 * A table grows bucket by bucket, at most one with each new entry, so that no step takes long.
 */
interface Chains {
  readonly heads: Uint32Array
  /** Chains of each bucket, a power of two. */
  readonly each: number
}

/** The limit of positions in a bucket: a hash of 32 bits and a position fit into one exact number. */
const placesMax = 2 ** 20

export class SlabStore implements Store {
  #chains: Chains = emptyChains(1)
  /** While the table grows: the smaller one, which still holds the buckets from `#moved` on. */
  #smaller: Chains | null = null
  #moved = 0
  #slab = new Slab()
  #size = 0
  /** The key to find: bytes of a packed entry, or `#laidOut` with the bytes of a string. */
  #bytes: Uint8Array
  #start = 0
  #end = 0
  #laidOut = new Uint8Array(256)
  #hash = 0
  readonly #settings: StoreSettings

  constructor(settings: StoreSettings = soundStore) {
    this.#settings = settings
    this.#bytes = this.#laidOut
  }

  get size(): number {
    return this.#size
  }

  get(key: ByteString): ByteString | undefined {
    const record = this.#find(key)
    return record === 0 ? undefined : this.#slab.value(record)
  }

  put(entry: StoreEntry): void {
    const valueBytes = this.#seek(entry)
    const record = this.#found()
    const place = record === 0 ? this.#add(valueBytes) : this.#roomFor(record, valueBytes)
    this.#lay(entry, place, 0)
    this.#slab.setValueBytes(place, valueBytes)
  }

  append(entry: StoreEntry): boolean {
    const valueBytes = this.#seek(entry)
    const record = this.#found()
    const before = record === 0 ? 0 : this.#slab.valueBytes(record)
    if (before + valueBytes > valueBytesMax) return false
    if (record === 0 && isBroken(this.#settings, 'slab-store-drops-append')) return true
    const place = record === 0 ? this.#add(valueBytes) : this.#roomFor(record, before + valueBytes)
    this.#lay(entry, place, before)
    this.#slab.setValueBytes(place, before + valueBytes)
    return true
  }

  delete(key: ByteString): boolean {
    const record = this.#find(key)
    if (record === 0) return false
    this.#relink(record, this.#slab.next(record))
    this.#slab.release(record)
    this.#size--
    return true
  }

  copy(): SlabStore {
    const copy = new SlabStore(this.#settings)
    copy.#chains = copyOfChains(this.#chains)
    copy.#smaller = this.#smaller && copyOfChains(this.#smaller)
    copy.#moved = this.#moved
    copy.#slab = this.#slab.copy()
    copy.#size = this.#size
    return copy
  }

  take(cursor: StoreCursor, bytesMax: number): StorePart {
    const records: number[] = []
    let bytes = 0
    walk: for (; cursor.bucket < bucketCount; cursor.bucket++, cursor.index = 0) {
      const sorted = this.#sorted(cursor.bucket)
      for (; cursor.index < sorted.length; cursor.index++) {
        if (bytes >= bytesMax) {
          if (isBroken(this.#settings, 'slab-store-skips-entry') && bytes === bytesMax) cursor.index++
          if (isBroken(this.#settings, 'slab-store-skips-bucket') && cursor.index === 0) cursor.bucket++
          break walk
        }
        const record = sorted[cursor.index] as number
        records.push(record)
        bytes += this.#slab.keyBytes(record) + this.#slab.valueBytes(record)
      }
    }
    // Copied out: a chunk may wait and be sent again while the pages change.
    return { entries: this.#slab.packed(records, bytes), bytes }
  }

  hashOfBuckets(from: number, to: number): number {
    let sum = 0
    for (let bucket = from; bucket < to; bucket++) {
      const { heads, each } = this.#chainsOf(bucket)
      for (let chain = bucket * each; chain < (bucket + 1) * each; chain++) {
        for (let record = heads[chain] as number; record !== 0; record = this.#slab.next(record)) sum = (sum + this.#slab.entryHash(record)) | 0
      }
    }
    return sum
  }

  sortedEntries(): StoreEntry[] {
    return this.take(initialCursor(), Infinity).entries
      .map(({ key, value }) => ({ key, value }))
      .sort((one, other) => compareBytes(one.key, other.key))
  }

  /** Records sorted by hash, and by key where hashes are equal. It sorts numbers of hash and position, which needs no comparison callback. */
  #sorted(bucket: number): number[] {
    const { heads, each } = this.#chainsOf(bucket)
    const records: number[] = []
    for (let chain = bucket * each; chain < (bucket + 1) * each; chain++) {
      for (let record = heads[chain] as number; record !== 0; record = this.#slab.next(record)) records.push(record)
    }
    if (records.length < 2) return records
    if (records.length > placesMax) return records.sort((one, other) => this.#compare(one, other))
    const places = new Float64Array(records.length)
    for (let at = 0; at < places.length; at++) places[at] = (this.#slab.hash(records[at] as number) >>> 0) * placesMax + at
    places.sort()
    const sorted = Array.from(places, (place) => records[place % placesMax] as number)
    for (let at = 1; at < sorted.length; at++) {
      // Keys of equal hashes are so rare that the slow sort does not matter.
      if (this.#slab.hash(sorted[at - 1] as number) === this.#slab.hash(sorted[at] as number)) return sorted.sort((one, other) => this.#compare(one, other))
    }
    return sorted
  }

  #compare(one: number, other: number): number {
    return (this.#slab.hash(one) >>> 0) - (this.#slab.hash(other) >>> 0) || this.#slab.compareKeys(one, other)
  }

  // ---- finding

  /** Sets the key to find, from a packed entry or from strings; returns the length of the entry's value. */
  #seek(entry: StoreEntry): number {
    if (!(entry instanceof PackedEntry)) {
      this.#seekKey(entry.key)
      return entry.value.length
    }
    const { bytes, keyAt, keyEnd } = entry
    this.#bytes = bytes
    this.#start = keyAt
    this.#end = keyEnd
    this.#hash = hashOfBytes(bytes, keyAt, keyEnd)
    return entry.valueEnd - entry.valueAt
  }

  #seekKey(key: ByteString): void {
    if (key.length > this.#laidOut.length) this.#laidOut = new Uint8Array(key.length * 2)
    layBytes(key, this.#laidOut, 0)
    this.#bytes = this.#laidOut
    this.#start = 0
    this.#end = key.length
    this.#hash = hashOf(key)
  }

  #find(key: ByteString): number {
    this.#seekKey(key)
    return this.#found()
  }

  /** The record with the key to find; 0 for none. */
  #found(): number {
    const slab = this.#slab
    const chains = this.#chainsOf(bucketOf(this.#hash))
    let record = chains.heads[chainOf(this.#hash, chains)] as number
    while (record !== 0 && !slab.hasKey(record, this.#hash, this.#bytes, this.#start, this.#end)) record = slab.next(record)
    return record
  }

  /** The table that holds this bucket now. */
  #chainsOf(bucket: number): Chains {
    return this.#smaller !== null && bucket >= this.#moved ? this.#smaller : this.#chains
  }

  // ---- changing

  /** A new record for the key to find. */
  #add(valueBytes: number): number {
    this.#grow()
    const record = this.#slab.allocate(this.#end - this.#start, valueBytes)
    this.#slab.setKey(record, this.#hash, this.#bytes, this.#start, this.#end)
    this.#link(record, this.#hash, this.#chainsOf(bucketOf(this.#hash)))
    this.#size++
    return record
  }

  /** The record, or a larger or smaller replacement with the same key and as much of the value as fits. */
  #roomFor(record: number, valueBytes: number): number {
    const slab = this.#slab
    if (slab.suits(record, valueBytes)) return record
    const other = slab.moved(record, valueBytes)
    this.#relink(record, other)
    slab.release(record)
    return other
  }

  #link(record: number, hash: number, chains: Chains): void {
    const chain = chainOf(hash, chains)
    this.#slab.setNext(record, chains.heads[chain] as number)
    chains.heads[chain] = record
  }

  /** Makes the link to `record`, which must have the key to find, point to `other` (0: the end of the chain). */
  #relink(record: number, other: number): void {
    const chains = this.#chainsOf(bucketOf(this.#hash))
    const chain = chainOf(this.#hash, chains)
    let before = chains.heads[chain] as number
    if (before === record) {
      chains.heads[chain] = other
      return
    }
    while (this.#slab.next(before) !== record) before = this.#slab.next(before)
    this.#slab.setNext(before, other)
  }

  #lay(entry: StoreEntry, record: number, offset: number): void {
    if (entry instanceof PackedEntry) this.#slab.layPacked(record, offset, entry.bytes, entry.valueAt, entry.valueEnd)
    else this.#slab.lay(record, offset, entry.value)
  }

  /**
   * Called with each new entry. With one entry for each chain, it begins a table of twice the size; then it moves a bucket now and then.
   * All buckets are moved when the number of entries has grown by half, and no run of entries moves many buckets.
   */
  #grow(): void {
    const smaller = this.#smaller
    if (smaller === null) {
      if (this.#size < this.#chains.heads.length) return
      this.#smaller = this.#chains
      this.#chains = emptyChains(this.#chains.each * 2)
      this.#moved = 0
      return
    }
    if (this.#size % Math.ceil(smaller.each / 2) !== 0) return
    const bucket = this.#moved++
    for (let chain = bucket * smaller.each; chain < (bucket + 1) * smaller.each; chain++) {
      for (let record = smaller.heads[chain] as number; record !== 0;) {
        const next = this.#slab.next(record)
        this.#link(record, this.#slab.hash(record), this.#chains)
        record = next
      }
    }
    if (this.#moved === bucketCount) this.#smaller = null
  }
}

function emptyChains(each: number): Chains {
  return { heads: new Uint32Array(bucketCount * each), each }
}

function copyOfChains({ heads, each }: Chains): Chains {
  return { heads: heads.slice(), each }
}

/** The chain in a bucket depends on other bits of the hash than the bucket. */
function chainOf(hash: number, { each }: Chains): number {
  return bucketOf(hash) * each + ((hash >>> 12) & (each - 1))
}
