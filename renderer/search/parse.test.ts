import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseQuery, queryLimits } from './parse'
import { nameFields, numberFields, printQuery, type Query, type Range, type Term } from './query'

const queryOf = (text: string): Query => {
  const { query, problem } = parseQuery(text)
  if (!query) throw new Error(problem.text)
  return query
}

const isNot = fc.boolean()
const range: fc.Arbitrary<Range> = fc.oneof(
  fc.record({ type: fc.constant('bound' as const), bound: fc.constantFrom('>', '>=', '<', '<='), value: fc.nat() }) as fc.Arbitrary<Range>,
  fc.tuple(fc.nat(), fc.nat()).map(([one, other]) => ({ type: 'span' as const, from: Math.min(one, other), to: Math.max(one, other) })),
  fc.nat().chain((value) => fc.constantFrom<Range>({ type: 'span', from: value, to: null }, { type: 'span', from: null, to: value })),
)
const seconds: fc.Arbitrary<Range> = fc.nat({ max: 2_000_000_000 }).map((micros) => ({ type: 'bound', bound: '>', value: micros / 1_000_000 }))
const term: fc.Arbitrary<Term> = fc.oneof(
  fc.record({ type: fc.constant('words' as const), isNot, text: fc.string() }),
  fc.record({ type: fc.constant('words' as const), isNot, text: fc.constantFrom('put a', 'lost', '-', 'a:b', 'kind:x', 'a  b', '"', '') }),
  fc.record({
    type: fc.constant('names' as const), isNot, field: fc.constantFrom(...nameFields),
    names: fc.array(fc.record({ text: fc.string(), isOpen: fc.boolean() }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('numbers' as const), isNot, field: fc.constantFrom(...numberFields), ranges: fc.array(range, { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant('numbers' as const), isNot, field: fc.constant('at' as const), ranges: fc.array(seconds, { minLength: 1, maxLength: 2 }) }),
)

describe('reading a search', () => {
  test('gives back every query that was printed', () => {
    fc.assert(fc.property(fc.array(term, { maxLength: 6 }), (query) => {
      const text = printQuery(query)
      fc.pre(text.length <= queryLimits.characters)
      expect(queryOf(text)).toEqual(query)
    }), { numRuns: 500 })
  })

  test('never throws, whatever the text, and points into it', () => {
    const pieces = fc.constantFrom('kind:', '-', '"', '..', '>', ',', '*', ' ', 'seq:', 'at:', '1', 'a', '\\', 'x:', '\u00a0', '<=')
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(pieces, { maxLength: 12 }).map((found) => found.join('')))
    fc.assert(fc.property(text, (typed) => {
      const { query, problem } = parseQuery(typed)
      if (query) {
        // Quotes and escapes may make the printed query longer than the limit for typed text.
        const printed = printQuery(query)
        if (printed.length <= queryLimits.characters) expect(queryOf(printed)).toEqual(query)
        return
      }
      expect(problem.text).toMatch(/\.$/)
      expect(problem.at).toBeGreaterThanOrEqual(0)
      expect(problem.at + problem.length).toBeLessThanOrEqual(typed.length)
    }), { numRuns: 1000 })
  })

  test('refuses what is too long, or has too many terms or values', () => {
    const { characters, terms } = queryLimits
    expect(parseQuery('a'.repeat(characters)).problem).toBeNull()
    expect(parseQuery('a'.repeat(characters + 1)).problem).toMatchObject({ at: characters, length: 1 })
    expect(parseQuery('-a '.repeat(terms + 1)).problem?.text).toContain(`${terms} terms`)
    expect(parseQuery(`kind:${'a,'.repeat(terms)}a`).problem?.text).toContain(`${terms} values`)
  })

  test('takes words that follow one another as one phrase', () => {
    expect(queryOf('  state-transfer   sent kind:forward a')).toEqual([
      { type: 'words', isNot: false, text: 'state-transfer sent' },
      { type: 'names', isNot: false, field: 'kind', names: [{ text: 'forward', isOpen: false }] },
      { type: 'words', isNot: false, text: 'a' },
    ])
    expect(queryOf('a -b "c d"').map((found) => [found.isNot, found.type === 'words' && found.text])).toEqual([[false, 'a'], [true, 'b'], [false, 'c d']])
  })

  test('knows fields, lists, comparisons, spans and open ends', () => {
    expect(queryOf('kind:forward,reply view:>2 seq:100..200 at:<=1.5 key:user* -KIND:ping value:"a b"').map((found) => printQuery([found]))).toEqual([
      'kind:forward,reply', 'view:>2', 'seq:100..200', 'at:<=1.5', 'key:user*', '-kind:ping', 'value:"a b"',
    ])
    expect(queryOf('seq:..5,7')).toEqual([{ type: 'numbers', isNot: false, field: 'seq', ranges: [{ type: 'span', from: null, to: 5 }, { type: 'span', from: 7, to: 7 }] }])
  })

  test.each([
    ['colour:red', 'There is no field “colour”', 0, 6],
    ['put kind:', '“kind:” needs a value', 4, 5],
    ['view:two', '“two” is not a whole number', 5, 3],
    ['seq:9..3', '9..3 goes backwards', 4, 4],
    ['seq:..', '“..” needs a number', 4, 2],
    ['at:>', '“at:” needs a time in seconds', 3, 1],
    ['a "b c', 'The quotes are not closed', 2, 4],
    ['key:a*b', '“*” stands at the end', 5, 1],
    ['kind:a,', '“kind:” needs a value', 0, 7],
  ])('says of %s what is wrong, and where', (text, sentence, at, length) => {
    const { problem } = parseQuery(text)
    expect(problem?.text).toContain(sentence)
    expect([problem?.at, problem?.length]).toEqual([at, length])
  })
})
