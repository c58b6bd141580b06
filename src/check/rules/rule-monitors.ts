// All rules watched together, event by event, live or along a recording. It must never change anything, and never be needed by what it watches.
import type { TraceEvent, TraceHeader } from '../../trace'
import { ruleNames, type Breach, type Monitor, type RuleName, type RuleState } from './breach'
import { EqualCopies } from './equal-copies'
import { RunFacts } from './facts'
import { Rule1 } from './rule-1'
import { AtMostOnce, BackupNotAhead, NoLostWrite, Rule3, Rule4 } from './rules-of-copies'
import { OnePrimary, Rule2, Rule5, Rule6 } from './rules-of-views'

interface Looking extends Monitor {
  look(event: TraceEvent, facts: RunFacts): Breach | null
}

/** What asynchronous replication does not promise. */
const notPromisedAsynchronously: ReadonlySet<RuleName> = new Set(['rule-1', 'no-lost-write', 'at-most-once'])

export class RuleMonitors {
  readonly #facts = new RunFacts()
  readonly #monitors: readonly Looking[]
  readonly #broken = new Map<RuleName, { count: number; first: Breach }>()
  readonly #notPromised: ReadonlySet<RuleName>

  /** `except`: rules that are not watched, for who measures what watching costs. */
  constructor({ settings }: Pick<TraceHeader, 'settings'>, except: readonly RuleName[] = []) {
    const all: readonly Looking[] = [
      new Rule1(), new Rule2(), new Rule3(), new Rule4(), new Rule5(), new Rule6(), new AtMostOnce(), new NoLostWrite(), new EqualCopies(settings),
      new BackupNotAhead(), new OnePrimary(),
    ]
    this.#monitors = all.filter(({ rule }) => !except.includes(rule))
    this.#notPromised = settings.replication === 'asynchronous' ? notPromisedAsynchronously : new Set()
  }

  /** Takes the next event; gives the breaches that it is, without those of what is not promised. */
  take(event: TraceEvent): readonly Breach[] {
    let breaches: Breach[] | null = null
    for (const monitor of this.#monitors) {
      const breach = monitor.look(event, this.#facts)
      if (breach === null) continue
      const known = this.#broken.get(breach.rule)
      if (known) known.count++
      else this.#broken.set(breach.rule, { count: 1, first: breach })
      if (!this.#notPromised.has(breach.rule)) (breaches ??= []).push(breach)
    }
    this.#facts.take(event)
    return breaches ?? none
  }

  /** How every rule stands, in their order. */
  states(): RuleState[] {
    return ruleNames.map((rule) => {
      const held = this.#monitors.find((monitor) => monitor.rule === rule)?.held ?? 0
      const { count = 0, first = null } = this.#broken.get(rule) ?? {}
      const standing = this.#notPromised.has(rule) ? 'not-promised' : count > 0 ? 'broken' : held > 0 ? 'held' : 'not-exercised'
      return { rule, standing, held, broken: count, first }
    })
  }
}

const none: readonly Breach[] = []
