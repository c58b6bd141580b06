import { expect, test } from 'vitest'
import type { HistoryStanding, RuleState } from '../../../src/check'
import { isNumbered, ruleLine, verdictLine } from './rule-lines'

const first = { rule: 'rule-1', seq: 1204, evidence: [7, 1204], text: 's1 answered.' } as const

test('only what held is green: not exercised and not promised are a dash, broken is told with its proof', () => {
  expect(ruleLine('rule-1', undefined)).toMatchObject({ number: '1', uw: 1, glyph: null, count: 'not exercised', first: null })
  expect(ruleLine('rule-2', { rule: 'rule-2', standing: 'held', held: 3, broken: 0, first: null, why: '' })).toMatchObject({ number: '2', uw: 3, glyph: 'ok', count: 'held 3 ×', first: null })
  expect(ruleLine('rule-1', { rule: 'rule-1', standing: 'broken', held: 41, broken: 1, first, why: '' })).toMatchObject({ glyph: 'bad', count: 'broken once', first, evidence: expect.stringMatching(/^#7, #1.204$/) as string })
  expect(ruleLine('rule-1', { rule: 'rule-1', standing: 'broken', held: 41, broken: 12, first, why: '' })).toMatchObject({ count: 'broken 12 ×' })
  expect(ruleLine('rule-1', { rule: 'rule-1', standing: 'not-promised', held: 1, broken: 2, first, why: '' })).toMatchObject({ glyph: null, count: 'not promised in this mode; broken 2 ×', first })
})

test('what cannot be judged is no green and says why', () => {
  expect(ruleLine('equal-copies', { rule: 'equal-copies', standing: 'not-judged', held: 0, broken: 0, first: null, why: 'stepping s1 again gives other messages' }))
    .toMatchObject({ glyph: 'unknown', count: 'not judged, because stepping s1 again gives other messages' })
})

test('six rules have numbers', () => {
  expect((['rule-1', 'rule-6', 'at-most-once', 'one-primary'] as const).map(isNumbered)).toEqual([true, true, false, false])
})

test('the first line is the verdict of the rules and of what the clients saw together', () => {
  const held: RuleState = { rule: 'rule-1', standing: 'held', held: 3, broken: 0, first: null, why: '' }
  const history = (standing: HistoryStanding['standing']): HistoryStanding =>
    ({ standing, verdict: 'linearizable', errors: [], limit: '', invoked: 1, returned: 1, judged: 1, keys: 1 })
  expect(verdictLine([], null)).toBeNull()
  expect(verdictLine([held], history('linearizable'))).toMatchObject({ verdict: 'kept', glyph: 'ok', text: 'No rule was broken, and what the clients saw is linearizable.' })
  expect(verdictLine([held], history('not-linearizable'))).toMatchObject({ verdict: 'broken', glyph: 'bad', text: 'Linearizability broken.' })
  expect(verdictLine([held], history('unknown'))).toMatchObject({ verdict: 'unknown', glyph: 'unknown' })
  expect(verdictLine([{ ...held, standing: 'broken' }], history('not-linearizable'))?.text).toBe('Rule 1, Linearizability broken.')
  expect(verdictLine([{ ...held, rule: 'equal-copies', standing: 'not-judged' }, held], history('linearizable')))
    .toMatchObject({ verdict: 'unknown', text: 'No rule was broken, and what the clients saw is linearizable; not judged: Equal copies.' })
})
