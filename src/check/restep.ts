// Stepping a node again: its state at any moment of a recording, found by giving a fresh machine the inputs that were recorded.
// Inputs are recorded and states are not, so this is the only way to see one; where the effects differ from the recorded ones the
// protocol has changed since, and what is shown from there on is said to be so.
import { createMachine, type EffectSink, type Input, type Machine, type Message, type NodeState, type Report, type Start } from '../protocol'
import { messageId, messageOf, operationInputOf, recordMessage, recordReport, type EventOf, type Recorded, type TraceEvent, type TraceHeader } from '../trace'
import { sameValue } from './same-value'

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

/** An effect, as a machine gave it or as it was recorded: a message with its id, or a report. */
type Effect = { readonly id: string; readonly to: string; readonly message: Recorded<Message> } | { readonly report: Readonly<Record<string, unknown>> }

/** A life stepped up to a moment, from which its replay goes on; may be taken up any number of times. */
export interface ReplayCheckpoint {
  readonly node: string
  readonly incarnation: number
  /** Every event up to and including this one was looked at. */
  readonly lookedAt: number
  readonly seq: number
  readonly step: number
  readonly machine: Machine
  readonly difference: Difference | null
  readonly pending: PendingStep | null
}

/** A step whose effects are compared when all of them were seen. */
interface PendingStep {
  readonly seq: number
  readonly step: number
  readonly expected: Effect[]
  readonly found: readonly Effect[]
}

/** One life of a node, from its start on. Goes forward only; a new one is begun to go back. */
export class NodeReplay {
  readonly node: string
  readonly incarnation: number
  readonly #source: EventSource
  readonly #sink = new RecordingSink()
  #machine: Machine | null = null
  /** The input event of the last step taken; 0 before the start. */
  #seq = 0
  #step = -1
  #before: NodeState | null = null
  #difference: Difference | null = null
  /** Effects recorded for the running step, compared when the next input comes. */
  #pending: PendingStep | null = null
  /** The next event to look at. */
  #next: number
  /** The last input of this life up to a target: the step whose state before is kept. */
  #last = { target: -1, seq: 0 }

  /** Begins with the life's start, or goes on from a checkpoint of it. */
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
    // The checkpoint stays as it is.
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

  /** Of the last step as much is compared as was seen of it: an effect that differs is told at once, one that is missing when the next input comes. */
  get difference(): Difference | null {
    return this.#difference ?? this.#differenceWithin(this.#pending?.expected.length ?? 0)
  }

  /** The state after the last step; null before the start. */
  get after(): NodeState | null {
    return this.#machine?.inspect() ?? null
  }

  /** The state before the last step; null if that step lies far before the event that `advance` was told to come to. */
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

  /** The same at once for who wants no state before the last step: nothing is copied on the way. */
  advanceOnly(seq: number): void {
    for (; this.#next <= seq; this.#next++) {
      const event = this.#source.eventAt(this.#next)
      if (event) this.#look(event, Infinity)
    }
  }

  /**
   * Steps the machine once more, with an input that was not recorded, and answers the state after it; null before the start. The
   * replay has left the recording then and must not be advanced any more.
   */
  spend(input: Exclude<Input, Start>, out: EffectSink): NodeState | null {
    this.#machine?.step(input, out)
    return this.after
  }

  /** Compares the last step too; for a replay that has seen every event of its recording. */
  finish(): void {
    this.#compare()
  }

  #look(event: TraceEvent, target: number): void {
    if (event.type === 'message-sent') {
      if (this.#isOwnMessage(event.id)) this.#pending?.expected.push({ id: event.id, to: event.to, message: event.message })
      return
    }
    if (!('node' in event) || event.node !== this.node || !('incarnation' in event) || event.incarnation !== this.incarnation) return
    const input = this.#inputOf(event)
    if (input) return this.#take(input, event.seq, 'step' in event ? event.step : 0, target)
    if ('step' in event) this.#pending?.expected.push({ report: reportOf(event) })
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
    this.#before = this.#machine && target !== Infinity && this.#isLastBefore(seq, target) ? this.#machine.inspect() : null
    if (input.type === 'start') {
      this.#before = null
      this.#machine = createMachine(input, this.#sink)
    } else this.#machine?.step(input, this.#sink)
    this.#seq = seq
    this.#step = step
    this.#pending = { seq, step, expected: [], found: this.#sink.effects }
  }

  /** True if no later input of this life comes before the target. */
  #isLastBefore(seq: number, target: number): boolean {
    if (this.#last.target !== target) {
      // Looked for once, from the target back: most events near it are no inputs of this life.
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

  /** Effects are compared one step late, when all of them have been seen. */
  #compare(): void {
    this.#difference ??= this.#differenceWithin(Infinity)
    this.#pending = null
  }

  /** The first among so many effects of the last step that came out otherwise. */
  #differenceWithin(count: number): Difference | null {
    const pending = this.#pending
    if (!pending) return null
    const length = Math.min(count, Math.max(pending.expected.length, pending.found.length))
    for (let index = 0; index < length; index++) {
      const [expected, found] = [pending.expected[index], pending.found[index]]
      if (expected !== undefined && found !== undefined && sameValue(expected, found)) continue
      return { seq: pending.seq, step: pending.step, expected: effectText(expected), found: effectText(found) }
    }
    return null
  }

  #isOwnMessage(id: string): boolean {
    return id.startsWith(`${this.node}.${this.incarnation}.`)
  }
}

/** Notes effects as they would be recorded; timers are not compared, as each that fires is an input of its own. */
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
    // Compared by the timers that fire.
  }

  cancelTimer(): void {
    // Compared by the timers that fire.
  }

  report(report: Report): void {
    this.effects.push({ report: recordReport(report) as unknown as Readonly<Record<string, unknown>> })
  }
}

/** A report's event without what the trace added to it. */
function reportOf(event: TraceEvent): Readonly<Record<string, unknown>> {
  const { seq: _seq, at: _at, wall: _wall, ...rest } = event
  const { node: _node, incarnation: _incarnation, step: _step, ...report } = rest as Record<string, unknown>
  return report
}

/** For showing: with its keys in order, so that what differs is seen. */
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
