// The names of a run's recordings, as a person sees them in the named folder.
import { expect, test } from 'vitest'
import { namesOf } from './recording-places'

test('a recording has the name of its scenario below the folder that was named, and one more for each time', () => {
  expect(namesOf(['fresh.yaml', 'late/fresh.yml'], 2)).toEqual([['fresh.jsonl', 'fresh.2.jsonl'], ['late-fresh.jsonl', 'late-fresh.2.jsonl']])
})

test('no two have one name, however the paths are made', () => {
  const names = namesOf(['a/b.yaml', 'a-b.yaml', 'A-B.yaml', 'x.yaml', 'x.2.yaml', 'a/b.yml'], 2).flat()
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(12)
})

test('none is hidden, and none leads out of its folder', () => {
  expect(namesOf(['.hidden/x.yaml', '../x.yaml', '..\\..\\y.yaml', '.yaml', '-z.yaml'], 1).flat()).toEqual(['hidden-x.jsonl', 'x.jsonl', 'y.jsonl', 'scenario.jsonl', 'z.jsonl'])
})
