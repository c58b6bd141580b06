// Checks that a recording conforms: replays every incarnation over its recorded inputs and requires exactly the recorded effects, in order.
// It reads the events once and keeps only the machines of running incarnations and the messages in flight. It proves nothing about
// what no effect depends on: times, pids, labels, what the network did (docs/recording.md, Conformance).
import type { NodeKind } from '../protocol'
import { messageIdParts, messageInputOf, MessagesInFlight, startOfEvent, stepInputOf, whyNoSteps, type EventOf, type TraceEvent, type TraceHeader } from '../trace'
import { NoSteps, ReplayedLife, type MakeLife, type StepEvent, type Words } from './replayed-life'
import type { Difference } from './node-replay'

/** The first difference between a recording and its replay. `seq` and `step` are those of the step's input. */
export interface NodeDifference extends Difference {
  readonly node: string
  readonly incarnation: number
  /** The seq of the event that shows the difference. */
  readonly event: number
}

export interface Conformity {
  /** Null: the recording conforms. */
  readonly difference: NodeDifference | null
  readonly events: number
  readonly steps: number
  readonly lives: number
  /** Empty, or one sentence: the recording ends in the middle of a step. */
  readonly note: string
}

/** Runs the nodes that are programs again, as far as a person named them. */
export interface ProgramsAgain {
  has(node: string): boolean
  readonly make: MakeLife
  /** The node's incarnation is over. */
  ended(node: string): void
}

export class Conformance {
  readonly #programs: ProgramsAgain | null
  /** Incarnations of programs that fell to level 0: what they did from there on cannot be given again. */
  readonly #fallen = new Set<string>()
  readonly #header: TraceHeader
  readonly #kinds: ReadonlyMap<string, NodeKind>
  readonly #lives = new Map<string, ReplayedLife>()
  /** Incarnations that started, each once. A node that started with too low a number starts again with a later one; the recording has both. */
  readonly #incarnations = new Set<string>()
  readonly #inFlight = new MessagesInFlight({ sent: (sending) => sending })
  #difference: NodeDifference | null = null
  #events = 0
  #steps = 0
  #started = 0
  /** The incarnation whose step is running. */
  #last: ReplayedLife | null = null

  constructor(header: TraceHeader, programs: ProgramsAgain | null = null) {
    this.#header = header
    this.#programs = programs
    this.#kinds = new Map(header.nodes.map(({ name, kind }) => [name, kind]))
  }

  get difference(): NodeDifference | null {
    return this.#difference
  }

  /** True while effects of the last step are outstanding. */
  get isInStep(): boolean {
    return this.#last?.isInStep ?? false
  }

