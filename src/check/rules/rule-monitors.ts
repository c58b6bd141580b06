// All rule monitors together, event by event, live or on a recording. They must never change what they watch, and it must never need them.
import type { HeldCopy, MakeStore, Message, NodeKind, NodeName } from '../../protocol'
import type { EventType, TraceEvent, TraceHeader } from '../../trace'
import { ruleNames, type Violation, type Monitor, type RuleName, type RuleState } from './violation'
import { EqualCopies } from './equal-copies'
import { RunFacts } from './facts'
import { Rule1 } from './rule-1'
import { Executions } from './executions'
import { NothingStale } from './nothing-stale'
import { RightView } from './right-view'
import { BackupNotAhead, NoLostWrite, Rule3, Rule4 } from './rules-of-copies'
import { AtMostOnce, HonestFailure } from './rules-of-operations'
import { AckedViews, OnePrimary, Rule2, Rule5, Rule6 } from './rules-of-views'
import { WholeTransfer } from './whole-transfer'

/** Which monitors look at which events: only a few look at each event of a busy cluster. */
class Lookers {
  readonly #byEvent = new Map<EventType, Looking[]>()
  readonly #bySent = new Map<Message['type'], Looking[]>()
  readonly #byTaken = new Map<Message['type'], Looking[]>()
  readonly #all: readonly Looking[]
  readonly #atAll: Readonly<Record<'sent' | 'taken', readonly Looking[]>>

  constructor(monitors: readonly Looking[]) {
    this.#all = monitors
    const named = (which: 'sent' | 'taken'): Message['type'][] => [...new Set(monitors.flatMap(({ looksAt }) => looksAt[which] === 'all' ? [] : looksAt[which] ?? []))]
    const those = (which: 'sent' | 'taken', type: Message['type'] | null): Looking[] => monitors.filter(({ looksAt: { [which]: at } }) => at === 'all' || (type !== null && at?.includes(type)))
    for (const type of named('sent')) this.#bySent.set(type, those('sent', type))
    for (const type of named('taken')) this.#byTaken.set(type, those('taken', type))
    this.#atAll = { sent: those('sent', null), taken: those('taken', null) }
    for (const monitor of monitors) for (const type of monitor.looksAt.events ?? []) this.#byEvent.set(type, [...this.#byEvent.get(type) ?? [], monitor])
  }

  at(event: TraceEvent, facts: RunFacts): readonly Looking[] {
    if (event.type === 'message-sent') return this.#bySent.get(event.message.type) ?? this.#atAll.sent
    if (event.type !== 'message-taken') return this.#byEvent.get(event.type) ?? nobody
    const sent = facts.sentOf(event.id)
    if (sent === undefined) return this.#all
    return this.#byTaken.get(sent.message.type) ?? this.#atAll.taken
  }
}

const nobody: readonly Looking[] = []

/** What the monitors need of a recording's header. Without `nodes`, every node is of this protocol. */
export type OfRun = Pick<TraceHeader, 'settings'> & Partial<Pick<TraceHeader, 'nodes'>>

interface Looking extends Monitor {
  look(event: TraceEvent, facts: RunFacts): Violation | null
}

/** The rules that asynchronous replication does not promise. */
const notPromisedAsynchronously: ReadonlySet<RuleName> = new Set(['rule-1', 'no-lost-write', 'at-most-once'])

/** The rules that need to know what was executed. */
const needExecutions: readonly RuleName[] = ['at-most-once', 'honest-failure']

export class RuleMonitors {
  readonly #facts: RunFacts
  /** Null if no rule needs it. */
  readonly #executions: Executions | null
  readonly #monitors: readonly Looking[]
  readonly #lookers: Lookers
  readonly #nothingStale = new NothingStale()
  readonly #equalCopies: EqualCopies
  readonly #broken = new Map<RuleName, { count: number; first: Violation }>()
  readonly #notPromised: ReadonlySet<RuleName>
  /** Why no rule is judged; empty if they are. */
  readonly #why: string
  /** Why part of a rule is not judged where programs run. */
  readonly #ofPrograms: Partial<Record<RuleName, string>>

