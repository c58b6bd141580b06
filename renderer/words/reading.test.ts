import { describe, expect, it } from 'vitest'
import { loadingSentence, pageSentence, readingSentence } from './reading'

const plain = (text: string): string => text.replaceAll('\u2009', ' ')

describe('sentences about reading', () => {
  it('say how much of a file is here, of about how much', () => {
    expect(plain(readingSentence(412_000, 420_000, 0.42))).toBe('Reading, 412 000 of about 1 000 000 events')
    expect(plain(readingSentence(900_000, 1_000_000, undefined))).toBe('Reading, 900 000 of 1 000 000 events')
  })

  it('say nothing when all is here, or nearly', () => {
    expect(readingSentence(100, 100, undefined)).toBe('')
    expect(readingSentence(100, 4000, undefined)).toBe('')
    expect(readingSentence(0, 0, 0)).toBe('')
  })

  it('say what is in memory, only where that is not all', () => {
    expect(pageSentence(1, 500, 500)).toBe('')
    expect(plain(pageSentence(24_000_001, 26_000_000, 36_000_000))).toBe('Events 24 000 001 to 26 000 000 of 36 000 000 are in memory; the rest is in the file.')
  })

  it('name what is fetched', () => {
    expect([loadingSentence('tail'), plain(loadingSentence(5000))]).toEqual(['Fetching the newest events', 'Fetching the events around #5 000'])
  })
})
