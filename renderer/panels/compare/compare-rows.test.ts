import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowStates, type Alignment, type RowState } from '../../../src/check'
import { CompareRows, differenceAt, differingPart, rowsAround } from './compare-rows'

const letters: Record<string, RowState> = { '=': 'alike', '~': 'differs', '<': 'only-first', '>': 'only-second' }

/** An alignment of rows as signs: `==~<` and so on; events are numbered as they come. */
function alignmentOf(signs: string): Alignment {
  let [one, other] = [0, 0]
  const rows = [...signs].map((sign) => letters[sign] as RowState)
  const first = rows.map((state) => state === 'only-second' ? 0 : ++one)
  const second = rows.map((state) => state === 'only-first' ? 0 : ++other)
  const states = Uint8Array.from(rows, (state) => rowStates.indexOf(state))
  const begins = (row: number): boolean => states[row] !== 0 && (row === 0 || states[row - 1] === 0)
  const differences = Int32Array.from([...states.keys()].filter(begins))
  return { first: Int32Array.from(first), second: Int32Array.from(second), states, differences, lanes: [], leftOut: { first: 0, second: 0 } }
}

/** The shown rows as text: `=3` for a fold of three, else the sign of each row. */
function shown(rows: CompareRows): string {
  return Array.from({ length: rows.length }, (_, place) => {
    const row = rows.at(place)
    return row?.type === 'fold' ? `=${row.count}` : Object.keys(letters).find((sign) => letters[sign] === row?.state)
  }).join(' ')
}

const folded = (signs: string, opened: number[] = []): string => shown(new CompareRows(alignmentOf(signs), true, new Set(opened)))

describe('folded rows', () => {
  test('are what differs with a little around it, the rest counted', () => {
    expect(folded('=====~=====')).toBe('=2 = = = ~ = = = =2')
    expect(folded('~====================>')).toBe('~ = = = =14 = = = >')
    expect(folded('==========')).toBe('=10')
    expect(folded('')).toBe('')
  })

  test('never fold a single row, for which a fold would be no shorter', () => {
    expect(folded('====~')).toBe('= = = = ~')
    expect(folded('~=======~')).toBe('~ = = = = = = = ~')
  })

  test('are opened one by one', () => {
    expect(folded('=====~=====', [0])).toBe('= = = = = ~ = = = =2')
    expect(shown(new CompareRows(alignmentOf('=====~====='), false))).toBe('= = = = = ~ = = = = =')
  })
})

test('every row of any comparison is shown once, as itself or in a fold, and is found there', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('=', '=', '=', '=', '=', '=', '~', '<', '>'), { maxLength: 80 }), fc.boolean(), (signs, isFolded) => {
    const rows = new CompareRows(alignmentOf(signs.join('')), isFolded)
    const covered: number[] = []
    for (let place = 0; place < rows.length; place++) {
      const row = rows.at(place)
      if (row === undefined) throw new Error('no row')
      const count = row.type === 'fold' ? row.count : 1
      for (let at = row.row; at < row.row + count; at++) {
        covered.push(at)
        expect(rows.placeOf(at)).toBe(place)
        if (row.type === 'fold') expect(signs[at]).toBe('=')
      }
    }
    expect(covered).toEqual([...signs.keys()])
    // A differing row and its neighbours are never folded.
    for (const [at, sign] of signs.entries()) if (sign !== '=') for (let near = at - rowsAround; near <= at + rowsAround; near++) expect(rows.at(rows.placeOf(near))?.type ?? 'pair').toBe('pair')
  }))
})

test('an event of the session has its row, and one that was left out that of the event before it', () => {
  const rows = new CompareRows({ ...alignmentOf('=>='), first: Int32Array.of(2, 0, 5) }, false, new Set(), 7)
  expect([0, 1, 2, 3, 4, 5, 6, 7, 99].map((seq) => rows.rowOfFirst(seq))).toEqual([-1, -1, 0, 0, 0, 2, 2, 2, 2])
})

test('differences are counted up to a row', () => {
  const alignment = alignmentOf('=~~=~=')
  expect([0, 1, 2, 3, 4, 5].map((row) => differenceAt(alignment, row))).toEqual([0, 1, 1, 1, 2, 2])
  expect(differenceAt(alignmentOf('=='), 1)).toBe(0)
})

test('what a text has and the other has not is found by words', () => {
  expect(differingPart('forward sent to s2 seq 58 put a 1', 'forward sent to s2 seq 777 put a 1')).toEqual(['forward sent to s2 seq ', '58 ', 'put a 1'])
  expect(differingPart('same', 'same')).toEqual(['same', '', ''])
  expect(differingPart('a b', 'a b c')).toEqual(['a ', 'b', ''])
  expect(differingPart('', 'x')).toEqual(['', '', ''])
  fc.assert(fc.property(fc.string(), fc.string(), (text, other) => { expect(differingPart(text, other).join('')).toBe(text) }))
})
