// The recorder: consecutive numbers, whole lines, and a failing disk ends the recording but not the lab.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultSettings, utf8ToBytes } from '../../protocol'
import { recordOperationInput, type TraceHeader } from '../../trace'
import { ClusterClock } from './cluster-clock'
import { stepsOf } from './event-writer'
import { Recorder, waitingBytesMax } from './recorder'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-recorder-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '', nodes: [],
}

type Options = Partial<ConstructorParameters<typeof Recorder>[0]>

function recorder(options: Options = {}) {
  const told: string[] = []
  const files: { bytes: number; problem: string }[] = []
  let now = 0
  const clock = new ClusterClock(() => now)
  const path = join(folder, 'recording.jsonl')
  const made = new Recorder({
    path, header, clock, ...options,
    onEvents: ({ from, count, bytes }) => {
      told.push(`${from}+${count} ${bytes.toString('utf8')}`)
      return true
    },
    onFile: (bytes, problem) => files.push({ bytes, problem }),
  })
  const flushed = (): Promise<void> => new Promise((resolve) => made.whenTold(resolve))
  return { made, told, files, path, clock, flushed, pass: (micros: number) => { now += micros } }
}

const thawed = (freeze: number) => ({ type: 'thawed' as const, freeze })

test('every event has the next number and both times, and the file says what is told', async () => {
  const { made, told, path, clock, pass, flushed } = recorder()
  made.events.event(thawed(1))
  clock.run()
  pass(1500)
  made.events.event(thawed(2))
  clock.stand()
  pass(700)
  made.events.event(thawed(3))
  await flushed()
  const lines = readFileSync(path, 'utf8').split('\n').slice(1, -1)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { seq: 1, at: 0, wall: 0, type: 'thawed', freeze: 1 }, { seq: 2, at: 1500, wall: 1500, type: 'thawed', freeze: 2 },
    { seq: 3, at: 1500, wall: 2200, type: 'thawed', freeze: 3 },
  ])
  expect(told).toEqual([`1+3 ${lines.join('\n')}\n`])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('every kind of event is written as JSON has it; what is told together has one reading of the clock', async () => {
  const { made, told, clock, pass, flushed } = recorder()
  clock.run()
  const bytesOf = (text: string, before = '') => ({ buffer: Buffer.from(`${before}${text}??`), start: before.length, end: before.length + text.length })
  const of = stepsOf('vs', 1)
  const put = { type: 'put', key: utf8ToBytes('ü'), value: utf8ToBytes('"') } as const
  made.events.event({ type: 'lab-note', node: '', text: 'grün' })
  pass(5)
  made.events.messageHanded('c1.1.3.0')
  made.events.look()
  made.events.messageSent('c1.1.4.0', 'c1', 'vs', 'vs', bytesOf('{"type":"get-view"}', '??'))
  made.events.messageSent('s1.1.4.0', 's1', 'c1', 'c1/2', bytesOf('{"type":"reply"}'))
  made.events.messageTaken('c1.1.4.0', of, 2)
  made.events.timerFired(of, 3, 'check "x"', 7)
  made.events.peerLost(of, 4, 's1')
  made.events.operationInvoked(stepsOf('c1', 2), 5, { operationId: 9, session: -1, target: 's1', operation: put }, 'by "hand"')
  made.events.reported(of, 6, bytesOf('{"type":"note","text":"a"}', '?'))
  await flushed()
  const at = (micros: number) => ({ at: micros, wall: micros })
  const lines = told.map((text) => text.slice(text.indexOf(' ') + 1)).join('')
  expect(lines.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([
    { seq: 1, ...at(0), type: 'lab-note', node: '', text: 'grün' },
    { seq: 2, ...at(0), type: 'message-handed', id: 'c1.1.3.0' },
    { seq: 3, ...at(5), type: 'message-sent', id: 'c1.1.4.0', from: 'c1', to: 'vs', message: { type: 'get-view' } },
    { seq: 4, ...at(5), type: 'message-sent', id: 's1.1.4.0', from: 's1', to: 'c1', toAs: 'c1/2', message: { type: 'reply' } },
    { seq: 5, ...at(5), type: 'message-taken', id: 'c1.1.4.0', node: 'vs', incarnation: 1, step: 2 },
    { seq: 6, ...at(5), type: 'timer-fired', node: 'vs', incarnation: 1, step: 3, name: 'check "x"', armed: 7 },
    { seq: 7, ...at(5), type: 'peer-lost', node: 'vs', incarnation: 1, step: 4, peer: 's1' },
    {
      seq: 8, ...at(5), type: 'operation-invoked', node: 'c1', incarnation: 2, step: 5, label: 'by "hand"',
      operation: recordOperationInput({ type: 'operation', operationId: 9, session: -1, target: 's1', operation: put }),
    },
    { seq: 9, ...at(5), node: 'vs', incarnation: 1, step: 6, type: 'note', text: 'a' },
  ])
})

test('pages of any length follow one another without a gap, and an event that is longer than a page has one of its own', async () => {
  const { made, told, path, flushed } = recorder()
  const long = 'x'.repeat(300_000)
  for (let note = 1; note <= 2000; note++) made.events.event({ type: 'lab-note', node: '', text: note === 700 ? long : `note ${note} ${'.'.repeat(note % 300)}` })
  await flushed()
  made.events.event(thawed(1))
  await made.close()
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1)
  expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(Array.from({ length: 2001 }, (_, index) => index + 1))
  expect(told.map((piece) => piece.slice(piece.indexOf(' ') + 1)).join('')).toBe(`${lines.join('\n')}\n`)
  expect(told.length).toBeGreaterThanOrEqual(4)
})

