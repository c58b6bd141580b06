// Decides whether a condition holds, from the evidence alone. Each part returns null if it holds, or a function that says what was seen
// instead: the sentence is only made for the step that fails. It must never change anything.
import { endReads, judgeHistory, ruleNames, ruleTexts, shownValue, type RuleName, type SearchLimits } from '../check'
import { kindOf, viewServerName, type MessageKind, type MessageType, type NodeName, type Outcome, type ViewCause } from '../protocol'
import { copyDifference, currentView, outcomeText, viewCauseText, viewText, type Recorded, type MessageInFlight, type ToldCopy } from '../trace'
import type { Evidence, OperationRecord } from './evidence'
import { appendsProblem, lostWrites } from './kept'
import type { Condition, Gives } from './schema'
import { givesText, rangeText } from './words'

/** Nothing says whether a condition holds. It must never count as met, nor as failed. */
export class NotJudged {
  /** To follow "not judged: ". */
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/** Null if the condition holds; else what was seen instead, or why nobody can tell. */
export type Judged = null | (() => string) | NotJudged

export interface JudgedBy {
  readonly evidence: Evidence
  /** The nodes that a name or a role stands for now. Throws one sentence if there is none. */
  readonly nodesOf: (words: string | readonly string[]) => NodeName[]
  /** The label of the operation that a step named. */
  readonly labelOf: (name: string) => string
  /** The seq at a mark; 0 for the beginning. */
  readonly markOf: (name: string | undefined) => number
  /** Appends that a step named, or all. */
  readonly appendsOf: (name: string | true) => readonly AppendsToJudge[]
}

export interface AppendsToJudge {
  readonly key: string
  readonly clients: readonly string[]
  /** The numbers of this client's acknowledged appends. */
  readonly acknowledged: (client: string) => readonly number[]
}

/** True if a check after every event would cost too much: the condition reads a store or counts from a mark. */
export function isCostly({ value, equalStores, appendsKept, writesKept, linearizable, messages, waiting, longestWait, acknowledged }: Condition): boolean {
  return [value, equalStores, appendsKept, writesKept, linearizable, messages, waiting, longestWait, acknowledged].some((part) => part !== undefined)
}

export function judge(condition: Condition, by: JudgedBy): Judged {
  const parts = [
    condition.view && judgeView(condition.view, by), condition.role && judgeRole(condition.role, by),
    condition.returned && judgeReturned(condition.returned, true, by), condition.waits && judgeReturned(condition.waits, false, by),
    condition.result && judgeResult(condition.result, by),
    condition.stuck !== undefined && judgeStuck(condition.stuck, by), condition.frozen !== undefined && judgeFrozen(condition.frozen, by),
    condition.views && judgeViews(condition.views, by), condition.fault && judgeFault(condition.fault, by),
    condition.messages && judgeMessages(condition.messages, by), condition.waiting && judgeWaiting(condition.waiting, by),
    condition.acknowledged && judgeAcknowledged(condition.acknowledged, by), condition.longestWait && judgeLongestWait(condition.longestWait.atMost, by),
    condition.rulesKept && judgeRules(condition.rulesKept, by), condition.broken && judgeBroken(condition.broken, by),
    condition.value && judgeValue(condition.value, by), condition.equalStores && judgeEqual(condition.equalStores, by),
    condition.appendsKept && judgeAppends(condition.appendsKept, by), condition.writesKept !== undefined && judgeWrites(condition.writesKept, by),
    condition.linearizable !== undefined && judgeLinearizable(condition.linearizable, by),
  ]
  return parts.find((part) => typeof part === 'function') ?? parts.find((part) => part instanceof NotJudged) ?? null
}

// ---- views and roles

function judgeView(wanted: NonNullable<Condition['view']>, { evidence, nodesOf }: JudgedBy): Judged {
  const current = currentView(evidence.state)
  const view = current?.view
  const viewnum = view?.viewnum ?? 0
  const primary = view?.primary?.name ?? null
  const backups = view?.backups.map(({ name }) => name) ?? []
  const isAcked = current !== undefined && current.ackedAt >= 0
  const holds = (wanted.viewnum === undefined || viewnum === wanted.viewnum)
    && (wanted.atLeast === undefined || viewnum >= wanted.atLeast)
    && (wanted.primary === undefined || primary === (wanted.primary === null ? null : nodesOf(wanted.primary)[0]))
    && (wanted.backups === undefined || sameNames(backups, nodesOf(wanted.backups)))
    && (wanted.backupCount === undefined || backups.length === wanted.backupCount)
    && (wanted.acked === undefined || isAcked === wanted.acked)
    && (wanted.because === undefined || (current !== undefined && isBecause(current.cause, wanted.because)))
  if (!holds && wanted.because !== undefined && !evidence.state.inferred.tellsViews(viewServerName)) return new NotJudged(`${viewServerName} does not tell why it changes a view`)
  return holds ? null : () => current ? `${viewText(current.view)}${isAcked ? ', acked' : ', not acked'}. ${viewCauseText(current, evidence.state.header)}` : 'there is no view yet'
}

function isBecause(cause: ViewCause, wanted: string): boolean {
  return cause.type === wanted || (cause.type === 'change' && cause.left.some(({ because }) => because === wanted))
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name))
}

