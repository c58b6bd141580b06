// The mutants: named switches, off by default, each of which breaks exactly one sentence of the protocol.
// They are part of `Settings.mutants`, so a recording shows which were on. A machine checks a mutant at the line that enforces its rule.

export interface Mutant {
  /** The rule that it breaks, 1 to 6; 0: another sentence of the protocol. */
  readonly rule: 0 | 1 | 2 | 3 | 4 | 5 | 6
  /** What goes wrong, as a sentence. */
  readonly does: string
}

/** Every mutant that the protocol knows; parsers and decoders refuse any other name. */
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
  'waits-for-three-backups': { rule: 1, does: 'The primary waits for the first three of its backups only.' },
  'counts-old-transfer-acks': { rule: 0, does: 'The primary counts the ack of a chunk that an earlier life of the backup took.' },
  'installs-on-last-chunk': { rule: 0, does: 'A backup installs the state when the chunk marked last is there, though earlier ones are missing.' },
  'says-installed-early': { rule: 0, does: 'A backup says that the state is installed when the chunk marked last is there, though earlier ones are missing.' },
  'transfer-without-empty': { rule: 0, does: 'A state transfer leaves out the keys that hold an empty value.' },
  'transfer-without-last-key': { rule: 0, does: 'A state transfer leaves out the last key of its last chunk.' },
  'rows-as-they-come': { rule: 0, does: 'A backup installs the rows of the at-most-once table in the order in which the chunks came.' },
  'map-store-skips-entry': { rule: 0, does: 'The store of the simulator leaves out the entry that comes after a chunk which ends exactly at its limit of bytes.' },
  'map-store-skips-bucket': { rule: 0, does: 'The store of the simulator leaves out a bucket that comes after a chunk which ends with the bucket before.' },
  'slab-store-skips-entry': { rule: 0, does: 'The store of real processes leaves out the entry that comes after a chunk which ends exactly at its limit of bytes.' },
  'slab-store-skips-bucket': { rule: 0, does: 'The store of real processes leaves out a bucket that comes after a chunk which ends with the bucket before.' },
  'map-store-drops-append': { rule: 0, does: 'The store of the simulator drops an append to a missing key.' },
  'slab-store-drops-append': { rule: 0, does: 'The store of real processes drops an append to a missing key.' },
  'takes-empty-for-missing': { rule: 0, does: 'A compare-and-swap takes an empty value for a missing key.' },
  'evicts-by-arrival': { rule: 0, does: 'The at-most-once table lets the client go whose first request is the longest ago, however recent its last one is.' },
  'executes-forwards-again': { rule: 0, does: 'A backup executes a forward that is sent again another time.' },
  'keeps-forwards-ahead': { rule: 0, does: 'Forwards that a backup keeps ahead of their turn stay over a view change.' },
  'acks-highest-received': { rule: 0, does: 'A backup acks the highest number that it received, whatever is missing below it.' },
  'deletes-not-forwarded': { rule: 0, does: 'With asynchronous replication backups are sent a read in the place of a delete.' },
  'takes-late-rejections': { rule: 0, does: 'A client takes the rejection of an earlier send for one of its present send.' },
  'reuses-failed-id': { rule: 0, does: 'A client gives the next operation the request id of one that failed.' },
  'calls-refusals-definite': { rule: 0, does: 'A client calls every operation failed that a server it asked straight refused, also where another may have executed it.' },
  'old-ping-keeps-alive': { rule: 0, does: 'A ping of an earlier life counts for the life that the view server knows, though the caller is told to end.' },
  'takes-old-pings': { rule: 0, does: 'The view server takes a ping of an earlier life for one of the life that it knows.' },
  'keeps-ack-list': { rule: 0, does: 'The view server keeps the lives that an ack listed over a view change.' },
  'ack-forgets-new-lives': { rule: 0, does: 'The view server does not look at the lives that an ack lists.' },
  'promotes-second-backup': { rule: 0, does: 'The second live backup takes the place of a dead primary.' },
  'forms-view-at-once': { rule: 0, does: 'A restarted view server forms a view at once, without listening for an earlier one.' },
  'tells-unacked-views': { rule: 0, does: 'The view server tells clients of views that are not acked yet.' },
} as const satisfies Readonly<Record<string, Mutant>>

export type MutantName = keyof typeof mutants

export const mutantNames = Object.keys(mutants) as readonly MutantName[]
