// Whether a recording is what its nodes did: every life is stepped again over its recorded inputs and must have the recorded effects, one
// for one. Reads the events once, in order, and keeps the machines of the present lives and the messages that are under way, no more.
// What no effect depends on is not proved by it: times, pids, labels, what the network did (docs/recording.md, Conformance).
import type { NodeKind, Start } from '../protocol'
import { messageIdParts, messageOf, operationInputOf, type EventOf, type TraceEvent, type TraceHeader } from '../trace'
import { CheckedLife, type Words } from './checked-life'
import type { Difference } from './restep'

/** The first place where a recording is not what its nodes did. `seq` and `step` are of the step's input. */
export interface NodeDifference extends Difference {
  readonly node: string
  readonly incarnation: number
  /** The event at which it shows. */
  readonly event: number
}

export interface Conformity {
  /** Null: it conforms. */
  readonly difference: NodeDifference | null
  readonly events: number
  readonly steps: number
  readonly lives: number
  /** Empty, or one sentence: the recording ends in the middle of a step. */
  readonly note: string
}

/** Events that belong to a step of a node and are no input of it. */
type ReportEvent = TraceEvent & { readonly node: string; readonly incarnation: number; readonly step: number }

export class Conformance {
  readonly #header: TraceHeader
  readonly #kinds: ReadonlyMap<string, NodeKind>
  readonly #lives = new Map<string, CheckedLife>()
  readonly #incarnations = new Map<string, number>()
  /** Sent, and neither taken nor lost yet. */
  readonly #underWay = new Map<string, EventOf<'message-sent'>>()
  /** The message that was sent last: older recordings tell of its copies after they have told that it was lost. */
  #lastSent: EventOf<'message-sent'> | null = null
  #difference: NodeDifference | null = null
  #events = 0
  #steps = 0
  #started = 0
  /** Whose step it is. */
  #last: CheckedLife | null = null

  constructor(header: TraceHeader) {
    this.#header = header
    this.#kinds = new Map(header.nodes.map(({ name, kind }) => [name, kind]))
  }

  get difference(): NodeDifference | null {
    return this.#difference
  }

  /** True while effects of the step that was begun last are still to come. */
  get isInStep(): boolean {
    return this.#last?.isInStep ?? false
  }

  /** Looks at the next event; after the first difference nothing is looked at any more. */
  take(event: TraceEvent): void {
    if (this.#difference) return
    this.#events++
    if (event.type.startsWith('message-')) this.#takeMessage(event)
    else if ('node' in event && event.node !== '' && !isOutside(event)) this.#takeOfNode(event)
  }

  /** The recording is over. */
  finish(): Conformity {
    let note = ''
    for (const life of this.#lives.values()) {
      if (this.#difference || !life.isInStep) continue
      // A file may end anywhere, so the step that was begun last may be cut off; an earlier one may not.
      if (life === this.#last) note = `The last step, step ${life.step} of ${life.node}, is not whole.`
      else this.#differ(life, life.over(), this.#events)
    }
    return { difference: this.#difference, events: this.#events, steps: this.#steps, lives: this.#started, note }
  }

  // ---- messages

  #takeMessage(event: TraceEvent): void {
    switch (event.type) {
      case 'message-sent': return this.#sent(event)
      case 'message-taken': return this.#taken(event)
      case 'message-dropped':
        this.#underWay.delete(event.id)
        return
      case 'message-duplicated': {
        const original = this.#underWay.get(event.of) ?? (this.#lastSent?.id === event.of ? this.#lastSent : undefined)
        if (original) this.#underWay.set(event.id, original)
        return
      }
      default: return
    }
  }

  #sent(event: EventOf<'message-sent'>): void {
    const { node, incarnation } = messageIdParts(event.id)
    // Nobody recorded the steps of its sender: it is under way, and more cannot be said.
    if (incarnation === 0) return void this.#underWay.set(event.id, event)
    const life = this.#lives.get(node)
    if (life?.incarnation !== incarnation) return this.#differAt(event, node, incarnation, { expected: `message ${event.id}`, found: noLife(node, incarnation) })
    this.#differ(life, life.sent(event), event.seq)
    this.#underWay.set(event.id, event)
    this.#lastSent = event
  }

  #taken(event: EventOf<'message-taken'>): void {
    const sent = this.#underWay.get(event.id)
    this.#underWay.delete(event.id)
    if (sent?.to === event.node && event.incarnation === 0) return
    if (sent?.to === event.node) return this.#input(event, (life) => life.take({ type: 'message', from: sent.from, message: messageOf(sent.message) }, event))
    const found = sent ? `it was sent to ${sent.to}` : 'no such message is under way'
    this.#differAt(event, event.node, event.incarnation, { expected: `takes ${event.id}`, found })
  }

  // ---- lives

  #takeOfNode(event: TraceEvent & { readonly node: string }): void {
    switch (event.type) {
      case 'node-started': return this.#start(event)
      case 'node-exited': return this.#exited(event)
      case 'timer-fired': return this.#input(event, (life) => life.take({ type: 'timer', name: event.name }, event))
      case 'peer-lost': return this.#input(event, (life) => life.take({ type: 'peer-lost', peer: event.peer }, event))
      case 'operation-invoked': return this.#input(event, (life) => life.take(operationInputOf(event.operation), event))
      default:
        if ('step' in event && 'incarnation' in event) this.#reported(event)
    }
  }

