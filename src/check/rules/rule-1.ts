// Rule 1: the primary waits for its backups to execute and reply before it executes and answers. Judged at the first answer of an
// operation, in the view in which it was executed; an answer from the table and a view without backups are no breaches.
import { operationText, type EventOf, type TraceEvent } from '../../trace'
import type { Breach, Monitor } from './breach'
import { incarnationOfId, type RunFacts, type SentMessage } from './facts'

/** What a primary has sent to a backup in a view, and heard of it. */
interface Link {
  /** The backup has executed up to this number, as the primary knows. */
  acked: number
  /** Forwards that are not acked: their number, and the event that sent them last. */
  readonly forwards: Map<number, number>
}

export class Rule1 implements Monitor {
  readonly rule = 'rule-1'
  held = 0
  readonly #links = new Map<string, Link>()
  /** Requests that servers have taken, by client id: the newest of each. */
  readonly #requests = new Map<string, SentMessage>()

  look(event: TraceEvent, facts: RunFacts): Breach | null {
    if (event.type === 'message-taken') this.#taken(event, facts)
    if (event.type !== 'message-sent') return null
    const { message, from, to } = event
    if (message.type === 'forward') this.#link(from, message.viewnum, to).forwards.set(message.seq, event.seq)
    if (message.type === 'request') this.#requests.set(message.clientId, { seq: event.seq, from, to, message })
    return message.type === 'reply' && !message.replayed && message.executedViewnum === message.viewnum ? this.#answered(event, facts) : null
  }

  #taken(event: EventOf<'message-taken'>, facts: RunFacts): void {
    const sent = facts.sentOf(event.id)
    if (sent?.message.type !== 'forward-ack') return
    const link = this.#link(event.node, sent.message.viewnum, sent.from)
    link.acked = Math.max(link.acked, sent.message.executed)
    // They are in the order of their numbers, nearly: what is acked goes, and so the map stays as small as what is in flight.
    for (const number of link.forwards.keys()) {
      if (number > link.acked) break
      link.forwards.delete(number)
    }
  }

  #answered(event: EventOf<'message-sent'>, facts: RunFacts): Breach | null {
    const { message, from } = event
    if (message.type !== 'reply') return null
    const view = facts.views.get(message.viewnum)
    const isPrimary = view?.primary?.name === from && view.primary.incarnation === incarnationOfId(event.id)
    // Who answers without being primary breaks rule 5.
    if (!view || !isPrimary || view.backups.length === 0) return null
    const request = this.#requests.get(message.clientId)
    const what = request?.message.type === 'request' && request.message.requestId === message.requestId ? operationText(request.message.operation) : `request #${message.requestId}`
    for (const { name } of view.backups) {
      const link = this.#link(from, view.viewnum, name)
      if (message.seq > 0 && link.acked >= message.seq) continue
      const forward = link.forwards.get(message.seq)
      const evidence = [request?.seq ?? 0, forward ?? 0, event.seq].filter((seq) => seq > 0)
      const text = message.seq === 0
        ? `${from} answered ${what} from its own copy in view ${view.viewnum}, and did not ask ${name}, its backup.`
        : `${from} answered ${what} as seq ${message.seq} in view ${view.viewnum} before ${name}, its backup, had said that it executed it.`
      return { rule: this.rule, seq: event.seq, evidence, text }
    }
    this.held++
    return null
  }

  #link(primary: string, viewnum: number, backup: string): Link {
    const key = `${primary} ${viewnum} ${backup}`
    const known = this.#links.get(key)
    if (known) return known
    const made: Link = { acked: 0, forwards: new Map() }
    this.#links.set(key, made)
    return made
  }
}
