// Which arguments of the app are files.
import { expect, test, vi } from 'vitest'
import { filesAmong } from './opened-files'

vi.mock('electron', () => ({ dialog: {} }))

test.each<[string, readonly string[], boolean, readonly string[]]>([
  ['of the packaged app, all that are no switches', ['understudy', '--no-sandbox', 'a.jsonl', '/b.jsonl'], true, ['/home/a.jsonl', '/b.jsonl']],
  ['of a checkout, those behind the app', ['electron', '--no-sandbox', '/checkout', 'a.jsonl'], false, ['/home/a.jsonl']],
  ['none', ['electron', '/checkout', '--empty'], false, []],
  ['none, and no empty word', ['understudy', ''], true, []],
])('%s', (_, words, isPackaged, files) => {
  expect(filesAmong(words, { folder: '/home', isPackaged })).toEqual(files)
})
