// The operations of a session as a table (RFC 4180): one row for each operation that was open at some moment of the range, in the order
// of their ends. A cell of text can never become a formula of a spreadsheet.
import type { OperationFacts, TraceEvent } from '../trace'
import { createWriter, wholeRecording, type Exporter, type Format } from './exporter'
import { OpenOperations } from './open-operations'

export const csv: Exporter = {
  title: 'Operations (CSV)',
  about: 'A table of the operations with their times and outcomes, for spreadsheets and statistics.',
  extension: '.csv',
  mimeType: 'text/csv',
  begin: (header, range = wholeRecording) => createWriter(header, range, () => new CsvFormat()),
}

/** Names of the columns and what a row has there. Numbers stay numbers, text is guarded, nothing is an empty cell. */
const columns: readonly (readonly [name: string, cell: (operation: OperationFacts) => string | number])[] = [
  ['client', ({ client }) => textCell(client)],
  ['incarnation', ({ incarnation }) => incarnation],
  ['operation_id', ({ operationId }) => operationId],
  ['client_id', ({ clientId }) => textCell(clientId)],
  ['request_id', ({ clientId, requestId }) => clientId === '' ? '' : requestId],
  ['asked_by', ({ label }) => textCell(label)],
  ['target', ({ target }) => textCell(target)],
  ['operation', ({ operation }) => operation.type],
  ['key', ({ operation }) => textCell(operation.key)],
  ['value', ({ operation }) => 'value' in operation ? textCell(operation.value) : ''],
  ['expects', ({ operation }) => operation.type !== 'cas' ? '' : operation.expected === null ? 'missing' : 'value'],
  ['expected', ({ operation }) => operation.type === 'cas' ? textCell(operation.expected ?? '') : ''],
  ['invoked_seq', ({ invokedSeq }) => invokedSeq],
  ['invoked_us', ({ invokedAt }) => invokedAt],
  ['returned_seq', (operation) => operation.outcome ? operation.returnedSeq : ''],
  ['returned_us', (operation) => operation.outcome ? operation.returnedAt : ''],
  ['latency_us', (operation) => operation.outcome ? operation.returnedAt - operation.invokedAt : ''],
  ['outcome', ({ outcome }) => outcome?.type ?? 'open'],
  ['reason', ({ outcome }) => outcome && outcome.type !== 'ok' ? outcome.reason : ''],
  ['result', ({ outcome }) => outcome?.type === 'ok' ? outcome.result.type : ''],
  ['result_value', resultValue],
  ['by', ({ outcome }) => outcome && 'by' in outcome ? textCell(outcome.by) : ''],
  ['viewnum', ({ outcome }) => outcome?.type === 'ok' ? outcome.viewnum : ''],
  ['sequence_number', ({ outcome }) => outcome?.type === 'ok' ? outcome.seq : ''],
  ['from_table', ({ outcome }) => outcome?.type === 'ok' ? String(outcome.replayed) : ''],
  ['tries', (operation) => operation.outcome ? operation.tries : ''],
]

export const csvColumns: readonly string[] = columns.map(([name]) => name)

class CsvFormat implements Format {
  readonly notes: string[] = []
  readonly #operations = new OpenOperations()

  before(event: TraceEvent): void {
    this.#operations.take(event)
  }

  begin(): string {
    return row(csvColumns)
  }

  take(event: TraceEvent): string {
    const ended = this.#operations.take(event)
    return ended ? rowOf(ended) : ''
  }

  *end(note: string): Generator<string> {
    for (const operation of this.#operations.open) yield rowOf(operation)
    if (note !== '') this.notes.push('The table has no place for what is said of the recording.')
  }
}

function rowOf(operation: OperationFacts): string {
  return row(columns.map(([, cell]) => cell(operation)))
}

function resultValue({ outcome }: OperationFacts): string {
  if (outcome?.type !== 'ok') return ''
  const { result } = outcome
  if (result.type === 'value') return textCell(result.value)
  return result.type === 'mismatch' ? textCell(result.actual ?? '') : ''
}

/** What spreadsheets take for a formula when a cell begins with it; and the guard itself, so that taking one `'` away is always right. */
const formulaBegin = /^[=+\-@\t\r\n|%']/

function textCell(text: string): string {
  return formulaBegin.test(text) ? `'${text}` : text
}

function row(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => quoted(String(cell))).join(',')}\r\n`
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
