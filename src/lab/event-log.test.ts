// The event log returns every event once and in order, from memory or from the file, and says what it had to drop.
import { mkdtemp, rm, writeFile, appendFile, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { EventLog, type EventLogLimits } from './event-log'

const header = '{"understudy":"recording","title":"übung"}\n'
const headerBytes = Buffer.byteLength(header)
const everything = { eventsMax: 1_000_000, bytesMax: 1_000_000_000 }
const small: EventLogLimits = { recentBytesMax: 400, unrecordedBytesMax: 1200, chunkBytes: 100 }

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-log-'))
  path = join(folder, 'r.jsonl')
  await writeFile(path, header)
})
afterEach(() => rm(folder, { recursive: true }))

const line = (seq: number): string => `{"seq":${seq},"text":"é${seq}"}`
const linesFrom = (from: number, count: number): string => Array.from({ length: count }, (_, index) => line(from + index)).join('\n')

/** Appends as a cluster does: first to the file, then to the log. */
async function record(log: EventLog, count: number, { inFile = true } = {}): Promise<void> {
  const from = log.latest + 1
  const text = linesFrom(from, count)
  if (inFile) await appendFile(path, `${text}\n`)
  log.append({ from, count, text })
}

/** All events from `from` on, read with these limits. */
async function readAll(log: EventLog, from: number, limits = everything): Promise<{ text: string; seqs: number[]; readings: number }> {
  const texts: string[] = []
  const seqs: number[] = []
  let readings = 0
  for (let next = from; ;) {
    const lines = await log.read(next, limits)
    if (lines === undefined) return { text: texts.join('\n'), seqs, readings }
    readings++
    expect(lines.text.split('\n')).toHaveLength(lines.count)
    texts.push(lines.text)
    for (let index = 0; index < lines.count; index++) seqs.push(lines.from + index)
    next = lines.from + lines.count
  }
}

it('gives back what was appended, from any event on', async () => {
  const log = new EventLog(path)
  await record(log, 3)
  await record(log, 5)
  expect((await readAll(log, 1)).text).toBe(linesFrom(1, 8))
  expect((await readAll(log, 5)).text).toBe(linesFrom(5, 4))
  expect(await log.read(9, everything)).toBeUndefined()
})

it('gives the same events whatever the batches, limits and starts are, from file and memory alike', async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
    fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 300 }), fc.nat(),
    async (batches, eventsMax, bytesMax, start) => {
      await writeFile(path, header)
      const log = new EventLog(path, small)
      for (const count of batches) await record(log, count)
      const from = 1 + start % log.latest
      expect((await readAll(log, from, { eventsMax, bytesMax })).text).toBe(linesFrom(from, log.latest - from + 1))
    },
  ), { numRuns: 60 })
})

it('keeps to the limits of a reading, but always brings one event', async () => {
  const log = new EventLog(path)
  await record(log, 10)
  expect(await log.read(1, { eventsMax: 4, bytesMax: 1e9 })).toMatchObject({ from: 1, count: 4 })
  expect(await log.read(1, { eventsMax: 100, bytesMax: line(1).length * 2 + 1 })).toMatchObject({ from: 1, count: 2 })
  expect(await log.read(3, { eventsMax: 100, bytesMax: 1 })).toMatchObject({ from: 3, count: 1, text: line(3) })
})

it('reads what memory let go from the file: the file is really asked', async () => {
  const log = new EventLog(path, small)
  for (let count = 0; count < 10; count++) await record(log, 10)
  await truncate(path, headerBytes)
  const { seqs } = await readAll(log, 1)
  expect(seqs[0]).toBeGreaterThan(1)
  expect(seqs.at(-1)).toBe(100)
  expect([log.isWholeFrom(1), log.isWholeFrom(seqs[0] ?? 0)]).toEqual([false, true])
  expect(log.problem).toBe('The older events cannot be read back from the recording: the file is shorter than it was.')
})

it('keeps in memory what a stopped recording does not hold', async () => {
  const log = new EventLog(path, small)
  await record(log, 20)
  log.recordingStopped(headerBytes + Buffer.byteLength(linesFrom(1, 20)) + 1, headerBytes)
  for (let count = 0; count < 2; count++) await record(log, 10, { inFile: false })
  expect((await readAll(log, 1)).text).toBe(linesFrom(1, 40))
  expect(log.problem).toBe('')
})

it('lets the oldest unrecorded events go at the larger limit, says how many, and still gives all others', async () => {
  const log = new EventLog(path, small)
  await record(log, 20)
  log.recordingStopped(headerBytes + Buffer.byteLength(linesFrom(1, 20)) + 1, headerBytes)
  for (let count = 0; count < 30; count++) await record(log, 5, { inFile: false })
  const { seqs } = await readAll(log, 1)
  const missing = 170 - seqs.length
  expect([log.isWholeFrom(20 + missing), log.isWholeFrom(21 + missing)]).toEqual([false, true])
  expect(missing).toBeGreaterThan(0)
  expect(seqs.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  expect(seqs.slice(20)).toEqual(Array.from({ length: 150 - missing }, (_, index) => 21 + missing + index))
  expect(log.problem).toBe(`${missing} events are neither in the recording nor in memory any more: memory for unrecorded events is full.`)
})

it('reads an opened file whose last line has no line feed', async () => {
  await writeFile(path, header + linesFrom(1, 7))
  const log = new EventLog(path)
  const first = Buffer.byteLength(linesFrom(1, 4)) + 1
  log.appendFromFile({ from: 1, count: 4, bytes: first })
  log.appendFromFile({ from: 5, count: 3, bytes: Buffer.byteLength(linesFrom(5, 3)) + 1 })
  expect((await readAll(log, 2)).text).toBe(linesFrom(2, 6))
})

it('does not believe events that do not follow the last', () => {
  const log = new EventLog(path)
  expect(() => log.append({ from: 2, count: 1, text: line(2) })).toThrow('events 2 to 2 do not follow event 0')
})
