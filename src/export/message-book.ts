// The facts of each message of an export: its sending and what the network did to it. Copies refer to their original. It must never grow
// without limit: ended messages are kept for a while, because one may be copied, and the oldest are then evicted.
import { MessagesInFlight, type EventOf, type TraceEvent } from '../trace'

export interface MessageFacts {
  readonly id: string
  /** The sending; for a copy, the same object as its original's. */
  readonly sent: EventOf<'message-sent'>
  /** Why it was copied; empty for an original. */
  readonly copiedBecause: string
  /** When it was sent or copied, in microseconds of cluster time. */
  readonly beganAt: number
  /** What delayed or held it, in words and in order. */
  readonly met: readonly string[]
  /** True once it was taken or lost. */
  readonly isOver: boolean
}

type Writable = { -readonly [Key in keyof MessageFacts]: MessageFacts[Key] }

/** How many ended messages are kept. */
const overMax = 10_000
/** How many delays of one message are kept: it may be held and released again and again. */
const metMax = 6

export class MessageBook {
  readonly #inFlight = new MessagesInFlight<Writable>({ sent: newFacts, copied: copyOf })
  readonly #over = new Map<string, Writable>()

  /** The messages that are neither taken nor lost, in the order of sending. */
  get inFlight(): Iterable<MessageFacts> {
    return this.#inFlight.values()
  }

  get inFlightCount(): number {
    return this.#inFlight.size
  }

  /** Undefined for a message that is unknown or evicted. */
  find(id: string): MessageFacts | undefined {
    return this.#inFlight.get(id) ?? this.#over.get(id)
  }

  /** A lookup for trace/explain.ts. */
  readonly sentOf = (id: string): EventOf<'message-sent'> | undefined => this.find(id)?.sent

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'message-sent': return void this.#inFlight.take(event)
      case 'message-duplicated': return this.#copied(event)
      case 'message-delayed': return this.#meet(event.id, `late ${roundedMs(event.ms)} ms by ${event.fault}`)
      case 'message-held': return this.#meet(event.id, `held by ${event.reason === 'by hand' ? 'hand' : event.reason}`)
      case 'message-released': return this.#meet(event.id, `released: ${event.reason}`)
      case 'message-taken':
      case 'message-dropped': return this.#end(event)
      default: return
    }
  }

  /** For a copy of an ended message, uses the kept original, so that both share one object; the event carries only another copy of it. */
  #copied(event: EventOf<'message-duplicated'>): void {
    const over = this.#over.get(event.of)
    if (over) this.#inFlight.set(event.id, copyOf(over, event))
    else {
      const late = this.#inFlight.take(event)
      if (late) Object.assign(late, { copiedBecause: event.reason, beganAt: event.at })
    }
  }

  #meet(id: string, what: string): void {
    const message = this.#inFlight.get(id)
    if (message && message.met.length < metMax) message.met = [...message.met, what]
  }

  #end(event: EventOf<'message-taken' | 'message-dropped'>): void {
    const message = this.#inFlight.take(event)
    if (!message) return
    message.isOver = true
    this.#over.set(event.id, message)
    if (this.#over.size <= overMax) return
    for (const oldest of this.#over.keys()) {
      this.#over.delete(oldest)
      return
    }
  }
}

function newFacts(sent: EventOf<'message-sent'>): Writable {
  return { id: sent.id, sent, copiedBecause: '', beganAt: sent.at, met: [], isOver: false }
}

function copyOf({ sent }: MessageFacts, { id, reason, at }: EventOf<'message-duplicated'>): Writable {
  return { id, sent, copiedBecause: reason, beganAt: at, met: [], isOver: false }
}

function roundedMs(ms: number): number {
  return Math.round(ms * 10) / 10
}
