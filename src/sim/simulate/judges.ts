// What judges a simulated run: a monitor for each rule while it goes on; at the end whether the clients saw a linearizable store, whether
// the members of the view hold the same, and whether a cluster of which nothing is wrong any more serves again.
import { RuleMonitors, ruleNames, ruleTexts, type Breach, type RuleName } from '../../check'
import { currentJudge, type HistoryOperation } from './history'
import type { Operation, Result } from '../../protocol'
import { bytesOf, type EventOf, type Recorded, type TraceEvent, type TraceHeader } from '../../trace'

export const endChecks = ['linearizability', 'equal-at-end', 'progress'] as const
export type EndCheck = (typeof endChecks)[number]
export type CheckName = RuleName | EndCheck
export const checkNames: readonly CheckName[] = [...ruleNames, ...endChecks]

export interface Finding {
  readonly check: CheckName
  /** The event that breaks a rule; of a finding at the end the last event. */
  readonly seq: number
  readonly evidence: readonly number[]
  /** One sentence. */
  readonly text: string
}

/** A check's name for people. */
export function checkTitle(check: CheckName): string {
  switch (check) {
    case 'linearizability': return 'Linearizability'
    case 'equal-at-end': return 'Equal at the end'
    case 'progress': return 'Progress'
    default: return ruleTexts[check].title
  }
}

/** Takes the events of a run and keeps what is needed to judge it. */
export class RunJudge {
  readonly #monitors: RuleMonitors
  readonly #operations = new Map<number, JudgedOperation>()
  /** Only this check counts. Null: every one. */
  readonly #only: CheckName | null
  #found: Finding | null = null
  #returned = 0
  #acknowledged = 0
  #isStuck = false
  #seq = 0

  constructor(header: Pick<TraceHeader, 'settings'>, only: CheckName | null) {
    this.#monitors = new RuleMonitors(header)
    this.#only = only
  }

  take(event: TraceEvent): void {
    this.#seq = event.seq
    for (const breach of this.#monitors.take(event)) this.#breach(breach)
    switch (event.type) {
      case 'operation-invoked': return this.#invoked(event)
      case 'operation-returned': return this.#ended(event)
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
    return operationIds.some((id) => this.#operations.get(id)?.outcome === null)
  }

  get counts(): { readonly invoked: number; readonly returned: number; readonly acknowledged: number } {
    return { invoked: this.#operations.size, returned: this.#returned, acknowledged: this.#acknowledged }
  }

  /** Findings of the end. */
  find(check: EndCheck, text: string, evidence: readonly number[] = []): void {
    this.#found ??= this.#wants(check) ? { check, seq: this.#seq, evidence: [...evidence, this.#seq], text } : null
  }

  /** Judges what the clients saw. */
  judgeHistory(): 'linearizable' | 'not-linearizable' | 'unknown' | 'not-judged' {
    if (!this.#wants('linearizability')) return 'not-judged'
    const { verdict, text } = currentJudge(this.#history())
    if (verdict === 'not-linearizable') this.find('linearizability', text)
    return verdict
  }

  #wants(check: CheckName): boolean {
    return this.#only === null || this.#only === check
  }

  #breach({ rule, seq, evidence, text }: Breach): void {
    if (this.#wants(rule)) this.#found ??= { check: rule, seq, evidence, text }
  }

  #invoked({ node, operation, at }: EventOf<'operation-invoked'>): void {
    this.#operations.set(operation.operationId, { process: `${node}/${operation.session}`, operation: operation.operation, invoked: at, returned: 0, outcome: null })
  }

  #ended({ operationId, outcome, at }: EventOf<'operation-returned'>): void {
    const operation = this.#operations.get(operationId)
    if (!operation) return
    operation.outcome = outcome
    operation.returned = at
    this.#returned++
    if (outcome.type === 'ok') this.#acknowledged++
  }

  #history(): HistoryOperation[] {
    const history: HistoryOperation[] = []
    for (const [id, { process, operation, invoked, returned, outcome }] of this.#operations) {
      if (outcome?.type === 'failed') continue
      const result = outcome?.type === 'ok' ? resultOf(outcome.result) : null
      history.push({ id, process, operation: operationOf(operation), invoked, returned: result === null ? null : returned, result })
    }
    return history
  }
}

interface JudgedOperation {
  readonly process: string
  readonly operation: Recorded<Operation>
  readonly invoked: number
  returned: number
  outcome: EventOf<'operation-returned'>['outcome'] | null
}

function operationOf(recorded: Recorded<Operation>): Operation {
  const key = bytesOf(recorded.key)
  switch (recorded.type) {
    case 'put':
    case 'append': return { type: recorded.type, key, value: bytesOf(recorded.value) }
    case 'get':
    case 'delete': return { type: recorded.type, key }
    case 'cas': return { type: 'cas', key, expected: recorded.expected === null ? null : bytesOf(recorded.expected), value: bytesOf(recorded.value) }
  }
}

function resultOf(recorded: Recorded<Result>): Result {
  switch (recorded.type) {
    case 'value': return { type: 'value', value: bytesOf(recorded.value) }
    case 'mismatch': return { type: 'mismatch', actual: recorded.actual === null ? null : bytesOf(recorded.actual) }
    default: return recorded
  }
}
