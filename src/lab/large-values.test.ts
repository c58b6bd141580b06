// A value of any size up to the limit, text or binary, passes through every reader of recordings: checkers, comparison, exports, window.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { align, Conformance, EventDigester, LiveHistory, RuleMonitors } from '../check'
import { connectLab, createPortPair } from '../contract'
import { exporters } from '../export'
import { defaultSettings, utf8ToBytes, valueBytesMax, type ByteString } from '../protocol'
import { World } from '../sim'
import { bytesOf, formatEvent, formatHeader, recordBytes, type TraceEvent } from '../trace'
import { createFakeClusters } from './testing/fake-cluster'
import { openLab } from './lab'
import { readRecordingFile } from './recording-file'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'large-test-')) })
afterAll(async () => { await rm(folder, { recursive: true }) })

const KiB = 1024
const MiB = 1024 * KiB
/** All kinds of megabyte values take minutes on a slow machine; without this flag only the two costliest kinds are tested. */
const isLong = process.env['UNDERSTUDY_LONG'] === '1'
type Sizes = readonly (readonly [name: string, bytes: number])[]
const small: Sizes = [['0', 0], ['1 byte', 1], ['64 KiB', 64 * KiB]]
const large: Sizes = [['4 MiB', 4 * MiB], ['8 MiB', valueBytesMax]]
const kinds: readonly (readonly [name: string, of: (bytes: number) => ByteString])[] = [
  ['text', (bytes) => 'x'.repeat(bytes) as ByteString],
  ['bytes', (bytes) => Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('').repeat(Math.ceil(bytes / 256)).slice(0, bytes) as ByteString],
  ['bytes that are no UTF-8', (bytes) => '\u00ff'.repeat(bytes) as ByteString],
  ['text of other alphabets', (bytes) => `${utf8ToBytes('ж'.repeat(bytes >> 1))}${bytes % 2 === 0 ? '' : 'x'}` as ByteString],
  ['text that needs escapes', (bytes) => '"'.repeat(bytes) as ByteString],
]

/** A recording in which the value is written, read, compared, sent to a new backup, and appended to. */
function recordingOf(value: ByteString): string[] {
  const lines: string[] = []
  const world = new World({
    title: 'large', seed: 'large', replicas: 2, clients: 1, start: ['vs', 's1', 'c1'], settings: { ...defaultSettings, transferChunkBytes: 4 * MiB }, onEvent: (event) => lines.push(formatEvent(event)),
  })
  const key = utf8ToBytes('k')
  world.run(1000)
  world.invoke('c1', { type: 'put', key, value })
  world.run(100)
  world.restart('s2')
  world.run(1000)
  world.invoke('c1', { type: 'get', key })
  world.run(100)
  world.invoke('c1', { type: 'cas', key, expected: utf8ToBytes('other'), value: utf8ToBytes('x') })
  world.run(100)
  world.invoke('c1', { type: 'append', key, value: utf8ToBytes('x') })
  world.run(100)
  return [formatHeader(world.header), ...lines]
}

describe.each(kinds)('a value of %s', (kind, of) => {
  const costsMost = ['bytes', 'text of other alphabets'].includes(kind)
  it.each([...small, ...isLong || costsMost ? large : []])('of %s is the same in a recording, conforms, is judged, is like itself, and is exported', async (_size, bytes) => {
    const value = of(bytes)
    expect(value).toHaveLength(bytes)
    expect(bytesOf(recordBytes(value)) === value).toBe(true)
    const lines = recordingOf(value)
    const path = join(folder, 'large.jsonl')
    await writeFile(path, `${lines.join('\n')}\n`)
    const events: TraceEvent[] = []
    const { header, count, note } = await readRecordingFile(path, { begin: () => undefined, take: (given) => void events.push(...given.events) })
    expect([count, note]).toEqual([lines.length - 1, ''])
    const conformance = new Conformance(header)
    const monitors = new RuleMonitors(header)
    const history = new LiveHistory(header)
    const digester = new EventDigester()
    const results: string[] = []
    for (const event of events) {
      conformance.take(event)
      monitors.take(event)
      history.take(event)
      digester.take(event)
      if (event.type === 'operation-returned' && event.outcome.type !== 'unknown') results.push(event.outcome.type === 'ok' ? event.outcome.result.type : event.outcome.reason)
    }
    expect(results).toEqual(['done', 'value', 'mismatch', bytes === valueBytesMax ? 'value-too-large' : 'done'])
    expect(conformance.finish()).toMatchObject({ difference: null, note: '' })
    expect(history.finish({ stepsMax: 1000, memoMax: 1000 }, { served: monitors.served, seq: count })).toMatchObject({ standing: 'linearizable' })
    expect(monitors.states().filter(({ standing }) => standing === 'broken')).toEqual([])
    expect(align(digester.digests(), digester.digests(), { heartbeats: true }).differences).toHaveLength(0)
    for (const exporter of Object.values(exporters)) {
      const writer = exporter.begin(header)
      let characters = 0
      for (const event of events) characters += writer.take(event).length
      for (const piece of writer.end()) characters += piece.length
      expect(characters).toBeGreaterThan(0)
    }
  })

  it.runIf(isLong || costsMost)('of the largest size reaches the window', async () => {
    const lines = recordingOf(of(valueBytesMax))
    const path = join(folder, 'window.jsonl')
    await writeFile(path, `${lines.join('\n')}\n`)
    const lab = await openLab({
      host: 'in-process', dataFolder: join(folder, 'data'), version: '1', scenariosFolder: fileURLToPath(new URL('../../scenarios', import.meta.url)), programs: { node: '', switchboard: '', host: '' },
    }, createFakeClusters())
    try {
      const [own, labs] = createPortPair()
      lab.connect(labs)
      const screen = connectLab(own)
      const { session } = await lab.openRecording(path)
      while ((await screen.call('hello', {})).status.recording?.readShare !== undefined) await new Promise(setImmediate)
      const read: string[] = []
      while (read.length < lines.length - 1) read.push(...(await screen.call('readEvents', { session, from: read.length + 1, count: 1000 })).text.split('\n'))
      expect(read.length).toBe(lines.length - 1)
      expect(read.every((line, index) => line === lines[index + 1])).toBe(true)
    } finally {
      await lab.close()
    }
  })
})
