// What judges a simulated run: a monitor for each rule while it goes on; at the end whether the clients saw a linearizable store, whether
// the members of the view hold the same, and whether a cluster of which nothing is wrong any more serves again.
import {
  firstError, HistoryOfTrace, judgeHistory, linearizabilityText, RuleMonitors, ruleNames, ruleTexts, shownValue,
  type Breach, type RuleName, type Verdict,
} from '../../check'
import type { TraceEvent, TraceHeader } from '../../trace'

export const endChecks = ['linearizability', 'equal-at-end', 'progress'] as const
export type EndCheck = (typeof endChecks)[number]
export type CheckName = RuleName | EndCheck
export const checkNames: readonly CheckName[] = [...ruleNames, ...endChecks]

export interface Finding {
  readonly check: CheckName
  /** The event that breaks a rule; of a finding at the end the last event. */
  readonly seq: number
  /** The virtual time of that event. */
  readonly atMs: number
  readonly evidence: readonly number[]
  /** One sentence. */
  readonly text: string
}

/** A check's name for people. */
export function checkTitle(check: CheckName): string {
  switch (check) {
    case 'linearizability': return linearizabilityText.title
    case 'equal-at-end': return 'Equal at the end'
    case 'progress': return 'Progress'
    default: return ruleTexts[check].title
  }
}

/** Takes the events of a run and keeps what is needed to judge it. */
export class RunJudge {
  readonly #monitors: RuleMonitors
  readonly #history: HistoryOfTrace
  /** Times of returns, by the event of each. */
  readonly #returnedAt = new Map<number, number>()
  /** Operations that have not returned, by operationId. */
  readonly #open = new Set<number>()
  /** Only this check counts. Null: every one. */
  readonly #only: CheckName | null
  #found: Finding | null = null
  #acknowledged = 0
  #isStuck = false
  #seq = 0
  #atMs = 0

  constructor(header: Pick<TraceHeader, 'settings' | 'source'>, only: CheckName | null) {
    this.#only = only
    this.#monitors = new RuleMonitors(header, ruleNames.filter((rule) => !this.#wants(rule)))
    this.#history = new HistoryOfTrace(header)
  }

  take(event: TraceEvent): void {
    this.#seq = event.seq
    this.#atMs = event.at / 1000
    this.#history.take(event)
    for (const breach of this.#monitors.take(event)) this.#breach(breach)
    switch (event.type) {
      case 'operation-invoked':
        this.#open.add(event.operation.operationId)
        return
      case 'operation-returned':
        this.#open.delete(event.operationId)
        this.#returnedAt.set(event.seq, this.#atMs)
        if (event.outcome.type === 'ok') this.#acknowledged++
        return
      case 'stuck':
        this.#isStuck = event.stuck !== null
        return
      default: return
    }
  }

  /** The first that was found. */
  get found(): Finding | null {
    return this.#found
  }

  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Operations of live clients that have not returned, of these. */
  isOpen(operationIds: readonly number[]): boolean {
    return operationIds.some((id) => this.#open.has(id))
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Findings of the end. */
  find(check: EndCheck, text: string): void {
    if (this.#wants(check)) this.#found ??= { check, seq: this.#seq, atMs: this.#atMs, evidence: [this.#seq], text }
  }

  /** Judges what the clients saw. The search's limits are steps and no time: it ends at the same place on every machine. */
  judgeHistory(): Verdict | 'not-judged' {
    if (!this.#wants('linearizability')) return 'not-judged'
    const judgement = judgeHistory(this.#history.operations)
    const first = firstError(judgement, this.#history.byId)
    // Up to the return that nothing explains all was well.
    const seq = this.#history.byId.get(first?.unplaced ?? 0)?.returned ?? this.#seq
    const atMs = this.#returnedAt.get(seq) ?? this.#atMs
    if (first) this.#found ??= { check: 'linearizability', seq, atMs, evidence: [first.unplaced ?? seq, seq], text: `Key ${shownValue(first.key)}: ${first.why}` }
    return judgement.verdict
  }

  #wants(check: CheckName): boolean {
    return this.#only === null || this.#only === check
  }

  #breach({ rule, seq, evidence, text }: Breach): void {
    if (this.#wants(rule)) this.#found ??= { check: rule, seq, atMs: this.#atMs, evidence, text }
  }
}
