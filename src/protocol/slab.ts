// The pages of a SlabStore: allocates and releases records of bytes by size class. A record is a number that gives its position; 0 is none.
//
//   next record in its chain  u32 | hash of the key  i32 | size class, key length  u8 u24 | value length  u32 | key | value | room
//
// A released record is reused for the next one of its size. Pages are never freed, except those of large records.
import { bytesBetween, layBytes, type ByteString } from './byte-string'
import { BytesTarget } from './bytes-target'
import { finished, foldView } from './digest'
import { PackedEntry } from './packed-entry'

/** Positions are counted in units of the header's size, so that 32 bits address 64 GiB. */
const unitBytes = 16
const headerBytes = unitBytes
const unitsOfPageBits = 16
const unitsOfPage = 1 << unitsOfPageBits
const pageBytes = unitsOfPage * unitBytes

/** Sizes of records in units: 2, 3, 4, 6, 8, 12 ... so that at most a third of a record is empty. Larger records have a page of their own. */
const sizes = Array.from({ length: 23 }, (_, index) => (index % 2 === 0 ? 2 : 3) << (index >> 1))
const ownPage = sizes.length
/** The smallest class for a number of units up to this is looked up, not searched. */
const smallUnits = 64
const smallClasses = Array.from({ length: smallUnits + 1 }, (_, units) => sizes.findIndex((size) => size >= units))

const keyBytesMask = 0xff_ffff
const classShift = 24

/** A record that is less than a quarter full, and larger than `alwaysKeptBytes`, is replaced by a smaller one. */
const emptiestPart = 4
const alwaysKeptBytes = 256
/** A growing record with a page of its own gets room for its value times this, so that many small appends do not copy it each time. */
const growth = 1.5

export class Slab {
  #ints: Int32Array[] = []
  #bytes: BytesTarget[] = []
  /** Released records of each class, to be reused. */
  #released: number[][] = Array.from({ length: sizes.length }, () => [])
  /** Page numbers of large records that were released. */
  #freePages: number[] = []
  /** The next new record, and the end of the current page, in units. The first unit of page 0 is left out, so that no record is 0. */
  #nextUnit = 0
  #lastUnit = 0

  /** Allocates a record for a key and a value of these lengths. The caller must write both and call `setValueBytes`. */
  allocate(keyBytes: number, valueBytes: number): number {
    const units = unitsFor(keyBytes, valueBytes)
    const size = classOf(units)
    const record = size === ownPage ? this.#allocateOwnPage(units) : this.#released[size]?.pop() ?? this.#allocateNew(sizes[size] as number)
    this.#header(record)[fieldAt(record) + 2] = (size << classShift) | keyBytes
    return record
  }

