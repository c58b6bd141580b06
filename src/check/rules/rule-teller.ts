// Watches the rules of a run while it goes on, and tells each that breaks as an event of the trace: once for each rule and run, so that a
// cluster that breaks one with every answer fills no recording. It must never judge otherwise than rule-monitors.ts.
import { parseEventLines, type TraceEvent, type TraceHeader, type Violation } from '../../trace'
import type { RuleName } from './breach'
import { RuleMonitors } from './rule-monitors'

export class RuleTeller {
  readonly #monitors: RuleMonitors
  readonly #tell: (violation: Violation) => void
  readonly #told = new Set<string>()
  readonly #past: number

  /** `past`: events up to this one are another recording's, from which this run goes on; what broke there was that one's to tell. */
  constructor(header: Pick<TraceHeader, 'settings'>, tell: (violation: Violation) => void, past = 0) {
    this.#monitors = new RuleMonitors(header)
    this.#tell = tell
    this.#past = past
  }

  take(event: TraceEvent): void {
    if (event.type === 'violation') this.#told.add(event.rule)
    for (const { rule, seq, evidence, text } of this.#monitors.take(event)) this.#found(rule, seq, evidence, text)
  }

  /** Takes the events of these lines; those that no monitor looks at are not even read. */
  takeLines(text: string): void {
    for (const event of parseEventLines(text.split('\n').filter(isWatched).join('\n'))) this.take(event)
  }

  #found(rule: RuleName, seq: number, evidence: readonly number[], text: string): void {
    if (this.#told.has(rule)) return
    this.#told.add(rule)
    if (seq > this.#past) this.#tell({ type: 'violation', rule, text, evidence })
  }
}

/** Two in five events of a busy cluster. No other event can have this text in it: quotes within a value are escaped. */
const unwatched = /"type":"(?:message-handed|operation-invoked|operation-returned)"/

/** Longer lines carry values: they are read without being searched. */
const searchedCharactersMax = 1000

function isWatched(line: string): boolean {
  return line.length > searchedCharactersMax || !unwatched.test(line)
}
