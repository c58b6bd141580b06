import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wholeRecording } from '../../src/export'
import { choiceProblem, limitText, nameOf, rangeOf, rangeProblem, rangeText, type ExportFacts, type ExportForm } from './export-form'

const facts = (changes: Partial<ExportFacts> = {}): ExportFacts => ({
  latest: 2000, cursor: 700, follows: false, view: { from: 412, to: 1204 }, recording: '/data/failover.jsonl', isLive: false, isReading: false, ...changes,
})
const form = (changes: Partial<ExportForm> = {}): ExportForm => ({ choice: 'whole', from: 1, to: 2000, ...changes })

describe('the export form', () => {
  it('means the events that were chosen', () => {
    expect(rangeOf(form(), facts())).toEqual(wholeRecording)
    expect(rangeOf(form({ choice: 'view' }), facts())).toEqual({ from: 412, to: 1204 })
    expect(rangeOf(form({ choice: 'cursor' }), facts())).toEqual({ from: 1, to: 700 })
    expect(rangeOf(form({ choice: 'range', from: 5, to: 9 }), facts())).toEqual({ from: 5, to: 9 })
    expect(rangeOf(form({ choice: 'range', from: 5, to: 99_999 }), facts())).toEqual({ from: 5, to: 99_999 })
  })

  it('counts what is typed only where events are typed', () => {
    expect(rangeProblem(form({ from: Number.NaN }), facts())).toBe('')
    expect(rangeProblem(form({ choice: 'view', to: 0 }), facts())).toBe('')
  })

  it.each([
    [{ from: Number.NaN }, 'Events are whole numbers.'], [{ to: 1.5 }, 'Events are whole numbers.'], [{ from: 0 }, 'The first event is 1.'],
    [{ from: 2001, to: 3000 }, 'The newest event is 2\u2009000.'], [{ from: 9, to: 8 }, 'The range ends before event 9.'],
  ])('says what is wrong with %j', (typed, sentence) => {
    expect(rangeProblem(form({ choice: 'range', ...typed }), facts())).toBe(sentence)
    expect(rangeOf(form({ choice: 'range', ...typed }), facts())).toBe(null)
  })

  it('offers no choice that means nothing now, and says why', () => {
    expect(choiceProblem('view', facts({ view: null }))).toBe('The diagram shows no event.')
    expect(choiceProblem('cursor', facts({ follows: true }))).toBe('The cursor is at the newest event.')
    expect(choiceProblem('cursor', facts({ cursor: 0 }))).toBe('The cursor is before the first event.')
    expect(choiceProblem('whole', facts({ view: null, follows: true }))).toBe('')
    expect(rangeProblem(form(), facts({ latest: 0 }))).toBe('The session has no event yet.')
  })

  it('tells how many events a range has, up to the newest', () => {
    expect(rangeText({ from: 412, to: 1204 }, 2000)).toBe('412 to 1\u2009204, 793 events')
    expect(rangeText(wholeRecording, 1)).toBe('1 to 1, 1 event')
  })

  it('names the file as the lab will', () => {
    expect(nameOf(form(), 'mermaid', facts())).toBe('failover.mmd')
    expect(nameOf(form({ choice: 'view' }), 'csv', facts())).toBe('failover-412-1204.csv')
    expect(nameOf(form({ choice: 'range', from: 9, to: 3 }), 'csv', facts())).toBe('failover.csv')
  })

  it('says what a session that goes on, or is still read, will not have in the file', () => {
    expect(limitText(form(), facts({ isLive: true }))).toContain('what happens after the export has begun is not in it')
    expect(limitText(form({ choice: 'range', to: 2000 }), facts({ isReading: true }))).toContain('still being read')
    expect(limitText(form({ choice: 'range', to: 1999 }), facts({ isLive: true }))).toBe('')
    expect(limitText(form(), facts())).toBe('')
  })

  it('gives a range that the lab takes, or a problem, whatever is typed', () => {
    const typed = fc.oneof(fc.integer({ min: -5, max: 2010 }), fc.double())
    fc.assert(fc.property(typed, typed, (from, to) => {
      const range = rangeOf(form({ choice: 'range', from, to }), facts())
      const isRight = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1 && from <= 2000 && to >= from
      expect(range).toEqual(isRight ? { from, to } : null)
    }))
  })
})
