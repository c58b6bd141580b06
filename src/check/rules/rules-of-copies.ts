// The rules that are about what copies hold: 3 (which forwards), 4 (transfers), that nothing is executed twice, that nothing acknowledged is
// lost, and that no backup is ahead of what it was sent.
import type { EventOf, TraceEvent } from '../../trace'
import type { Breach, Monitor } from './breach'
import { incarnationOfId, type RunFacts } from './facts'

/** Rule 3: a backup takes forwarded operations only if the view is right: its own, and from that view's primary. */
export class Rule3 implements Monitor {
  readonly rule = 'rule-3'
  held = 0

  look(event: TraceEvent, facts: RunFacts): Breach | null {
    if (event.type !== 'message-sent' || event.message.type !== 'forward-ack') return null
    const { from: node, seq } = event
    const input = facts.inputOf(node)
    // An ack is the answer to a forward: with it the server says that it has taken it.
    if (input?.message.type !== 'forward') return null
    const forward = input.message
    const belief = facts.beliefOf(node, incarnationOfId(event.id))
    const primary = belief === undefined ? null : facts.views.get(belief.viewnum)?.primary ?? null
    const isRight = belief?.role === 'backup' && belief.serving && forward.viewnum === belief.viewnum && primary?.name === input.from && primary.incarnation === forward.fromIncarnation
    if (isRight) {
      this.held++
      return null
    }
    const is = belief === undefined ? 'has no role yet' : `is ${belief.role} of view ${belief.viewnum}${primary ? `, whose primary is ${primary.name}` : ''}`
    return {
      rule: this.rule, seq, evidence: [belief?.seq ?? 0, input.seq, seq].filter((one) => one > 0).sort((one, other) => one - other),
      text: `${node} took a forward of view ${forward.viewnum} from ${input.from}, and it ${is}.`,
    }
  }
}

/** Rule 4: every operation is before or after the state transfer. */
export class Rule4 implements Monitor {
  readonly rule = 'rule-4'
  held = 0

  look(event: TraceEvent, facts: RunFacts): Breach | null {
    switch (event.type) {
      case 'message-sent': return this.#sent(event, facts)
      case 'transfer-installed': return this.#installed(event, facts)
      // Every backup of the view has the state: the transfer is over, and nothing had been executed meanwhile.
      case 'role-changed':
        if (event.role === 'primary' && event.serving && (facts.views.get(event.viewnum)?.backups.length ?? 0) > 0) this.held++
        return null
      default: return null
    }
  }

  /** A primary that still sends its state neither forwards nor answers, and does not ack the view. */
  #sent(event: EventOf<'message-sent'>, facts: RunFacts): Breach | null {
    const { message, from, seq } = event
    if (message.type !== 'forward' && message.type !== 'reply' && message.type !== 'ping') return null
    const belief = facts.beliefOf(from, incarnationOfId(event.id))
    if (belief?.role !== 'primary' || belief.serving || belief.viewnum !== message.viewnum) return null
    const did = message.type === 'ping' ? `acked view ${message.viewnum}`
      : `${message.type === 'reply' ? message.replayed ? 'answered' : 'executed and answered' : 'forwarded'} an operation in view ${message.viewnum}`
    return { rule: this.rule, seq, evidence: [belief.seq, seq], text: `${from} ${did} while it still sent its state to the backups.` }
  }

  /** A backup installs the state of its view's primary, once, before it serves. */
  #installed({ node, incarnation, from, viewnum, seq }: EventOf<'transfer-installed'>, facts: RunFacts): Breach | null {
    const belief = facts.beliefOf(node, incarnation)
    if (belief?.role === 'backup' && belief.viewnum === viewnum && !belief.serving && facts.views.get(viewnum)?.primary?.name === from) {
      this.held++
      return null
    }
    const why = belief === undefined ? 'it has no role yet'
      : belief.viewnum !== viewnum ? `it is in view ${belief.viewnum}`
        : belief.serving ? 'it had a state already and had executed operations on it' : `it is ${belief.role}`
    return { rule: this.rule, seq, evidence: [belief?.seq ?? 0, seq].filter((one) => one > 0), text: `${node} installed a state that ${from} sent in view ${viewnum}, and ${why}.` }
  }
}

/** Every operation has a request id of its own, and none is executed twice. */
export class AtMostOnce implements Monitor {
  readonly rule = 'at-most-once'
  held = 0
  /** The newest operation of each client: the id that its client gave it. */
  readonly #started = new Map<string, { readonly requestId: number; readonly seq: number }>()
  /** The newest request of each client that was executed and answered. */
  readonly #executed = new Map<string, { readonly requestId: number; readonly number: number; readonly seq: number }>()

