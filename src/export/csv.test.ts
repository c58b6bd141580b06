// The table, read by an independent CSV parser, cell by cell against what the clients saw.
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldsOf, operationTypes, type Result } from '../protocol'
import { failoverRecording, hostileTexts, randomRecording, type SampleRecording } from '../sim/testing/random-recording'
import { grouped, OperationLog, type EndedOutcome, type Recorded, type TraceEvent } from '../trace'
import { csv, csvColumns } from './csv'
import { exportPieces, type ExportRange } from './exporter'

type Row = Readonly<Record<string, string>>

const textOf = ({ header, events }: SampleRecording, range?: ExportRange): string => [...exportPieces(csv, header, events, range)].join('')
const rowsOf = (text: string): Row[] => parse(text, { columns: true, record_delimiter: '\r\n' })

/** The text of a cell after a reader has removed the guard. */
const unguarded = (cell = ''): string => cell.startsWith('\'') ? cell.slice(1) : cell

describe('the table of operations', { timeout: 300_000 }, () => {
  it('has a column for each field of each operation', () => {
    expect(operationTypes.flatMap(fieldsOf).map(({ name }) => name).filter((name) => !csvColumns.includes(name))).toEqual([])
  })

  it('has a row for each operation, with its values and its outcome', () => {
    for (const recording of [failoverRecording(), ...Array.from({ length: 10 }, (_, seed) => randomRecording(`csv ${seed}`))]) {
      const log = new OperationLog()
      for (const event of recording.events) log.take(event)
      const rows = new Map(rowsOf(textOf(recording)).map((row) => [row.invoked_seq, row]))
      expect(rows.size).toBe(log.list.length)
      for (const { invokedSeq, client, operation, outcome, returnedAt, invokedAt } of log.list) {
        if (operation.type === 'call') throw new Error('no client here makes calls')
        const row = rows.get(String(invokedSeq))
        const result = outcome?.type === 'ok' ? outcome.result : undefined
        expect([row?.client, row?.operation, unguarded(row?.key), row?.outcome, row?.latency_us, row?.result]).toEqual(
          [client, operation.type, operation.key, outcome?.type ?? 'open', outcome ? String(returnedAt - invokedAt) : '', result?.type ?? ''])
        if ('value' in operation) expect(unguarded(row?.value)).toBe(operation.value)
        if (operation.type === 'cas') expect([row?.expects, unguarded(row?.expected)]).toEqual([operation.expected === null ? 'missing' : 'value', operation.expected ?? ''])
        if (result?.type === 'value') expect(unguarded(row?.result_value)).toBe(result.value)
      }
    }
  })

  it('no cell of text begins a formula, and the guard can be undone', () => {
    const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom(...hostileTexts, '=1', '+1', '-1', '@x', '\t=1', '\r=1', '\'x', '|calc', '%x'))
    fc.assert(fc.property(key, (text) => {
      const { header } = failoverRecordingOnce
      const invoked = {
        seq: 1, at: 0, wall: 0, type: 'operation-invoked' as const, node: 'c1', incarnation: 1, step: 1, label: 'person',
        operation: { type: 'operation' as const, operationId: 1, session: -1, target: '' as const, operation: { type: 'put' as const, key: text, value: text } },
      }
      const [row] = rowsOf(textOf({ header, events: [invoked] }))
      expect(row?.key).not.toMatch(/^[=+\-@\t\r\n|%]/)
      expect(unguarded(row?.key)).toBe(text)
      expect(unguarded(row?.value)).toBe(text)
    }))
  })

  it('tells what was looked at and missing from an empty value, and why an operation has no result', () => {
    const stamp = (seq: number): { seq: number; at: number; wall: number } => ({ seq, at: seq, wall: seq })
    const of = { node: 'c1', incarnation: 1, step: 1 } as const
    const results: readonly Recorded<Result>[] = [
      { type: 'mismatch', actual: null }, { type: 'mismatch', actual: '' }, { type: 'mismatch', actual: 'x' }, { type: 'value', value: '' }, { type: 'missing' }, { type: 'done' }, { type: 'too-large' },
    ]
    const outcomes: readonly EndedOutcome[] = [
      ...results.map((result): EndedOutcome => ({ type: 'ok', result, by: 's1', viewnum: 4, seq: 7, replayed: true, executedViewnum: 3 })),
      { type: 'failed', reason: 'told', told: ':timeout', by: '' }, { type: 'unknown', reason: 'told', told: '=net' }, { type: 'unknown', reason: 'busy' },
    ]
    const events = outcomes.flatMap((outcome, index): TraceEvent[] => [
      { ...stamp(2 * index + 1), type: 'operation-invoked', ...of, label: '', operation: { type: 'operation', operationId: index, session: -1, target: '', operation: { type: 'get', key: 'k' } } },
      { ...stamp(2 * index + 2), type: 'operation-returned', ...of, operationId: index, outcome, tries: 1 } as TraceEvent,
    ])
    const open = { ...stamp(101), type: 'operation-invoked' as const, ...of, label: '', operation: { type: 'operation' as const, operationId: 99, session: -1, target: '' as const, operation: { type: 'get' as const, key: 'k' } } }
    const died = { ...stamp(102), type: 'node-exited' as const, node: 'c1', incarnation: 1, code: null, signal: 'SIGKILL', stderr: '' }
    const rows = rowsOf(textOf({ header: failoverRecordingOnce.header, events: [...events, open, died] }))
    expect(rows.map(({ outcome, reason, result, found, result_value: value }) => [outcome, reason, result, found, value])).toEqual([
      ['ok', '', 'mismatch', 'missing', ''], ['ok', '', 'mismatch', 'value', ''], ['ok', '', 'mismatch', 'value', 'x'], ['ok', '', 'value', 'value', ''], ['ok', '', 'missing', 'missing', ''],
      ['ok', '', 'done', '', ''], ['ok', '', 'too-large', '', ''], ['failed', ':timeout', '', '', ''], ['unknown', '\'=net', '', '', ''], ['unknown', 'busy', '', '', ''],
      ['open', 'client-died', '', '', ''],
    ])
    expect(rows[0]).toMatchObject({ viewnum: '4', executed_viewnum: '3', from_table: 'true', sequence_number: '7' })
  })

  it('what a spreadsheet would cut is said', () => {
    const { header } = failoverRecordingOnce
    const writer = csv.begin(header)
    for (const event of [32_767, 32_768].map((length, index): TraceEvent => ({
      seq: index + 1, at: 0, wall: 0, type: 'operation-invoked', node: 'c1', incarnation: 1, step: 1, label: '',
      operation: { type: 'operation', operationId: index, session: -1, target: '', operation: { type: 'put', key: 'k', value: 'v'.repeat(length) } },
    }))) writer.take(event)
    expect([...writer.end()].join('').length).toBeGreaterThan(60_000)
    expect(writer.notes).toEqual([`1 row has a value of more than ${grouped(32_767)} characters, which a spreadsheet cuts.`])
  })

  it('a range has the operations that were open in it', () => {
    const recording = failoverRecording()
    const kill = recording.events.find((event) => event.type === 'node-killed')?.seq ?? 0
    const rows = rowsOf(textOf(recording, { from: kill, to: kill + 50 }))
    const open = new OperationLog()
    for (const event of recording.events.slice(0, kill + 50)) open.take(event)
    const expected = open.list.filter(({ returnedSeq }) => returnedSeq === 0 || returnedSeq >= kill).map(({ invokedSeq }) => String(invokedSeq))
    expect(rows.map(({ invoked_seq: seq }) => seq).sort()).toEqual(expected.sort())
    expect(expected.length).toBeGreaterThan(0)
  })

  it('lines end as RFC 4180 says, and the first names the columns', () => {
    const text = textOf(failoverRecordingOnce)
    expect(text.startsWith(`${csvColumns.join(',')}\r\n`)).toBe(true)
    expect(text.endsWith('\r\n')).toBe(true)
  })
})

const failoverRecordingOnce = failoverRecording()