function judgeRole({ node, is, serving, life }: NonNullable<Condition['role']>, { evidence, nodesOf }: JudgedBy): Judged {
  for (const name of nodesOf(node)) {
    const facts = evidence.state.nodes.get(name)
    if (!facts) return () => `there is no node ${name}`
    const holds = (is === undefined || facts.believes === is) && (serving === undefined || facts.serving === serving)
      && (life === undefined || facts.life === life || (life === 'dead' && facts.life === 'none'))
    if (!holds && facts.life !== 'dead' && !evidence.state.inferred.tellsRoles(name)) return new NotJudged(`${name} does not tell its role`)
    if (!holds) return () => `${name} is ${facts.life}, believes it is ${facts.believes ?? 'nothing yet'} and ${facts.serving ? 'serves' : 'does not serve'}`
  }
  return null
}

function judgeStuck(wanted: NonNullable<Condition['stuck']>, { evidence }: JudgedBy): Judged {
  const { stuck } = evidence.state
  const holds = typeof wanted === 'boolean' ? (stuck !== null) === wanted : stuck?.type === wanted
  if ((!holds || wanted === false) && !evidence.state.inferred.tellsStuck(viewServerName)) return new NotJudged(`${viewServerName} does not tell whether it is stuck`)
  return holds ? null : () => stuck ? `it is stuck: ${stuck.type}` : 'it is not stuck'
}

function judgeFrozen(wanted: boolean, { evidence }: JudgedBy): Judged {
  return (evidence.state.freeze > 0) === wanted ? null : () => wanted ? 'it is not frozen' : `it is frozen: ${evidence.state.freezeReason}`
}

function judgeViews({ since, ...range }: NonNullable<Condition['views']>, { evidence, markOf }: JudgedBy): Judged {
  const from = markOf(since)
  const count = evidence.state.views.filter(({ seq }) => seq > from).length
  return inRange(count, range) ? null : () => `${count} view changes`
}

// ---- operations

function judgeReturned(names: string | readonly string[], wanted: boolean, { evidence, labelOf }: JudgedBy): Judged {
  for (const name of [names].flat()) {
    const record = evidence.operationOf(labelOf(name))
    const hasReturned = (record?.outcome ?? null) !== null
    if (hasReturned !== wanted) return () => record?.outcome ? `${name} has returned: ${outcomeText(record.outcome)}` : `${name} has not returned`
  }
  return null
}

function judgeResult({ of, gives }: NonNullable<Condition['result']>, { evidence, labelOf }: JudgedBy): Judged {
  return judgeOutcome(evidence.operationOf(labelOf(of)), gives)
}

