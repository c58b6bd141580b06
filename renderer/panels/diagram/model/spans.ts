// Spans with a begin and an end (arrows, operations), sorted by begin, with range queries that do not scan all rows. Spans that begin in
// the range are consecutive rows; spans that began before it are found by the latest end of each block of rows. Pure.
import { firstCapacity, grown, lowerBound } from './columns'

/** The end of a span that has not ended. */
export const openEnd = 0x7fff_ffff

/** log2 of the rows of a block, and of the blocks in a block of the next level. */
const blockBits = 6
const blockMask = (1 << blockBits) - 1
/** Levels of blocks: five levels of 64 cover a billion rows. */
const levelCount = 5

export class Spans {
  #begins = new Int32Array(firstCapacity)
  #ends = new Int32Array(firstCapacity)
  #length = 0
  /** By level and block: the latest end of the ended rows in it. A new end can only increase these. */
  readonly #latest = Array.from({ length: levelCount }, () => new Int32Array(firstCapacity))
  /** The rows that have not ended, in the order of begins; they are few, so queries scan them. */
  readonly #open = new Set<number>()

  get length(): number {
    return this.#length
  }

  get open(): ReadonlySet<number> {
    return this.#open
  }

  /** Adds a span that begins at `seq`, which must not be before the last begin; returns its row. */
  add(seq: number): number {
    const row = this.#length++
    if (row >= this.#begins.length) {
      this.#begins = grown(this.#begins, row * 2)
      this.#ends = grown(this.#ends, row * 2)
    }
    this.#begins[row] = seq
    this.#ends[row] = openEnd
    this.#open.add(row)
    return row
  }

  close(row: number, seq: number): void {
    if (!this.#open.delete(row)) return
    this.#ends[row] = seq
    for (let level = 0, block = row >> blockBits; level < levelCount; level++, block >>= blockBits) {
      let latest = this.#latest[level] as Int32Array<ArrayBuffer>
      if (block >= latest.length) latest = this.#latest[level] = grown(latest, block * 2)
      if ((latest[block] as number) < seq) latest[block] = seq
    }
  }

  begin(row: number): number {
    return this.#begins[row] as number
  }

  /** The end of a row; `openEnd` while it has not ended. */
  end(row: number): number {
    return this.#ends[row] as number
  }

  /** The first row that begins at `seq` or later. */
  firstFrom(seq: number): number {
    return lowerBound(this.#begins, this.#length, seq)
  }

  /** Visits every span that overlaps the events `from` to `to`, in the order of begins; stops when `visit` returns false. */
  forEachIn(from: number, to: number, visit: (row: number) => boolean | void): void {
    const first = this.firstFrom(from)
    if (this.#forEachBefore(first, from, visit) === false) return
    for (let row = first; row < this.#length && (this.#begins[row] as number) <= to; row++) if (visit(row) === false) return
  }

  /** Visits the rows below `first` that end at `from` or later; returns false if `visit` stopped it. */
  #forEachBefore(first: number, from: number, visit: (row: number) => boolean | void): boolean {
    const found: number[] = []
    let level = 0
    while ((first - 1) >> (blockBits * (level + 1)) > 0) level++
    this.#descend(level, 0, first, from, found)
    for (const row of this.#open) {
      if (row >= first) break
      found.push(row)
    }
    if (found.length > 1) found.sort((one, other) => one - other)
    for (const row of found) if (visit(row) === false) return false
    return true
  }

  /** Finds ended rows below `first` with an end at `from` or later, in the 64 blocks of block `parent` on `level` (0: blocks of rows). */
  #descend(level: number, parent: number, first: number, from: number, found: number[]): void {
    const latest = this.#latest[level]
    if (!latest) return
    const last = Math.min(parent * (blockMask + 1) + blockMask, (first - 1) >> (blockBits * (level + 1)))
    for (let block = parent * (blockMask + 1); block <= last; block++) {
      if ((latest[block] ?? 0) < from) continue
      if (level > 0) this.#descend(level - 1, block, first, from, found)
      else this.#rows(block, first, from, found)
    }
  }

  #rows(block: number, first: number, from: number, found: number[]): void {
    const end = Math.min(first, (block + 1) << blockBits)
    for (let row = block << blockBits; row < end; row++) {
      const ends = this.#ends[row] as number
      if (ends >= from && ends !== openEnd) found.push(row)
    }
  }
}
