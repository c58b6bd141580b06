// Stepping a node again: its state at any moment of a recording, found by giving a fresh machine the inputs that were recorded.
// Inputs are recorded and states are not, so this is the only way to see one; where the effects differ from the recorded ones the
// protocol has changed since, and what is shown from there on is said to be so.
import { createMachine, type EffectSink, type Input, type Machine, type Message, type NodeState, type Report, type Start } from '../protocol'
import { messageId, messageOf, operationInputOf, recordMessage, recordReport, type EventOf, type TraceEvent, type TraceHeader } from '../trace'

/** How a replay finds its events: `eventAt(seq)` from 1, and the seq of the event that sent a message. */
export interface EventSource {
  readonly header: TraceHeader
  eventAt(seq: number): TraceEvent | undefined
  /** For an event about a message: the seq of its `message-sent`; 0 if unknown. */
  sentSeq(seq: number): number
}

/** The first effect that came out otherwise than it was recorded. */
export interface Difference {
  /** The event of the step's input. */
  readonly seq: number
  readonly step: number
  readonly expected: string
  readonly found: string
}

/** An effect as text, for comparing and for showing. */
type EffectText = string

/** One life of a node, from its start on. Goes forward only; a new one is begun to go back. */
export class NodeReplay {
  readonly node: string
  readonly incarnation: number
  readonly #source: EventSource
  readonly #sink = new TextSink()
  #machine: Machine | null = null
  /** The input event of the last step taken; 0 before the start. */
  #seq = 0
  #step = -1
  #before: NodeState | null = null
  #difference: Difference | null = null
  /** Effects recorded for the running step, compared when the next input comes. */
  #pending: { seq: number; step: number; expected: EffectText[]; found: EffectText[] } | null = null
  /** The next event to look at. */
  #next: number

  /** `startSeq` is the seq of the life's `node-started`. */
  constructor(source: EventSource, start: EventOf<'node-started'>) {
    this.#source = source
    this.node = start.node
    this.incarnation = start.incarnation
    this.#next = start.seq
  }

  /** The seq of the input that led to the present state; 0 before the start. */
  get seq(): number {
    return this.#seq
  }

  /** The number of the last step; -1 before the start. */
  get step(): number {
    return this.#step
  }

  /** Every event before this one was looked at. */
  get lookedAt(): number {
    return this.#next
  }

  get difference(): Difference | null {
    return this.#difference
  }

  /** The state after the last step; null before the start. */
  get after(): NodeState | null {
    return this.#machine?.inspect() ?? null
  }

  /** The state before the last step, if `advance` was told to keep it. */
  get before(): NodeState | null {
    return this.#before
  }

  /**
   * Looks at events up to and including `seq`, at most `eventsMax` of them; returns true when it is there. A window calls it in
   * slices so as not to be held up. The state before the last step at or before `seq` is kept.
   */
  advance(seq: number, eventsMax: number): boolean {
    const end = Math.min(seq, this.#next + eventsMax - 1)
    for (; this.#next <= end; this.#next++) {
      const event = this.#source.eventAt(this.#next)
      if (event) this.#look(event, seq)
    }
    return this.#next > seq
  }

  /** Compares the last step too; for a replay that has seen every event of its recording. */
  finish(): void {
    this.#compare()
  }

  #look(event: TraceEvent, target: number): void {
    if (event.type === 'message-sent') {
      if (this.#isOwnMessage(event.id)) this.#pending?.expected.push(sentText(event.id, event.to, JSON.stringify(event.message)))
      return
    }
    if (!('node' in event) || event.node !== this.node || !('incarnation' in event) || event.incarnation !== this.incarnation) return
    const input = this.#inputOf(event)
    if (input) return this.#take(input, event.seq, 'step' in event ? event.step : 0, target)
    if ('step' in event) this.#pending?.expected.push(reportText(event))
  }

  #inputOf(event: TraceEvent): Input | undefined {
    switch (event.type) {
      case 'node-started': return this.#startOf(event)
      case 'message-taken': {
        const sent = this.#source.eventAt(this.#source.sentSeq(event.seq))
        return sent?.type === 'message-sent' ? { type: 'message', from: sent.from, message: messageOf(sent.message) } : undefined
      }
      case 'timer-fired': return { type: 'timer', name: event.name }
      case 'peer-lost': return { type: 'peer-lost', peer: event.peer }
      case 'operation-invoked': return operationInputOf(event.operation)
      default: return undefined
    }
  }

