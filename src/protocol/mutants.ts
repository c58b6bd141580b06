// The mutants: named switches, each of which breaks exactly one sentence of the protocol, off by default.
// They travel in `Settings.mutants`, so a recording tells which were on; a machine looks there at the line that keeps the rule.

export interface Mutant {
  /** The rule that it breaks, 1 to 6; 0: another sentence of the protocol. */
  readonly rule: 0 | 1 | 2 | 3 | 4 | 5 | 6
  /** What goes wrong, as a sentence. */
  readonly does: string
}

/** Every mutant that the protocol knows; the edges refuse any other name. */
export const mutants = {
  'answers-before-backups': { rule: 1, does: 'The primary executes and answers at once, and its backups follow.' },
  'promotes-idle': { rule: 2, does: 'Where no backup is left, the view server makes an idle server primary.' },
  'takes-any-forward': { rule: 3, does: 'A server executes forwards of any view, from anybody.' },
  'executes-in-transfer': { rule: 4, does: 'The primary executes operations while it sends its state.' },
  'backup-answers': { rule: 5, does: 'A backup answers reads from its own copy.' },
  'view-without-ack': { rule: 6, does: 'The view server makes the next view before the primary has acked the current one.' },
  'reads-without-backups': { rule: 1, does: 'The primary answers reads by itself, without its backups.' },
  'transfer-of-an-old-view': { rule: 4, does: 'A backup installs a state that was sent in an earlier view.' },
  'forwards-as-they-come': { rule: 0, does: 'A backup executes forwards in the order of their arrival.' },
  'table-not-transferred': { rule: 0, does: 'The at-most-once table stays behind when the state is transferred.' },
} as const satisfies Readonly<Record<string, Mutant>>

export type MutantName = keyof typeof mutants

export const mutantNames = Object.keys(mutants) as readonly MutantName[]
