import { describe, expect, test } from 'vitest'
import { completionsAt } from './complete'
import { readSaved, savedLimits, saveProblem, withSaved } from './saved-filters'

const facts = { nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 'c1', kind: 'client' }], keys: ['a', 'a b'] } as const
const words = (text: string, caret = text.length): string[] => completionsAt(text, caret, facts).options.map((option) => option.text)

describe('completion', () => {
  test('offers fields, and values of the field that stands there', () => {
    expect(words('ki')).toEqual(['kind:'])
    expect(words('-k')).toEqual(['kind:', 'key:'])
    expect(words('kind:for')).toEqual(['forward', 'forward-ack'])
    expect(words('put from:')).toEqual(['vs', 's1', 'c1'])
    expect(words('client:')).toEqual(['c1'])
    expect(words('key:')).toEqual(['a', '"a b"'])
    expect(words('type:lo')).toEqual(['lost'])
  })

  test('completes what stands before the caret, and the last value of a list', () => {
    expect(completionsAt('kind:reply,for from:s1', 14, facts)).toMatchObject({ from: 11, to: 14 })
    expect(completionsAt('a no', 4, facts)).toMatchObject({ from: 2, to: 4 })
  })

  test('offers nothing inside quotes, for what is complete, or where nothing is known', () => {
    expect([words('"ki'), words('from:s1'), words('value:'), words('nofield:')]).toEqual([[], [], [], []])
  })
})

describe('saved filters', () => {
  test('come back as they were kept, sorted by name; the same name twice is the later one', () => {
    const saved = withSaved(withSaved(withSaved([], ' lost ', 'type:lost'), 'a', 'key:a'), 'lost', 'type:lost to:s1')
    expect(readSaved(JSON.stringify(saved))).toEqual([{ name: 'a', text: 'key:a' }, { name: 'lost', text: 'type:lost to:s1' }])
  })

  test('take nothing on trust', () => {
    for (const text of ['{', 'null', '7', '{}', null]) expect(readSaved(text)).toEqual([])
    expect(readSaved('[null, 3, {"name":"a"}, {"name":"","text":"b"}, {"name":"c","text":"d","more":1}]')).toEqual([{ name: 'c', text: 'd' }])
  })

  test('are bounded, and say why another is refused', () => {
    const full = Array.from({ length: savedLimits.filters }, (_, index) => ({ name: `f${index}`, text: 'a' }))
    expect(saveProblem(full, 'new', 'a')).toContain('remove one first')
    expect(saveProblem(full, 'f1', 'a')).toBe('')
    expect([saveProblem([], ' ', 'a'), saveProblem([], 'a', ' ')]).toEqual(['It needs a name.', 'There is no search to keep.'])
    expect(readSaved(JSON.stringify([...full, { name: 'one more', text: 'a' }])).length).toBe(savedLimits.filters)
  })
})