/** Judges whether an operation had the result that it should. */
export function judgeOutcome(record: OperationRecord | undefined, gives: Gives): Judged {
  const outcome = record?.outcome
  if (!outcome) return () => 'it has not returned'
  return givesThat(outcome, gives) ? null : () => `it gave ${outcomeText(outcome)}, not ${givesText(gives)}`
}

function givesThat(outcome: Recorded<Outcome>, gives: Gives): boolean {
  if (typeof gives !== 'string') {
    if ('value' in gives) return outcome.type === 'ok' && outcome.result.type === 'value' && outcome.result.value === gives.value
    if ('failed' in gives) return outcome.type === 'failed' && outcome.reason === gives.failed
    if ('unknown' in gives) return outcome.type === 'unknown' && outcome.reason === gives.unknown
    return gives.oneOf.some((one) => givesThat(outcome, one))
  }
  switch (gives) {
    case 'anything': return true
    case 'ok':
    case 'failed':
    case 'unknown': return outcome.type === gives
    case 'rejected': return outcome.type === 'failed' && outcome.reason === 'not-primary'
    case 'missing':
    case 'mismatch':
    case 'too-large': return outcome.type === 'ok' && outcome.result.type === gives
  }
}

function judgeAcknowledged({ since, ...range }: NonNullable<Condition['acknowledged']>, { evidence, markOf }: JudgedBy): Judged {
  const from = markOf(since)
  let count = 0
  for (const { outcome, returnedSeq } of evidence.operations.values()) if (outcome?.type === 'ok' && returnedSeq > from) count++
  return inRange(count, range) ? null : () => `${count} operations were acknowledged, not ${rangeText(range)}`
}

function judgeLongestWait(atMostMs: number, { evidence }: JudgedBy): Judged {
  let longest: OperationRecord | undefined
  for (const record of evidence.operations.values()) {
    if (record.outcome && (!longest || record.returnedAt - record.invokedAt > longest.returnedAt - longest.invokedAt)) longest = record
  }
  const waitedMs = longest ? (longest.returnedAt - longest.invokedAt) / 1000 : 0
  return waitedMs <= atMostMs ? null : () => `an operation of ${longest?.client} took ${Math.round(waitedMs)} ms`
}

// ---- rules

function judgeRules(which: NonNullable<Condition['rulesKept']>, { evidence }: JudgedBy): Judged {
  const names = which === true ? ruleNames : [which].flat()
  const broken = evidence.rules().find(({ rule, standing }) => standing === 'broken' && names.includes(rule))
  if (broken) return () => `${ruleTexts[broken.rule].title} is broken: ${broken.first?.text ?? ''} (event #${broken.first?.seq ?? 0})`
  // Of all rules, those that can be judged are meant; of some by name, each.
  return which === true ? null : notJudged(names, evidence)
}

function judgeBroken(which: NonNullable<Condition['broken']>, { evidence }: JudgedBy): Judged {
  const broken = evidence.rules().filter(({ standing }) => standing === 'broken').map(({ rule }) => rule)
  if (which === true ? broken.length > 0 : broken.includes(which)) return null
  return notJudged(which === true ? [] : [which], evidence) ?? (() => broken.length === 0 ? 'no rule was broken' : `${broken.map((rule) => ruleTexts[rule].title).join(', ')} was broken, and not ${which === true ? 'any' : ruleTexts[which].title}`)
}

function notJudged(names: readonly RuleName[], evidence: Evidence): NotJudged | null {
  const state = evidence.rules().find(({ rule, standing }) => standing === 'not-judged' && names.includes(rule))
  return state ? new NotJudged(`${ruleTexts[state.rule].title} is not judged, because ${state.why}`) : null
}

// ---- messages and faults

interface LinkWords {
  readonly from?: string | readonly string[] | undefined
  readonly to?: string | readonly string[] | undefined
  readonly kinds?: MessageType | readonly MessageType[] | undefined
}