  #startOf({ node, kind, incarnation, seed }: EventOf<'node-started'>): Start {
    return { type: 'start', name: node, kind, incarnation, address: '', settings: this.#source.header.settings, seed }
  }

  #take(input: Input, seq: number, step: number, target: number): void {
    this.#compare()
    this.#sink.begin(this.node, this.incarnation, step)
    // Looking into a machine copies its state: only the step that will be shown is worth it.
    if (this.#machine && this.#isLastBefore(seq, target)) this.#before = this.#machine.inspect()
    if (input.type === 'start') {
      this.#before = null
      this.#machine = createMachine(input, this.#sink)
    } else this.#machine?.step(input, this.#sink)
    this.#seq = seq
    this.#step = step
    this.#pending = { seq, step, expected: [], found: this.#sink.effects }
  }

  /** True if no later input of this life comes before the target; looked for only near it. */
  #isLastBefore(seq: number, target: number): boolean {
    const near = 2000
    if (target - seq > near) return false
    for (let later = seq + 1; later <= target; later++) {
      const event = this.#source.eventAt(later)
      if (event && 'node' in event && event.node === this.node && this.#inputOf(event)) return false
    }
    return true
  }

  /** Effects are compared one step late, when all of them have been seen. */
  #compare(): void {
    const pending = this.#pending
    this.#pending = null
    if (!pending || this.#difference) return
    const length = Math.max(pending.expected.length, pending.found.length)
    for (let index = 0; index < length; index++) {
      const expected = pending.expected[index] ?? 'nothing'
      const found = pending.found[index] ?? 'nothing'
      if (expected === found) continue
      this.#difference = { seq: pending.seq, step: pending.step, expected, found }
      return
    }
  }

  #isOwnMessage(id: string): boolean {
    return id.startsWith(`${this.node}.${this.incarnation}.`)
  }
}

/** Notes effects as text; timers are not compared, as each that fires is an input of its own. */
class TextSink implements EffectSink {
  effects: EffectText[] = []
  #node = ''
  #incarnation = 0
  #step = 0
  #index = 0

  begin(node: string, incarnation: number, step: number): void {
    this.effects = []
    this.#node = node
    this.#incarnation = incarnation
    this.#step = step
    this.#index = 0
  }

  send(to: string, message: Message): void {
    const id = messageId(this.#node, this.#incarnation, this.#step, this.#index++)
    this.effects.push(sentText(id, to, JSON.stringify(sorted(recordMessage(message)))))
  }

  setTimer(): void {
    // Compared by the timers that fire.
  }

  cancelTimer(): void {
    // Compared by the timers that fire.
  }

  report(report: Report): void {
    this.effects.push(JSON.stringify(sorted(recordReport(report))))
  }
}

function sentText(id: string, to: string, message: string): EffectText {
  return `${id} to ${to} ${JSON.stringify(sorted(JSON.parse(message) as unknown))}`
}

/** A report's event without what the trace added to it. */
function reportText(event: TraceEvent): EffectText {
  const { seq: _seq, at: _at, wall: _wall, ...rest } = event
  const { node: _node, incarnation: _incarnation, step: _step, ...report } = rest as Record<string, unknown>
  return JSON.stringify(sorted(report))
}

/** The same value with its keys in order, so that equal effects are equal text whoever wrote them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1).map(([key, item]) => [key, sorted(item)]))
}
