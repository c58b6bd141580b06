import { expect, test } from 'vitest'
import { isNumbered, ruleLine } from './rule-lines'

const first = { rule: 'rule-1', seq: 1204, evidence: [7, 1204], text: 's1 answered.' } as const

test('only what held is green: not exercised and not promised are a dash, broken is told with its proof', () => {
  expect(ruleLine('rule-1', undefined)).toMatchObject({ number: '1', uw: 1, glyph: null, count: 'not exercised', first: null })
  expect(ruleLine('rule-2', { rule: 'rule-2', standing: 'held', held: 3, broken: 0, first: null })).toMatchObject({ number: '2', uw: 3, glyph: 'ok', count: 'held 3 ×', first: null })
  expect(ruleLine('rule-1', { rule: 'rule-1', standing: 'broken', held: 41, broken: 1, first })).toMatchObject({ glyph: 'bad', count: 'broken once', first, evidence: expect.stringMatching(/^#7, #1.204$/) as string })
  expect(ruleLine('rule-1', { rule: 'rule-1', standing: 'broken', held: 41, broken: 12, first })).toMatchObject({ count: 'broken 12 ×' })
  expect(ruleLine('rule-1', { rule: 'rule-1', standing: 'not-promised', held: 1, broken: 2, first })).toMatchObject({ glyph: null, count: 'not promised in this mode; broken 2 ×', first })
})

test('six rules have numbers', () => {
  expect((['rule-1', 'rule-6', 'at-most-once', 'one-primary'] as const).map(isNumbered)).toEqual([true, true, false, false])
})
