// The place of the mutants: named switches, each of which breaks exactly one sentence of the protocol, off by default.
// A machine asks `isBroken(settings, name)` at the line that keeps the rule, and nowhere else.

/** Every mutant that the protocol knows; an unknown name is refused at the edges. */
export const mutantNames = [] as const satisfies readonly string[]

export type MutantName = (typeof mutantNames)[number]
