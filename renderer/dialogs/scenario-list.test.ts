import { describe, expect, it } from 'vitest'
import { factsText, problemsMax, problemTexts, suitesOf } from './scenario-list'

const entry = (name: string, suite: string, title: string) => ({ name, suite, title, about: 'The primary is cut off.', points: 10, slots: [] })
const entries = [entry('a/1.yaml', 'A', 'First primary'), entry('b/1.yaml', 'B', 'Stale read'), entry('a/2.yaml', 'A', 'First backup')]

describe('the list of scenarios', () => {
  it('goes by suite, and is counted through', () => {
    expect(suitesOf(entries, '').map(({ name, scenarios }) => [name, scenarios.map(({ entry: { title }, index }) => `${index} ${title}`)]))
      .toEqual([['A', ['0 First primary', '1 First backup']], ['B', ['2 Stale read']]])
  })

  it('finds words in any order, in the title, the suite, the file and what it is about', () => {
    const titles = (query: string) => suitesOf(entries, query).flatMap(({ scenarios }) => scenarios.map(({ entry: { title } }) => title))
    expect([titles('read stale'), titles('B cut'), titles('a/2'), titles('nothing')]).toEqual([['Stale read'], ['Stale read', 'First backup'], ['First backup'], []])
  })

  it('says where a file is wrong, and how often beyond what is shown', () => {
    expect(problemTexts([{ line: 12, column: 5, sentence: 'There is no node s9.' }])).toEqual(['line 12, column 5: There is no node s9.'])
    expect(problemTexts(Array.from({ length: problemsMax + 3 }, () => ({ line: 1, column: 1, sentence: 'x' }))).at(-1)).toBe('and 3 more.')
  })

  it('says what a person brings to it, and the points', () => {
    expect([0, 1, 10].map((points) => factsText({ points, slots: [] }))).toEqual(['', '1 point', '10 points'])
    expect(factsText({ points: 5, slots: [{ slot: 'student', nodes: ['s1'] }] })).toBe('with your program: student · 5 points')
  })
})
