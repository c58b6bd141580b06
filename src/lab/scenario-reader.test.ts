// Scenarios are read in a worker thread: concurrent requests share one result, and a too costly text ends only the thread.
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReadScenario } from '../scenario'
import { ScenarioReader, textsWaitingMax } from './scenario-reader'
import { ScenarioShelf } from './scenario-shelf'

let folder: string
let program: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scenarios-'))
  program = join(folder, 'worker.mjs')
  // The worker answers with the number of texts so far, and executes the instruction in the text.
  await writeFile(program, `import { parentPort } from 'node:worker_threads'
let count = 0
// Longer than a text may take: a busy machine begins a thread late.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
parentPort.on('message', ({ id, text }) => {
  count++
  parentPort.postMessage({ id, type: 'begun' })
  if (text === 'hangs') for (;;);
  if (text === 'dies') throw new Error('no memory')
  parentPort.postMessage({ id, type: 'read', read: { scenario: null, problems: [{ line: count, column: 1, sentence: text }] } })
})
`)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const said = ({ problems }: ReadScenario): string | undefined => problems[0]?.sentence

describe('a reader of scenarios', () => {
  test('reads the same text once for all who ask meanwhile, and each text in its turn', async () => {
    const reader = new ScenarioReader({ program })
    const all = await Promise.all(['a', 'b', 'a', 'a', 'b'].map((text) => reader.read('', text)))
    expect(all.map(({ problems }) => [problems[0]?.line, problems[0]?.sentence])).toEqual([[1, 'a'], [2, 'b'], [1, 'a'], [1, 'a'], [2, 'b']])
    reader.close()
  })

  test('gives up a text that takes too long, or at which the thread dies, and reads the next in another', async () => {
    const reader = new ScenarioReader({ program, readMs: 300 })
    const [hangs, dies, next] = await Promise.all(['hangs', 'dies', 'next'].map((text) => reader.read('', text)))
    expect([hangs, dies, next].map((read) => read && said(read))).toEqual(['It takes more than 0.3 s to read.', 'It cannot be read: no memory.', 'next'])
    reader.close()
  })

  test('does not hold this thread up meanwhile', async () => {
    const reader = new ScenarioReader({ program, readMs: 5000 })
    const hangs = reader.read('', 'hangs')
    let turns = 0
    while (turns < 100) {
      turns++
      await new Promise(setImmediate)
    }
    reader.close()
    expect(said(await hangs)).toBe('The lab was closed.')
  })

  test('has so many wait, and refuses more', async () => {
    const reader = new ScenarioReader({ program })
    const all = Array.from({ length: textsWaitingMax + 10 }, (_, index) => reader.read('', `text ${index}`).then(said, (error: Error) => error.message))
    const refused = (await Promise.all(all)).filter((sentence) => sentence === `${textsWaitingMax} scenarios wait to be read; try again when some have been.`)
    // One is being read; the others wait.
    expect(refused).toHaveLength(9)
    reader.close()
  })
})

test('the shelf is read once for all who ask at once, and again only what has changed', async () => {
  const asked: string[] = []
  const logged: string[] = []
  const reader = { read: (name: string, text: string): Promise<ReadScenario> => {
    asked.push(name)
    return new ScenarioReader({ program: '' }).read(name, text)
  } }
  const shelved = await mkdtemp(join(folder, 'shelf-'))
  const scenario = (title: string): string => `understudy: scenario\nversion: 1\ntitle: ${title}\nsuite: Tests\nsteps:\n  - kill: s1\n`
  await writeFile(join(shelved, 'a.yaml'), scenario('one'))
  await writeFile(join(shelved, 'b.yaml'), 'title: [')
  const shelf = new ScenarioShelf({ folder: shelved, reader, log: (sentence) => logged.push(sentence) })
  const lists = await Promise.all(Array.from({ length: 1000 }, () => shelf.list()))
  expect(new Set(lists).size).toBe(1)
  expect(lists[0]?.map(({ title }) => title)).toEqual(['one'])
  expect([asked, logged.length]).toEqual([['a.yaml', 'b.yaml'], 1])
  await shelf.list()
  expect(asked).toHaveLength(2)
  await writeFile(join(shelved, 'a.yaml'), scenario('other'))
  await utimes(join(shelved, 'a.yaml'), 5, 5)
  expect((await shelf.list()).map(({ title }) => title)).toEqual(['other'])
  expect(asked).toEqual(['a.yaml', 'b.yaml', 'a.yaml'])
  await rm(join(shelved, 'a.yaml'))
  expect(await shelf.list()).toEqual([])
  expect(await readdir(shelved)).toEqual(['b.yaml'])
})
