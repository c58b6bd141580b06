// Names messages as a plan does: the sent ones and those in flight. It must use only the events, so that a scenario made from the plan counts
// the same way.
import type { Message, MessageType, NodeName } from '../../protocol'
import { MessagesInFlight } from '../../trace'
import type { Nth, Share } from './plan'

export interface KnownMessage {
  readonly id: string
  readonly from: NodeName
  readonly to: NodeName
  readonly kind: MessageType
}

/** The machines of a run send the messages of this protocol and no others. */
export const kindInRun = ({ type }: { readonly type: Message['type'] }): MessageType => type as MessageType

/** The messages of a run that were not handed to a receiver yet. */
export function knownMessages(): MessagesInFlight<KnownMessage> {
  return new MessagesInFlight({
    sent: ({ id, from, to, message }) => ({ id, from, to, kind: kindInRun(message) }), copied: (known, { id }) => ({ ...known, id }), leaves: 'handed',
  })
}

/** The chosen message, and how to name it without its id. */
export function picked<Known extends KnownMessage>(messages: readonly Known[], pick: Share | Nth): { readonly message: Known; readonly nth: Nth } | undefined {
  if (pick.type === 'nth') {
    const message = messages.filter((one) => isOf(one, pick))[pick.which - 1]
    return message && { message, nth: pick }
  }
  const message = messages[Math.floor(pick.share * messages.length)]
  return message && { message, nth: nthOf(message, messages) }
}

/** The message's position among those with the same sender, receiver and kind. */
export function nthOf(message: KnownMessage, messages: readonly KnownMessage[]): Nth {
  const { from, to, kind } = message
  return { type: 'nth', from, to, kind, which: messages.filter((one) => isOf(one, message)).indexOf(message) + 1 }
}

function isOf(one: KnownMessage, { from, to, kind }: Omit<KnownMessage, 'id'>): boolean {
  return one.from === from && one.to === to && one.kind === kind
}
