// The operations of a session as a table (RFC 4180), in the order of their ends: one row for each operation that was open at any time in the
// range. A text cell must never become a spreadsheet formula.
import { counted, grouped, type AnyResult, type OperationFacts, type TraceEvent } from '../trace'
import { withBefore } from './escape'
import { createWriter, wholeRecording, type Exporter, type Format } from './exporter'
import { OpenOperations, type OverOperation } from './open-operations'

export const csv: Exporter = {
  title: 'Operations (CSV)',
  about: 'A table of the operations with their times and outcomes, for spreadsheets (at most 1\u00a0048\u00a0576 rows there) and statistics.',
  extension: '.csv',
  mimeType: 'text/csv',
  begin: (header, range = wholeRecording) => createWriter(header, range, () => new CsvFormat()),
}

/** The columns: their names and the cell of each row. Numbers stay numbers; a missing value is an empty cell. */
const columns: readonly (readonly [name: string, cell: (operation: OperationFacts, hasClientDied: boolean) => string | number])[] = [
  ['client', ({ client }) => client],
  ['incarnation', ({ incarnation }) => incarnation],
  ['operation_id', ({ operationId }) => operationId],
  ['client_id', ({ clientId }) => clientId],
  ['request_id', ({ clientId, requestId }) => clientId === '' ? '' : requestId],
  ['asked_by', ({ label }) => label],
  ['target', ({ target }) => target],
  ['operation', ({ operation }) => operation.type === 'call' ? operation.kind : operation.type],
  ['key', ({ operation }) => operation.type === 'call' ? '' : operation.key],
  ['value', ({ operation }) => operation.type === 'call' ? JSON.stringify(operation.body) : 'value' in operation ? operation.value : ''],
  ['expects', ({ operation }) => operation.type !== 'cas' ? '' : operation.expected === null ? 'missing' : 'value'],
  ['expected', ({ operation }) => operation.type === 'cas' ? operation.expected ?? '' : ''],
  ['invoked_seq', ({ invokedSeq }) => invokedSeq],
  ['invoked_us', ({ invokedAt }) => invokedAt],
  ['returned_seq', (operation) => operation.outcome ? operation.returnedSeq : ''],
  ['returned_us', (operation) => operation.outcome ? operation.returnedAt : ''],
  ['latency_us', (operation) => operation.outcome ? operation.returnedAt - operation.invokedAt : ''],
  ['outcome', ({ outcome }) => outcome?.type ?? 'open'],
  ['reason', (operation, hasClientDied) => hasClientDied ? 'client-died' : reasonOf(operation)],
  ['result', ({ outcome }) => outcome?.type === 'ok' ? outcome.result.type : ''],
  ['found', ({ outcome }) => outcome?.type === 'ok' ? foundIn(outcome.result) : ''],
  ['result_value', resultValue],
  ['by', ({ outcome }) => outcome && 'by' in outcome ? outcome.by : ''],
  ['viewnum', ({ outcome }) => outcome?.type === 'ok' ? outcome.viewnum : ''],
  ['executed_viewnum', ({ outcome }) => outcome?.type === 'ok' ? outcome.executedViewnum : ''],
  ['sequence_number', ({ outcome }) => outcome?.type === 'ok' ? outcome.seq : ''],
  ['from_table', ({ outcome }) => outcome?.type === 'ok' ? String(outcome.replayed) : ''],
  ['tries', (operation) => operation.outcome ? operation.tries : ''],
]

export const csvColumns: readonly string[] = columns.map(([name]) => name)

/** Excel's limits, and those of most spreadsheets. The file has all rows and values; notes warn of what a spreadsheet will not show. */
const sheetRowsMax = 1_048_576
const cellCharactersMax = 32_767

class CsvFormat implements Format {
  readonly notes: string[] = []
  readonly #operations = new OpenOperations()
  #rows = 0
  #longCells = 0

  get told(): string {
    return counted(this.#rows, 'operation')
  }

  before(event: TraceEvent): void {
    this.#operations.take(event)
  }

  begin(): string {
    return row(csvColumns)
  }

  take(event: TraceEvent): string {
    return this.#operations.take(event).map((over) => this.#row(over)).join('')
  }

  *end(note: string): Generator<string> {
    for (const operation of this.#operations.open) yield this.#row({ facts: operation, hasClientDied: false })
    if (this.#rows >= sheetRowsMax) this.notes.push(`A sheet of a spreadsheet has at most ${grouped(sheetRowsMax)} rows: what is beyond is not shown there.`)
    if (this.#longCells > 0) this.notes.push(`${counted(this.#longCells, 'row')} ${this.#longCells === 1 ? 'has' : 'have'} a value of more than ${grouped(cellCharactersMax)} characters, which a spreadsheet cuts.`)
    if (note !== '') this.notes.push('The table has no place for what is said of the recording.')
  }

  #row({ facts, hasClientDied }: OverOperation): string {
    this.#rows++
    const cells = columns.map(([, cell]) => cell(facts, hasClientDied))
    if (cells.some((cell) => typeof cell === 'string' && cell.length > cellCharactersMax)) this.#longCells++
    return row(cells)
  }
}

/** For an imported history, the reason in its own words. */
function reasonOf({ outcome }: OperationFacts): string {
  if (!outcome || outcome.type === 'ok') return ''
  return outcome.reason === 'told' ? outcome.told : outcome.reason
}

/** Whether the operation found a value: an empty value cell does not say. */
function foundIn(result: AnyResult): string {
  switch (result.type) {
    case 'value':
    case 'missing': return result.type
    case 'mismatch': return result.actual === null ? 'missing' : 'value'
    case 'done':
    case 'answered':
    case 'too-large': return ''
  }
}

function resultValue({ outcome }: OperationFacts): string {
  if (outcome?.type !== 'ok') return ''
  const { result } = outcome
  if (result.type === 'value') return result.value
  if (result.type === 'answered') return JSON.stringify(result.body)
  return result.type === 'mismatch' ? result.actual ?? '' : ''
}

/** What makes a spreadsheet read a cell as a formula; and the guard itself, so that removing one `'` is always right. */
const formulaBegin = /^[=+\-@\t\r\n|%']/

/** Guards every cell that is not a number, in every column. */
function row(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => typeof cell === 'number' ? String(cell) : quoted(guarded(cell))).join(',')}\r\n`
}

function guarded(text: string): string {
  return formulaBegin.test(text) ? `'${text}` : text
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${withBefore(cell, '"', '"')}"` : cell
}
