// What a message would do if it were delivered now: its receiver is stepped again up to now, and once more with the message. Nothing
// real is touched; step functions make this free. The copy is spent afterwards: what it would send was never sent.
import type { EffectSink, Input, Message, NodeState, Report } from '../protocol'
import { messageOf, recordMessage, recordReport, type EventOf, type Recorded } from '../trace'
import { NodeReplay, type EventSource, type ReplayCheckpoint } from './restep'

export interface Preview {
  readonly node: string
  readonly before: NodeState
  readonly after: NodeState
  readonly sends: readonly { readonly to: string; readonly message: Recorded<Message> }[]
  readonly reports: readonly Recorded<Report>[]
  /** The rule that the step would break, which would end the node; empty if none. */
  readonly breaks: string
}

/** A preview in the making: a long recording is stepped again in slices, so as not to hold a window up. */
export class DeliveryPreview {
  readonly #replay: NodeReplay
  readonly #seq: number
  readonly #input: Exclude<Input, { type: 'start' }>
  #preview: Preview | null = null

  /** `from`: the `node-started` of the receiver's present life, or a checkpoint of it; `seq`: the event after which it would take the message. */
  constructor(source: EventSource, from: EventOf<'node-started'> | ReplayCheckpoint, seq: number, sent: EventOf<'message-sent'>) {
    this.#replay = new NodeReplay(source, from)
    this.#seq = seq
    this.#input = { type: 'message', from: sent.from, message: messageOf(sent.message) }
  }

  /** Looks at up to `eventsMax` events more; the preview when it is made, else null. */
  advance(eventsMax: number): Preview | null {
    if (this.#preview || !this.#replay.advance(this.#seq, eventsMax)) return this.#preview
    const before = this.#replay.after
    if (!before) return null
    const sink = new KeepingSink()
    let breaks = ''
    let after: NodeState = before
    try {
      after = this.#replay.spend(this.#input, sink) ?? before
    } catch (error) {
      // A machine throws only where a rule is broken: that is the answer here, not a fault of the preview.
      breaks = error instanceof Error ? error.message : String(error)
    }
    this.#preview = { node: this.#replay.node, before, after, sends: sink.sends, reports: sink.reports, breaks }
    return this.#preview
  }
}

/** The whole of it at once; null if the receiver has not started by then. */
export function previewDelivery(source: EventSource, start: EventOf<'node-started'>, seq: number, sent: EventOf<'message-sent'>): Preview | null {
  return new DeliveryPreview(source, start, seq, sent).advance(Infinity)
}

class KeepingSink implements EffectSink {
  readonly sends: { to: string; message: Recorded<Message> }[] = []
  readonly reports: Recorded<Report>[] = []

  send(to: string, message: Message): void {
    this.sends.push({ to, message: recordMessage(message) })
  }

  setTimer(): void {
    // A preview has no time.
  }

  cancelTimer(): void {
    // A preview has no time.
  }

  report(report: Report): void {
    this.reports.push(recordReport(report))
  }
}
