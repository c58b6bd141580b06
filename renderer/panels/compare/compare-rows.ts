// Which rows of a comparison are shown: all, or the differing rows with a few rows around them; the others are folded and counted. Pure.
import { rowStates, type Alignment, type RowState } from '../../../src/check'

/** Number of alike rows that stay visible on either side of a difference. */
export const rowsAround = 3

export type ShownRow =
  | { readonly type: 'pair'; readonly row: number; readonly first: number; readonly second: number; readonly state: RowState }
  /** `count` alike rows, from `row` on. */
  | { readonly type: 'fold'; readonly row: number; readonly count: number }

export class CompareRows {
  readonly #alignment: Alignment
  /** For each shown row: its row of the alignment; for a fold: -1 minus its first row. */
  readonly #shown: Int32Array
  /** For each row of the alignment: the shown row that contains it. */
  readonly #placeOf: Int32Array
  /** For each event of the first recording: its row. An event without a row has the row of the event before it. */
  readonly #rowOfFirst: Int32Array

  /** `opened`: the folds that a person opened, by their first row. */
  constructor(alignment: Alignment, isFolded: boolean, opened: ReadonlySet<number> = new Set(), events = 0) {
    this.#alignment = alignment
    const { states } = alignment
    const hidden = isFolded ? foldedRows(states, opened) : new Uint8Array(states.length)
    const shown: number[] = []
    this.#placeOf = new Int32Array(states.length)
    for (let row = 0; row < states.length; row++) {
      const isFold = hidden[row] === 1
      if (!isFold || row === 0 || hidden[row - 1] === 0) shown.push(isFold ? -1 - row : row)
      this.#placeOf[row] = shown.length - 1
    }
    this.#shown = Int32Array.from(shown)
    this.#rowOfFirst = rowsOfFirst(alignment, events)
  }

  get length(): number {
    return this.#shown.length
  }

  at(place: number): ShownRow | undefined {
    const found = this.#shown[place]
    if (found === undefined) return undefined
    const { first, second, states } = this.#alignment
    if (found >= 0) return { type: 'pair', row: found, first: first[found] as number, second: second[found] as number, state: rowStates[states[found] as number] as RowState }
    const row = -1 - found
    const next = this.#shown[place + 1]
    return { type: 'fold', row, count: (next === undefined ? states.length : next) - row }
  }

  /** The shown row for a row of the alignment: the row itself or its fold; -1 without rows. */
  placeOf(row: number): number {
    return this.#placeOf[row] ?? -1
  }

  /** The row of an event of the first recording, or of the last event before it that has a row; -1 if there is none. */
  rowOfFirst(seq: number): number {
    return this.#rowOfFirst[Math.min(seq, this.#rowOfFirst.length - 1)] ?? -1
  }
}

/** Marks the folded rows. Two folds are never adjacent: there is always a shown row between them. */
function foldedRows(states: Uint8Array, opened: ReadonlySet<number>): Uint8Array {
  const hidden = new Uint8Array(states.length)
  for (let from = 0; from < states.length;) {
    let to = from
    while (to < states.length && states[to] === 0) to++
    const [begin, end] = [from === 0 ? 0 : from + rowsAround, to === states.length ? to : to - rowsAround]
    // A fold takes one row, so folding a single row saves nothing.
    if (end - begin > 1 && !opened.has(begin)) hidden.fill(1, begin, end)
    from = to === from ? from + 1 : to
  }
  return hidden
}

function rowsOfFirst({ first }: Alignment, events: number): Int32Array {
  let last = events
  for (const seq of first) if (seq > last) last = seq
  const rows = new Int32Array(last + 1).fill(-1)
  for (let row = 0; row < first.length; row++) if (first[row] !== 0) rows[first[row] as number] = row
  for (let seq = 1; seq <= last; seq++) if (rows[seq] === -1) rows[seq] = rows[seq - 1] as number
  return rows
}

/** The number of the last difference that begins at or before a row, counted from 1; 0 if there is none. */
export function differenceAt({ differences }: Pick<Alignment, 'differences'>, row: number): number {
  let [low, high] = [0, differences.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((differences[middle] as number) <= row) low = middle + 1
    else high = middle
  }
  return low
}

/** Splits a text at word boundaries into three parts; the middle part is the one that the other text does not have. */
export function differingPart(text: string, other: string): readonly [before: string, differing: string, after: string] {
  const [words, others] = [text.split(/(?<=\s)/), other.split(/(?<=\s)/)]
  const shorter = Math.min(words.length, others.length)
  let begin = 0
  while (begin < shorter && words[begin] === others[begin]) begin++
  let end = 0
  while (end < shorter - begin && words.at(-1 - end) === others.at(-1 - end)) end++
  return [words.slice(0, begin).join(''), words.slice(begin, words.length - end).join(''), words.slice(words.length - end).join('')]
}
