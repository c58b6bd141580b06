// Collects what one bench reported: its rounds, the values of its goals, and what was absent. It must never do I/O; the suite prints.
import type { Goal, RoundLine } from './bench'
import { isEnough, isQuiet, judgeGoal, type GoalSummary, type GoalValue } from './goals'
import { rounded, spreadOf } from './spread'

/** The medians of one row's numbers. */
export interface RowSummary {
  readonly row: string
  readonly rounds: number
  readonly quietRounds: number
  readonly medians: ReadonlyMap<string, number>
}

export class Ledger {
  readonly absent: { readonly what: string; readonly why: string }[] = []
  readonly #goals: readonly Goal[]
  readonly #values = new Map<string, GoalValue[]>()
  readonly #rows = new Map<string, RoundLine[]>()

  constructor(goals: readonly Goal[]) {
    this.#goals = goals
    for (const { name } of goals) this.#values.set(name, [])
  }

  round(line: RoundLine): void {
    const lines = this.#rows.get(line.row)
    if (lines) lines.push(line)
    else this.#rows.set(line.row, [line])
  }

  value(goal: string, value: number, foreignCores: number): void {
    const values = this.#values.get(goal)
    if (!values) throw new Error(`${JSON.stringify(goal)} is no goal of this bench`)
    values.push({ value, foreignCores })
  }

  /** In the order of the goals. */
  summaries(): GoalSummary[] {
    return this.#goals.map((goal) => judgeGoal(goal, this.#values.get(goal.name) ?? []))
  }

  rows(): RowSummary[] {
    return [...this.#rows].map(([row, lines]) => {
      const quiet = lines.filter(isQuiet)
      const used = isEnough(quiet.length, lines.length) ? quiet : lines
      return { row, rounds: lines.length, quietRounds: quiet.length, medians: mediansOf(used) }
    })
  }
}

function mediansOf(lines: readonly RoundLine[]): Map<string, number> {
  const names = new Set(lines.flatMap((line) => Object.keys(line).filter((name) => name !== 'round' && typeof line[name] === 'number')))
  const medians = new Map<string, number>()
  for (const name of names) {
    const spread = spreadOf(lines.map((line) => line[name]).filter((value): value is number => typeof value === 'number'))
    if (spread) medians.set(name, rounded(spread.median))
  }
  return medians
}
