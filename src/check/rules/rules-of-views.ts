// The rules about roles: 2 and 6 (the view server's), 5 (who may answer), that one incarnation acts as primary of a view, and which views
// clients get.
import type { EventOf, TraceEvent } from '../../trace'
import { evidenceOf, type Violation, type LooksAt, type Monitor } from './violation'
import { incarnationOfId, type KnownView, type RunFacts } from './facts'

/** Rule 2: the primary of a view was primary or backup of the view before. */
export class Rule2 implements Monitor {
  readonly rule = 'rule-2'
  readonly looksAt: LooksAt = { events: ['view-changed'] }
  held = 0
  limit = ''

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    const before = facts.current
    if (event.type !== 'view-changed' || before === null) return null
    const { primary, viewnum } = event.view
    if (facts.isProgram(event.node) && facts.inferred.isAfterGap(viewnum)) {
      this.limit = gapText(viewnum)
      return null
    }
    if (primary && wasIn(before, primary) && viewnum === before.viewnum + 1) {
      this.held++
      return null
    }
    const text = primary === null ? `View ${viewnum} has no primary.`
      : viewnum !== before.viewnum + 1 ? `View ${viewnum} came after view ${before.viewnum}: a view was left out.`
      : `View ${viewnum} makes ${primary.name} primary, and in view ${before.viewnum} it was neither primary nor backup: it has none of the data.`
    return { rule: this.rule, seq: event.seq, evidence: [before.seq, event.seq], text }
  }
}

const gapText = (viewnum: number): string => `the view server sent view ${viewnum} and never view ${viewnum - 1}`

function wasIn(view: KnownView, { name, incarnation }: { readonly name: string; readonly incarnation: number }): boolean {
  const isOne = (member: { readonly name: string; readonly incarnation: number } | null): boolean => member?.name === name && member.incarnation === incarnation
  // A backup that restarted before the ack is a member in the incarnation that the ack listed.
  return isOne(view.primary) || view.backups.some(isOne) || (view.backups.some((backup) => backup.name === name) && view.initialised.some(isOne))
}

interface TakenRequest {
  readonly requestId: number
  readonly viewnum: number
  readonly seq: number
}

/** Rule 5: a server that is not primary refuses clients' requests. It also refuses requests meant for an earlier primary. */
export class Rule5 implements Monitor {
  readonly rule = 'rule-5'
  readonly looksAt: LooksAt = { sent: ['rejected', 'reply'], taken: ['request'] }
  held = 0
  /** By server and client: the newest request that was taken. */
  readonly #taken = new Map<string, TakenRequest>()

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    if (event.type === 'message-taken') this.#take(event, facts)
    if (event.type !== 'message-sent') return null
    const { message } = event
    if (message.type === 'rejected') this.held++
    return message.type === 'reply' ? this.#answered(event, message.viewnum, facts) : null
  }

  #take({ id, node }: EventOf<'message-taken'>, facts: RunFacts): void {
    const sent = facts.sentOf(id)
    if (sent?.message.type !== 'request') return
    const { clientId, requestId, viewnum } = sent.message
    const key = `${node} ${clientId}`
    const before = this.#taken.get(key)
    // Of copies, keep the one for the newest view: answering that one is right.
    if (before === undefined || requestId > before.requestId || (requestId === before.requestId && viewnum > before.viewnum)) {
      this.#taken.set(key, { requestId, viewnum, seq: sent.seq })
    }
  }

  #answered(event: EventOf<'message-sent'>, viewnum: number, facts: RunFacts): Violation | null {
    const { id, from, seq, to } = event
    const view = facts.views.get(viewnum)
    const incarnation = incarnationOfId(id)
    if (view?.primary?.name === from && view.primary.incarnation === incarnation) {
      const violation = this.#askedOther(event, view, facts)
      if (violation === null) this.held++
      return violation
    }
    const belief = facts.beliefOf(from, incarnation)
    const primary = view?.primary ? `${lifeText(view.primary.name, from)} is primary` : 'there is no such view'
    const request = facts.inputOf(from)
    return {
      rule: this.rule, seq, evidence: [view?.seq ?? 0, belief?.seq ?? 0, request?.seq ?? 0, seq].filter((one) => one > 0).sort((one, other) => one - other),
      text: `${from} answered ${to} in view ${viewnum}, where ${primary}: it had to refuse.`,
    }
  }

  /** Finds an answer to a request for an earlier view, if another server was primary in between. A replayed answer executes nothing. */
  #askedOther({ from, seq, message }: EventOf<'message-sent'>, view: KnownView, facts: RunFacts): Violation | null {
    const request = message.type === 'reply' ? this.#taken.get(`${from} ${message.clientId}`) : undefined
    if (message.type !== 'reply' || message.replayed || request?.requestId !== message.requestId) return null
    for (let viewnum = request.viewnum; viewnum < view.viewnum; viewnum++) {
      const other = facts.views.get(viewnum)
      if (!other?.primary || (other.primary.name === from && other.primary.incarnation === view.primary?.incarnation)) continue
      return {
        rule: this.rule, seq, evidence: [...new Set([other.seq, request.seq, seq])].sort((one, another) => one - another),
        text: `${from} answered a request that was meant for view ${request.viewnum}; in view ${viewnum} ${lifeText(other.primary.name, from)} was primary, and may have executed it.`,
      }
    }
    return null
  }
}

