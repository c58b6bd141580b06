// What is known of each message that an export meets: who sent it and what the network did to it. Copies lead to their original.
// Messages that are over are kept for a while, because a copy may be made of one; the oldest are forgotten then.
import type { EventOf, TraceEvent } from '../trace'

export interface MessageFacts {
  readonly id: string
  /** Of a copy: that of its original, the same object. */
  readonly sent: EventOf<'message-sent'>
  /** Why it was copied; empty for an original. */
  readonly copiedBecause: string
  /** When it was sent, or the copy made, in microseconds of cluster time. */
  readonly beganAt: number
  /** What made it late or held it, in words and in order. */
  readonly met: readonly string[]
  /** True once it was taken or lost. */
  readonly isOver: boolean
}

type Writable = { -readonly [Key in keyof MessageFacts]: MessageFacts[Key] }

/** Messages that are over and still known. */
const overMax = 10_000
/** Things that a message met which are told; a message held and released again and again is no more than that. */
const metMax = 6

export class MessageBook {
  readonly #underWay = new Map<string, Writable>()
  readonly #over = new Map<string, Writable>()

  /** Those that were sent and neither taken nor lost, in the order of sending. */
  get underWay(): Iterable<MessageFacts> {
    return this.#underWay.values()
  }

  get underWayCount(): number {
    return this.#underWay.size
  }

  /** Undefined for a message that is not known, or not any more. */
  find(id: string): MessageFacts | undefined {
    return this.#underWay.get(id) ?? this.#over.get(id)
  }

  /** For sentences of trace/explain.ts. */
  readonly sentOf = (id: string): EventOf<'message-sent'> | undefined => this.find(id)?.sent

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'message-sent':
        this.#underWay.set(event.id, { id: event.id, sent: event, copiedBecause: '', beganAt: event.at, met: [], isOver: false })
        return
      case 'message-duplicated': {
        const original = this.find(event.of)
        if (original) this.#underWay.set(event.id, { id: event.id, sent: original.sent, copiedBecause: event.reason, beganAt: event.at, met: [], isOver: false })
        return
      }
      case 'message-delayed': return this.#meet(event.id, `late ${roundedMs(event.ms)} ms by ${event.fault}`)
      case 'message-held': return this.#meet(event.id, `held by ${event.reason === 'by hand' ? 'hand' : event.reason}`)
      case 'message-released': return this.#meet(event.id, `released: ${event.reason}`)
      case 'message-taken':
      case 'message-dropped': return this.#end(event.id)
      default: return
    }
  }

  #meet(id: string, what: string): void {
    const message = this.#underWay.get(id)
    if (message && message.met.length < metMax) message.met = [...message.met, what]
  }

  #end(id: string): void {
    const message = this.#underWay.get(id)
    if (!message) return
    message.isOver = true
    this.#underWay.delete(id)
    this.#over.set(id, message)
    if (this.#over.size <= overMax) return
    for (const oldest of this.#over.keys()) {
      this.#over.delete(oldest)
      return
    }
  }
}

function roundedMs(ms: number): number {
  return Math.round(ms * 10) / 10
}
