// A recording that is shown while it is read: every range of it equals the file, and a fault in the middle ends it there.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectLab, createPortPair, type Lab, type SessionStatus } from '../contract'
import { defaultSettings, utf8ToBytes } from '../protocol'
import { World } from '../sim'
import { formatEvent, formatHeader } from '../trace'
import { createFakeClusters } from './testing/fake-cluster'
import { openLab } from './lab'
import type { RunningLab } from './lab-options'
import { beginningBytes } from './recording-reading'

let folder: string
let path: string
let header: string
let lines: string[]
let lab: RunningLab
let screen: Lab

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recorded-test-'))
  lines = []
  const world = new World({ title: 'ü', seed: '7', replicas: 3, clients: 1, settings: defaultSettings, onEvent: (event) => lines.push(formatEvent(event)) })
  header = formatHeader(world.header)
  world.run(500)
  // Longer than the beginning that is checked first, with lines longer than a chunk.
  for (let index = 0; index < 900; index++) {
    world.invoke('c1', { type: 'put', key: utf8ToBytes(`k${index % 9}`), value: utf8ToBytes(index % 300 === 99 ? 'ä'.repeat(200_000) : `v${index}`) })
    world.run(8)
  }
  path = join(folder, 'long.jsonl')
  await writeFile(path, text())
  lab = await openLab({
    host: 'in-process', dataFolder: join(folder, 'data'), version: '1', scenariosFolder: fileURLToPath(new URL('../../scenarios', import.meta.url)),
    programs: { node: '', switchboard: '', host: '' },
  }, createFakeClusters())
  const [own, labs] = createPortPair()
  lab.connect(labs)
  screen = connectLab(own)
})
afterAll(async () => {
  await lab.close()
  await rm(folder, { recursive: true })
})

const text = (of = lines): string => `${[header, ...of].join('\n')}\n`

async function whole(): Promise<SessionStatus> {
  for (;;) {
    const { status } = await screen.call('hello', {})
    if (status.recording?.readShare === undefined) return status
    await new Promise(setImmediate)
  }
}

async function opened(bytes: string | Buffer): Promise<SessionStatus> {
  const file = join(folder, 'opened.jsonl')
  await writeFile(file, bytes)
  await lab.openRecording(file)
  return whole()
}

/** All lines from an event on, in a screen's calls. */
async function read(session: number, from: number, count: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) {
    const answer = await screen.call('readEvents', { session, from: from + found.length, count: count - found.length })
    expect([answer.from, answer.text.split('\n').length]).toEqual([from + found.length, answer.count])
    found.push(...answer.text.split('\n'))
  }
  return found
}

describe('a long recording', () => {
  it.each([['as it is', () => Promise.resolve(text())], ['packed', () => Promise.resolve(gzipSync(text()))], ['with carriage returns', () => Promise.resolve(text().replaceAll('\n', '\r\n'))]])(
    '%s gives any range of its events as they are in the file', async (_, bytes) => {
      const { session, latest } = await opened(await bytes())
      expect(latest).toBe(lines.length)
      await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: lines.length }), fc.integer({ min: 1, max: 3000 }), async (from, count) => {
        const many = Math.min(count, lines.length - from + 1)
        expect(await read(session, from, many)).toEqual(lines.slice(from - 1, from - 1 + many))
      }), { numRuns: 12 })
    })

  it('refuses a range beyond its end, and one of a session that is over', async () => {
    const { session } = await opened(text())
    await expect(screen.call('readEvents', { session, from: lines.length + 1, count: 1 })).rejects.toThrow(`There is no event ${lines.length + 1}; the newest is ${lines.length}.`)
    await expect(screen.call('readEvents', { session: session - 1, from: 1, count: 1 })).rejects.toThrow('is over')
  })

  it('whose later part is wrong is shown up to there, and that is said', async () => {
    const wrong = lines.toSpliced(lines.length - 10, 1, '{"seq":')
    const { latest, kind, recording } = await opened(text(wrong))
    expect(kind).toBe('recorded')
    expect(latest).toBeGreaterThan(lines.length / 2)
    expect(recording?.problem).toMatch(new RegExp(`^Line ${lines.length - 8} is not JSON\\. What comes before it is a recording: [\\d ]+ events are shown\\.$`))
  })

  it('whose beginning is wrong is refused', async () => {
    const { session } = await opened(text())
    expect(Buffer.byteLength(text(lines.slice(0, 5000)))).toBeGreaterThan(beginningBytes / 2)
    await expect(opened(text(lines.toSpliced(50, 1)))).rejects.toThrow('Line 52 has event 52 where event 51 must be')
    expect((await whole()).session).toBe(session)
  })

  it('is shown while it comes, and stays where its screen goes away', async () => {
    const bytes = await readFile(path)
    const [own, labs] = createPortPair()
    lab.connect(labs)
    const other = connectLab(own)
    const { upload } = await other.call('uploadBegin', { name: 'coming.jsonl', bytes: bytes.length })
    const open = other.call('uploadOpen', { upload, whileItComes: true })
    const piece = 300_000
    let at = 0
    let isOpen = false
    void open.then(() => { isOpen = true })
    for (; !isOpen && at < bytes.length; at += piece) await other.call('uploadPiece', { upload, base64: bytes.subarray(at, at + piece).toString('base64') })
    expect(at).toBeLessThan(bytes.length)
    const { status } = await other.call('hello', {})
    expect(status).toMatchObject({ kind: 'recorded', recording: { path: 'coming.jsonl', problem: '' } })
    expect(status.recording?.readShare).toBeLessThan(1)
    other.close()
    const { latest, recording } = await whole()
    expect(latest).toBeGreaterThan(0)
    expect(recording?.problem).toContain('the screen that brought it has gone')
  })

  it('that is no recording is refused while it comes', async () => {
    const { upload } = await screen.call('uploadBegin', { name: 'zip', bytes: 40_000_000 })
    const open = screen.call('uploadOpen', { upload, whileItComes: true })
    await screen.call('uploadPiece', { upload, base64: Buffer.from('no recording\n').toString('base64') })
    await expect(open).rejects.toThrow('This file is not an Understudy recording.')
    await expect(screen.call('uploadPiece', { upload, base64: 'AAAA' })).rejects.toThrow('There is no such upload; begin again.')
  })

  it('is read no further when somebody ends that, and what was read stays', async () => {
    const bytes = await readFile(path)
    const { upload } = await screen.call('uploadBegin', { name: 'coming.jsonl', bytes: bytes.length })
    const open = screen.call('uploadOpen', { upload, whileItComes: true })
    await screen.call('uploadPiece', { upload, base64: bytes.subarray(0, beginningBytes).toString('base64') })
    await screen.call('uploadPiece', { upload, base64: bytes.subarray(beginningBytes, beginningBytes + 400_000).toString('base64') })
    await open
    await screen.call('endSession', {})
    const { latest, recording } = await whole()
    expect(latest).toBeGreaterThan(0)
    expect(recording?.problem).toMatch(/^Reading was ended before the end of the file; [\d ]+ events are shown\.$/)
  })

  it('of one event, of none, and with a key of a megabyte opens', async () => {
    expect((await opened(text(lines.slice(0, 1)))).latest).toBe(1)
    expect((await opened(text([]))).latest).toBe(0)
    const long = JSON.stringify({ seq: 1, at: 0, wall: 0, type: 'lab-note', text: 'x'.repeat(9_000_000), node: '' })
    const { session } = await opened(text([long]))
    expect(await read(session, 1, 1)).toEqual([long])
  })
})
