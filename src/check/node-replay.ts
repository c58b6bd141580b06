// Replays a node up to any event of a recording, to get its state there. Recordings have inputs but no states, so this is the only way to
// see one. Where the effects differ from the recorded ones, the protocol has changed since; it must never show a state from there on without
// saying so.
import type { EffectSink, Input, NodeState, Start } from '../protocol'
import { inputOf, sendingOf, type EventOf, type TraceEvent, type TraceHeader } from '../trace'
import { ReplayedLife, type StepEvent, type Words } from './replayed-life'

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

/** A snapshot of an incarnation from which a replay continues; it can be used any number of times. */
export interface ReplayCheckpoint {
  readonly node: string
  readonly incarnation: number
  /** All events up to and including this one are processed. */
  readonly lookedAt: number
  /** Continued only as a copy. */
  readonly life: ReplayedLife
  readonly difference: Difference | null
}

/** Replays one incarnation of a node from its start on. It only goes forward; to go back, create a new one. */
export class NodeReplay {
  readonly node: string
  readonly incarnation: number
  readonly #source: EventSource
  /** Null before the start. */
  #life: ReplayedLife | null = null
  #before: NodeState | null = null
  #difference: Difference | null = null
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
    this.#life = from.life.copy()
    this.#difference = from.difference
  }

  /** Null before the start. */
  checkpoint(): ReplayCheckpoint | null {
    const { node, incarnation } = this
    return this.#life && { node, incarnation, lookedAt: this.#next - 1, life: this.#life.copy(), difference: this.#difference }
  }

  /** The seq of the input that led to the current state; 0 before the start. */
  get seq(): number {
    return this.#life?.inputSeq ?? 0
  }

  /** The number of the last step; -1 before the start. */
  get step(): number {
    return this.#life?.step ?? -1
  }

  /** All events before this one are processed. */
  get lookedAt(): number {
    return this.#next
  }

  /** The first one so far. An effect that differs shows at once, one that is missing only when the next input comes. */
  get difference(): Difference | null {
    return this.#difference
  }

  /** The state after the last step; null before the start. */
  get after(): NodeState | null {
    return this.#life?.inspect() ?? null
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
    this.#life?.spend(input, out)
    return this.after
  }

  /** Compares the last step too. For a replay that has processed every event of its recording. */
  finish(): void {
    this.#differ(this.#life?.over())
  }

  #look(event: TraceEvent, target: number): void {
    if (event.type === 'message-sent') {
      if (this.#isOwnMessage(event.id)) this.#differ(this.#life?.sent(event))
      return
    }
    if (!('node' in event && 'step' in event) || event.node !== this.node || event.incarnation !== this.incarnation) return
    const input = this.#inputOf(event)
    if (input) this.#take(input, event, target)
    else this.#differ(this.#life?.reported(event))
  }

  #inputOf(event: TraceEvent): Input | undefined {
    const source = this.#source
    return inputOf(event, source.header, ({ seq }) => sendingOf(source.eventAt(source.sentSeq(seq))))
  }

  #take(input: Input, event: StepEvent, target: number): void {
    this.#differ(this.#life?.over())
    // Inspecting a machine copies its state, so only the step that will be shown is inspected.
    this.#before = this.#life && target !== Infinity && this.#isLastBefore(event.seq, target) ? this.#life.inspect() : null
    if (input.type !== 'start') this.#differ(this.#life?.take(input, event))
    else {
      this.#before = null
      this.#life = new ReplayedLife(event)
      this.#differ(this.#life.start(input))
    }
    if (this.#life?.broken) throw this.#life.broken
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

  #differ(words: Words | null | undefined): void {
    if (words) this.#difference ??= { seq: this.seq, step: this.step, ...words }
  }

  #isOwnMessage(id: string): boolean {
    return id.startsWith(`${this.node}.${this.incarnation}.`)
  }
}
