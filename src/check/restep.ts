// Replays a node: feeds a fresh machine the recorded inputs to get the node's state at any event of a recording. Recordings have inputs but
// no states, so this is the only way to see one. Where the effects differ from the recorded ones, the protocol has changed since;
// it must never show a state from there on without saying so.
import { createMachine, type EffectSink, type Input, type Machine, type Message, type NodeState, type Report, type Start } from '../protocol'
import {
  inputOf, messageId, receiverAs, recordMessage, recordReport, sendingOf,
  type EventOf, type Recorded, type TraceEvent, type TraceHeader,
} from '../trace'
import { sameMessage, sameValue } from './same-value'

/** How a replay reads events: `eventAt(seq)` from 1, and the seq of the event that sent a message. */
export interface EventSource {
  readonly header: TraceHeader
  eventAt(seq: number): TraceEvent | undefined
  /** For an event about a message: the seq of its `message-sent`; 0 if unknown. */
  sentSeq(seq: number): number
}

/** The first effect that differs from the recorded one. */
export interface Difference {
  /** The seq of the step's input. */
  readonly seq: number
  readonly step: number
  readonly expected: string
  readonly found: string
}

/** An effect, replayed or recorded: a message with its id, or a report. */
type Effect = { readonly id: string; readonly to: string; readonly message: Recorded<Message> } | { readonly report: Readonly<Record<string, unknown>> }

/** A snapshot of an incarnation from which a replay continues; it can be used any number of times. */
export interface ReplayCheckpoint {
  readonly node: string
  readonly incarnation: number
  /** All events up to and including this one are processed. */
  readonly lookedAt: number
  readonly seq: number
  readonly step: number
  readonly machine: Machine
  readonly difference: Difference | null
  readonly pending: PendingStep | null
}

/** A step whose effects are compared once all of them are known. */
interface PendingStep {
  readonly seq: number
  readonly step: number
  readonly expected: Effect[]
  readonly found: readonly Effect[]
}

/** Replays one incarnation of a node from its start on. It only goes forward; to go back, create a new one. */
export class NodeReplay {
  readonly node: string
  readonly incarnation: number
  readonly #source: EventSource
  readonly #sink = new RecordingSink()
  #machine: Machine | null = null
  /** The seq of the last step's input; 0 before the start. */
  #seq = 0
  #step = -1
  #before: NodeState | null = null
  #difference: Difference | null = null
  /** Effects recorded for the current step, compared when the next input comes. */
  #pending: PendingStep | null = null
  /** The seq of the next event to process. */
  #next: number
  /** The last input of this incarnation up to a target; the state before that step is kept. */
  #last = { target: -1, seq: 0 }

  /** Starts from a `node-started` event, or continues from a checkpoint. */
  constructor(source: EventSource, from: EventOf<'node-started'> | ReplayCheckpoint) {
    this.#source = source
    this.node = from.node
    this.incarnation = from.incarnation
    if ('type' in from) {
      this.#next = from.seq
      return
    }
    this.#next = from.lookedAt + 1
    this.#seq = from.seq
    this.#step = from.step
    this.#difference = from.difference
    // Copies, so that the checkpoint stays unchanged.
    this.#machine = from.machine.copy()
    this.#pending = from.pending && { ...from.pending, expected: [...from.pending.expected] }
  }

  /** Null before the start. */
  checkpoint(): ReplayCheckpoint | null {
    const machine = this.#machine?.copy() ?? null
    return machine && {
      node: this.node, incarnation: this.incarnation, lookedAt: this.#next - 1, seq: this.#seq, step: this.#step, machine, difference: this.#difference,
      pending: this.#pending && { ...this.#pending, expected: [...this.#pending.expected] },
    }
  }

  /** The seq of the input that led to the current state; 0 before the start. */
  get seq(): number {
    return this.#seq
  }

  /** The number of the last step; -1 before the start. */
  get step(): number {
    return this.#step
  }

  /** All events before this one are processed. */
  get lookedAt(): number {
    return this.#next
  }

  /** Includes what is known of the last step: a differing effect shows at once, a missing one only when the next input comes. */
  get difference(): Difference | null {
    return this.#difference ?? this.#differenceWithin(this.#pending?.expected.length ?? 0)
  }

  /** The state after the last step; null before the start. */
  get after(): NodeState | null {
    return this.#machine?.inspect() ?? null
  }

  /** The state before the last step; null unless that step is the last input at or before the target of `advance`. */
  get before(): NodeState | null {
    return this.#before
  }

