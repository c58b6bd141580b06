// The path of a recording, and the warnings about its disk.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { giveNameBack, placeForRecording } from './folders'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-folders-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const placed = (freeMiB: number, stopsAtMiB: number) => placeForRecording(folder, 'title', new Date(0), { stopsAtMiB, freeMiB: () => Promise.resolve(freeMiB) })

test('a disk with room is not spoken of', async () => {
  expect((await placed(1024, 256)).problem).toBe('')
})

test('a disk that is low is told before a recording begins, with the limit at which it stops', async () => {
  expect((await placed(812.4, 256)).problem).toBe(`The disk of ${folder} has only 812 MiB free; recording stops when it has less than 256 MiB.`)
  expect((await placed(812.4, 0)).problem).toBe(`The disk of ${folder} has only 812 MiB free; recording stops when it is full.`)
})

test('a name is taken by making it: who asks at once for the same gets another, and each file is there and empty', async () => {
  const places = await Promise.all(Array.from({ length: 150 }, () => placed(2000, 0)))
  expect(new Set(places.map(({ path }) => path)).size).toBe(150)
  for (const { path, problem } of places) expect([statSync(path).size, problem]).toEqual([0, ''])
})

test('a name that was taken and not used is given back, and a recording is not', async () => {
  const [unused, used] = [await placed(2000, 0), await placed(2000, 0)]
  writeFileSync(used.path, 'x')
  await Promise.all([giveNameBack(unused.path), giveNameBack(used.path), giveNameBack(join(folder, 'nowhere'))])
  expect(readdirSync(folder)).toEqual([basename(used.path)])
})