test('a full disk stops the recording with a sentence; what is told goes on, and the file ends at a whole line', async () => {
  let writes = 0
  const { made, told, files, path, flushed } = recorder({
    write: (file, bytes, position) => {
      writes++
      // Half of the second chunk still fits.
      const fits = writes < 2 ? bytes.length : bytes.length >> 1
      writeSync(file, bytes, 0, fits, position)
      return writes < 2 ? Promise.resolve() : Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
    },
  })
  for (let freeze = 1; freeze <= 3; freeze++) {
    made.events.event(thawed(freeze))
    await flushed()
  }
  expect(told).toHaveLength(3)
  expect(files.at(-1)?.problem).toBe('Recording stopped: the disk is full. The lab goes on.')
  const text = readFileSync(path, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  expect(text.trimEnd().split('\n')).toHaveLength(2)
})

test('recording stops with one sentence when the disk has too little left, and the lab is told everything all the same', async () => {
  let free = 600
  const { made, told, files, path, flushed } = recorder({ freeBytesMin: 512 * 1024 * 1024, freeBytes: () => Promise.resolve(free * 1024 * 1024) })
  await made.lookAtDisk()
  made.events.event(thawed(1))
  await flushed()
  free = 500
  // Free space is checked after this many bytes.
  for (let note = 0; note < 40; note++) {
    made.events.event({ type: 'lab-note', node: '', text: 'x'.repeat(1024 * 1024) })
    await flushed()
  }
  expect(told).toHaveLength(41)
  const problems = new Set(files.map(({ problem }) => problem))
  expect([...problems]).toEqual(['', 'Recording stopped: the disk has less than 512 MiB free. The lab goes on.'])
  expect(statSync(path).size).toBe(files.at(-1)?.bytes)
  expect(statSync(path).size).toBeLessThan(18 * 1024 * 1024)
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true)
})

test('recording stops before the file would be longer than it may, and the lab is told everything all the same', async () => {
  const { made, told, files, path, flushed } = recorder({ bytesMax: 2000 })
  for (let note = 0; note < 40; note++) {
    made.events.event({ type: 'lab-note', node: '', text: 'x'.repeat(100) })
    await flushed()
  }
  expect(told).toHaveLength(40)
  expect([...new Set(files.map(({ problem }) => problem))]).toEqual(['', 'Recording stopped: its lab may keep no more on this disk. The lab goes on.'])
  expect(statSync(path).size).toBe(files.at(-1)?.bytes)
  expect(statSync(path).size).toBeLessThanOrEqual(2000)
  expect(statSync(path).size).toBeGreaterThan(1500)
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true)
})

test('nothing is told before it is in the file, and a slow disk says that it is full until it has caught up', async () => {
  const room: number[] = []
  let write = (): void => undefined
  const { made, told } = recorder({
    write: () => new Promise((resolve) => { write = resolve }),
    onRoom: () => room.push(made.events.bytes),
  })
  const text = 'x'.repeat(100_000)
  while (!made.isFull) {
    made.events.event({ type: 'lab-note', node: '', text })
    made.flush()
  }
  expect(told).toEqual([])
  expect(made.events.bytes).toBeGreaterThan(waitingBytesMax)
  expect(made.events.bytes).toBeLessThan(waitingBytesMax + 300_000)
  while (made.events.bytes > 0) {
    write()
    await new Promise(setImmediate)
  }
  expect(made.isFull).toBe(false)
  expect(room).toHaveLength(1)
  expect(room[0]).toBeLessThanOrEqual(waitingBytesMax / 2)
  expect(told.length).toBeGreaterThan(60)
})

test('at the end of the process all that waits goes to the file at once, also what a thread was writing', () => {
  const { made, path } = recorder({ write: () => new Promise(() => undefined) })
  made.events.event(thawed(1))
  made.flush()
  made.events.event(thawed(2))
  made.closeNow()
  expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(3)
})

test('a recording that is there is gone on with: numbers, times and bytes follow its own', async () => {
  const path = join(folder, 'begun.jsonl')
  const beginning = '{"understudy":"recording"}\n{"seq":1,"at":5,"wall":7,"type":"thawed","freeze":1}\n'
  writeFileSync(path, beginning)
  const files: number[] = []
  const clock = new ClusterClock(() => 0, { at: 5, wall: 7 })
  const made = new Recorder({
    path, header, clock, begin: { seq: 1, bytes: beginning.length }, onEvents: () => true, onFile: (bytes) => files.push(bytes),
  })
  made.events.event(thawed(2))
  await made.close()
  expect(readFileSync(path, 'utf8')).toBe(`${beginning}{"seq":2,"at":5,"wall":7,"type":"thawed","freeze":2}\n`)
  expect(files.at(-1)).toBe(statSync(path).size)
})

test('a file that is there already is not touched', () => {
  writeFileSync(join(folder, 'recording.jsonl'), 'precious')
  const { files } = recorder()
  expect(files.at(-1)?.problem).toContain('there is a file of that name already')
  expect(readFileSync(join(folder, 'recording.jsonl'), 'utf8')).toBe('precious')
})

test('what happens after the end is neither in the file nor sent: the lab never has an event that the file has not', async () => {
  const { made, told, path, flushed } = recorder()
  made.events.event(thawed(1))
  await made.close()
  const [before, sent] = [readFileSync(path, 'utf8'), told.length]
  made.events.event({ type: 'stalled', node: '', ms: 30 })
  made.flush()
  await flushed()
  await new Promise((resolve) => { setImmediate(resolve) })
  expect([readFileSync(path, 'utf8'), told.length]).toEqual([before, sent])
})
