// The place of the mutants: named switches, each of which breaks exactly one sentence of the protocol, off by default.
// They travel in `Settings.mutants`, so a recording tells which were on; a machine looks there at the line that keeps the rule.

/** Every mutant that the protocol knows; the edges refuse any other name. */
export const mutantNames = [] as const satisfies readonly string[]

export type MutantName = (typeof mutantNames)[number]
