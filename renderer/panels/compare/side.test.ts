// Both sides of a comparison as they are read, with a worker that runs here.
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { align, EventPrinter, rowStates } from '../../../src/check'
import { failoverRecording, recordingText } from '../../../src/sim/random-recording'
import { formatEvent, parseEventLines } from '../../../src/trace'
import { CompareRows } from './compare-rows'
import { compareLine } from './compare-lines'
import type { PrintsAnswer, PrintsQuestion } from './prints-messages'
import { readFileLines } from './read-file-lines'
import { aligned, OtherRecording, printsOfLines, readOther, type PrintsWorker } from './side'

const sample = failoverRecording()
const text = recordingText(sample)
const fileOf = (content: string | Uint8Array<ArrayBuffer>, name = 'other.jsonl'): File => new File([content], name)

/** Does what prints-worker.ts does, on this thread. */
function workerHere(): PrintsWorker {
  const printer = new EventPrinter()
  const worker: PrintsWorker = {
    onmessage: null,
    terminate: () => undefined,
    postMessage: (question) => void answer(question).then((data) => worker.onmessage?.({ data }), (error: Error) => worker.onmessage?.({ data: { type: 'problem', text: error.message } })),
  }
  async function answer(question: PrintsQuestion): Promise<PrintsAnswer> {
    switch (question.type) {
      case 'lines':
        for (const event of parseEventLines(question.text)) printer.take(event)
        return { type: 'taken' }
      case 'prints': return { type: 'prints', prints: printer.prints() }
      case 'align': return { type: 'alignment', alignment: align(question.first, question.second, { heartbeats: question.heartbeats }) }
      case 'file': {
        const note = await readFileLines(question.file, {
          begin: (header) => worker.onmessage?.({ data: { type: 'header', header } }),
          take: ({ events, lines }, share) => {
            for (const event of events) printer.take(event)
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

  test('that is no recording is refused with one sentence', async () => {
    await expect(read(fileOf('no recording\n'))).rejects.toThrow('This file is not an Understudy recording.')
    await expect(read(fileOf(''))).rejects.toThrow('This file is empty.')
    await expect(read(fileOf(new Uint8Array([0x1f, 0x8b, 1, 2, 3])))).rejects.toThrow('The compressed file is damaged.')
    await expect(read(fileOf(new Uint8Array([0xff, 0xfe, 0x0a])))).rejects.toThrow('This file holds bytes that are not UTF-8 text')
  })
})

test('lines of a session become prints piece by piece, and both sides rows with their words', async () => {
  const lines = sample.events.map(formatEvent)
  const done: number[] = []
  // A source may give fewer than it is asked for.
  const first = await printsOfLines(workerHere(), 1200, (from, count) => Promise.resolve({ count: Math.min(count, 500), text: lines.slice(from - 1, from - 1 + Math.min(count, 500)).join('\n') }), (events) => done.push(events))
  expect(done).toEqual([500, 1000, 1200])
  const { other } = await read(fileOf(text))
  const alignment = await aligned(workerHere(), first, other.prints ?? first, true)
  expect([...alignment.states].filter((state) => rowStates[state] === 'only-second')).toHaveLength(sample.events.length - 1200)
  const rows = new CompareRows(alignment, true)
  const session = { eventAt: (seq: number) => sample.events[seq - 1], sentOf: () => undefined }
  expect(compareLine(rows.at(0) ?? { type: 'fold', row: 0, count: 0 }, session, other)).toMatchObject({ state: 'fold', folded: expect.stringMatching(/^1.197 alike$/) as string })
  const line = compareLine({ type: 'pair', row: 1, first: 1, second: 1, state: 'differs' }, { ...session, eventAt: () => undefined }, other)
  expect([line.first?.text[1], line.second?.node, line.mark]).toEqual(['…', 'vs', '≠'])
})
