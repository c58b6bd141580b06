// Folds pings that repeat the previous one, and view replies that do: half of all messages. Diagrams leave them out. It must never fold
// silently: folded messages are counted, so that a note can say so.
import { kindOf } from '../protocol'
import { counted, grouped, type EventOf } from '../trace'

type Sent = EventOf<'message-sent'>

export class PingFold {
  readonly #last = new Map<string, string>()
  #pings = 0
  #views = 0
  #lost = 0

  get count(): number {
    return this.#pings + this.#views
  }

  get text(): string {
    return `${counted(this.#pings, 'ping')} and ${counted(this.#views, 'view reply', 'view replies')} to servers${this.#lost > 0 ? `, ${grouped(this.#lost)} of them lost` : ''}`
  }

  saysNothingNew(sent: Sent): boolean {
    const says = wordsOf(sent)
    return says !== '' && this.#last.get(linkOf(sent)) === says
  }

  /** Call when a message was taken: from then on the same content is a repetition. */
  remember(sent: Sent | undefined): void {
    const says = sent ? wordsOf(sent) : ''
    if (sent && says !== '') this.#last.set(linkOf(sent), says)
  }

  fold({ message }: Sent, isLost: boolean): void {
    if (message.type === 'ping') this.#pings++
    else this.#views++
    if (isLost) this.#lost++
  }
}

/** The content of a ping or view reply as comparable text; empty for every other message. */
function wordsOf({ message }: Sent): string {
  if (message.type === 'ping') return JSON.stringify([message.incarnation, message.viewnum, message.initialised])
  return message.type === 'view-reply' ? JSON.stringify(message.view) : ''
}

function linkOf({ from, to, message }: Sent): string {
  return JSON.stringify([kindOf(message), from, to])
}
