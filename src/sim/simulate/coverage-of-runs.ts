// What many runs together have reached, in the order of coverage-kinds.ts; a kind that none has reached is listed with zero.
import { coverageKinds } from './coverage-kinds'

/** How often each kind was reached in one run, by `group: kind`. */
export type Reached = Readonly<Record<string, number>>

export interface CoverageRow {
  readonly group: string
  readonly kind: string
  /** How many runs reached it, and how often in all. */
  readonly seeds: number
  readonly times: number
}

/** A row for each kind that should be reached, and for each other kind that was. */
export function coverageOf(runs: readonly Reached[]): CoverageRow[] {
  const rows = new Map<string, { group: string; kind: string; seeds: number; times: number }>()
  const rowOf = (group: string, kind: string): { seeds: number; times: number } => {
    const name = `${group}: ${kind}`
    const row = rows.get(name) ?? { group, kind, seeds: 0, times: 0 }
    rows.set(name, row)
    return row
  }
  for (const [group, kinds] of Object.entries(coverageKinds)) for (const kind of kinds) rowOf(group, kind)
  for (const reached of runs) {
    for (const [name, times] of Object.entries(reached)) {
      const at = name.indexOf(': ')
      const row = rowOf(name.slice(0, at), name.slice(at + 2))
      row.seeds++
      row.times += times
    }
  }
  return [...rows.values()]
}
