// The journal: dense numbers, whole lines, and a disk that fails costs the file and not the lab.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultSettings } from '../protocol'
import type { TraceHeader } from '../trace'
import { ClusterClock } from './cluster-clock'
import { Journal } from './journal'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-journal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '', nodes: [],
}

function journal(write?: (file: number, text: string) => number) {
  const told: string[] = []
  const files: { bytes: number; problem: string }[] = []
  let now = 0
  const clock = new ClusterClock(() => now)
  const path = join(folder, 'recording.jsonl')
  const made = new Journal({
    path, header, clock, ...(write ? { write } : {}),
    onEvents: (from, count, text) => told.push(`${from}+${count} ${text}`), onFile: (bytes, problem) => files.push({ bytes, problem }),
  })
  return { made, told, files, path, clock, pass: (micros: number) => { now += micros } }
}

test('every event has the next number and both times, and the file says what is told', () => {
  const { made, told, path, clock, pass } = journal()
  made.event({ type: 'thawed', freeze: 1 })
  clock.run()
  pass(1500)
  made.eventText('{"type":"thawed","freeze":2}')
  clock.stand()
  pass(700)
  made.event({ type: 'thawed', freeze: 3 })
  made.flush()
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { seq: 1, at: 0, wall: 0, type: 'thawed', freeze: 1 }, { seq: 2, at: 1500, wall: 1500, type: 'thawed', freeze: 2 },
    { seq: 3, at: 1500, wall: 2200, type: 'thawed', freeze: 3 },
  ])
  expect(told).toEqual([`1+3 ${lines.join('\n')}`])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a full disk stops the recording with a sentence; what is told goes on, and the file ends at a whole line', () => {
  let writes = 0
  const { made, told, files, path } = journal((file, text) => {
    writes++
    if (writes < 3) {
      writeFileSync(file, text)
      return Buffer.byteLength(text)
    }
    // Half of the text still fits.
    writeFileSync(file, text.slice(0, text.length / 2))
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
  })
  made.event({ type: 'thawed', freeze: 1 })
  made.flush()
  made.event({ type: 'thawed', freeze: 2 })
  made.flush()
  made.event({ type: 'thawed', freeze: 3 })
  made.flush()
  expect(told).toHaveLength(3)
  expect(files.at(-1)?.problem).toBe('Recording stopped: the disk is full. The lab goes on.')
  const text = readFileSync(path, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  expect(text.trimEnd().split('\n')).toHaveLength(2)
})

test('a recording that is there is gone on with: numbers, times and bytes follow its own', () => {
  const path = join(folder, 'begun.jsonl')
  const beginning = '{"understudy":"recording"}\n{"seq":1,"at":5,"wall":7,"type":"thawed","freeze":1}\n'
  writeFileSync(path, beginning)
  const files: number[] = []
  const clock = new ClusterClock(() => 0, { at: 5, wall: 7 })
  const made = new Journal({
    path, header, clock, begin: { seq: 1, bytes: beginning.length }, onEvents: () => undefined, onFile: (bytes) => files.push(bytes),
  })
  made.event({ type: 'thawed', freeze: 2 })
  made.close()
  expect(readFileSync(path, 'utf8')).toBe(`${beginning}{"seq":2,"at":5,"wall":7,"type":"thawed","freeze":2}\n`)
  expect(files.at(-1)).toBe(statSync(path).size)
})

test('a file that is there already is not touched', () => {
  writeFileSync(join(folder, 'recording.jsonl'), 'precious')
  const { files } = journal()
  expect(files.at(-1)?.problem).toContain('there is a file of that name already')
  expect(readFileSync(join(folder, 'recording.jsonl'), 'utf8')).toBe('precious')
})
