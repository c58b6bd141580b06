// Judges a simulated run. During the run: a monitor for each rule. At the end: whether the clients saw a linearizable store, whether the
// members of the view hold the same, and whether a healed cluster serves again.
import {
  defaultLimits, endReads, firstError, HistoryOfTrace, judgeHistory, linearizabilityText, RuleMonitors, ruleNames, ruleTexts, shownValue,
  type Violation, type RuleName, type ServedState, type Verdict,
} from '../../check'
import type { MakeStore, NodeName } from '../../protocol'
import type { TraceEvent, TraceHeader } from '../../trace'

export const endChecks = ['linearizability', 'equal-at-end', 'progress', 'node-stopped'] as const
export type EndCheck = (typeof endChecks)[number]
export type CheckName = RuleName | EndCheck
export const checkNames: readonly CheckName[] = [...ruleNames, ...endChecks]

export interface Finding {
  readonly check: CheckName
  /** The event that breaks the rule; for a finding at the end, the last event. */
  readonly seq: number
  /** The virtual time of that event. */
  readonly atMs: number
  readonly evidence: readonly number[]
  /** One sentence. */
  readonly text: string
  /** The node that stopped itself. */
  readonly node?: NodeName
}

/** The name of a check, for people. */
export function checkTitle(check: CheckName): string {
  switch (check) {
    case 'linearizability': return linearizabilityText.title
    case 'equal-at-end': return 'Equal at the end'
    case 'progress': return 'Progress'
    case 'node-stopped': return 'A node stopped itself'
    default: return ruleTexts[check].title
  }
}

/** Takes the events of a run and keeps what it needs to judge it. */
export class RunJudge {
  readonly #monitors: RuleMonitors
  readonly #history: HistoryOfTrace
  /** The time of each return in milliseconds, by the seq of its event. */
  readonly #returnedAt = new Map<number, number>()
  /** Operations that have not returned, by operationId. */
  readonly #open = new Set<number>()
  /** The only check that counts. Null: every check. */
  readonly #only: CheckName | null
  #found: Finding | null = null
  #acknowledged = 0
  #isStuck = false
  #seq = 0
  #atMs = 0

  /** `storeOf`: the store of each server in the run, so that a replay uses the same. */
  constructor(header: Pick<TraceHeader, 'settings' | 'source' | 'nodes'>, only: CheckName | null, storeOf: (server: NodeName) => MakeStore) {
    this.#only = only
    // at-most-once always runs: whether an eviction had effects matters for every check.
    this.#monitors = new RuleMonitors(header, ruleNames.filter((rule) => !this.#wants(rule) && rule !== 'at-most-once'), storeOf)
    this.#history = new HistoryOfTrace(header)
  }

  take(event: TraceEvent): void {
    this.#seq = event.seq
    this.#atMs = event.at / 1000
    this.#history.take(event)
    for (const violation of this.#monitors.take(event)) this.#violation(violation)
    switch (event.type) {
      case 'operation-invoked':
        this.#open.add(event.operation.operationId)
        return
      case 'operation-returned':
        this.#open.delete(event.operationId)
        this.#returnedAt.set(event.seq, this.#atMs)
        if (event.outcome.type === 'ok') this.#acknowledged++
        return
      case 'node-exited':
        // A process killed by a person has a signal and no exit code; a program that was superseded ends well.
        if (event.code !== null && event.code !== 0) this.find('node-stopped', `${event.node} stopped itself: ${event.stderr}`, event.node)
        return
      case 'stuck':
        this.#isStuck = event.stuck !== null
        return
      default: return
    }
  }

  /** The first finding. */
  get found(): Finding | null {
    return this.#found
  }

  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Whether some of these operations, of live clients, have not returned. */
  isOpen(operationIds: readonly number[]): boolean {
    return operationIds.some((id) => this.#open.has(id))
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Adds a finding of the end. */
  find(check: EndCheck, text: string, node?: NodeName): void {
    if (this.#wants(check)) this.#found ??= { check, seq: this.#seq, atMs: this.#atMs, evidence: [this.#seq], text, ...node === undefined ? {} : { node } }
  }

  /**
   * Judges what the clients saw, and what the servers hold at the end (null: no server serves). The search is limited by steps, not by time, so
   * it ends at the same point on every machine. A table too small for the clients promises nothing once it evicted a client that came again.
   */
  judgeHistory(served: ServedState | null): Verdict | 'not-judged' {
    if (!this.#wants('linearizability') || this.isExcused) return 'not-judged'
    const { operations, failed } = this.#history
    const all = served === null ? operations : [...operations, ...endReads(operations, served, this.#seq)]
    const judgement = judgeHistory(all, defaultLimits, { failed })
    const first = firstError(judgement, this.#history.byId)
    // Everything is well up to the return that no order explains.
    const seq = this.#history.byId.get(first?.unplaced ?? 0)?.returned ?? this.#seq
    const atMs = this.#returnedAt.get(seq) ?? this.#atMs
    const evidence = [...new Set([Math.min(first?.unplaced ?? seq, seq), seq])]
    if (first) this.#found ??= { check: 'linearizability', seq, atMs, evidence, text: `Key ${shownValue(first.key)}: ${first.why}` }
    return judgement.verdict === 'not-exercised' ? 'not-judged' : judgement.verdict
  }

  #wants(check: CheckName): boolean {
    return this.#only === null || this.#only === check
  }

  /** The history is not judged: a table that was too small let a request be executed twice, which is a known limit. */
  get isExcused(): boolean {
    return this.#monitors.hasEvicted
  }

  #violation({ rule, seq, evidence, text, because }: Violation): void {
    if (because !== 'eviction' && this.#wants(rule)) this.#found ??= { check: rule, seq, atMs: this.#atMs, evidence, text }
  }
}
