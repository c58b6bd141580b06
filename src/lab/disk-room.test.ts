// Copies stop when the disk would have too little space left, and say so: opened recordings and uploads.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatEvent, type TraceEvent } from '../trace'
import { DiskRoom, NoRoom, type DiskLimit } from './disk-room'
import { openRecordedSession } from './recorded-session'
import { Uploads } from './uploads'

const MiB = 1024 * 1024
let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'room-test-')) })
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A disk with so much free space, which writes reduce. */
function diskOf(freeMiB: number): { limit: DiskLimit; looks: () => number } {
  let looks = 0
  const limit: DiskLimit = {
    freeMiBMin: 256,
    freeBytes: async (place) => {
      looks++
      const files = await Promise.all((await readdir(place)).map((name) => readFile(join(place, name))))
      return freeMiB * MiB - files.reduce((sum, { length }) => sum + length, 0)
    },
  }
  return { limit, looks: () => looks }
}

test('the disk is looked at before the first byte, and again after each 16 MiB', async () => {
  const { limit, looks } = diskOf(1000)
  const room = new DiskRoom(join(folder, 'copy'), limit)
  for (let piece = 0; piece < 32; piece++) await room.need(MiB)
  expect(looks()).toBe(2)
  await expect(new DiskRoom(join(folder, 'copy'), diskOf(271).limit).need(1)).rejects.toThrow(NoRoom)
  await new DiskRoom(join(folder, 'copy'), { ...diskOf(271).limit, freeMiBMin: 0 }).need(1)
})

async function packed(events: number): Promise<string> {
  const sample = (await readFile(new URL('../trace/testdata/v7.jsonl', import.meta.url), 'utf8')).split('\n')
  const note = (seq: number): TraceEvent => ({ seq, at: seq, wall: seq, type: 'lab-note', node: '', text: 'x'.repeat(100_000) })
  const path = join(folder, 'bomb.jsonl.gz')
  await writeFile(path, gzipSync([sample[0], ...Array.from({ length: events }, (_, index) => formatEvent(note(index + 1))), ''].join('\n')))
  return path
}

test('a small packed file that unpacks to much is read as far as the disk has room, and says so', async () => {
  const path = await packed(400)
  const copies = await mkdtemp(join(folder, 'private-'))
  const session = await openRecordedSession({ path, name: 'bomb.jsonl.gz', folder: copies, disk: diskOf(290).limit })
  await expect.poll(() => session.view().recording?.readShare).toBeUndefined()
  expect(session.view().recording?.problem).toMatch(/^Reading was stopped: The disk of \S+ would have less than 256 MiB free\. \d+ events are shown\.$/)
  expect(session.view().latest).toBeLessThan(350)
  expect((await readFile(join(copies, (await readdir(copies))[0] ?? ''))).length).toBeLessThan(35 * MiB)
  await session.dispose()
  expect(await readdir(copies)).toEqual([])
})

test('a recording is refused where the disk has no room for any of it', async () => {
  const path = await packed(1)
  const copies = await mkdtemp(join(folder, 'private-'))
  await expect(openRecordedSession({ path, name: 'a.gz', folder: copies, disk: diskOf(100).limit }))
    .rejects.toThrow(/^a\.gz cannot be opened: The disk of \S+ would have less than 256 MiB free\.$/)
  expect(await readdir(copies)).toEqual([])
})

test('a file that a screen announces is refused at once where the disk has no room for it', async () => {
  const uploads = new Uploads(folder, () => diskOf(1000).limit)
  await expect(uploads.begin('a.jsonl', 800 * MiB)).rejects.toThrow(/^The file cannot be kept: The disk of \S+ would have less than 256 MiB free\.$/)
  expect((await uploads.begin('a.jsonl', 700 * MiB)).key).not.toBe('')
  await uploads.close()
})
