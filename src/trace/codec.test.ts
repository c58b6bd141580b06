// Recordings are read from chunks cut anywhere, and each problem of a file is one plain sentence.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { createRecordingReader, formatEvent, formatHeader, grouped, lineBytesMax, parseEventLines, RecordingProblem, type RecordingEnd } from './codec'
import type { TraceEvent } from './event'
import { upgradeFrom, type Upgrade } from './upgrade'

const sample = readFileSync(new URL('./testdata/v7.jsonl', import.meta.url), 'utf8')
const sampleLines = sample.trimEnd().split('\n')
const [headerLine = '', ...eventLines] = sampleLines

/** Reads a whole text in chunks of at most this many characters. */
function read(text: string, pieceLength = text.length): RecordingEnd & { readonly all: TraceEvent[] } {
  const reader = createRecordingReader()
  const all: TraceEvent[] = []
  for (let at = 0; at < text.length; at += pieceLength) all.push(...reader.push(text.slice(at, at + pieceLength)).events)
  const end = reader.end()
  return { ...end, all: [...all, ...end.events] }
}

function refusalOf(text: string): string {
  try {
    read(text)
  } catch (error) {
    if (error instanceof RecordingProblem) return error.message
    throw error
  }
  return 'it was read'
}

function withHeader(change: (header: Record<string, unknown>) => Record<string, unknown>): string {
  return [JSON.stringify(change(JSON.parse(headerLine) as Record<string, unknown>)), ...eventLines].join('\n')
}

describe('a recording', () => {
  it('is read back as it was written', () => {
    const { header, all, count, note } = read(sample)
    expect({ count, note }).toEqual({ count: eventLines.length, note: '' })
    expect([formatHeader(header), ...all.map(formatEvent)].join('\n') + '\n').toBe(sample)
  })

  it('is the same wherever its text is cut into pieces', () => {
    const short = sampleLines.slice(0, 12).join('\n') + '\n'
    const whole = read(short)
    fc.assert(fc.property(fc.integer({ min: 1, max: 700 }), (pieceLength) => {
      expect(read(short, pieceLength).all).toEqual(whole.all)
    }), { numRuns: 50 })
  })

  it('opens without its last events wherever it was torn, and says how many are whole', () => {
    const bytesOfHeader = headerLine.length + 1
    const short = sampleLines.slice(0, 8).join('\n') + '\n'
    fc.assert(fc.property(fc.integer({ min: bytesOfHeader, max: short.length }), (length) => {
      const torn = short.slice(0, length)
      const { count, note } = read(torn)
      const tail = torn.slice(torn.lastIndexOf('\n') + 1)
      const tailIsWhole = tail.endsWith('}') && eventLines.includes(tail)
      expect(count).toBe(torn.split('\n').length - 2 + (tailIsWhole ? 1 : 0))
      expect(note === '').toBe(tail === '' || tailIsWhole)
    }))
  })

  it('says a torn last line in one sentence', () => {
    expect(read(sample.slice(0, -20)).note).toBe(`The last line was cut off; ${eventLines.length - 1} events are whole.`)
    expect(read(sampleLines.slice(0, 3).join('\n').slice(0, -5)).note).toBe('The last line was cut off; 1 event is whole.')
  })

  it('gives the line of each event beside it', () => {
    const reader = createRecordingReader()
    const { lines, events } = reader.push(sample)
    expect(lines).toEqual(eventLines)
    expect(parseEventLines(lines.join('\n'))).toEqual(events)
  })

  it('may have line ends of another system', () => {
    expect(read(sampleLines.join('\r\n') + '\r\n').count).toBe(eventLines.length)
  })

  it('without events is a recording too', () => {
    expect(read(`${headerLine}\n`)).toMatchObject({ count: 0, note: '' })
  })
})

