// "Executed, but the answer is lost": decides which answers are lost. An answer is matched to its request by what both carry: a client's
// request by clientId and requestId, a chunk by its number, a forward by its sequence number (its ack is cumulative).
import type { Envelope } from './fault'

/** The limit of answers to lose on a link at once; beyond it the oldest is let through. */
const expectedMax = 10_000

export class LostReplies {
  /** By link and kind: the answers to lose, and the fault that loses each. */
  readonly #expected = new Map<string, Map<string | number, string>>()

  /** A request has arrived: this fault loses its answer, or an empty name lets the answer pass. The last arrival counts. */
  expect(request: Envelope, fault: string): void {
    const { link, id } = joinOfRequest(request)
    const expected = this.#expected.get(link)
    expected?.delete(id)
    if (fault === '') return
    if (!expected) this.#expected.set(link, new Map([[id, fault]]))
    else {
      expected.set(id, fault)
      if (expected.size > expectedMax) expected.delete(expected.keys().next().value as string | number)
    }
  }

  /** The fault that loses this answer, once; empty for every other message. */
  take(envelope: Envelope): string {
    if (this.#expected.size === 0) return ''
    const { message } = envelope
    if (message.type === 'forward-ack') return this.#takeAck(`${envelope.to} ${envelope.from} forward ${message.viewnum}`, message.executed)
    const join = joinOfReply(envelope)
    return join ? this.#takeOne(join.link, join.id) : ''
  }

  #takeOne(link: string, id: string): string {
    const expected = this.#expected.get(link)
    const fault = expected?.get(id)
    if (!expected || fault === undefined) return ''
    expected.delete(id)
    if (expected.size === 0) this.#expected.delete(link)
    return fault
  }

  /** An ack answers every forward up to `executed` that is not answered yet. */
  #takeAck(link: string, executed: number): string {
    const expected = this.#expected.get(link)
    if (!expected) return ''
    let lostBy = ''
    for (const [seq, fault] of expected) {
      if (typeof seq !== 'number' || seq > executed) continue
      lostBy = fault
      expected.delete(seq)
    }
    if (expected.size === 0) this.#expected.delete(link)
    return lostBy
  }
}

function joinOfRequest({ from, to, message }: Envelope): { link: string; id: string | number } {
  switch (message.type) {
    case 'forward': return { link: `${from} ${to} forward ${message.viewnum}`, id: message.seq }
    case 'state-transfer': return { link: `${from} ${to} transfer ${message.viewnum}`, id: String(message.chunk) }
    case 'request': return { link: `${from} ${to} request`, id: `${message.clientId} ${message.requestId}` }
    default: throw new Error(`a ${message.type} is no request`)
  }
}

function joinOfReply({ from, to, message }: Envelope): { link: string; id: string } | undefined {
  switch (message.type) {
    case 'reply':
    case 'rejected':
    case 'not-yet': return { link: `${to} ${from} request`, id: `${message.clientId} ${message.requestId}` }
    case 'state-transfer-ack': return { link: `${to} ${from} transfer ${message.viewnum}`, id: String(message.chunk) }
    default: return undefined
  }
}
