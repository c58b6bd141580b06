// Nothing stale: a message of or for an earlier incarnation, of an earlier view, or an answer to an earlier send must change nothing. The step
// that takes it has no effect but to report it. Effects that show only later are judged there (right-view, rule 1, rule 4).
import type { Message } from '../../protocol'
import { messageIdParts, type EventOf, type Recorded, type TraceEvent } from '../../trace'
import { evidenceOf, type Violation, type LooksAt, type Monitor } from './violation'
import type { RunFacts, SentMessage } from './facts'

/** A stale message that a node took. */
interface Stale {
  readonly seq: number
  /** The receiver's step: only its effects count. Needed because some inputs may not reach this monitor. */
  readonly step: number
  readonly sent: SentMessage
  /** To follow "and that was". */
  readonly why: string
}

interface LastSend {
  readonly requestId: number
  readonly viewnum: number
}

/** How many clients' last sends are remembered; answers to dropped ones are not judged. */
const clientsMax = 20_000

export class NothingStale implements Monitor {
  readonly rule = 'nothing-stale'
  readonly looksAt: LooksAt = {
    events: ['node-started'], sent: ['request', 'state-transfer'],
    taken: ['ping', 'reply', 'rejected', 'view-reply', 'superseded', 'forward', 'forward-ack', 'state-transfer', 'state-transfer-ack', 'restarted'],
  }
  held = 0
  /** By node: what its current step took, if that is stale. */
  readonly #stale = new Map<string, Stale>()
  readonly #lastSends = new Map<string, LastSend>()
  /** At the view server: the latest incarnation of each server that has pinged. */
  readonly #pinged = new Map<string, number>()
  /** By primary: the incarnations that its transfers of its latest view were sent to. */
  readonly #transfers = new Map<string, { readonly viewnum: number; readonly lives: Map<string, number> }>()

  /** True while a node's current step has taken a stale message: then the monitor must see every event. */
  get isAlert(): boolean {
    return this.#stale.size > 0
  }

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    switch (event.type) {
      case 'message-taken': return this.#taken(event, facts)
      case 'timer-fired':
      case 'peer-lost':
      case 'operation-invoked': return this.#begin(event)
      case 'node-started':
        // A restarted view server knows no server.
        if (event.kind === 'view-server') this.#pinged.clear()
        return this.#begin(event)
      case 'message-sent': return this.#sent(event)
      default: return this.#stale.size > 0 && 'node' in event && 'step' in event ? this.#effect(event.node, event.step, event.seq, `told "${event.type}"`) : null
    }
  }

  #begin({ node }: { readonly node: string }): null {
    if (this.#stale.size > 0) this.#stale.delete(node)
    return null
  }

  #taken(event: EventOf<'message-taken'>, facts: RunFacts): null {
    const { node, incarnation, id, seq, step } = event
    if (this.#stale.size > 0) this.#stale.delete(node)
    const sent = facts.sentOf(id)
    if (sent === undefined || incarnation === 0 || facts.isProgram(node)) return null
    const why = this.#whyStale(event, sent, facts)
    if (why === '') return null
    this.held++
    this.#stale.set(node, { seq, step, sent, why })
    return null
  }

  #sent(event: EventOf<'message-sent'>): Violation | null {
    const { message, from, to, seq } = event
    if (message.type === 'request') this.#remember(message)
    if (message.type === 'state-transfer') this.#lifeOf(from, message.viewnum).set(to, message.toIncarnation)
    if (this.#stale.size === 0 || message.type === 'superseded') return null
    return this.#effect(from, messageIdParts(event.id).step, seq, `sent ${message.type} to ${to}`)
  }

  #remember({ clientId, requestId, viewnum }: Extract<Recorded<Message>, { type: 'request' }>): void {
    if (this.#lastSends.size >= clientsMax && !this.#lastSends.has(clientId)) {
      const [oldest] = this.#lastSends.keys()
      if (oldest !== undefined) this.#lastSends.delete(oldest)
    }
    this.#lastSends.set(clientId, { requestId, viewnum })
  }

  #lifeOf(primary: string, viewnum: number): Map<string, number> {
    const known = this.#transfers.get(primary)
    if (known?.viewnum === viewnum) return known.lives
    const lives = new Map<string, number>()
    this.#transfers.set(primary, { viewnum, lives })
    return lives
  }

  /** A step that took a stale message has an effect. Reported once per step. */
  #effect(node: string, step: number, seq: number, did: string): Violation | null {
    const stale = this.#stale.get(node)
    if (stale?.step !== step) return null
    this.#stale.delete(node)
    this.held--
    return {
      rule: this.rule, seq, evidence: evidenceOf(stale.sent.seq, stale.seq, seq),
      text: `${node} ${did} because of a ${stale.sent.message.type} of ${stale.sent.from}, and that was ${stale.why}: it had to change nothing.`,
    }
  }

  // ---- what is stale

  #whyStale({ node, incarnation }: EventOf<'message-taken'>, { from, message }: SentMessage, facts: RunFacts): string {
    switch (message.type) {
      case 'ping': return this.#ofEarlierPing(from, message.incarnation)
      case 'reply': return this.#lastSends.get(message.clientId)?.requestId === message.requestId ? '' : 'the answer to an earlier request'
      case 'rejected': return this.#ofEarlierSend(message)
      case 'view-reply': return node === facts.viewServer || message.toIncarnation === 0 ? '' : message.toIncarnation !== incarnation ? 'for another life of it' : this.#isOld(node, incarnation, message.view.viewnum, facts)
      case 'superseded': return message.toIncarnation === incarnation ? '' : 'for another life of it'
      case 'forward':
      case 'state-transfer': return message.toIncarnation > incarnation || (message.type === 'forward' && message.toIncarnation !== incarnation) ? 'for another life of it' : this.#isOld(node, incarnation, message.viewnum, facts)
      case 'forward-ack':
      case 'restarted': return message.toIncarnation !== incarnation ? 'for another life of it' : this.#isOld(node, incarnation, message.viewnum, facts)
      case 'state-transfer-ack': {
        const transfers = this.#transfers.get(node)
        const life = transfers?.viewnum === message.viewnum ? transfers.lives.get(from) : undefined
        if (message.toIncarnation !== incarnation) return 'for another life of it'
        return life !== undefined && life !== message.fromIncarnation ? 'of another life than the state was sent to' : this.#isOld(node, incarnation, message.viewnum, facts)
      }
      default: return ''
    }
  }

  #ofEarlierPing(from: string, incarnation: number): string {
    const latest = this.#pinged.get(from) ?? 0
    if (incarnation > latest) this.#pinged.set(from, incarnation)
    return incarnation !== 0 && incarnation < latest ? 'of an earlier life' : ''
  }

  #ofEarlierSend({ clientId, requestId, requestViewnum }: Extract<Recorded<Message>, { type: 'rejected' }>): string {
    const last = this.#lastSends.get(clientId)
    if (last === undefined) return ''
    return last.requestId === requestId && last.viewnum === requestViewnum ? '' : 'of an earlier send'
  }

  #isOld(node: string, incarnation: number, viewnum: number, facts: RunFacts): string {
    const belief = facts.beliefOf(node, incarnation)
    return belief !== undefined && viewnum < belief.viewnum ? `of view ${viewnum}, and it is in view ${belief.viewnum}` : ''
  }
}
