// Every fault of a recording file has one sentence, the same for a command and for the window.
import { execFileSync } from 'node:child_process'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../network'
import { failoverRecording } from '../sim/testing/random-recording'
import { formatEvent, formatHeader, grouped, type TraceEvent } from '../trace'
import { readRecordingFile, unreadable } from './recording-file'

const { header, events } = failoverRecording()
const lines = [formatHeader(header), ...events.map(formatEvent)]
const text = `${lines.join('\n')}\n`
const packed = gzipSync(text)

let folder: string
let server: Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lines-test-'))
  server = createServer()
  await new Promise<void>((resolve) => { server.listen(join(folder, 'socket'), resolve) })
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

interface Read { readonly count: number; readonly note: string }

async function readPath(path: string): Promise<Read | string> {
  const taken: TraceEvent[] = []
  try {
    const { count, note } = await readRecordingFile(path, { begin: () => undefined, take: (given) => void taken.push(...given.events), bytesMax: 64 * 1024 * 1024 })
    expect(taken).toHaveLength(count)
    return { count, note }
  } catch (error) {
    return unreadable('FILE', error)
  }
}

async function read(bytes: string | Buffer): Promise<Read | string> {
  const path = join(folder, 'recording')
  await writeFile(path, bytes)
  return readPath(path)
}

const whole: Read = { count: events.length, note: '' }
const half = Math.floor(text.length / 2)

describe('a recording is read', () => {
  it.each([
    ['as it is', text], ['packed', packed], ['with a byte order mark', `\ufeff${text}`], ['packed with a byte order mark', gzipSync(`\ufeff${text}`)],
    ['with carriage returns', text.replaceAll('\n', '\r\n')], ['without its last line feed', text.trimEnd()],
    ['with a blank line at its end', `${text}\n`], ['with many', `${text}\n \r\n\t\n\n   `], ['packed, with some', gzipSync(`${text}\n\n`)],
    ['packed in two halves', Buffer.concat([gzipSync(text.slice(0, half)), gzipSync(text.slice(half))])],
    ['packed line by line', Buffer.concat(lines.map((line) => gzipSync(`${line}\n`)))], ['packed and filled up with zeros', Buffer.concat([packed, Buffer.alloc(1000)])],
  ] as const)('%s', async (_what, bytes) => {
    expect(await read(bytes)).toEqual(whole)
  })

  it('wherever a packed one is cut off: as far as it goes, and that is said', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 2, max: packed.length - 1 }), async (length) => {
      const found = await read(packed.subarray(0, length))
      if (typeof found === 'string') expect(found).toBe('FILE: The compressed file was cut off before its first line was whole.')
      else {
        expect(found.note).toMatch(/^The (compressed file|last line) was cut off; [\d ]+ events? (is|are) whole\.$/)
        expect(found.count).toBeLessThanOrEqual(events.length)
      }
    }), { numRuns: 40 })
    expect(await read(packed.subarray(0, packed.length - 8))).toEqual({ count: events.length, note: `The compressed file was cut off; ${grouped(events.length)} events are whole.` })
  })
})

describe('a recording is refused', () => {
  const damaged = Buffer.from(packed)
  damaged.fill(0xff, packed.length >> 1, (packed.length >> 1) + 40)
  const random = createRandom('large')
  const noise = Array.from({ length: 300_000 }, () => random.next().toString(36)).join('')
  const large = gzipSync(`${text}${formatEvent({ seq: events.length + 1, at: 0, wall: 0, type: 'lab-note', text: noise, node: '' })}\n`)
  for (let at = large.length >> 1; at < (large.length >> 1) + 40; at++) large.writeUInt8(large.readUInt8(at) ^ 0x55, at)
  it.each([
    ['that is empty', '', 'FILE: This file is empty.'], ['of blank lines', '\n \n\n', 'FILE: This file is empty.'], ['of a byte order mark', '\ufeff', 'FILE: This file is empty.'],
    ['that is packed and empty', gzipSync(''), 'FILE: This file is empty.'], ['that is no recording', 'dear diary\n', 'FILE: This file is not an Understudy recording.'],
    ['that is no text', Buffer.from([0xff, 0xfe, 10]), 'FILE: This file holds bytes that are not UTF-8 text, which no recording does.'],
    ['with a byte that is none in its middle', Buffer.concat([Buffer.from(text), Buffer.from([0xff, 10])]), 'FILE: This file holds bytes that are not UTF-8 text, which no recording does.'],
    ['that is packed and damaged', damaged, 'FILE: The compressed file is damaged.'],
    ['that is large, packed and damaged', large, 'FILE: The compressed file is damaged.'],
    ['that is packed with something behind it', Buffer.concat([packed, Buffer.from('something')]), 'FILE: The compressed file is damaged.'],
    ['and another', text + text, `FILE: Line ${lines.length + 1} begins another recording: this file holds more than one.`],
    ['and another, each packed', Buffer.concat([packed, packed]), `FILE: Line ${lines.length + 1} begins another recording: this file holds more than one.`],
    ['with a blank line in its middle', `${lines.slice(0, 3).join('\n')}\n\n${lines.slice(3).join('\n')}\n`, 'FILE: Line 4 is blank, and line 5 is not.'],
    ['with a blank line before it', `\n${text}`, 'FILE: Line 1 is blank, and line 2 is not.'],
    ['that unpacks to more than may be', gzipSync(Buffer.alloc(65 * 1024 * 1024, 10)), 'FILE: This recording is longer than 64 MiB, the most that can be opened.'],
    ['with garbage in its middle', `${lines.slice(0, 3).join('\n')}\n{"seq":3,\n${lines.slice(3).join('\n')}\n`, 'FILE: Line 4 is not JSON.'],
  ] as const)('%s', async (_what, bytes, sentence) => {
    expect(await read(bytes)).toBe(sentence)
  })

  it('that is no file', async () => {
    await mkdir(join(folder, 'folder'))
    expect(await readPath(join(folder, 'folder'))).toBe('FILE is a folder, not a recording.')
    expect(await readPath(join(folder, 'none'))).toBe('FILE cannot be read: no such file.')
    expect(await readPath(join(folder, 'socket'))).toBe('FILE cannot be read: it is a socket, or a device that is not there.')
    expect(await readPath('x'.repeat(5000))).toBe('FILE cannot be read: its name is too long.')
  })

  it.skipIf(process.platform === 'win32')('that has no end, or never begins', async () => {
    expect(await readPath('/dev/zero')).toBe('FILE is a device, not a recording.')
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(await readPath(join(folder, 'pipe'))).toBe('FILE is a pipe, not a recording.')
  })
})