  /**
   * `except`: rules to leave out, for measuring the cost of monitoring. `storeOf`: the store of each server, if the caller knows it; a
   * recording does not say.
   */
  constructor({ settings, nodes = [] }: OfRun, except: readonly RuleName[] = [], storeOf?: (server: NodeName) => MakeStore) {
    this.#facts = new RunFacts(nodes)
    const executions = new Executions(settings)
    this.#executions = needExecutions.every((rule) => except.includes(rule)) ? null : executions
    this.#equalCopies = new EqualCopies(settings, storeOf)
    const all: readonly Looking[] = [
      new Rule1(), new Rule2(), new Rule3(), new Rule4(), new Rule5(), new Rule6(), new AtMostOnce(executions), new NoLostWrite(), this.#equalCopies,
      new BackupNotAhead(), new OnePrimary(), new WholeTransfer(), new RightView(settings), new AckedViews(), this.#nothingStale, new HonestFailure(executions),
    ]
    this.#why = whyUnjudged(nodes)
    this.#ofPrograms = whyOfPrograms(nodes)
    this.#monitors = this.#why === '' ? all.filter(({ rule }) => !except.includes(rule)) : []
    this.#lookers = new Lookers(this.#monitors)
    this.#notPromised = settings.replication === 'asynchronous' ? notPromisedAsynchronously : new Set()
  }

  /** Takes the next event; returns the violations that it shows, except those of rules that are not promised. */
  take(event: TraceEvent): readonly Violation[] {
    const { inferred } = this.#facts
    if (!inferred.isNeeded) return this.#look(event, false)
    const { before, after, repeats } = inferred.take(event)
    return [...before.flatMap((report) => this.#look(report, true)), ...repeats ? [] : this.#look(event, false), ...after.flatMap((report) => this.#look(report, true))]
  }

  #look(event: TraceEvent, isInferred: boolean): readonly Violation[] {
    let violations: Violation[] | null = null
    this.#executions?.take(event)
    for (const monitor of this.#nothingStale.isAlert ? this.#monitors : this.#lookers.at(event, this.#facts)) {
      const violation = monitor.look(event, this.#facts)
      if (violation === null) continue
      const known = this.#broken.get(violation.rule)
      if (known) known.count++
      else this.#broken.set(violation.rule, { count: 1, first: violation })
      if (!this.#notPromised.has(violation.rule)) (violations ??= []).push(violation)
    }
    this.#facts.take(event, isInferred)
    return violations ?? none
  }

  /** The store of the last view's primary, to compare with what clients saw; null unless it is known and serves that view, acked. */
  get served(): HeldCopy['store'] | null {
    const view = this.#facts.current
    if (view === null || view.ackedSeq === 0 || view.primary === null) return null
    return this.#equalCopies.servedBy(view.primary.name, view.primary.incarnation, view.viewnum)?.store ?? null
  }

  /** True once a request may have been executed twice because its client's row was evicted: the settings allow that and what follows from it. */
  get hasEvicted(): boolean {
    return this.#executions?.hasEvicted ?? false
  }

  /** The standing of every rule, in the order of `ruleNames`. */
  states(): RuleState[] {
    return ruleNames.map((rule) => {
      const { held = 0, limit = this.#why } = this.#monitors.find((monitor) => monitor.rule === rule) ?? {}
      const why = limit || (this.#ofPrograms[rule] ?? '')
      const { count = 0, first = null } = this.#broken.get(rule) ?? {}
      const known = why !== '' ? 'not-judged' : held > 0 ? 'held' : 'not-exercised'
      const standing = this.#notPromised.has(rule) ? 'not-promised' : count > 0 ? 'broken' : known
      return { rule, standing, held, broken: count, first, why }
    })
  }
}

/** The rules are of this protocol. */
function whyUnjudged(nodes: TraceHeader['nodes']): string {
  return nodes.some(({ kind }) => kind === 'server') ? 'the servers here speak another protocol' : ''
}

/** What the messages of programs do not say, by rule. */
function whyOfPrograms(nodes: TraceHeader['nodes']): Partial<Record<RuleName, string>> {
  const programs = (kind: NodeKind): string[] => nodes.flatMap((node) => node.kind === kind && node.program !== undefined ? [node.name] : [])
  const [replicas, viewServers] = [programs('replica'), programs('view-server')]
  const be = (names: readonly string[]): string => `${names.join(', ')} ${names.length === 1 ? 'is a program' : 'are programs'}`
  return {
    ...replicas.length + viewServers.length > 0 ? { 'nothing-stale': `${be([...viewServers, ...replicas])}, which may do more in a step than this protocol does` } : {},
    ...viewServers.length > 0 ? { 'right-view': `${be(viewServers)}, and when it checks for pings no message says` } : {},
  }
}

const none: readonly Violation[] = []
