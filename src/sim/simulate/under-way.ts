// Messages as a plan names them: those that were sent and those that are under way, told from the events alone, so that a scenario that is
// made of the plan counts the same.
import type { MessageType, NodeName } from '../../protocol'
import type { TraceEvent } from '../../trace'
import type { Nth, Share } from './plan'

export interface KnownMessage {
  readonly id: string
  readonly from: NodeName
  readonly to: NodeName
  readonly kind: MessageType
}

export class MessagesUnderWay {
  readonly #messages = new Map<string, KnownMessage>()

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'message-sent':
        this.#messages.set(event.id, { id: event.id, from: event.from, to: event.to, kind: event.message.type })
        return
      case 'message-duplicated': {
        const original = this.#messages.get(event.of)
        if (original) this.#messages.set(event.id, { ...original, id: event.id })
        return
      }
      case 'message-handed':
      case 'message-dropped':
        this.#messages.delete(event.id)
        return
      default: return
    }
  }

  /** In the order in which they came to be. */
  get list(): KnownMessage[] {
    return [...this.#messages.values()]
  }
}

/** The message that is meant, and how to say which it is without its id. */
export function picked(messages: readonly KnownMessage[], pick: Share | Nth): { readonly id: string; readonly nth: Nth } | undefined {
  if (pick.type === 'nth') {
    const message = messages.filter((one) => isOf(one, pick))[pick.which - 1]
    return message && { id: message.id, nth: pick }
  }
  const message = messages[Math.floor(pick.share * messages.length)]
  if (!message) return undefined
  const { id, from, to, kind } = message
  return { id, nth: { type: 'nth', from, to, kind, which: messages.filter((one) => isOf(one, message)).indexOf(message) + 1 } }
}

function isOf(one: KnownMessage, { from, to, kind }: Omit<KnownMessage, 'id'>): boolean {
  return one.from === from && one.to === to && one.kind === kind
}
