import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { importHistory, isHistoryName } from './import-history'
import { openRecordedSession } from './recorded-session'

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'import-test-')) })
afterEach(() => rm(folder, { recursive: true, force: true }))

const facts = { createdAt: new Date(0), protocolHash: 'mine' }

async function imported(content: string | Uint8Array): Promise<{ count: number; out: string }> {
  const path = join(folder, `history-${Math.random()}.edn`)
  const out = join(folder, `${Math.random()}.jsonl`)
  await writeFile(path, content)
  return { count: (await importHistory({ path, name: 'history.edn' }, out, facts)).count, out }
}

test('a history of many entries opens as a recording', async () => {
  const entry = (index: number, type: string): string => `{:process ${index % 5}, :type ${type}, :f :append, :key "x", :value "${index}"}`
  const { count, out } = await imported(`[${Array.from({ length: 3000 }, (_, index) => `${entry(index, ':invoke')}\n${entry(index, ':ok')}`).join('\n')}]`)
  expect(count).toBe(3000)
  const session = await openRecordedSession({ path: out, name: 'history.edn', folder })
  expect(session.view()).toMatchObject({ kind: 'recorded', title: 'history' })
  expect(session.recording().name).toBe('history.jsonl')
  await expect.poll(() => session.log.latest).toBe(6001)
  await session.dispose()
})

test('what is no history is refused with its place, and nothing is written', async () => {
  const refused = async (content: string | Uint8Array): Promise<string> => {
    const before = readdirSync(folder).filter((name) => name.endsWith('.jsonl')).length
    const message = await imported(content).then(() => '', (error: Error) => `${error.name}: ${error.message}`)
    expect(readdirSync(folder).filter((name) => name.endsWith('.jsonl'))).toHaveLength(before)
    return message
  }
  expect(await refused('{:process 0, :type :invoke, :f :fly}')).toMatch(/^RecordingProblem: .*line 1, column 32: .*:fly/i)
  expect(await refused('')).toBe('RecordingProblem: This history has no operation of a client.')
  expect(await refused(new Uint8Array([0xff, 0xfe]))).toBe('RecordingProblem: This file holds bytes that are not UTF-8 text, which no history does.')
  expect(await refused(Array.from({ length: 300 }, (_, process) => `{:process ${process}, :type :invoke, :f :read}`).join('\n'))).toMatch(/more than 200 processes/)
})

test('a recording that is there already is left alone', async () => {
  const out = join(folder, 'mine.jsonl')
  await writeFile(out, 'mine')
  await writeFile(join(folder, 'h.edn'), '{:process 0, :type :invoke, :f :read}')
  await expect(importHistory({ path: join(folder, 'h.edn'), name: 'h.edn' }, out, facts)).rejects.toMatchObject({ code: 'EEXIST' })
  expect([existsSync(out), await readFile(out, 'utf8')]).toEqual([true, 'mine'])
})

test('a history is known by its name', () => {
  expect(['a.edn', 'A.EDN', 'a.json', 'edn', 'a.edn.jsonl', 'a.jsonl'].map(isHistoryName)).toEqual([true, true, true, false, false, false])
})
