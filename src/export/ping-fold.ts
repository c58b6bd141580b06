// Pings, and views told in answer to them, that say what the one before them said: half of all messages, and no news. Diagrams fold
// them; what is folded is counted, because it must be said.
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

  /** It was taken: the same said again is no news from now on. */
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

/** What a ping or a view reply says, as text that can be compared; empty for every other message. */
function wordsOf({ message }: Sent): string {
  if (message.type === 'ping') return JSON.stringify([message.incarnation, message.viewnum, message.initialised])
  return message.type === 'view-reply' ? JSON.stringify(message.view) : ''
}

function linkOf({ from, to, message }: Sent): string {
  return JSON.stringify([message.type, from, to])
}
