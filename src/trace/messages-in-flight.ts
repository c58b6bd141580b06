// The messages in flight, from the events alone: for a reader of a trace that needs the message which an event names by its id.
// It keeps the data that its reader chose; the fold (fold.ts) keeps where each message is. It must never invent what no event has.
import type { EventOf, MessageId, TraceEvent } from './event'
import { sendingOf } from './sending'

export interface MessageBookOptions<Known> {
  /** The data to keep of a message that is sent, or of a copy whose original has left the network. */
  readonly sent: (sending: EventOf<'message-sent'>) => Known
  /** The data to keep of a copy of a known message; by default that of its original. */
  readonly copied?: (original: Known, copy: EventOf<'message-duplicated'>) => Known
  /** A message is removed when it is lost, and at this event; `never`: it stays, lost or not. Default: `taken`. */
  readonly leaves?: 'taken' | 'handed' | 'never'
}

export class MessagesInFlight<Known> {
  readonly #messages = new Map<MessageId, Known>()
  readonly #options: MessageBookOptions<Known>
  readonly #leaves: NonNullable<MessageBookOptions<Known>['leaves']>

  constructor(options: MessageBookOptions<Known>) {
    this.#options = options
    this.#leaves = options.leaves ?? 'taken'
  }

  /** Takes the next event. Returns the data of the message that it is about, also if it removes that message; undefined if there is none. */
  take(event: TraceEvent): Known | undefined {
    switch (event.type) {
      case 'message-sent': return this.#sent(event)
      case 'message-duplicated': return this.#copied(event)
      case 'message-taken':
      case 'message-dropped': return this.#leave(event.id, this.#leaves !== 'never')
      case 'message-handed': return this.#leave(event.id, this.#leaves === 'handed')
      case 'message-delayed':
      case 'message-held':
      case 'message-released': return this.#messages.get(event.id)
      default: return undefined
    }
  }

  /** Undefined for a message that was never sent, or is no longer in flight. */
  get(id: MessageId): Known | undefined {
    return this.#messages.get(id)
  }

  /** Adds a message from before the first event that is taken. */
  set(id: MessageId, known: Known): void {
    this.#messages.set(id, known)
  }

  /** Removes a message that ended with its receiver, without an event of its own. */
  delete(id: MessageId): void {
    this.#messages.delete(id)
  }

  get size(): number {
    return this.#messages.size
  }

  /** In the order in which they were sent or copied. */
  [Symbol.iterator](): IterableIterator<[MessageId, Known]> {
    return this.#messages.entries()
  }

  /** The same, without their ids. */
  values(): IterableIterator<Known> {
    return this.#messages.values()
  }

  /** The same messages, each with the data that `copyOf` returns: what is taken into either does not change the other. */
  copy(copyOf: (known: Known) => Known): MessagesInFlight<Known> {
    const copy = new MessagesInFlight(this.#options)
    for (const [id, known] of this.#messages) copy.set(id, copyOf(known))
    return copy
  }

  #sent(sending: EventOf<'message-sent'>): Known {
    const known = this.#options.sent(sending)
    this.#messages.set(sending.id, known)
    return known
  }

  #copied(copy: EventOf<'message-duplicated'>): Known | undefined {
    const late = sendingOf(copy)
    if (late) return this.#sent(late)
    const original = this.#messages.get(copy.of)
    if (original === undefined) return undefined
    const known = this.#options.copied?.(original, copy) ?? original
    this.#messages.set(copy.id, known)
    return known
  }

  #leave(id: MessageId, isOver: boolean): Known | undefined {
    const known = this.#messages.get(id)
    if (isOver) this.#messages.delete(id)
    return known
  }
}
