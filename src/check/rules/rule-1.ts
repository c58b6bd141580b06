// Rule 1: the primary waits for its backups to execute and reply before it executes and answers. Judged at the first answer of an
// operation, in the view in which it was executed. A replayed answer from the table and a view without backups are no violations.
import { operationText, type EventOf, type TraceEvent } from '../../trace'
import { evidenceOf, type Violation, type LooksAt, type Monitor } from './violation'
import { incarnationOfId, type RunFacts, type SentMessage } from './facts'

/** What a primary has sent to a backup in a view, and what the backup has acked. */
interface Link {
  /** The backup's incarnation that the last forward was for; acks of other incarnations do not count. */
  life: number
  /** The backup has acked execution up to this number. */
  acked: number
  /** Unacked forwards: their number, and the event that sent them last. */
  readonly forwards: Map<number, number>
}

export class Rule1 implements Monitor {
  readonly rule = 'rule-1'
  readonly looksAt: LooksAt = { sent: ['forward', 'request', 'reply'], taken: ['forward-ack'] }
  held = 0
  readonly #links = new Map<string, Link>()
  /** By client id: the newest request that was sent. */
  readonly #requests = new Map<string, SentMessage>()

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    if (event.type === 'message-taken') this.#taken(event, facts)
    if (event.type !== 'message-sent') return null
    const { message, from, to } = event
    if (message.type === 'forward') this.#forwarded(event, message.viewnum, message.toIncarnation, message.seq)
    if (message.type === 'request') this.#requests.set(message.clientId, { seq: event.seq, from, to, message })
    return message.type === 'reply' && !message.replayed && message.executedViewnum === message.viewnum ? this.#answered(event, facts) : null
  }

  #forwarded({ from, to, seq }: EventOf<'message-sent'>, viewnum: number, life: number, number: number): void {
    const link = this.#link(from, viewnum, to)
    if (life !== link.life) {
      link.life = life
      link.acked = 0
    }
    link.forwards.set(number, seq)
  }

  #taken(event: EventOf<'message-taken'>, facts: RunFacts): void {
    const sent = facts.sentOf(event.id)
    if (sent?.message.type !== 'forward-ack') return
    const link = this.#link(event.node, sent.message.viewnum, sent.from)
    if (link.life !== sent.message.fromIncarnation) return
    link.acked = Math.max(link.acked, sent.message.executed)
    // Forwards are nearly in the order of their numbers. Acked ones are removed, so the map stays as small as what is in flight.
    for (const number of link.forwards.keys()) {
      if (number > link.acked) break
      link.forwards.delete(number)
    }
  }

  #answered(event: EventOf<'message-sent'>, facts: RunFacts): Violation | null {
    const { message, from } = event
    if (message.type !== 'reply') return null
    const view = facts.views.get(message.viewnum)
    const isPrimary = view?.primary?.name === from && view.primary.incarnation === incarnationOfId(event.id)
    // An answer from a server that is not primary breaks rule 5 instead.
    if (!view || !isPrimary || view.backups.length === 0) return null
    const request = this.#requests.get(message.clientId)
    const what = request?.message.type === 'request' && request.message.requestId === message.requestId ? operationText(request.message.operation) : `request #${message.requestId}`
    for (const { name } of view.backups) {
      const link = this.#link(from, view.viewnum, name)
      if (message.seq > 0 && link.acked >= message.seq) continue
      const forward = link.forwards.get(message.seq)
      const evidence = evidenceOf(request?.seq, forward, event.seq)
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
    const made: Link = { life: 0, acked: 0, forwards: new Map() }
    this.#links.set(key, made)
    return made
  }
}
