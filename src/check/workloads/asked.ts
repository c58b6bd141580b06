// What the clients of a workload asked and saw, as the judges of workloads read it. An answer of another shape than the workload promises is an error
// of the program, never a surprise to a judge.
import type { Json, JsonObject } from '../../protocol'
import type { OperationFacts } from '../../trace'

/** One request in a program's own words. */
export interface Asked {
  /** Its event, for evidence. */
  readonly seq: number
  readonly client: string
  /** The server that it was for. */
  readonly target: string
  readonly kind: string
  readonly body: JsonObject
  /** `open`: no answer came. An `unknown` or `open` request may have been executed. */
  readonly outcome: 'ok' | 'failed' | 'unknown' | 'open'
  /** The kind and the body of its answer; empty without one. */
  readonly answerKind: string
  readonly answer: JsonObject
  /** The event of its answer; 0 without one. */
  readonly returnedSeq: number
  /** It was asked after the faults had ended and the nodes had time to agree. */
  readonly isFinal: boolean
}

export interface WorkloadVerdict {
  /** `unjudged`: nothing can be said, for the reason in the text. */
  readonly standing: 'held' | 'broken' | 'unjudged'
  /** One sentence. */
  readonly text: string
  /** What is wrong, one sentence each; at most `errorsMax`. */
  readonly errors: readonly { readonly text: string; readonly evidence: readonly number[] }[]
  /** All errors, also those that are not listed. */
  readonly errorCount: number
}

export const errorsMax = 20

/** The label of an operation that a workload asked last. */
export const finalLabel = 'final'

/** The requests of a recording that are calls, in the order in which they were asked. */
export function askedOf(operations: readonly OperationFacts[]): Asked[] {
  return operations.flatMap(({ client, operation, target, outcome, invokedSeq, returnedSeq, label }): Asked[] => {
    if (operation.type !== 'call') return []
    const answer = outcome?.type === 'ok' && outcome.result.type === 'answered' ? outcome.result : null
    return [{
      seq: invokedSeq, client, target, kind: operation.kind, body: operation.body, outcome: outcome?.type ?? 'open', returnedSeq, isFinal: label === finalLabel,
      answerKind: answer?.kind ?? '', answer: answer?.body ?? {},
    }]
  })
}

/** Collects what is wrong. */
export class Errors {
  readonly #listed: { text: string; evidence: readonly number[] }[] = []
  #count = 0

  add(text: string, evidence: readonly number[]): void {
    this.#count++
    if (this.#listed.length < errorsMax) this.#listed.push({ text, evidence: [...evidence].filter((seq) => seq > 0).sort((one, other) => one - other) })
  }

  /** `held`: the sentence if nothing is wrong. `judged`: how many answers were judged; with none there is no verdict. */
  verdict(held: string, judged: number): WorkloadVerdict {
    if (this.#count > 0) return { standing: 'broken', text: this.#listed[0]?.text ?? '', errors: this.#listed, errorCount: this.#count }
    if (judged === 0) return { standing: 'unjudged', text: 'no request was answered, so there is nothing to judge', errors: [], errorCount: 0 }
    return { standing: 'held', text: held, errors: [], errorCount: 0 }
  }
}

/** A verdict on what every node said at the end: of a node that said nothing, nothing can be told. */
export function unlessUnread(verdict: WorkloadVerdict, unread: readonly string[], verbs: readonly [one: string, many: string]): WorkloadVerdict {
  if (verdict.standing === 'broken' || unread.length === 0) return verdict
  return { ...verdict, standing: 'unjudged', text: `${unread.join(', ')} answered no read at the end, so what ${unread.length === 1 ? `it ${verbs[0]}` : `they ${verbs[1]}`} cannot be told` }
}

/** A value for a sentence. */
export function shown(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}

/** Notes an answer of another kind than the workload's; true if it is as it should be. */
export function isAnswered({ client, target, kind, seq, answerKind, returnedSeq }: Asked, wanted: string, errors: Errors): boolean {
  if (answerKind === wanted) return true
  errors.add(`${target} answered the ${kind} of ${client} with ${answerKind === '' ? 'no answer of its own words' : answerKind}, and ${wanted} is the answer`, [seq, returnedSeq])
  return false
}
