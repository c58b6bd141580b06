// Where a recording goes, and what is said of its disk before it begins.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { placeForRecording } from './folders'

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
