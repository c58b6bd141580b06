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
  'waits-for-one-backup': { rule: 1, does: 'With several backups the primary waits for the first of them that has executed, and not for all.' },
  'gives-up-on-backup': { rule: 1, does: 'The primary goes on without its backups when they do not answer for long, in the same view.' },
  'counts-old-acks': { rule: 1, does: 'The primary counts what a backup executed in an earlier view.' },
  'acks-before-transfer': { rule: 4, does: 'The primary acks a view before its backups have its state.' },
  'answers-in-transfer': { rule: 4, does: 'While it sends its state the primary still answers from the at-most-once table.' },
  'deposed-executes': { rule: 5, does: 'A primary that learns that it is deposed executes and answers what still waited.' },
  'takes-old-requests': { rule: 5, does: 'A primary takes requests that were meant for the primary of an earlier view.' },
  'any-ping-acks': { rule: 6, does: 'The view server takes a ping of any server, with any viewnum, for the ack of the view.' },
  'restart-unnoticed': { rule: 0, does: 'Servers are told apart by name alone: one that restarts quickly goes on in its role, with an empty memory.' },
  'goes-back-to-old-views': { rule: 0, does: 'A server adopts whatever view it is told, also one that is older than its own.' },
  'forgets-requests': { rule: 0, does: 'There is no at-most-once table: a repeated request is executed again.' },
  'table-only-at-primary': { rule: 0, does: 'A backup executes forwards and does not note them in its at-most-once table.' },
  'new-id-for-retry': { rule: 0, does: 'A client that sends an operation again gives it a new request id.' },
  'reuses-request-id': { rule: 0, does: 'A client gives all its operations the same request id.' },
  'acks-before-its-turn': { rule: 0, does: 'A backup acks a forward that came ahead of its turn, before it can execute it.' },
  'acks-without-executing': { rule: 0, does: 'A backup counts and acks the forwards that it takes, and does not execute them.' },
  'keeps-its-own-state': { rule: 0, does: 'A backup that stays in the next view keeps its own state and takes no transfer.' },
  'keeps-old-keys': { rule: 0, does: 'A transferred state is put over the old one: keys that were deleted meanwhile stay.' },
  'executed-not-transferred': { rule: 0, does: 'A transferred state comes without the number of its last operation.' },
  'numbers-restart': { rule: 0, does: 'A server that becomes primary numbers its operations from 1 again.' },
} as const satisfies Readonly<Record<string, Mutant>>

export type MutantName = keyof typeof mutants

export const mutantNames = Object.keys(mutants) as readonly MutantName[]
