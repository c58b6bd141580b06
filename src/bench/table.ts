// The results of a bench as Markdown: its goals, then the medians of all absolute numbers.
import type { GoalSummary } from './goals'
import type { RowSummary } from './ledger'

/** The goals of one bench. A row gives the number of quiet rounds if not all were quiet. */
export function goalTable(summaries: readonly GoalSummary[]): string {
  const rows = summaries.map((summary) => [
    summary.goal, withUnit(summary.median, summary.unit), summary.min === null ? '' : `${summary.min} to ${summary.max}`, roundsOf(summary),
    mark(summary.needed, summary.better), mark(summary.aim, summary.better), metWords[summary.met],
  ])
  return markdownTable(['goal', 'median', 'spread', 'rounds', 'needed', 'aim', 'met'], rows)
}

/** One column for each number that any row has. */
export function rowTable(rows: readonly RowSummary[]): string {
  const names = [...new Set(rows.flatMap(({ medians }) => [...medians.keys()]))]
  return markdownTable(['row', ...names, 'rounds'], rows.map((row) => [row.row, ...names.map((name) => String(row.medians.get(name) ?? '')), roundsOf(row)]))
}

const metWords = { aim: 'aim', needed: 'needed', missed: '**missed**', told: '', absent: 'absent' } as const satisfies Record<GoalSummary['met'], string>

const withUnit = (value: number | null, unit: string): string => value === null ? '' : unit === 'ratio' ? String(value) : `${value} ${unit}`
const mark = (value: number | null, better: GoalSummary['better']): string => value === null ? '' : `${better === 'higher' ? '>=' : '<='} ${value}`
const roundsOf = ({ rounds, quietRounds }: { rounds: number; quietRounds: number }): string => quietRounds === rounds ? String(rounds) : `${rounds}, ${quietRounds} quiet`

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`).join('')
}
