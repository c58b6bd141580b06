// A store that makes no garbage: entries lie as bytes in pages of a megabyte, found through one hash table of chains.
// What a write costs does not depend on how many entries there are, nor on a collector; no step ever grows or copies the whole.
// docs/decisions/two-stores.md tells why there are two kinds, and draws a record.
import { layBytes, type ByteString } from './byte-string'
import type { StoreEntry } from './messages'
import { PackedEntry } from './packed-entry'
import { valueBytesMax } from './settings'
import { Slab } from './slab'
import { bucketCount, bucketOf, compareBytes, hashBasis, hashOf, hashPrime, initialCursor, type Store, type StoreCursor, type StorePart } from './store'

/**
 * Where the chains begin; 0: a chain is empty. The chains of a bucket lie together, so that a walk finds them, and a table grows bucket
 * by bucket: one of them with each new entry, and so never for long.
 */
interface Chains {
  readonly heads: Uint32Array
  /** Chains of each bucket, a power of two. */
  readonly each: number
}

/** A place in a bucket, below a hash of 32 bits in one exact number. */
const placesMax = 2 ** 20

export class SlabStore implements Store {
  #chains: Chains = emptyChains(1)
  /** While the table grows: the smaller one, with the buckets from `#moved` on. */
  #smaller: Chains | null = null
  #moved = 0
  #slab = new Slab()
  #size = 0
  /** What is looked for lies here: in the packed entry's own bytes, or laid out below from a string. */
  #bytes: Uint8Array
  #start = 0
  #end = 0
  #laidOut = new Uint8Array(256)
  #hash = 0

  constructor() {
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
    const copy = new SlabStore()
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
        if (bytes >= bytesMax) break walk
        const record = sorted[cursor.index] as number
        records.push(record)
        bytes += this.#slab.keyBytes(record) + this.#slab.valueBytes(record)
      }
    }
    // Copied out together: what is sent may wait and be sent again, and the pages are written to.
    return { entries: this.#slab.packed(records, bytes), bytes }
  }

  sortedEntries(): StoreEntry[] {
    return this.take(initialCursor(), Infinity).entries
      .map(({ key, value }) => ({ key, value }))
      .sort((one, other) => compareBytes(one.key, other.key))
  }

  /** Records by hash, and by key where hashes are equal. Sorted as numbers of hash and place, which takes no call for each comparison. */
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
      // Keys of one hash are so rare that it does not matter how they come into order.
      if (this.#slab.hash(sorted[at - 1] as number) === this.#slab.hash(sorted[at] as number)) return sorted.sort((one, other) => this.#compare(one, other))
    }
    return sorted
  }

  #compare(one: number, other: number): number {
    return (this.#slab.hash(one) >>> 0) - (this.#slab.hash(other) >>> 0) || this.#slab.compareKeys(one, other)
  }

  // ---- finding

  /** Looks at the key of an entry, as it lies there or laid out from a string; returns how long the entry's value is. */
  #seek(entry: StoreEntry): number {
    if (!(entry instanceof PackedEntry)) {
      this.#seekKey(entry.key)
      return entry.value.length
    }
    const { bytes, keyAt, keyEnd } = entry
    this.#bytes = bytes
    this.#start = keyAt
    this.#end = keyEnd
    let hash = hashBasis
    for (let at = keyAt; at < keyEnd; at++) hash = Math.imul(hash ^ (bytes[at] as number), hashPrime)
    this.#hash = hash
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

  /** The record with the key that is looked for; 0 for none. */
  #found(): number {
    const slab = this.#slab
    const chains = this.#chainsOf(bucketOf(this.#hash))
    let record = chains.heads[chainOf(this.#hash, chains)] as number
    while (record !== 0 && !slab.hasKey(record, this.#hash, this.#bytes, this.#start, this.#end)) record = slab.next(record)
    return record
  }

  /** The table that has this bucket now. */
  #chainsOf(bucket: number): Chains {
    return this.#smaller !== null && bucket >= this.#moved ? this.#smaller : this.#chains
  }

  // ---- changing

  /** A new record for the key that is looked for. */
  #add(valueBytes: number): number {
    this.#grow()
    const record = this.#slab.allocate(this.#end - this.#start, valueBytes)
    this.#slab.setKey(record, this.#hash, this.#bytes, this.#start, this.#end)
    this.#link(record, this.#hash, this.#chainsOf(bucketOf(this.#hash)))
    this.#size++
    return record
  }

  /** The record, or a larger or smaller one in its place that has the same key and as much of the value as fits. */
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

  /** Puts another record, or 0 for none, where this one, which has the key that is looked for, is linked from. */
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
   * With each new entry: begins a table of twice the size when there is one entry for each chain, or now and then moves a bucket into it,
   * so that all are there when half as many entries as there were have come, and no run of entries moves many.
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

/** Chains of a bucket are told apart by other bits of the hash than buckets. */
function chainOf(hash: number, { each }: Chains): number {
  return bucketOf(hash) * each + ((hash >>> 12) & (each - 1))
}