  look(event: TraceEvent): Breach | null {
    if (event.type === 'operation-started') return this.#start(event)
    if (event.type !== 'message-sent' || event.message.type !== 'reply' || event.message.seq === 0) return null
    const { clientId, requestId, seq: number, replayed } = event.message
    const before = this.#executed.get(clientId)
    if (before?.requestId === requestId && before.number !== number && !replayed) {
      return {
        rule: this.rule, seq: event.seq, evidence: [before.seq, event.seq],
        text: `${event.from} executed request #${requestId} of ${clientId} as seq ${number}, and it had been executed as seq ${before.number}.`,
      }
    }
    // A later id than the one that the operation began with is still the same operation.
    if (before && requestId > before.requestId && before.requestId >= (this.#started.get(clientId)?.requestId ?? Infinity) && !replayed) {
      this.#executed.set(clientId, { requestId, number, seq: event.seq })
      return {
        rule: this.rule, seq: event.seq, evidence: [before.seq, event.seq],
        text: `${event.from} executed request #${requestId} of ${clientId} as seq ${number}, and that is the operation that was executed as seq ${before.number} under request id #${before.requestId}.`,
      }
    }
    if (before?.requestId === requestId) this.held++
    else if (before === undefined || requestId > before.requestId) this.#executed.set(clientId, { requestId, number, seq: event.seq })
    return null
  }

  #start({ node, clientId, requestId, seq }: EventOf<'operation-started'>): Breach | null {
    const before = this.#started.get(clientId)
    this.#started.set(clientId, { requestId, seq })
    if (before === undefined || requestId > before.requestId) return null
    return {
      rule: this.rule, seq, evidence: [before.seq, seq],
      text: `${node} gave an operation the request id #${requestId} of ${clientId}, which an earlier one had: servers take it for a copy of that one.`,
    }
  }
}

/** What was acknowledged is in the state that the next primary serves: its numbers go on after it. */
export class NoLostWrite implements Monitor {
  readonly rule = 'no-lost-write'
  held = 0
  /** The highest number that a client was told of in each view, and the event of it. */
  readonly #told = new Map<number, { readonly number: number; readonly seq: number }>()
  /** The view that is judged, and the highest number of all views before it. */
  #view = 0
  #before = { number: 0, seq: 0 }
  /** Views of which a loss was told. */
  readonly #isTold = new Set<number>()

  look(event: TraceEvent, facts: RunFacts): Breach | null {
    if (event.type === 'message-taken') {
      const sent = facts.sentOf(event.id)
      if (sent?.message.type === 'reply' && !sent.message.replayed) this.#tell(sent.message.executedViewnum, sent.message.seq, event.seq)
      return null
    }
    if (event.type !== 'message-sent') return null
    const { message } = event
    if (message.type === 'state-transfer' && message.chunk === 0) return this.#judge(event, message.viewnum, message.executed + 1)
    return message.type === 'reply' && !message.replayed && message.seq > 0 ? this.#judge(event, message.viewnum, message.seq) : null
  }

  #tell(viewnum: number, number: number, seq: number): void {
    const known = this.#told.get(viewnum)
    if (known === undefined || number > known.number) this.#told.set(viewnum, { number, seq })
    if (viewnum < this.#view && number > this.#before.number) this.#before = { number, seq }
  }

  /** `next`: the number that the primary of this view gives, or would give, next. */
  #judge({ from, seq }: EventOf<'message-sent'>, viewnum: number, next: number): Breach | null {
    if (viewnum > this.#view) {
      for (const [view, told] of this.#told) if (view < viewnum && told.number > this.#before.number) this.#before = told
      this.#view = viewnum
    }
    if (viewnum < this.#view || this.#before.number === 0) return null
    if (next > this.#before.number) {
      this.held++
      return null
    }
    if (this.#isTold.has(viewnum)) return null
    this.#isTold.add(viewnum)
    return {
      rule: this.rule, seq, evidence: [this.#before.seq, seq],
      text: `${from} serves view ${viewnum} from a state that ends before seq ${next}, and a client had been told that seq ${this.#before.number} was done.`,
    }
  }
}

/** A backup executes nothing that its primary has not sent. */
export class BackupNotAhead implements Monitor {
  readonly rule = 'backup-not-ahead'
  held = 0
  /** The highest number that was sent to a backup in a view, forwarded or in a state. */
  readonly #sent = new Map<string, number>()

  look(event: TraceEvent): Breach | null {
    if (event.type !== 'message-sent') return null
    const { message, from, to, seq } = event
    if (message.type === 'forward') this.#raise(`${message.viewnum} ${to}`, message.seq)
    if (message.type === 'state-transfer') this.#raise(`${message.viewnum} ${to}`, message.executed)
    if (message.type !== 'forward-ack') return null
    const sent = this.#sent.get(`${message.viewnum} ${from}`) ?? 0
    if (message.executed <= sent) {
      this.held++
      return null
    }
    return { rule: this.rule, seq, evidence: [seq], text: `${from} says that it executed seq ${message.executed} in view ${message.viewnum}, and ${to} has sent it no more than seq ${sent}.` }
  }

  #raise(key: string, number: number): void {
    if (number > (this.#sent.get(key) ?? -1)) this.#sent.set(key, number)
  }
}
