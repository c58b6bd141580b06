// The digest of a state: the number of keys and of rows, and one hash over all of them that does not depend on the order of entries.
// A primary sends it with the last chunk of a transfer; a backup whose state has another digest installs nothing.
// docs/wire-protocol.md specifies the computation, so nothing here may change without that page.
import type { ByteString } from './byte-string'
import type { StoreEntry, TableRow, TransferDigest } from './messages'
import { hashOf, hashPrime } from './store'

/** Adds four bytes to a hash. */
export function foldWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, hashPrime)
  return (mixed << 13) | (mixed >>> 19)
}

/** Adds bytes to a hash, four at a time in little-endian order; the last four are padded with zeros. */
export function foldBytes(hash: number, bytes: ByteString): number {
  const fours = bytes.length & ~3
  let at = 0
  for (; at < fours; at += 4) {
    hash = foldWord(hash, bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16) | (bytes.charCodeAt(at + 3) << 24))
  }
  let word = 0
  for (let shift = 0; at < bytes.length; at++, shift += 8) word |= bytes.charCodeAt(at) << shift
  return lastWord(hash, word, bytes.length)
}

/** The same for bytes in a buffer. */
export function foldView(hash: number, view: DataView, start: number, end: number): number {
  const fours = end - ((end - start) & 3)
  let at = start
  for (; at < fours; at += 4) hash = foldWord(hash, view.getInt32(at, true))
  let word = 0
  for (let shift = 0; at < end; at++, shift += 8) word |= view.getUint8(at) << shift
  return lastWord(hash, word, end - start)
}

function lastWord(hash: number, word: number, length: number): number {
  return (length & 3) === 0 ? hash : foldWord(hash, word)
}

/** Finalizes a hash: adds the length and mixes, so that every bit depends on every other (the finalizer of MurmurHash3). */
export function finished(hash: number, length: number): number {
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

export function hashOfEntry({ key, value }: StoreEntry): number {
  return finished(foldBytes(hashOf(key), value), value.length)
}

/** The hash of a row and of the `seq` of the row before it (0 for the first), so that the order of the rows matters. */
export function hashOfRow({ clientId, requestId, result, seq, viewnum }: TableRow, before: number): number {
  let hash = foldNumber(foldNumber(hashOf(clientId as ByteString), requestId), seq)
  hash = foldWord(foldNumber(foldWord(hash, viewnum), before), resultTypes[result.type])
  const value = result.type === 'value' ? result.value : result.type === 'mismatch' ? result.actual : null
  return value === null ? finished(hash, 0) : finished(foldBytes(hash, value), value.length)
}

/** Adds the lower and the upper 32 bits of a number up to 2^53. */
function foldNumber(hash: number, value: number): number {
  return foldWord(foldWord(hash, value | 0), Math.floor(value / 2 ** 32))
}

/** The same codes as in the wire protocol. */
const resultTypes: Readonly<Record<TableRow['result']['type'], number>> = { 'done': 1, 'value': 2, 'missing': 3, 'mismatch': 4, 'too-large': 5 }

export function sameDigest(one: TransferDigest, other: TransferDigest): boolean {
  return one.keys === other.keys && one.rows === other.rows && one.hash === other.hash
}
