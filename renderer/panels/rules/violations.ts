// Where a session's rules broke: what the window's own watching found, and what the trace tells. Both tell of the same breach in a session
// that was watched while it ran, and it must never be shown twice. Pure.

export interface Told {
  readonly seq: number
  readonly rule: string
}

/** The violations of the trace without those that watching found too: where it found one there is the event that broke the rule itself. */
export function onlyTold<Violation extends Told>(violations: readonly Violation[], breaches: readonly Told[]): Violation[] {
  return violations.filter(({ rule, seq }) => !breaches.some((breach) => breach.rule === rule && breach.seq <= seq))
}

/** Lists in order of their seq as one, each seq once. */
export function inOrder(...lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((one, other) => one - other)
}