  /**
   * Processes events up to and including `seq`, at most `eventsMax` of them; returns true once it has reached `seq`. A window calls it in
   * slices so that it does not block. It keeps the state before the last step at or before `seq`.
   */
  advance(seq: number, eventsMax: number): boolean {
    const end = Math.min(seq, this.#next + eventsMax - 1)
    for (; this.#next <= end; this.#next++) {
      const event = this.#source.eventAt(this.#next)
      if (event) this.#look(event, seq)
    }
    return this.#next > seq
  }

  /** The same at once, for callers that do not need the state before the last step: it copies no state on the way. */
  advanceOnly(seq: number): void {
    for (; this.#next <= seq; this.#next++) {
      const event = this.#source.eventAt(this.#next)
      if (event) this.#look(event, Infinity)
    }
  }

  /**
   * Steps the machine once more with an input that was not recorded, and returns the state after it; null before the start. The replay
   * has then left the recording and must never be advanced again.
   */
  spend(input: Exclude<Input, Start>, out: EffectSink): NodeState | null {
    this.#machine?.step(input, out)
    return this.after
  }

  /** Compares the last step too. For a replay that has processed every event of its recording. */
  finish(): void {
    this.#compare()
  }

  #look(event: TraceEvent, target: number): void {
    if (event.type === 'message-sent') {
      if (this.#isOwnMessage(event.id)) this.#pending?.expected.push({ id: event.id, to: receiverAs(event), message: event.message })
      return
    }
    if (!('node' in event) || event.node !== this.node || !('incarnation' in event) || event.incarnation !== this.incarnation) return
    const input = this.#inputOf(event)
    if (input) return this.#take(input, event.seq, 'step' in event ? event.step : 0, target)
    if ('step' in event) this.#pending?.expected.push({ report: reportOf(event) })
  }

  #inputOf(event: TraceEvent): Input | undefined {
    const source = this.#source
    return inputOf(event, source.header.settings, ({ seq }) => sendingOf(source.eventAt(source.sentSeq(seq))))
  }

  #take(input: Input, seq: number, step: number, target: number): void {
    this.#compare()
    this.#sink.begin(this.node, this.incarnation, step)
    // Inspecting a machine copies its state, so only the step that will be shown is inspected.
    this.#before = this.#machine && target !== Infinity && this.#isLastBefore(seq, target) ? this.#machine.inspect() : null
    if (input.type === 'start') {
      this.#before = null
      this.#machine = createMachine(input, this.#sink)
    } else this.#machine?.step(input, this.#sink)
    this.#seq = seq
    this.#step = step
    this.#pending = { seq, step, expected: [], found: this.#sink.effects }
  }

  /** True if no later input of this incarnation comes at or before the target. */
  #isLastBefore(seq: number, target: number): boolean {
    if (this.#last.target !== target) {
      // Searched once, backwards from the target: most events near it are not inputs of this incarnation.
      let last = target
      while (last > seq && !this.#isOwnInput(this.#source.eventAt(last))) last--
      this.#last = { target, seq: last }
    }
    return this.#last.seq <= seq
  }

  #isOwnInput(event: TraceEvent | undefined): boolean {
    return event !== undefined && 'node' in event && event.node === this.node && 'incarnation' in event && event.incarnation === this.incarnation
      && this.#inputOf(event) !== undefined
  }

  /** Compares effects one step late, when all of them are known. */
  #compare(): void {
    this.#difference ??= this.#differenceWithin(Infinity)
    this.#pending = null
  }

  /** The first difference among the first `count` effects of the last step. */
  #differenceWithin(count: number): Difference | null {
    const pending = this.#pending
    if (!pending) return null
    const length = Math.min(count, Math.max(pending.expected.length, pending.found.length))
    for (let index = 0; index < length; index++) {
      const [expected, found] = [pending.expected[index], pending.found[index]]
      if (expected !== undefined && found !== undefined && sameEffect(expected, found)) continue
      return { seq: pending.seq, step: pending.step, expected: effectText(expected), found: effectText(found) }
    }
    return null
  }

  #isOwnMessage(id: string): boolean {
    return id.startsWith(`${this.node}.${this.incarnation}.`)
  }
}

/** Collects effects in their recorded form. Timers are not compared: each timer that fires is an input of its own. */
class RecordingSink implements EffectSink {
  effects: Effect[] = []
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
    this.effects.push({ id, to, message: recordMessage(message) })
  }

  setTimer(): void {
    // The timers that fire are inputs, so they are compared there.
  }

  cancelTimer(): void {
    // The timers that fire are inputs, so they are compared there.
  }

  report(report: Report): void {
    this.effects.push({ report: recordReport(report) as unknown as Readonly<Record<string, unknown>> })
  }
}

/** A report's event without the fields that the trace added. */
function reportOf(event: TraceEvent): Readonly<Record<string, unknown>> {
  const { seq: _seq, at: _at, wall: _wall, ...rest } = event
  const { node: _node, incarnation: _incarnation, step: _step, ...report } = rest as Record<string, unknown>
  return report
}

/** For display, with keys in order so that differences are easy to see. */
function effectText(effect: Effect | undefined): string {
  if (effect === undefined) return 'nothing'
  return 'report' in effect ? JSON.stringify(sorted(effect.report)) : `${effect.id} to ${effect.to} ${JSON.stringify(sorted(effect.message))}`
}

/** The same value with its keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1).map(([key, item]) => [key, sorted(item)]))
}

function sameEffect(expected: Effect, found: Effect): boolean {
  if (!('message' in expected) || !('message' in found)) return sameValue(expected, found)
  return expected.id === found.id && expected.to === found.to && sameMessage(expected.message, found.message)
}