describe('what is refused, with one sentence each', () => {
  it.each([
    ['nothing', '', 'This file is empty.'],
    ['text', 'dear diary\n', 'This file is not an Understudy recording.'],
    ['other JSON lines', '{"a":1}\n{"a":2}\n', 'This file is not an Understudy recording.'],
    ['a header cut off', headerLine.slice(0, 80), 'This file is not an Understudy recording.'],
    ['a newer version', withHeader((header) => ({ ...header, version: 8 })), 'This recording has format version 8; this Understudy reads up to 7. A newer Understudy opens it.'],
    ['a version that is none', withHeader((header) => ({ ...header, version: 'x' })), 'This file is not an Understudy recording.'],
    ['a header without settings', withHeader(({ settings: _, ...header }) => header), 'The first line of this recording cannot be used: its settings are missing.'],
    ['settings out of range', withHeader((header) => ({ ...header, settings: { ...header.settings as object, deadPings: 0 } })),
      'The first line of this recording cannot be used: deadPings must be a whole number from 1 to 1000, not 0.'],
    ['no nodes', withHeader((header) => ({ ...header, nodes: [] })), 'The first line of this recording cannot be used: its list of nodes is missing or broken.'],
    ['a parent that is none', withHeader((header) => ({ ...header, parent: { title: 'failover' } })), 'The first line of this recording cannot be used: its parent is broken.'],
    ['a gap', [headerLine, eventLines[0], eventLines[2], ''].join('\n'), 'Line 3 has event 3 where event 2 must be: events are missing or out of order.'],
    ['a missing beginning', [headerLine, eventLines[4], ''].join('\n'), 'Line 2 has event 5 where event 1 must be: events are missing or out of order.'],
    ['garbage within', [headerLine, eventLines[0], '{"seq":2,', eventLines[2], ''].join('\n'), 'Line 3 is not JSON.'],
    ['an event of no known type', `${headerLine}\n{"seq":1,"at":0,"wall":0,"type":"birthday"}\n`, 'Line 2 is not an event of a type that exists.'],
    ['a type that objects inherit', `${headerLine}\n{"seq":1,"at":0,"wall":0,"type":"constructor"}\n`, 'Line 2 is not an event of a type that exists.'],
    ['an event without a field', `${headerLine}\n{"seq":1,"at":0,"wall":0,"type":"node-killed","node":"s1"}\n`,
      'Line 2 is a node-killed event whose incarnation is missing or of the wrong kind.'],
    ['an event without a time', `${headerLine}\n{"seq":1,"at":-1,"wall":0,"type":"workload-stopped"}\n`, 'Line 2 is an event without a time.'],
  ])('%s', (_what, text, sentence) => {
    expect(refusalOf(text)).toBe(sentence)
  })

  it('a line that is over the limit, before it is whole', () => {
    const reader = createRecordingReader()
    reader.push(`${headerLine}\n`)
    const piece = 'x'.repeat(lineBytesMax / 4)
    for (let count = 0; count < 4; count++) reader.push(piece)
    expect(() => reader.push('x')).toThrow(new RecordingProblem('Line 2 is longer than 64 MiB, which no recording has.'))
  })
})

describe('an upgrade', () => {
  const rename: Upgrade = {
    header: ({ name, ...header }) => ({ ...header, title: name }),
    event: ({ time, ...event }) => ({ ...event, at: time }),
  }
  const addWall: Upgrade = { header: (header) => header, event: (event) => ({ ...event, wall: event.at }) }

  it('applies every step from the old version to the current one, in order', () => {
    const way = upgradeFrom(1, { 1: () => rename, 2: () => addWall }, 3)
    expect(way?.header({ version: 1, name: 'old' })).toEqual({ version: 3, title: 'old' })
    expect(way?.event({ seq: 1, time: 7 })).toEqual({ seq: 1, at: 7, wall: 7 })
  })

  it('is refused where a step is missing', () => {
    expect(upgradeFrom(1, { 2: () => addWall }, 3)).toBeUndefined()
  })

  it('of the current version changes nothing', () => {
    expect(upgradeFrom(3, {}, 3)?.event({ seq: 1 })).toEqual({ seq: 1 })
  })
})

test('counts are grouped by threes', () => {
  expect([0, 999, 1000, 48_120, 1_000_000].map(grouped)).toEqual(['0', '999', '1 000', '48 120', '1 000 000'])
})

test.each([1, 2, 3, 4, 5, 6])('the kept sample of version %i still opens, with as many events', (version) => {
  const { header, count } = read(readFileSync(new URL(`testdata/v${version}.jsonl`, import.meta.url), 'utf8'))
  expect({ title: header.title, version: header.version, parent: header.parent, count }).toEqual({ title: 'failover', version: 7, parent: null, count: 336 })
})

test('version 1 did not say why the cluster froze or a fault went: it was by hand', () => {
  const upgrade = upgradeFrom(1)
  expect(upgrade?.event({ type: 'workload-started', text: 'puts' })).toEqual({ type: 'workload-started', text: 'puts', plan: null })
  expect(upgrade?.event({ type: 'frozen', freeze: 1, timers: [] })).toEqual({ type: 'frozen', freeze: 1, timers: [], reason: 'by hand', metBy: 0 })
  expect(upgrade?.event({ type: 'fault-removed', fault: 'f1' })).toEqual({ type: 'fault-removed', fault: 'f1', reason: 'by hand' })
})
