// Merges the violations that the window's monitors found with those recorded in the trace. If the session was monitored while it ran, both
// have the same violation, and it must never be shown twice. Pure.

export interface Told {
  readonly seq: number
  readonly rule: string
}

/** The trace's violations that the monitors did not find too; for the others the monitors give the very event that broke the rule. */
export function onlyTold<One extends Told>(told: readonly One[], found: readonly Told[]): One[] {
  return told.filter(({ rule, seq }) => !found.some((one) => one.rule === rule && one.seq <= seq))
}

/** Merges lists of seqs into one sorted list without duplicates. */
export function inOrder(...lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((one, other) => one - other)
}
