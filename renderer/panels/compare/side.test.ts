// Tests reading both sides of a comparison, with a worker that runs on this thread.
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { align, EventDigester, rowStates } from '../../../src/check'
import { failoverRecording, recordingText } from '../../../src/sim/testing/random-recording'
import { formatEvent, parseEventLines } from '../../../src/trace'
import { CompareRows } from './compare-rows'
import { compareLine } from './compare-lines'
import type { DigestsAnswer, DigestsQuestion } from '../../replay/digests-messages'
import { readFileLines } from '../../replay/read-file-lines'
import { aligned, OtherRecording, digestsOfLines, readOther, type DigestsWorker } from './side'

const sample = failoverRecording()
const text = recordingText(sample)
const fileOf = (content: string | Uint8Array<ArrayBuffer>, name = 'other.jsonl'): File => new File([content], name)

/** Does what digests-worker.ts does, on this thread. */
function workerHere(): DigestsWorker {
  const digester = new EventDigester()
  const worker: DigestsWorker = {
    onmessage: null,
    terminate: () => undefined,
    postMessage: (question) => void answer(question).then((data) => worker.onmessage?.({ data }), (error: Error) => worker.onmessage?.({ data: { type: 'problem', text: error.message } })),
  }
  async function answer(question: DigestsQuestion): Promise<DigestsAnswer> {
    switch (question.type) {
      case 'lines':
        for (const event of parseEventLines(question.text)) digester.take(event)
        return { type: 'taken' }
      case 'digests': return { type: 'digests', digests: digester.digests() }
      case 'align': return { type: 'alignment', alignment: align(question.first, question.second, { heartbeats: question.heartbeats }) }
      case 'file': {
        const note = await readFileLines(question.file, {
          begin: (header) => worker.onmessage?.({ data: { type: 'header', header } }),
          take: ({ events, lines }, share) => {
            for (const event of events) digester.take(event)
            worker.onmessage?.({ data: { type: 'lines', text: lines.join('\n'), share } })
          },
        })
        return { type: 'end', note }
      }
    }
  }
  return worker
}

async function read(file: File): Promise<{ other: OtherRecording; note: string; shares: number[] }> {
  const other = new OtherRecording()
  const shares: number[] = []
  const note = await readOther(workerHere(), file, other, 1_000_000, (share) => shares.push(share))
  return { other, note, shares }
}

describe('a file', () => {
  test('is read whole, packed or not, and gives its events and who sent their messages', async () => {
    for (const file of [fileOf(text), fileOf(new Uint8Array(gzipSync(text)), 'other.jsonl.gz')]) {
      const { other, note, shares } = await read(file)
      expect([other.count, note, other.header?.title, shares.at(-1)]).toEqual([sample.events.length, '', sample.header.title, 1])
      expect(other.eventAt(900)).toEqual(sample.events[899])
      const taken = sample.events.find(({ type }) => type === 'message-taken')
      expect(other.sentOf(taken?.seq ?? 0)).toMatchObject({ type: 'message-sent', id: taken && 'id' in taken ? taken.id : '' })
    }
  })

  test('that was cut off is read as far as it is whole, and it is said', async () => {
    const torn = await read(fileOf(text.slice(0, 100_000)))
    expect(torn.note).toMatch(/^The last line was cut off; \d+ events are whole\.$/)
    const packed = gzipSync(text)
    const cut = await read(fileOf(new Uint8Array(packed.subarray(0, packed.length - 2000)), 'cut.gz'))
    expect(cut.other.count).toBeGreaterThan(0)
    expect(cut.note).toMatch(/cut off; .* whole\.$/)
  })

  test('with a byte order mark and blank lines at its end is what it is', async () => {
    const { other, note } = await read(fileOf(`\ufeff${text}\n \n`))
    expect([other.count, note]).toEqual([sample.events.length, ''])
  })

  test('packed in pieces is what it is, or is refused with what to do where the engine unpacks one piece only', async () => {
    const pieces = fileOf(new Uint8Array(Buffer.concat([gzipSync(text.slice(0, 9000)), gzipSync(text.slice(9000))])))
    const came = await read(pieces).then(({ other }) => other.count, (error: unknown) => (error as Error).message)
    expect([sample.events.length, 'This file is packed in several pieces, and this window unpacks only one; unpack it first.']).toContain(came)
  })

  test('that is packed and damaged, or holds two recordings, is refused as everywhere', async () => {
    const damaged = Buffer.from(gzipSync(text))
    damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 40)
    await expect(read(fileOf(new Uint8Array(damaged)))).rejects.toThrow('The compressed file is damaged.')
    await expect(read(fileOf(text + text))).rejects.toThrow('begins another recording: this file holds more than one.')
  })

  test('that is no recording is refused with one sentence', async () => {
    await expect(read(fileOf('no recording\n'))).rejects.toThrow('This file is not an Understudy recording.')
    await expect(read(fileOf(''))).rejects.toThrow('This file is empty.')
    await expect(read(fileOf(new Uint8Array([0x1f, 0x8b, 1, 2, 3])))).rejects.toThrow('The compressed file is damaged.')
    await expect(read(fileOf(new Uint8Array([0xff, 0xfe, 0x0a])))).rejects.toThrow('This file holds bytes that are not UTF-8 text')
  })
})

test('lines of a session become digests piece by piece, and both sides rows with their words', async () => {
  const lines = sample.events.map(formatEvent)
  const done: number[] = []
  // A source may give fewer lines than it is asked for.
  const first = await digestsOfLines(workerHere(), 1200, (from, count) => Promise.resolve({ count: Math.min(count, 500), text: lines.slice(from - 1, from - 1 + Math.min(count, 500)).join('\n') }), (events) => done.push(events))
  expect(done).toEqual([500, 1000, 1200])
  const { other } = await read(fileOf(text))
  const alignment = await aligned(workerHere(), first, other.digests ?? first, true)
  expect([...alignment.states].filter((state) => rowStates[state] === 'only-second')).toHaveLength(sample.events.length - 1200)
  const rows = new CompareRows(alignment, true)
  const session = { eventAt: (seq: number) => sample.events[seq - 1], sentOf: () => undefined }
  expect(compareLine(rows.at(0) ?? { type: 'fold', row: 0, count: 0 }, session, other)).toMatchObject({ state: 'fold', folded: expect.stringMatching(/^1.197 alike$/) as string })
  const line = compareLine({ type: 'pair', row: 1, first: 1, second: 1, state: 'differs' }, { ...session, eventAt: () => undefined }, other)
  expect([line.first?.text[1], line.second?.node, line.mark]).toEqual(['…', 'vs', '≠'])
})
