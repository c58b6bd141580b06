// Which monitor is there for which mutant: the table of mutants and the tests ask it.
import type { MutantName } from '../../protocol'
import type { RuleName } from './breach'

/** The monitor that catches each mutant; of a mutant that breaks a rule it is that rule's. */
export const ownMonitor: Readonly<Record<MutantName, RuleName>> = {
  'answers-before-backups': 'rule-1',
  'reads-without-backups': 'rule-1',
  'waits-for-one-backup': 'rule-1',
  'gives-up-on-backup': 'rule-1',
  'counts-old-acks': 'rule-1',
  'promotes-idle': 'rule-2',
  'takes-any-forward': 'rule-3',
  'executes-in-transfer': 'rule-4',
  'transfer-of-an-old-view': 'rule-4',
  'acks-before-transfer': 'rule-4',
  'answers-in-transfer': 'rule-4',
  'backup-answers': 'rule-5',
  'deposed-executes': 'rule-5',
  'takes-old-requests': 'rule-5',
  'view-without-ack': 'rule-6',
  'any-ping-acks': 'rule-6',
  'restart-unnoticed': 'no-lost-write',
  'goes-back-to-old-views': 'one-primary',
  'table-not-transferred': 'at-most-once',
  'forgets-requests': 'at-most-once',
  'new-id-for-retry': 'at-most-once',
  'reuses-request-id': 'at-most-once',
  'forwards-as-they-come': 'equal-copies',
  'table-only-at-primary': 'equal-copies',
  'acks-before-its-turn': 'equal-copies',
  'acks-without-executing': 'equal-copies',
  'keeps-its-own-state': 'equal-copies',
  'keeps-old-keys': 'equal-copies',
  'executed-not-transferred': 'equal-copies',
  'numbers-restart': 'equal-copies',
}
