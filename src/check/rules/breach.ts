// What a monitor says: a rule that was broken, by which event, and which events prove it.

/** Everything that is watched. The first six are the rules of the protocol, by its own numbers. */
export const ruleNames = [
  'rule-1', 'rule-2', 'rule-3', 'rule-4', 'rule-5', 'rule-6', 'at-most-once', 'no-lost-write', 'equal-copies', 'backup-not-ahead', 'one-primary',
] as const
export type RuleName = (typeof ruleNames)[number]

export interface RuleText {
  readonly title: string
  /** The rule as a sentence. */
  readonly says: string
  /** Its number on UW's slides; 0: it is not there. */
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
  'equal-copies': { title: 'Equal copies', uw: 0, says: 'While nothing is under way between them, the primary and its backups hold the same.' },
  'backup-not-ahead': { title: 'Backup not ahead', uw: 0, says: 'A backup executes nothing that its primary has not sent.' },
  'one-primary': { title: 'One primary', uw: 0, says: 'In each view one life of one server acts as primary.' },
}

export interface Breach {
  readonly rule: RuleName
  /** The event that breaks it. */
  readonly seq: number
  /** Events that prove it, in order; the breaking one is among them. */
  readonly evidence: readonly number[]
  /** One sentence for a student. */
  readonly text: string
}

/** How a rule stands. `not-promised`: the settings promise nothing of the kind, and breaches are told all the same. */
export type RuleStanding = 'held' | 'not-exercised' | 'broken' | 'not-promised'

export interface RuleState {
  readonly rule: RuleName
  readonly standing: RuleStanding
  /** How often it could have been broken and was not. */
  readonly held: number
  readonly broken: number
  readonly first: Breach | null
}

/** One rule's watcher: looks at every event, in order, with the facts as they were before it. Constant work for each. */
export interface Monitor {
  readonly rule: RuleName
  /** Times that it could have been broken and was not. */
  readonly held: number
}
