// What a monitor reports: the rule that was broken, the event that broke it, and the events that prove it.
import type { Message } from '../../protocol'
import type { EventType } from '../../trace'

/** All rules that are watched. The first six are the protocol's rules, by its own numbers. */
export const ruleNames = [
  'rule-1', 'rule-2', 'rule-3', 'rule-4', 'rule-5', 'rule-6', 'at-most-once', 'no-lost-write', 'equal-copies', 'backup-not-ahead', 'one-primary',
  'whole-transfer', 'right-view', 'acked-views', 'nothing-stale', 'honest-failure',
] as const
export type RuleName = (typeof ruleNames)[number]

export interface RuleText {
  readonly title: string
  /** The rule in one sentence. */
  readonly says: string
  /** Its number on UW's slides; 0: not there. */
  readonly uw: number
}

export const ruleTexts: Readonly<Record<RuleName, RuleText>> = {
  'rule-1': { title: 'Rule 1', uw: 1, says: 'The primary waits for its backups to execute and reply before it executes and answers.' },
  'rule-2': { title: 'Rule 2', uw: 3, says: 'The primary of a view was primary or backup of the view before.' },
  'rule-3': { title: 'Rule 3', uw: 2, says: 'A backup takes forwarded operations only if the view is right.' },
  'rule-4': { title: 'Rule 4', uw: 6, says: 'Every operation is before or after the state transfer.' },
  'rule-5': { title: 'Rule 5', uw: 4, says: 'A server that is not primary refuses what clients ask.' },
  'rule-6': { title: 'Rule 6', uw: 5, says: 'The view server changes no view until the primary has acked the current one.' },
  'at-most-once': { title: 'At most once', uw: 0, says: 'Every operation has a request id of its own, and none is executed twice.' },
  'no-lost-write': { title: 'No lost write', uw: 0, says: 'What was acknowledged is in the state that the next primary serves.' },
  'equal-copies': { title: 'Equal copies', uw: 0, says: 'While nothing is in flight between them, the primary and its backups hold the same.' },
  'backup-not-ahead': { title: 'Backup not ahead', uw: 0, says: 'A backup executes nothing that its primary has not sent.' },
  'one-primary': { title: 'One primary', uw: 0, says: 'In each view one life of one server acts as primary.' },
  'whole-transfer': { title: 'Whole transfer', uw: 0, says: 'What a backup installs is the state that its primary sent from, all of it.' },
  'right-view': { title: 'Right view', uw: 0, says: 'Each view follows from the pings: who is dead leaves, the first live backup is promoted, who is idle joins in order.' },
  'acked-views': { title: 'Acked views', uw: 0, says: 'Clients are told views that were acked, and no others.' },
  'nothing-stale': { title: 'Nothing stale', uw: 0, says: 'What is of an earlier life, view or send changes nothing.' },
  'honest-failure': { title: 'Honest failure', uw: 0, says: 'What a client was told had failed is executed by nobody.' },
}

export interface Violation {
  readonly rule: RuleName
  /** The event that breaks the rule. */
  readonly seq: number
  /** The events that prove it, in order; the breaking event is one of them. */
  readonly evidence: readonly number[]
  /** One sentence for a student. */
  readonly text: string
  /** The protocol is not at fault, a setting allows this: the client's row was evicted from the at-most-once table. */
  readonly because?: 'eviction'
}

/** The events that prove a violation, in order; unknown ones (undefined, 0) are left out. */
export function evidenceOf(...seqs: readonly (number | undefined)[]): number[] {
  return [...new Set(seqs.filter((seq) => seq !== undefined && seq > 0) as number[])].sort((one, other) => one - other)
}

/**
 * How a rule stands. `not-promised`: the settings do not promise it; violations are reported all the same. `not-judged`: something that the
 * monitor needs is unknown; `why` says what.
 */
export type RuleStanding = 'held' | 'not-exercised' | 'broken' | 'not-promised' | 'not-judged'

export interface RuleState {
  readonly rule: RuleName
  readonly standing: RuleStanding
  /** How often it could have been broken but was not. */
  readonly held: number
  readonly broken: number
  readonly first: Violation | null
  /** Why part of the run is not judged, to follow "not judged, because "; empty if all of it is. */
  readonly why: string
}

/** The events that a monitor looks at, by type, and messages by theirs. Most monitors leave out most events; none may leave out one it needs. */
export interface LooksAt {
  readonly events?: readonly Exclude<EventType, 'message-sent' | 'message-taken'>[]
  readonly sent?: readonly Message['type'][] | 'all'
  /** A message of which nothing is known reaches every monitor. */
  readonly taken?: readonly Message['type'][] | 'all'
}

/** The monitor of one rule: sees events in order, each with the facts from before it. It must do only constant work for each. */
export interface Monitor {
  readonly rule: RuleName
  readonly looksAt: LooksAt
  /** How often the rule could have been broken but was not. */
  readonly held: number
  /** Why it cannot judge the rest of the run; empty if it can. */
  readonly limit?: string
}
