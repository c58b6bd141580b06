// For every event the seq of the event that sent its message: four bytes an event, where a map of all ids would be a hundred. Pure.
import type { TraceEvent } from '../../src/trace'

const firstCapacity = 4096

export class MessageIndex {
  /** Messages that were sent and are neither taken nor lost yet. */
  readonly #underWay = new Map<string, number>()
  #sent = new Int32Array(firstCapacity)
  #pings = new Uint8Array(firstCapacity)

  /** Takes the next event; they come in order, from seq 1. */
  take(event: TraceEvent): void {
    if (event.seq >= this.#sent.length) this.#grow()
    switch (event.type) {
      case 'message-sent':
        this.#underWay.set(event.id, event.seq)
        this.#sent[event.seq] = event.seq
        this.#pings[event.seq] = isHeartbeat(event) ? 1 : 0
        return
      case 'message-duplicated': {
        const original = this.#underWay.get(event.of)
        if (original !== undefined) this.#underWay.set(event.id, original)
        return this.#join(event.seq, original)
      }
      case 'message-taken':
      case 'message-dropped':
        this.#join(event.seq, this.#underWay.get(event.id))
        this.#underWay.delete(event.id)
        return
      case 'message-handed':
      case 'message-held':
      case 'message-released': return this.#join(event.seq, this.#underWay.get(event.id))
      case 'timer-fired':
        this.#pings[event.seq] = event.name === 'ping' || event.name === 'ping-check' ? 1 : 0
        return
      default: return
    }
  }

  /** 0 for an event that is about no message. */
  sentSeq(seq: number): number {
    return this.#sent[seq] ?? 0
  }

  /** A ping, its answer, or the timer that sends or checks pings, and what happens to them. */
  isHeartbeat(seq: number): boolean {
    return this.#pings[seq] === 1
  }

  #join(seq: number, sentSeq: number | undefined): void {
    if (sentSeq === undefined) return
    this.#sent[seq] = sentSeq
    this.#pings[seq] = this.#pings[sentSeq] ?? 0
  }

  #grow(): void {
    const sent = new Int32Array(this.#sent.length * 2)
    sent.set(this.#sent)
    this.#sent = sent
    const pings = new Uint8Array(this.#pings.length * 2)
    pings.set(this.#pings)
    this.#pings = pings
  }
}

/** The view server's answer to a client's question is no heartbeat: it carries no life to answer to. */
function isHeartbeat({ message }: Extract<TraceEvent, { type: 'message-sent' }>): boolean {
  return message.type === 'ping' || (message.type === 'view-reply' && message.toIncarnation > 0)
}
