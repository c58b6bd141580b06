// Breadth-first search: which states were visited, which are queued, and how each was reached. It hands out batches of states and takes their
// successors back from the expanders. A level ends when its last batch is back, so what is found first is nearest.
// It must never step a machine. A batch that was lost with its worker is handed out again.
import { Fingerprints } from './fingerprints'
import { Numbers } from './numbers'
import type { ExplorePlan } from './plan'
import { rowLength } from './state'
import type { StepViolation } from './step-checks'
import type { StepCode } from './steps'

/** Some states of one level, as rows. */
export interface Batch {
  readonly number: number
  readonly count: number
  readonly rows: Int32Array
}

/** The successors of a batch's states. */
export interface BatchResult {
  readonly number: number
  /** For each successor: the index of its predecessor in the batch, the step, the two halves of the fingerprint, and its row. */
  readonly successors: Int32Array
  /** How many steps were taken, including those to known states. */
  readonly steps: number
  readonly found: readonly Found[]
}

export interface Found {
  /** The state's index in its batch. */
  readonly place: number
  /** -1: the state itself is what was looked for. */
  readonly step: StepCode
  /** Null: the goal was reached. */
  readonly violation: StepViolation | null
}

export interface SearchProgress {
  readonly states: number
  readonly steps: number
  /** All paths of this many steps were tried; paths with one more are being tried. */
  readonly depth: number
  /** How many states wait to be expanded. */
  readonly queue: number
  /** How many times more states the last complete level had than the one before: an estimate for the next. 0 before there are two. */
  readonly growth: number
  readonly bytes: number
}

export type SearchEnd =
  /** Every reachable state was visited. */
  | { readonly type: 'complete' }
  /** It reached the allowed depth or number of states. */
  | { readonly type: 'bound'; readonly bound: 'depth' | 'states' }
  | { readonly type: 'found'; readonly path: readonly StepCode[]; readonly violation: StepViolation | null }

interface Level {
  readonly rows: Int32Array[]
  /** The number of the level's first state. */
  first: number
  count: number
}

const pageNumbers = 1 << 18

export class Search {
  readonly #plan: ExplorePlan
  readonly #nodes: number
  readonly #seen = new Fingerprints()
  readonly #parents = new Numbers()
  readonly #steps = new Numbers()
  #taken = 0
  #depth = 0
  #growth = 0
  #level: Level = { rows: [], first: 0, count: 0 }
  #next = new RowPages()
  /** Where the next batch begins in the level. */
  #at = { page: 0, place: 0, state: 0 }
  #batchNumber = 0
  /** Batches handed out and not returned, each with the number of its first state. */
  readonly #out = new Map<number, { batch: Batch; first: number }>()
  readonly #again: number[] = []
  #found: { first: number; found: Found } | null = null
  #end: SearchEnd | null = null

  constructor(plan: ExplorePlan, nodes: number) {
    this.#plan = plan
    this.#nodes = nodes
  }

  /** Adds the initial state: its row and fingerprint. */
  begin(row: readonly number[], low: number, high: number): void {
    this.#seen.add(low, high)
    this.#parents.push(-1)
    this.#steps.push(-1)
    this.#next.push(row, 0, row.length)
    this.#turn()
    this.#depth = 0
  }

  get end(): SearchEnd | null {
    return this.#end
  }

  get progress(): SearchProgress {
    const waiting = this.#level.count - this.#at.state + this.#next.count
    const bytes = this.#seen.bytes + this.#parents.bytes + this.#steps.bytes + this.#next.bytes + this.#level.rows.reduce((sum, rows) => sum + rows.byteLength, 0)
    return { states: this.#seen.count, steps: this.#taken, depth: this.#depth, queue: waiting, growth: this.#growth, bytes }
  }

  /** A batch of states to expand; null while others must be returned first, or at the end. */
  take(countMax: number): Batch | null {
    if (this.#end) return null
    const again = this.#again.shift()
    if (again !== undefined) return this.#out.get(again)?.batch ?? null
    const rows = this.#level.rows[this.#at.page]
    if (!rows) return null
    const begin = this.#at.place
    let end = begin
    let count = 0
    while (count < countMax && end < rows.length) {
      end += rowLength(rows, end, this.#nodes)
      count++
    }
    const batch = { number: this.#batchNumber++, count, rows: rows.slice(begin, end) }
    this.#out.set(batch.number, { batch, first: this.#level.first + this.#at.state })
    const state = this.#at.state + count
    this.#at = end >= rows.length ? { page: this.#at.page + 1, place: 0, state } : { page: this.#at.page, place: end, state }
    return batch
  }

  /** Call when the worker that had this batch is gone: the batch is handed out again. */
  lost(number: number): void {
    if (this.#out.has(number)) this.#again.push(number)
  }

  give({ number, successors, steps, found }: BatchResult): void {
    const out = this.#out.get(number)
    if (!out || this.#end) return
    this.#out.delete(number)
    this.#taken += steps
    for (const one of found) {
      if (this.#found === null || out.first < this.#found.first) this.#found = { first: out.first, found: one }
    }
    for (let at = 0; at < successors.length;) {
      const length = rowLength(successors, at + 4, this.#nodes)
      if (this.#seen.add(successors[at + 2] as number, successors[at + 3] as number)) {
        this.#parents.push(out.first + (successors[at] as number))
        this.#steps.push(successors[at + 1] as number)
        this.#next.push(successors, at + 4, length)
      }
      at += 4 + length
    }
    if (this.#out.size === 0 && this.#level.rows[this.#at.page] === undefined) this.#turn()
  }

  /** Ends the level. */
  #turn(): void {
    if (this.#found) {
      const { first, found } = this.#found
      const path = this.#pathTo(first + found.place)
      this.#end = { type: 'found', path: found.step < 0 ? path : [...path, found.step], violation: found.violation }
      return
    }
    const { depth, statesMax } = this.#plan.bounds
    const first = this.#level.first + this.#level.count
    this.#growth = this.#level.count === 0 ? 0 : this.#next.count / this.#level.count
    this.#level = { rows: this.#next.pages(), first, count: this.#next.count }
    this.#next = new RowPages()
    this.#at = { page: 0, place: 0, state: 0 }
    this.#depth++
    if (this.#level.count === 0) this.#end = { type: 'complete' }
    else if (depth > 0 && this.#depth >= depth) this.#end = { type: 'bound', bound: 'depth' }
    else if (this.#seen.count >= statesMax) this.#end = { type: 'bound', bound: 'states' }
  }

  #pathTo(state: number): StepCode[] {
    const path: StepCode[] = []
    for (let at = state; at > 0; at = this.#parents.at(at)) path.push(this.#steps.at(at) >>> 0)
    return path.reverse()
  }
}

/** Rows of the next level, in pages; no row crosses a page. */
class RowPages {
  count = 0
  readonly #full: Int32Array[] = []
  #page = new Int32Array(pageNumbers)
  #length = 0

  get bytes(): number {
    return (this.#full.length + 1) * pageNumbers * Int32Array.BYTES_PER_ELEMENT
  }

  push(from: ArrayLike<number>, at: number, length: number): void {
    if (this.#length + length > pageNumbers) this.#close()
    for (let index = 0; index < length; index++) this.#page[this.#length + index] = from[at + index] as number
    this.#length += length
    this.count++
  }

  pages(): Int32Array[] {
    if (this.#length > 0) this.#close()
    return this.#full
  }

  #close(): void {
    this.#full.push(this.#page.slice(0, this.#length))
    this.#page = new Int32Array(pageNumbers)
    this.#length = 0
  }
}