  #start(event: EventOf<'node-started'>): void {
    const { node, incarnation, kind, seed } = event
    const differs = (expected: string, found: string): void => this.#differAt(event, node, incarnation, { expected, found })
    if (this.#lives.has(node)) return differs('a start', `${node} lives already`)
    if (this.#kinds.get(node) !== kind) return differs(`${node} is a ${kind}`, `the first line says ${this.#kinds.get(node) ?? 'nothing of it'}`)
    if (incarnation <= (this.#incarnations.get(node) ?? 0)) return differs(`incarnation ${incarnation}`, `${node} had it before`)
    if (event.step !== 0) return differs(`a start in step ${event.step}`, 'a start is step 0')
    const life = new CheckedLife(event)
    this.#lives.set(node, life)
    this.#incarnations.set(node, incarnation)
    this.#started++
    this.#steps++
    this.#last = life
    const start: Start = { type: 'start', name: node, kind, incarnation, address: '', settings: this.#header.settings, seed }
    this.#differ(life, life.start(start), event.seq)
  }

  #exited(event: EventOf<'node-exited'>): void {
    const life = this.#lives.get(event.node)
    if (!life) return this.#differAt(event, event.node, event.incarnation, { expected: 'an end', found: noLife(event.node, event.incarnation) })
    this.#differ(life, life.over(), event.seq)
    this.#lives.delete(event.node)
  }

  #input(event: TraceEvent & { readonly node: string; readonly incarnation: number; readonly step: number }, take: (life: CheckedLife) => Words | null): void {
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

  #reported(event: ReportEvent): void {
    const life = this.#lives.get(event.node)
    if (life?.incarnation === event.incarnation) return this.#differ(life, life.reported(event), event.seq)
    this.#differAt(event, event.node, event.incarnation, { expected: `a report of ${event.node}`, found: noLife(event.node, event.incarnation) })
  }

  // ---- differences

  #differ(life: CheckedLife, words: Words | null, event: number): void {
    const { node, incarnation, step, inputSeq: seq } = life
    if (words) this.#difference ??= { node, incarnation, step, seq, event, ...words }
  }

  #differAt(event: TraceEvent, node: string, incarnation: number, words: Words): void {
    const life = this.#lives.get(node)
    this.#difference ??= { node, incarnation, step: 'step' in event && 'node' in event ? event.step : life?.step ?? 0, seq: event.seq, event: event.seq, ...words }
  }
}

/** A value that was changed may be no base64 any more. */
function readable(take: () => Words | null): Words | null {
  try {
    return take()
  } catch (error) {
    if (error instanceof RangeError) return { expected: 'an input', found: `not readable: ${error.message}` }
    throw error
  }
}

/** Told of a node that has no life in the recording: there is nothing to step again. */
function isOutside(event: TraceEvent): boolean {
  return 'incarnation' in event && event.incarnation === 0
}

function noLife(node: string, incarnation: number): string {
  return `${node} does not live in incarnation ${incarnation}`
}

/** The difference as one sentence. */
export function differenceSentence({ node, incarnation, step, event, expected, found }: NodeDifference): string {
  return `At event #${event}, step ${step} of ${node} (incarnation ${incarnation}): recorded is ${expected}; stepped again it is ${found}.`
}