  /** Checks the next event. After the first difference it ignores all events. */
  take(event: TraceEvent): void {
    if (this.#difference) return
    this.#events++
    if (event.type.startsWith('message-')) this.#takeMessage(event)
    else if ('node' in event && event.node !== '' && !('incarnation' in event && this.#isUnchecked(event))) this.#takeOfNode(event)
  }

  /** Nobody recorded its steps, or it is a program that is not run again. */
  #isUnchecked(life: { readonly node: string; readonly incarnation: number }): boolean {
    if (whyNoSteps(this.#header, life) === '') return false
    return life.incarnation === 0 || !(this.#programs?.has(life.node) ?? false) || this.#fallen.has(`${life.node} ${life.incarnation}`)
  }

  /** Ends the recording. */
  finish(): Conformity {
    let note = ''
    for (const life of this.#lives.values()) {
      if (this.#difference || !life.isInStep) continue
      // A file may end anywhere, so the last step may be cut off; an earlier one may not.
      if (life === this.#last) note = `The last step, step ${life.step} of ${life.node}, is not whole.`
      else this.#differ(life, life.over(), this.#events)
    }
    return { difference: this.#difference, events: this.#events, steps: this.#steps, lives: this.#started, note }
  }

  // ---- messages

  #takeMessage(event: TraceEvent): void {
    const sent = this.#inFlight.take(event)
    if (event.type === 'message-sent') this.#sent(event)
    else if (event.type === 'message-taken') this.#taken(event, sent)
  }

  #sent(event: EventOf<'message-sent'>): void {
    const sender = messageIdParts(event.id)
    const { node, incarnation } = sender
    // The sender's steps were not recorded: the message is in flight, and it cannot be checked.
    if (this.#isUnchecked(sender)) return
    const life = this.#lives.get(node)
    if (life?.incarnation !== incarnation) return this.#differAt(event, node, incarnation, { expected: `message ${event.id}`, found: noLife(node, incarnation) })
    this.#differ(life, life.sent(event), event.seq)
  }

  #taken(event: EventOf<'message-taken'>, sent: EventOf<'message-sent'> | undefined): void {
    if (sent?.to === event.node && this.#isUnchecked(event)) return
    if (sent?.to === event.node) return this.#input(event, (life) => life.take(messageInputOf(sent), event))
    const found = sent ? `it was sent to ${sent.to}` : 'no such message is in flight'
    this.#differAt(event, event.node, event.incarnation, { expected: `takes ${event.id}`, found })
  }

  // ---- incarnations

  #takeOfNode(event: TraceEvent & { readonly node: string }): void {
    switch (event.type) {
      case 'node-started': return this.#start(event)
      case 'node-exited': return this.#exited(event)
      case 'program-level': return event.level === 0 ? this.#fell(event) : undefined
      case 'timer-fired':
      case 'peer-lost':
      case 'operation-invoked': return this.#input(event, (life) => life.take(stepInputOf(event), event))
      default:
        if ('step' in event && 'incarnation' in event) this.#reported(event)
    }
  }

  #start(event: EventOf<'node-started'>): void {
    const { node, incarnation, kind } = event
    const differs = (expected: string, found: string): void => this.#differAt(event, node, incarnation, { expected, found })
    if (this.#lives.has(node)) return differs('a start', `${node} lives already`)
    if (this.#kinds.get(node) !== kind) return differs(`${node} is a ${kind}`, `the first line says ${this.#kinds.get(node) ?? 'nothing of it'}`)
    if (this.#incarnations.has(`${node} ${incarnation}`)) return differs(`incarnation ${incarnation}`, `${node} had it before`)
    if (event.step !== 0) return differs(`a start in step ${event.step}`, 'a start is step 0')
    const life = new ReplayedLife(event, this.#programs?.has(node) ? this.#programs.make : undefined)
    this.#lives.set(node, life)
    this.#incarnations.add(`${node} ${incarnation}`)
    this.#started++
    this.#steps++
    this.#last = life
    try {
      this.#differ(life, life.start(startOfEvent(event, this.#header)), event.seq)
    } catch (error) {
      if (!(error instanceof NoSteps)) throw error
      this.#fell(event)
    }
  }

  #fell({ node, incarnation }: EventOf<'program-level' | 'node-started'>): void {
    this.#fallen.add(`${node} ${incarnation}`)
    if (this.#last?.node === node) this.#last = null
    this.#lives.delete(node)
    this.#programs?.ended(node)
  }

  #exited(event: EventOf<'node-exited'>): void {
    const life = this.#lives.get(event.node)
    // A program that ended in its start never began.
    if (!life && this.#programs?.has(event.node)) return
    if (!life) return this.#differAt(event, event.node, event.incarnation, { expected: 'an end', found: noLife(event.node, event.incarnation) })
    this.#differ(life, life.over(), event.seq)
    this.#lives.delete(event.node)
    this.#programs?.ended(event.node)
  }

  #input(event: StepEvent, take: (life: ReplayedLife) => Words | null): void {
    const life = this.#lives.get(event.node)
    if (life?.incarnation !== event.incarnation) {
      return this.#differAt(event, event.node, event.incarnation, { expected: `step ${event.step}`, found: noLife(event.node, event.incarnation) })
    }
    this.#differ(life, life.over(), event.seq)
    if (this.#difference) return
    this.#steps++
    this.#last = life
    this.#differ(life, readable(() => take(life)), event.seq)
  }

  #reported(event: StepEvent): void {
    const life = this.#lives.get(event.node)
    if (life?.incarnation === event.incarnation) return this.#differ(life, life.reported(event), event.seq)
    this.#differAt(event, event.node, event.incarnation, { expected: `a report of ${event.node}`, found: noLife(event.node, event.incarnation) })
  }

  // ---- differences

  #differ(life: ReplayedLife, words: Words | null, event: number): void {
    const { node, incarnation, step, inputSeq: seq } = life
    if (words) this.#difference ??= { node, incarnation, step, seq, event, ...words }
  }

  #differAt(event: TraceEvent, node: string, incarnation: number, words: Words): void {
    const life = this.#lives.get(node)
    this.#difference ??= { node, incarnation, step: 'step' in event && 'node' in event ? event.step : life?.step ?? 0, seq: event.seq, event: event.seq, ...words }
  }
}

/** A damaged value may no longer be valid base64. */
function readable(take: () => Words | null): Words | null {
  try {
    return take()
  } catch (error) {
    if (error instanceof RangeError) return { expected: 'an input', found: `not readable: ${error.message}` }
    throw error
  }
}

function noLife(node: string, incarnation: number): string {
  return `${node} does not live in incarnation ${incarnation}`
}

/** The difference as one sentence. */
export function differenceSentence({ node, incarnation, step, event, expected, found }: NodeDifference): string {
  return `At event #${event}, step ${step} of ${node} (incarnation ${incarnation}): recorded is ${expected}; stepped again it is ${found}.`
}