/** A test for messages of these senders, receivers and kinds. */
export function linkTest({ from, to, kinds }: LinkWords, nodesOf: JudgedBy['nodesOf']): (message: { from: string; to: string; type: MessageKind }) => boolean {
  const senders = from === undefined ? null : nodesOf(from)
  const receivers = to === undefined ? null : nodesOf(to)
  const some: readonly MessageKind[] | null = kinds === undefined ? null : [kinds].flat()
  return (message) => (senders?.includes(message.from) ?? true) && (receivers?.includes(message.to) ?? true) && (some?.includes(message.type) ?? true)
}

function judgeMessages(wanted: NonNullable<Condition['messages']>, { evidence, nodesOf, markOf }: JudgedBy): Judged {
  const test = linkTest(wanted, nodesOf)
  const from = markOf(wanted.since)
  let count = 0
  for (let seq = from + 1; seq <= evidence.latest; seq++) {
    const event = evidence.eventAt(seq)
    if (event?.type === 'message-sent' && test({ from: event.from, to: event.to, type: kindOf(event.message) })) count++
  }
  const passed = (evidence.state.at - (evidence.eventAt(from)?.at ?? 0)) / 1000 / evidence.header.settings.pingIntervalMs
  const limit = wanted.perPing ? Math.floor(wanted.perPing.times * passed) + wanted.perPing.plus : Infinity
  return inRange(count, wanted) && count <= limit ? null : () => `${count} were sent${limit === Infinity ? '' : `; ${Math.round(passed)} ping intervals allow ${limit}`}`
}

function judgeWaiting(wanted: NonNullable<Condition['waiting']>, by: JudgedBy): Judged {
  const count = waitingMessages(wanted, by).length
  return inRange(count, { ...wanted, ...(wanted.atLeast === undefined && wanted.atMost === undefined ? { atLeast: 1 } : {}) }) ? null : () => `${count} are in flight`
}

/** Messages in flight that match, in the order of sending: id and facts. */
export function waitingMessages(wanted: LinkWords & { readonly key?: string | undefined }, { evidence, nodesOf }: JudgedBy): [string, MessageInFlight][] {
  const test = linkTest(wanted, nodesOf)
  return [...evidence.state.inFlight].filter(([id, message]) => message.place !== 'handed' && test(message) && (wanted.key === undefined || keyOf(evidence, id) === wanted.key))
}

/** Messages that were sent and match, whatever happened to them, in the order of sending. */
export function sentMessages(wanted: LinkWords & { readonly key?: string | undefined }, { evidence, nodesOf }: JudgedBy): string[] {
  const test = linkTest(wanted, nodesOf)
  return evidence.events.flatMap((event) => event.type === 'message-sent' && test({ from: event.from, to: event.to, type: event.message.type })
    && (wanted.key === undefined || keyOf(evidence, event.id) === wanted.key) ? [event.id] : [])
}

function keyOf(evidence: Evidence, id: string): string | undefined {
  const message = evidence.sentOf(id)?.message
  return message && 'operation' in message ? message.operation.key : undefined
}

function judgeFault(wanted: NonNullable<Condition['fault']>, { evidence }: JudgedBy): Judged {
  const fault = evidence.state.faults.get(wanted.name)
  if (!fault) return () => `there is no fault "${wanted.name}"`
  for (const what of ['dropped', 'late', 'copied', 'held'] as const) {
    const range = wanted[what]
    if (range && !inRange(fault[what], range)) return () => `it has ${what} ${fault[what]}`
  }
  return null
}

function inRange(count: number, { atLeast, atMost }: { atLeast?: number | undefined; atMost?: number | undefined }): boolean {
  return (atLeast === undefined || count >= atLeast) && (atMost === undefined || count <= atMost)
}

// ---- what clients saw

/** About a second of search for each key. */
const searchLimits: SearchLimits = { stepsMax: 5_000_000, memoMax: 200_000 }