/** Names a server, or another incarnation of the server `of`. */
function lifeText(name: string, of: string): string {
  return name === of ? `another life of ${name}` : name
}

/** Rule 6: the view server changes no view until the primary has acked the current one. */
export class Rule6 implements Monitor {
  readonly rule = 'rule-6'
  readonly looksAt: LooksAt = { events: ['view-changed', 'view-acked'] }
  held = 0
  limit = ''

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    if (event.type === 'view-acked') return this.#acked(event, facts)
    const before = facts.current
    if (event.type !== 'view-changed' || before === null) return null
    if (facts.isProgram(event.node) && facts.inferred.isAfterGap(event.view.viewnum)) {
      this.limit = gapText(event.view.viewnum)
      return null
    }
    if (before.ackedSeq > 0) {
      this.held++
      return null
    }
    return {
      rule: this.rule, seq: event.seq, evidence: [before.seq, event.seq],
      text: `The view server made view ${event.view.viewnum} although ${before.primary?.name ?? 'nobody'} had not acked view ${before.viewnum}.`,
    }
  }

  /** An ack is a ping of the primary with that viewnum, and nothing else. */
  #acked(event: EventOf<'view-acked'>, facts: RunFacts): Violation | null {
    const { primary, viewnum } = event.view
    const ping = facts.inputOf(event.node)
    const isOfPrimary = ping?.message.type === 'ping' && ping.from === primary?.name && ping.message.viewnum === viewnum
    // 0: a caller that reports no incarnations.
    if (isOfPrimary && ping.message.type === 'ping' && (ping.message.incarnation === 0 || ping.message.incarnation === primary?.incarnation)) return null
    const had = isOfPrimary ? 'only another life of it had pinged with it' : 'it had not pinged with it'
    return {
      rule: this.rule, seq: event.seq, evidence: evidenceOf(ping?.seq, event.seq),
      text: `The view server took view ${viewnum} for acked by ${primary?.name ?? 'its primary'}, and ${had}.`,
    }
  }
}

/** One incarnation of one server acts as primary of a view, and never of an older view than its latest. */
export class OnePrimary implements Monitor {
  readonly rule = 'one-primary'
  readonly looksAt: LooksAt = { events: ['role-changed'] }
  held = 0
  readonly #acting = new Map<number, { readonly node: string; readonly incarnation: number; readonly seq: number }>()
  /** By server: the latest view that its incarnation has adopted. */
  readonly #latest = new Map<string, { readonly incarnation: number; readonly viewnum: number; readonly seq: number }>()

  look(event: TraceEvent): Violation | null {
    if (event.type !== 'role-changed') return null
    const { node, incarnation, viewnum, seq } = event
    const before = this.#latest.get(node)
    if (before?.incarnation !== incarnation || viewnum > before.viewnum) this.#latest.set(node, { incarnation, viewnum, seq })
    if (event.role !== 'primary' || !event.serving) return null
    const later = this.#latest.get(node)
    if (later?.incarnation === incarnation && later.viewnum > viewnum) {
      return { rule: this.rule, seq, evidence: [later.seq, seq], text: `${node} acts as primary of view ${viewnum}, and it had been in view ${later.viewnum} already.` }
    }
    const other = this.#acting.get(viewnum)
    if (other && (other.node !== node || other.incarnation !== incarnation)) {
      return { rule: this.rule, seq, evidence: [other.seq, seq], text: `${node} acts as primary of view ${viewnum}, and so does ${other.node}${other.node === node ? ' in another life' : ''}.` }
    }
    this.#acting.set(viewnum, { node, incarnation, seq })
    this.held++
    return null
  }
}

/** Clients get only the latest acked view: the primary of another view may not answer yet, or no longer. */
export class AckedViews implements Monitor {
  readonly rule = 'acked-views'
  readonly looksAt: LooksAt = { events: ['node-started', 'view-acked'], sent: ['view-reply'] }
  held = 0
  /** The latest view that this incarnation of the view server took as acked. */
  #acked = { viewnum: 0, seq: 0 }

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    switch (event.type) {
      case 'node-started':
        if (event.kind === 'view-server') this.#acked = { viewnum: 0, seq: 0 }
        return null
      case 'view-acked':
        this.#acked = { viewnum: event.view.viewnum, seq: event.seq }
        return null
      case 'message-sent': return event.message.type === 'view-reply' && facts.inputOf(event.from)?.message.type === 'get-view' ? this.#told(event, event.message.view.viewnum, facts.hasSteps(event.from)) : null
      default: return null
    }
  }

  #told({ to, seq }: EventOf<'message-sent'>, viewnum: number, hasSteps: boolean): Violation | null {
    const { viewnum: acked, seq: ackedSeq } = this.#acked
    // Without steps it may have answered before it took the ack.
    if (viewnum === acked || (viewnum < acked && !hasSteps)) {
      this.held++
      return null
    }
    const text = viewnum < acked ? `${to} was told view ${viewnum}, and view ${acked} had been acked since.`
      : `${to} was told view ${viewnum}, which its primary had not acked: it may not answer yet.`
    return { rule: this.rule, seq, evidence: evidenceOf(ackedSeq, seq), text }
  }
}
