import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failoverRecording } from '../sim/testing/random-recording'
import { createRecordingReader, eventProblem, formatEvent, formatHeader, OperationLog, type TraceEvent } from '../trace'
import { exporters } from './exporters'
import { exportPieces } from './exporter'
import { readHistory } from './history'
import { HistoryProblem, historyLanesMax, historyRecording } from './history-recording'

const facts = { title: 'jepsen', createdAt: new Date('2026-01-02T03:04:05Z'), protocolHash: 'mine' }
const recordingOf = (text: string): { header: ReturnType<typeof historyRecording>['header']; events: TraceEvent[] } => {
  const { header, events } = historyRecording(readHistory(text), facts)
  return { header, events: [...events] }
}

test('a history becomes a recording that the reader of recordings takes, with its operations in their order', () => {
  const { header, events } = recordingOf([
    '{:process 0, :type :invoke, :f :write, :value 1, :time 1000000}',
    '{:process 1, :type :invoke, :f :read, :value nil, :time 2000000}',
    '{:process 1, :type :ok, :f :read, :value 1, :time 1500000}',
    '{:process 0, :type :fail, :f :write, :value 1, :time 4000000, :error [:no "disk"]}',
    '{:process :nemesis, :type :info, :f :kill, :value nil}',
  ].join('\n'))
  const reader = createRecordingReader()
  expect(reader.push(`${formatHeader(header)}\n${events.map(formatEvent).join('\n')}\n`).events).toEqual(events)
  expect(header).toMatchObject({ source: 'imported', title: 'jepsen', createdAt: '2026-01-02T03:04:05.000Z', nodes: [{ name: 'c1', kind: 'client' }, { name: 'c2', kind: 'client' }] })
  expect(events.map(({ type, at }) => [type, at])).toEqual([
    // Times never go back, even where the third entry's does.
    ['lab-note', 0], ['operation-invoked', 0], ['operation-invoked', 1000], ['operation-returned', 1000], ['operation-returned', 3000],
  ])
  expect(events[0]).toMatchObject({ text: 'Imported from another tool\'s history: 2 operations. 1 entry of processes that are no clients was left out.' })
  expect(events[4]).toMatchObject({ outcome: { type: 'failed', reason: 'told', told: '[:no "disk"]', by: '' } })
})

test('a process that goes on for one whose operation is unknown has its lane, as another life', () => {
  const { header, events } = recordingOf([
    '{:process 0, :type :invoke, :f :write, :value 1}', '{:process 0, :type :info, :f :write, :value 1}',
    '{:process 7, :type :invoke, :f :write, :value 2}', '{:process 7, :type :ok, :f :write, :value 2}',
  ].join('\n'))
  expect(header.nodes).toHaveLength(1)
  expect(events.filter(({ type }) => type === 'operation-invoked').map((event) => 'incarnation' in event && event.incarnation)).toEqual([1, 2])
  expect(events.find((event) => event.type === 'lab-note' && event.node === 'c1')).toMatchObject({ text: 'Process 7 goes on in the place of process 0, whose last operation is unknown.' })
  // A history without times keeps its order, with a millisecond for each entry.
  expect(events.map(({ at }) => at)).toEqual([0, 0, 1000, 2000, 2000, 3000])
})

test('what keys began with is on a lane of its own before all others, and what was assumed stands in the first note', () => {
  const text = ['{:process 0, :type :invoke, :f :get, :key "x"}', '{:process 0, :type :ok, :f :get, :key "x", :value ""}', '{:process 0, :type :invoke, :f :get, :key "y"}'].join('\n')
  const { header, events } = recordingOf(text)
  expect(header.nodes).toEqual([{ name: 'initial', kind: 'client' }, { name: 'c1', kind: 'client' }])
  expect(events.map((event) => [event.type, 'node' in event && event.node])).toEqual([
    ['lab-note', ''], ['operation-invoked', 'initial'], ['operation-returned', 'initial'], ['operation-invoked', 'initial'], ['operation-returned', 'initial'],
    ['operation-invoked', 'c1'], ['operation-returned', 'c1'], ['operation-invoked', 'c1'],
  ])
  expect(events[0]).toMatchObject({ text: expect.stringMatching(/^Imported from another tool's history: 2 operations\. A missing key is taken to read as an empty value, .*\.$/) as string })
  expect(events[1]).toMatchObject({ label: 'what the key held at the beginning', operation: { operation: { type: 'put', key: 'x', value: '' } } })
  const reader = createRecordingReader()
  expect(reader.push(`${formatHeader(header)}\n${events.map(formatEvent).join('\n')}\n`).events).toEqual(events)
})

test('too many processes at work at once are refused with one sentence', () => {
  const text = Array.from({ length: historyLanesMax + 1 }, (_, process) => `{:process ${process}, :type :invoke, :f :read}`).join('\n')
  expect(() => historyRecording(readHistory(text), facts)).toThrow(new HistoryProblem(`The history has more than ${historyLanesMax} processes at work at once, the most that can be shown.`))
})

describe('what was exported and imported', () => {
  test('says of every operation what the recording said', () => {
    const sample = failoverRecording()
    const edn = [...exportPieces(exporters.jepsen, sample.header, sample.events)].join('')
    const operationsOf = (events: readonly TraceEvent[]): unknown[] => {
      const log = new OperationLog()
      for (const event of events) log.take(event)
      return log.list.map(({ operation, outcome }) => [operation, outcome?.type === 'ok' ? outcome.result : 'not done'])
    }
    expect(operationsOf(recordingOf(edn).events)).toEqual(operationsOf(sample.events))
  })

  test('is the same history again, whatever it was', () => {
    const process = fc.nat(3)
    const outcome = fc.constantFrom(':ok', ':fail', ':info')
    fc.assert(fc.property(fc.array(fc.tuple(process, outcome, fc.nat(9)), { maxLength: 30 }), (steps) => {
      const lines: string[] = []
      const open = new Map<number, number>()
      let numbers = [0, 1, 2, 3]
      for (const [index, type, value] of steps) {
        const number = numbers[index] as number
        const was = open.get(number)
        if (was === undefined) {
          open.set(number, value)
          lines.push(`{:process ${number}, :type :invoke, :f :write, :key "k", :value "${value}"}`)
          continue
        }
        open.delete(number)
        lines.push(`{:process ${number}, :type ${type}, :f :write, :key "k", :value "${was}"}`)
        if (type === ':info') numbers = numbers.with(index, number + 4)
      }
      if (lines.length === 0) return
      const history = readHistory(lines.join('\n'))
      const { header, events } = historyRecording(history, facts)
      const all = [...events]
      for (const event of all) expect(eventProblem(event, event.seq)).toBeUndefined()
      const again = readHistory([...exportPieces(exporters.jepsen, header, all)].join(''))
      const plain = ({ operations }: typeof history): unknown[] => operations.map(({ operation, outcome: { type } }) => [operation, type])
      expect(plain(again)).toEqual(plain(history))
    }), { numRuns: 300 })
  })
})
