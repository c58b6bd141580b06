// Watches the rules during a run and reports each violation as an event of the trace, once per rule and run. So a cluster that breaks a rule
// with every answer does not fill the recording. It must never judge otherwise than rule-monitors.ts.
import { parseEventLines, type TraceEvent, type ViolationFound } from '../../trace'
import type { RuleName } from './violation'
import { RuleMonitors, type OfRun } from './rule-monitors'

export class RuleTeller {
  readonly #monitors: RuleMonitors
  readonly #tell: (violation: ViolationFound) => void
  readonly #told = new Set<string>()
  readonly #past: number
  readonly #look: (event: TraceEvent) => void

  /**
   * `past`: events up to this seq belong to the recording from which this run continues; violations there are not reported again.
   * `look` gets each event that is parsed; not all are.
   */
  constructor(header: OfRun, tell: (violation: ViolationFound) => void, past = 0, look: (event: TraceEvent) => void = () => undefined) {
    this.#monitors = new RuleMonitors(header)
    this.#tell = tell
    this.#past = past
    this.#look = look
  }

  take(event: TraceEvent): void {
    this.#look(event)
    if (event.type === 'violation') this.#told.add(event.rule)
    for (const { rule, seq, evidence, text } of this.#monitors.take(event)) this.#found(rule, seq, evidence, text)
  }

  /** Takes the events of these lines; lines that no monitor looks at are not parsed. */
  takeLines(text: string): void {
    for (const event of parseEventLines(text.split('\n').filter(isWatched).join('\n'))) this.take(event)
  }

  #found(rule: RuleName, seq: number, evidence: readonly number[], text: string): void {
    if (this.#told.has(rule)) return
    this.#told.add(rule)
    if (seq > this.#past) this.#tell({ type: 'violation', rule, text, evidence })
  }
}

/** Two of five events in a busy cluster. No other event can contain this text: quotes inside values are escaped. */
const unwatched = /"type":"(?:message-handed|operation-invoked)"|"type":"operation-returned","operationId":\d+,"outcome":{"type":"(?:ok|unknown)"/

/** Longer lines carry values; they are parsed without being searched first. */
const searchedCharactersMax = 1000

function isWatched(line: string): boolean {
  return line.length > searchedCharactersMax || !unwatched.test(line)
}
