// Replays one incarnation of a node beside a recording: each input goes to a fresh machine, and each recorded effect is compared with the
// machine's next effect. It must never keep more than the machine and the effects of its last step.
import { createMachine, type EffectSink, type Input, type Machine, type Message, type Report, type Start } from '../protocol'
import { messageId, receiverAs, recordMessage, recordReport, shorten, type EventOf, type MessageId, type TraceEvent } from '../trace'
import { sameMessage, sameValue } from './same-value'

type Effect = { readonly type: 'send'; readonly to: string; readonly message: Message } | { readonly type: 'report'; readonly report: Report }

/** The recorded and the replayed effect as text, where they differ. */
export interface Words {
  readonly expected: string
  readonly found: string
}

/** Fields that the trace adds to a report: seq, at, wall, node, incarnation, step. */
const addedFields = 6

export class CheckedLife implements EffectSink {
  readonly node: string
  readonly incarnation: number
  /** The seq of the last input's event. */
  inputSeq: number
  step = 0
  #machine: Machine | null = null
  /** The effects of the last step; `#shown` counts those that the recording has shown. */
  #effects: Effect[] = []
  #shown = 0
  #sends = 0
  /** Armed timers, each with the number of its arming; `#armed` counts how often each timer was ever armed. */
  readonly #timers = new Map<string, number>()
  readonly #armed = new Map<string, number>()

  constructor({ node, incarnation, seq }: EventOf<'node-started'>) {
    this.node = node
    this.incarnation = incarnation
    this.inputSeq = seq
  }

  /** True while effects of the last step are outstanding: the next event belongs to that step. */
  get isInStep(): boolean {
    return this.#shown < this.#effects.length
  }

  start(start: Start): Words | null {
    return this.#run(() => {
      this.#machine = createMachine(start, this)
    })
  }

  /** Takes the next input. The last step must be complete (`over`). */
  take(input: Exclude<Input, Start>, event: TraceEvent & { readonly step: number }): Words | null {
    if (event.step !== this.step + 1) return { expected: `step ${event.step}`, found: `step ${this.step + 1} is next` }
    this.step++
    this.inputSeq = event.seq
    this.#effects = []
    this.#shown = 0
    this.#sends = 0
    if (event.type === 'timer-fired') {
      if (this.#timers.get(event.name) !== event.armed) return { expected: `${event.name}, armed ${event.armed} times, fires`, found: this.#timerText(event.name) }
      this.#timers.delete(event.name)
    }
    return this.#run(() => this.#machine?.step(input, this))
  }

  #timerText(name: string): string {
    const armed = this.#timers.get(name)
    return armed === undefined ? `${shorten(name)} is not armed` : `${name} is armed for the ${armed}. time`
  }

  /** A machine throws only where a rule is broken. A node that broke one stopped there, so the recording has no such step. */
  #run(step: () => void): Words | null {
    try {
      step()
      return null
    } catch (error) {
      return { expected: 'a step', found: `a broken rule: ${error instanceof Error ? error.message : String(error)}` }
    }
  }

  /** The recording shows a message that this incarnation sent. */
  sent(event: EventOf<'message-sent'>): Words | null {
    const { id, from, message } = event
    const to = receiverAs(event)
    const effect = this.#effects[this.#shown++]
    const expectedId = messageId(this.node, this.incarnation, this.step, this.#sends++)
    if (effect?.type === 'send' && id === expectedId && from === this.node && to === effect.to && sameMessage(message, recordMessage(effect.message))) return null
    return { expected: sentText(id, from, to, message as Message), found: this.#text(effect, expectedId) }
  }

  /** The recording shows a report of this incarnation. */
  reported(event: TraceEvent & { readonly step: number }): Words | null {
    const effect = this.#effects[this.#shown++]
    if (effect?.type === 'report' && event.step === this.step && isReport(event, recordReport(effect.report))) return null
    const { seq: _seq, at: _at, wall: _wall, ...rest } = event
    const { node: _node, incarnation: _incarnation, step, ...report } = rest as Record<string, unknown>
    return { expected: `${step === this.step ? '' : `in step ${String(step)} `}${reportText(report)}`, found: this.#text(effect, this.#nextId()) }
  }

  /** Ends the last step; null if the recording has shown all of its effects. */
  over(): Words | null {
    return this.isInStep ? { expected: 'nothing more in this step', found: this.#text(this.#effects[this.#shown], this.#nextId()) } : null
  }

  #nextId(): MessageId {
    return messageId(this.node, this.incarnation, this.step, this.#sends)
  }

  #text(effect: Effect | undefined, id: MessageId): string {
    if (!effect) return 'nothing more in this step'
    return effect.type === 'send' ? sentText(id, this.node, effect.to, effect.message) : reportText(recordReport(effect.report))
  }

  // ---- the machine's effect sink

  send(to: string, message: Message): void {
    this.#effects.push({ type: 'send', to, message })
  }

  report(report: Report): void {
    this.#effects.push({ type: 'report', report })
  }

  setTimer(name: string): void {
    const armed = (this.#armed.get(name) ?? 0) + 1
    this.#armed.set(name, armed)
    this.#timers.set(name, armed)
  }

  cancelTimer(name: string): void {
    this.#timers.delete(name)
  }
}

function isReport(event: TraceEvent, report: object): boolean {
  const keys = Object.keys(report)
  return Object.keys(event).length === keys.length + addedFields
    && keys.every((key) => sameValue((event as unknown as Record<string, unknown>)[key], (report as Record<string, unknown>)[key]))
}

/** How many characters of an effect a sentence shows. */
const effectCharacters = 300

function sentText(id: MessageId, from: string, to: string, message: Message): string {
  return cut(`${id} from ${from} to ${to}: ${message.type} ${JSON.stringify(message)}`)
}

function reportText(report: object): string {
  return cut(`report ${JSON.stringify(report)}`)
}

function cut(text: string): string {
  return text.length <= effectCharacters ? text : `${text.slice(0, effectCharacters)}… (${text.length} characters)`
}