  #allocateNew(units: number): number {
    if (this.#nextUnit + units > this.#lastUnit) {
      const page = this.#addPage(new ArrayBuffer(pageBytes))
      this.#nextUnit = page * unitsOfPage + (page === 0 ? 1 : 0)
      this.#lastUnit = (page + 1) * unitsOfPage
    }
    const record = this.#nextUnit
    this.#nextUnit += units
    return record
  }

  #allocateOwnPage(units: number): number {
    // Page 0 must not be a large record's page: that record would be 0.
    if (this.#bytes.length === 0) this.#addPage(new ArrayBuffer(0))
    return this.#addPage(new ArrayBuffer(units * unitBytes)) * unitsOfPage
  }

  #addPage(buffer: ArrayBuffer): number {
    const page = this.#freePages.pop() ?? this.#bytes.length
    this.#ints[page] = new Int32Array(buffer)
    this.#bytes[page] = new BytesTarget(new Uint8Array(buffer))
    return page
  }

  release(record: number): void {
    const size = this.#class(record)
    const released = this.#released[size]
    if (released) {
      released.push(record)
      return
    }
    const page = record >>> unitsOfPageBits
    this.#ints[page] = new Int32Array(0)
    this.#bytes[page] = new BytesTarget(new Uint8Array(0))
    this.#freePages.push(page)
  }

  /** True if a value of this length fits into the record and does not leave it nearly empty. */
  suits(record: number, valueBytes: number): boolean {
    const room = this.#capacity(record)
    const needed = headerBytes + this.keyBytes(record) + valueBytes
    return needed <= room && (room <= alwaysKeptBytes || needed * emptiestPart >= room)
  }

  /** A new record with the same key, the same next record, and as much of the value as fits. The caller must release the old one. */
  moved(record: number, valueBytes: number): number {
    const keyBytes = this.keyBytes(record)
    const before = this.valueBytes(record)
    const isLargeAndGrows = valueBytes > before && classOf(unitsFor(keyBytes, valueBytes)) === ownPage
    const other = this.allocate(keyBytes, isLargeAndGrows ? Math.ceil(valueBytes * growth) : valueBytes)
    const kept = Math.min(before, valueBytes)
    const ints = this.#header(other)
    ints[fieldAt(other)] = this.next(record)
    ints[fieldAt(other) + 1] = this.hash(record)
    ints[fieldAt(other) + 3] = kept
    const from = byteAt(record) + headerBytes
    this.#target(other).copy(this.#page(record), from, from + keyBytes + kept, byteAt(other) + headerBytes)
    return other
  }

  copy(): Slab {
    const copy = new Slab()
    for (const { bytes } of this.#bytes) copy.#addPage(new Uint8Array(bytes).buffer)
    copy.#released = this.#released.map((records) => records.slice())
    copy.#freePages = this.#freePages.slice()
    copy.#nextUnit = this.#nextUnit
    copy.#lastUnit = this.#lastUnit
    return copy
  }

  // ---- fields

  next(record: number): number {
    return (this.#header(record)[fieldAt(record)] as number) >>> 0
  }

  setNext(record: number, next: number): void {
    this.#header(record)[fieldAt(record)] = next
  }

  hash(record: number): number {
    return this.#header(record)[fieldAt(record) + 1] as number
  }

  keyBytes(record: number): number {
    return (this.#header(record)[fieldAt(record) + 2] as number) & keyBytesMask
  }

  valueBytes(record: number): number {
    return this.#header(record)[fieldAt(record) + 3] as number
  }

  setValueBytes(record: number, valueBytes: number): void {
    this.#header(record)[fieldAt(record) + 3] = valueBytes
  }

  #class(record: number): number {
    return (this.#header(record)[fieldAt(record) + 2] as number) >>> classShift
  }

  #capacity(record: number): number {
    const units = sizes[this.#class(record)]
    return units === undefined ? this.#page(record).length : units * unitBytes
  }

  #header(record: number): Int32Array {
    return this.#ints[record >>> unitsOfPageBits] as Int32Array
  }

  #page(record: number): Uint8Array {
    return this.#target(record).bytes
  }

  #target(record: number): BytesTarget {
    return this.#bytes[record >>> unitsOfPageBits] as BytesTarget
  }

  // ---- keys

  /** True if the record's key is exactly these bytes. The hash is compared first, which avoids most comparisons of bytes. */
  hasKey(record: number, hash: number, key: Uint8Array, start: number, end: number): boolean {
    const ints = this.#header(record)
    const field = fieldAt(record)
    if (ints[field + 1] !== hash || ((ints[field + 2] as number) & keyBytesMask) !== end - start) return false
    const page = this.#page(record)
    for (let at = byteAt(record) + headerBytes, from = start; from < end; at++, from++) if (page[at] !== key[from]) return false
    return true
  }

  setKey(record: number, hash: number, key: Uint8Array, start: number, end: number): void {
    this.#header(record)[fieldAt(record) + 1] = hash
    this.#target(record).copy(key, start, end, byteAt(record) + headerBytes)
  }

  /** Byte order of the keys of two records. */
  compareKeys(one: number, other: number): number {
    const [page, otherPage] = [this.#page(one), this.#page(other)]
    const [at, otherAt] = [byteAt(one) + headerBytes, byteAt(other) + headerBytes]
    const [length, otherLength] = [this.keyBytes(one), this.keyBytes(other)]
    const common = Math.min(length, otherLength)
    for (let index = 0; index < common; index++) {
      const difference = (page[at + index] as number) - (otherPage[otherAt + index] as number)
      if (difference !== 0) return difference
    }
    return length - otherLength
  }

  /** The hash of the entry: continues the stored hash of the key with the bytes of the value. */
  entryHash(record: number): number {
    const valueAt = byteAt(record) + headerBytes + this.keyBytes(record)
    const valueBytes = this.valueBytes(record)
    return finished(foldView(this.hash(record), this.#target(record).view, valueAt, valueAt + valueBytes), valueBytes)
  }

  // ---- values

  value(record: number): ByteString {
    const start = byteAt(record) + headerBytes + this.keyBytes(record)
    return bytesBetween(this.#page(record), start, start + this.valueBytes(record))
  }

  /** Writes into the value from `offset` on. */
  lay(record: number, offset: number, value: ByteString): void {
    layBytes(value, this.#page(record), byteAt(record) + headerBytes + this.keyBytes(record) + offset)
  }

  layPacked(record: number, offset: number, source: Uint8Array, start: number, end: number): void {
    this.#target(record).copy(source, start, end, byteAt(record) + headerBytes + this.keyBytes(record) + offset)
  }

  /** Copies records into one new buffer of `bytes` bytes; returns entries over it. */
  packed(records: readonly number[], bytes: number): PackedEntry[] {
    const copied = new BytesTarget(new Uint8Array(bytes))
    let at = 0
    return records.map((record) => {
      const keyEnd = at + this.keyBytes(record)
      const valueEnd = keyEnd + this.valueBytes(record)
      const from = byteAt(record) + headerBytes
      copied.copy(this.#page(record), from, from + valueEnd - at, at)
      const entry = new PackedEntry(copied.bytes, at, keyEnd, keyEnd, valueEnd)
      at = valueEnd
      return entry
    })
  }
}

function fieldAt(record: number): number {
  return (record & (unitsOfPage - 1)) << 2
}

function byteAt(record: number): number {
  return (record & (unitsOfPage - 1)) << 4
}

function unitsFor(keyBytes: number, valueBytes: number): number {
  return Math.ceil((headerBytes + keyBytes + valueBytes) / unitBytes)
}

function classOf(units: number): number {
  if (units <= smallUnits) return smallClasses[units] as number
  const size = sizes.findIndex((held) => held >= units)
  return size < 0 ? ownPage : size
}
