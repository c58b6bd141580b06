// Replays one incarnation of a node beside a recording: each input goes to a fresh machine, and each recorded effect is compared with the
// machine's next effect. No other file steps a machine along a recording to compare it. It must never keep more than the machine and the
// effects of its last step.
import { makeMachine } from '../maelstrom'
import { kindOf, type EffectSink, type Input, type Machine, type Message, type NodeState, type Report, type Start } from '../protocol'
import {
  messageId, receiverAs, recordMessage, recordReport, shorten, type EventOf, type MessageId, type ProgramEffects, type ToldReport, type TraceEvent,
} from '../trace'
import { sameMessage, sameValue } from './same-value'

/** An event of a node's step: its input, or a report. */
export type StepEvent = TraceEvent & { readonly node: string; readonly incarnation: number; readonly step: number }

/** A report is in its recorded form. */
type Effect = { readonly type: 'send'; readonly to: string; readonly message: Message } | { readonly type: 'report'; readonly report: ToldReport }

/** A program cannot be given its steps again: it does not say when one is done. */
export class NoSteps extends Error {}

/** Starts the machine of an incarnation. Throws a NoSteps for a program that has none. */
export type MakeLife = (start: Start, out: EffectSink & ProgramEffects) => Machine

/** The recorded and the replayed effect as text, where they differ. */
export interface Words {
  readonly expected: string
  readonly found: string
}

/** Fields that the trace adds to a report: seq, at, wall, node, incarnation, step. */
const addedFields = 6

export class ReplayedLife implements EffectSink, ProgramEffects {
  readonly node: string
  readonly incarnation: number
  /** The seq of the last input's event. */
  inputSeq: number
  step = 0
  readonly #make: MakeLife
  #machine: Machine | null = null
  /** The effects of the last step; `#shown` counts those that the recording has shown. */
  #effects: Effect[] = []
  #shown = 0
  #sends = 0
  /** Armed timers, each with the number of its arming; `#armed` counts how often each timer was ever armed. */
  #timers = new Map<string, number>()
  #armed = new Map<string, number>()
  #broken: Error | null = null

  /** `make`: for a node that is a program; a machine of ours without it. */
  constructor({ node, incarnation, seq }: Pick<EventOf<'node-started'>, 'node' | 'incarnation' | 'seq'>, make: MakeLife = makeMachine) {
    this.#make = make
    this.node = node
    this.incarnation = incarnation
    this.inputSeq = seq
  }

  /** A copy that goes on by itself: no step of either changes the other. */
  copy(): ReplayedLife {
    const copy = new ReplayedLife({ node: this.node, incarnation: this.incarnation, seq: this.inputSeq }, this.#make)
    copy.step = this.step
    copy.#machine = this.#machine?.copy() ?? null
    copy.#effects = this.#effects
    copy.#shown = this.#shown
    copy.#sends = this.#sends
    copy.#timers = new Map(this.#timers)
    copy.#armed = new Map(this.#armed)
    copy.#broken = this.#broken
    return copy
  }

  /** True while effects of the last step are outstanding: the next event belongs to that step. */
  get isInStep(): boolean {
    return this.#shown < this.#effects.length
  }

  /** The state after the last step, copied; null before the start. */
  inspect(): NodeState | null {
    return this.#machine?.inspect() ?? null
  }

  /** What the machine threw in the last step; null if it threw nothing. A machine throws only where a rule is broken. */
  get broken(): Error | null {
    return this.#broken
  }

  start(start: Start): Words | null {
    return this.#run(() => {
      this.#machine = this.#make(start, this)
    })
  }

  /** Takes the next input, also one that the recording has wrongly here. The last step must be complete (`over`). */
  take(input: Exclude<Input, Start>, event: StepEvent): Words | null {
    const unexpected = this.#unexpected(event)
    this.step = event.step
    this.inputSeq = event.seq
    this.#effects = []
    this.#shown = 0
    this.#sends = 0
    if (event.type === 'timer-fired') this.#timers.delete(event.name)
    const broken = this.#run(() => this.#machine?.step(input, this))
    return unexpected ?? broken
  }

  /** Steps the machine with an input that was not recorded. This life has then left the recording and must never be stepped again. */
  spend(input: Exclude<Input, Start>, out: EffectSink): void {
    this.#machine?.step(input, out)
  }

  #unexpected(event: StepEvent): Words | null {
    if (event.step !== this.step + 1) return { expected: `step ${event.step}`, found: `step ${this.step + 1} is next` }
    if (event.type !== 'timer-fired' || this.#timers.get(event.name) === event.armed) return null
    return { expected: `${event.name}, armed ${event.armed} times, fires`, found: this.#timerText(event.name) }
  }

  #timerText(name: string): string {
    const armed = this.#timers.get(name)
    return armed === undefined ? `${shorten(name)} is not armed` : `${name} is armed for the ${armed}. time`
  }

  /** A node that broke a rule stopped there, so the recording has no such step. */
  #run(step: () => void): Words | null {
    try {
      step()
      return null
    } catch (error) {
      if (error instanceof NoSteps) throw error
      this.#broken = error instanceof Error ? error : new Error(String(error))
      return { expected: 'a step', found: `a broken rule: ${this.#broken.message}` }
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
  reported(event: StepEvent): Words | null {
    const effect = this.#effects[this.#shown++]
    if (effect?.type === 'report' && event.step === this.step && isReport(event, effect.report)) return null
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
    return effect.type === 'send' ? sentText(id, this.node, effect.to, effect.message) : reportText(effect.report)
  }

  // ---- the machine's effect sink

  send(to: string, message: Message): void {
    this.#effects.push({ type: 'send', to, message })
  }

  report(report: Report): void {
    this.told(recordReport(report))
  }

  told(report: ToldReport): void {
    this.#effects.push({ type: 'report', report })
  }

  level(): void {
    // How far a program cooperates is no effect of a step.
  }

  refused(): void {
    // A refused line has no effect.
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
  return cut(`${id} from ${from} to ${to}: ${kindOf(message)} ${JSON.stringify(message)}`)
}

function reportText(report: object): string {
  return cut(`report ${JSON.stringify(report)}`)
}

function cut(text: string): string {
  return text.length <= effectCharacters ? text : `${text.slice(0, effectCharacters)}… (${text.length} characters)`
}
