// The store of the replicated state, as the protocol sees it. Two kinds: MapStore, with cheap copies, for code that steps many
// machines (checkers, simulator, explorer), and SlabStore, which makes no garbage, for a process that serves.
// Both must give the same answers and the same chunks for the same content (application.test.ts holds them to it).
import type { ByteString } from './byte-string'
import type { StoreEntry } from './messages'
import { PackedEntry } from './packed-entry'
import type { Settings } from './settings'

/**
 * Buckets of a store. A state transfer walks the buckets and sorts one at a time (`compareHashes`), so its chunks depend on the content
 * alone (not on the order in which keys came) and no step has to sort the whole store. A million keys: 250 in a bucket.
 */
export const bucketCount = 4096

/** The position of a walk over a store; `initialCursor` is before the first entry. */
export interface StoreCursor {
  bucket: number
  index: number
}

export function initialCursor(): StoreCursor {
  return { bucket: 0, index: 0 }
}

export function isAtEnd(cursor: StoreCursor): boolean {
  return cursor.bucket >= bucketCount
}

/** A part of a store: the entries of one chunk, and the bytes of their keys and values together. */
export interface StorePart {
  readonly entries: StoreEntry[]
  readonly bytes: number
}

export interface Store {
  /** The number of entries. */
  readonly size: number
  get(key: ByteString): ByteString | undefined
  /** Writes the entry, in place of an earlier one of its key. */
  put(entry: StoreEntry): void
  /** Appends the entry's value to what its key holds. Returns false, and writes nothing, if the result would exceed `valueBytesMax`. */
  append(entry: StoreEntry): boolean
  /** Returns false if the key is missing. */
  delete(key: ByteString): boolean
  /** A store of the same kind with the same entries; a later write to either is not seen in the other. */
  copy(): Store
  /**
   * Takes entries from the cursor on, in an order that the content alone decides, until their keys and values reach
   * `bytesMax` (one entry at least); moves the cursor. Fewer bytes than that only at the end of the store.
   */
  take(cursor: StoreCursor, bytesMax: number): StorePart
  /**
   * The 32-bit sum of the hashes of all entries in the buckets from `from` to before `to`. It walks the store in another way than `take`,
   * so it exposes an entry that `take` omits.
   */
  hashOfBuckets(from: number, to: number): number
  /** All entries sorted by key: for inspectors and checkers, not for a step. */
  sortedEntries(): StoreEntry[]
}

/** The settings of a cluster that a store needs: its mutants. */
export type StoreSettings = Pick<Settings, 'mutants'>

export const soundStore: StoreSettings = { mutants: [] }

/** Makes an empty store; the driver chooses its kind. */
export type MakeStore = (settings: StoreSettings) => Store

/** Compares in byte order: code units are bytes, so the engine's string comparison does it. */
export function compareBytes(one: ByteString, other: ByteString): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits: its offset basis and its prime. */
const hashBasis = 0x811c9dc5 | 0
export const hashPrime = 0x01000193

/** FNV-1a over the bytes. The order of a transfer depends on it, so it may not change without the protocol's version. */
export function hashOf(key: ByteString): number {
  let hash = hashBasis
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), hashPrime)
  return hash
}

/** The bucket of an entry; the key of a packed entry is not decoded for it. */
export function bucketOfEntry(entry: StoreEntry): number {
  if (!(entry instanceof PackedEntry)) return bucketOf(hashOf(entry.key))
  return bucketOf(hashOfBytes(entry.bytes, entry.keyAt, entry.keyEnd))
}

export function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = hashBasis
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), hashPrime)
  return hash
}

/** The order of keys in a bucket: by their hashes, and by their bytes where those are equal. */
export function compareHashes(one: ByteString, other: ByteString): number {
  return (hashOf(one) >>> 0) - (hashOf(other) >>> 0) || compareBytes(one, other)
}

/** The bucket of a hash, folded from its lower 24 bits. */
export function bucketOf(hash: number): number {
  return (hash ^ (hash >>> 12)) & (bucketCount - 1)
}
