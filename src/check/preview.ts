// What a message would do if it were delivered now: a fresh machine replays its receiver up to now, takes the message, and is dropped.
// It must never touch the real cluster: what the machine sends stays here.
import type { EffectSink, Input, Message, NodeState, Report } from '../protocol'
import { messageInputOf, recordMessage, recordReport, type EventOf, type Recorded } from '../trace'
import { NodeReplay, type EventSource, type ReplayCheckpoint } from './node-replay'

export interface Preview {
  readonly node: string
  readonly before: NodeState
  readonly after: NodeState
  readonly sends: readonly { readonly to: string; readonly message: Recorded<Message> }[]
  readonly reports: readonly Recorded<Report>[]
  /** The rule that the step would break, which would end the node; empty if it breaks none. */
  readonly breaks: string
}

/** A preview that is computed in slices, because replaying a long recording at once would block a window. */
export class DeliveryPreview {
  readonly #replay: NodeReplay
  readonly #seq: number
  readonly #input: Exclude<Input, { type: 'start' }>
  #preview: Preview | null = null

  /** `from`: the `node-started` of the receiver's current incarnation, or a checkpoint of it; `seq`: the event after which it would take the message. */
  constructor(source: EventSource, from: EventOf<'node-started'> | ReplayCheckpoint, seq: number, sent: EventOf<'message-sent'>) {
    this.#replay = new NodeReplay(source, from)
    this.#seq = seq
    this.#input = messageInputOf(sent)
  }

  /** Replays up to `eventsMax` more events; returns the preview when it is complete, else null. */
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
      // A machine throws only where a rule is broken: that is the preview's result, not its failure.
      breaks = error instanceof Error ? error.message : String(error)
    }
    this.#preview = { node: this.#replay.node, before, after, sends: sink.sends, reports: sink.reports, breaks }
    return this.#preview
  }
}

/** Computes the whole preview at once; null if the receiver has not started by then. */
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
    // No time passes in a preview.
  }

  cancelTimer(): void {
    // No time passes in a preview.
  }

  report(report: Report): void {
    this.reports.push(recordReport(report))
  }
}