/** An operation that has not returned may have taken effect, or not. The primary's current state counts as reads after all operations. */
function judgeLinearizable(wanted: boolean, { evidence }: JudgedBy): Judged {
  const { history, latest } = evidence
  if (history.left > 0) return () => `there were more operations than can be judged together`
  if (history.returned === 0) return () => 'no operation has returned, so there is nothing to judge'
  const served = evidence.served()
  const { operations, failed } = history
  const all = served === null ? operations : [...operations, ...endReads(operations, served, latest)]
  const { verdict, keys } = judgeHistory(all, searchLimits, { failed })
  if (verdict === (wanted ? 'linearizable' : 'not-linearizable')) return null
  const telling = keys.find((key) => key.verdict === verdict)
  return () => verdict === 'linearizable' ? 'what the clients saw can be explained' : `key ${telling ? shownValue(telling.key) : ''}: ${telling?.why ?? ''}`
}

// ---- what servers hold

function judgeValue({ key, is, at }: NonNullable<Condition['value']>, { evidence, nodesOf }: JudgedBy): Judged {
  for (const name of nodesOf(at)) {
    const copy = evidence.copyOf(name)
    if (copy === undefined) return () => `${name} is dead or no server`
    if (!copy?.store) return new NotJudged(`${name} does not tell what it holds`)
    const held = copy.store.get(key) ?? null
    if (held !== is) return () => `${name} holds ${held === null ? 'nothing' : `"${held.slice(0, 80)}"`} under ${key}`
  }
  return null
}

function membersOf({ evidence }: JudgedBy): NodeName[] {
  const view = currentView(evidence.state)?.view
  return view?.primary ? [view.primary.name, ...view.backups.map(({ name }) => name)] : []
}

/** The viewnum of a table row is not compared: it is the view in which that copy executed it, which may differ after a state transfer. */
function judgeEqual(which: true | readonly string[], by: JudgedBy): Judged {
  const names = which === true ? membersOf(by) : by.nodesOf(which)
  const [first = '', ...others] = names
  const copies = new Map(names.map((name) => [name, by.evidence.copyOf(name)]))
  const dead = names.find((name) => copies.get(name) === undefined)
  if (dead !== undefined) return () => `${dead} is dead or no server`
  const silent = names.find((name) => copies.get(name) === null)
  if (silent !== undefined) return new NotJudged(`${silent} does not tell what it holds`)
  for (const name of others) {
    const difference = copyDifference(copies.get(first) as ToldCopy, copies.get(name) as ToldCopy)
    if (difference === null) return new NotJudged(`${first} and ${name} do not both tell their stores`)
    if (difference !== '') return () => `of ${first} and ${name}: ${difference}`
  }
  return null
}

/** The store of the server that would answer a client now. */
function serving(by: JudgedBy): ReadonlyMap<string, string> | Exclude<Judged, null> {
  const primary = currentView(by.evidence.state)?.view.primary?.name
  const copy = primary === undefined ? undefined : by.evidence.copyOf(primary)
  if (copy === undefined) return () => 'the primary is dead, so nobody can tell'
  return copy?.store ?? new NotJudged(`${primary} does not tell what it holds`)
}

const isStore = (held: ReturnType<typeof serving>): held is ReadonlyMap<string, string> => held instanceof Map

function judgeAppends(which: string | true, by: JudgedBy): Judged {
  const store = serving(by)
  if (!isStore(store)) return store
  for (const { key, clients, acknowledged } of by.appendsOf(which)) {
    const problem = appendsProblem(store.get(key) ?? '', clients, acknowledged)
    if (problem) return () => problem
  }
  return null
}

function judgeWrites(wanted: boolean, by: JudgedBy): Judged {
  const store = serving(by)
  if (!isStore(store)) return store
  const lost = lostWrites(by.evidence.operations.values(), (key) => store.get(key) ?? null)
  if (wanted) return lost.length === 0 ? null : () => `${lost[0]}${lost.length > 1 ? ` (and ${lost.length - 1} more)` : ''}`
  return lost.length > 0 ? null : () => 'no acknowledged write is lost'
}
