// The rules about what copies hold: 3 (which forwards), 4 (transfers), that no acknowledged write is lost, and that no backup is ahead of
// what it was sent.
import type { Between } from '../../protocol'
import type { EventOf, TraceEvent } from '../../trace'
import { evidenceOf, type Violation, type LooksAt, type Monitor } from './violation'
import { incarnationOfId, type RunFacts } from './facts'

/** Rule 3: a backup takes forwarded operations only if the view is right: its own, and from that view's primary. */
export class Rule3 implements Monitor {
  readonly rule = 'rule-3'
  readonly looksAt: LooksAt = { sent: ['forward-ack'] }
  held = 0

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    if (event.type !== 'message-sent' || event.message.type !== 'forward-ack') return null
    const { from: node, seq } = event
    const taken = this.#forwardOf(event, facts)
    if (taken === null) return null
    const { forward, input } = taken
    const belief = facts.beliefOf(node, incarnationOfId(event.id))
    const primary = belief === undefined ? null : facts.views.get(belief.viewnum)?.primary ?? null
    const isRight = belief?.role === 'backup' && belief.serving && forward.viewnum === belief.viewnum && primary?.name === input.from && primary.incarnation === forward.fromIncarnation
      && forward.toIncarnation === belief.incarnation
    if (isRight) {
      this.held++
      return null
    }
    const is = belief === undefined ? 'has no role yet'
      : forward.viewnum === belief.viewnum && forward.toIncarnation !== belief.incarnation ? 'was sent to another life of it'
      : `is ${belief.role} of view ${belief.viewnum}${primary ? `, whose primary is ${primary.name}` : ''}`
    return {
      rule: this.rule, seq, evidence: evidenceOf(belief?.seq, input.seq, seq),
      text: `${node} took a forward of view ${forward.viewnum} from ${input.from}, and it ${is}.`,
    }
  }

  /**
   * What the server took and acks: the forward of this step; or, for a program without steps, what the ack says of it. Null for an ack
   * that answers no forward.
   */
  #forwardOf({ from, to, message, seq }: EventOf<'message-sent'>, facts: RunFacts): { forward: Between; input: { seq: number; from: string } } | null {
    const input = facts.inputOf(from)
    if (input?.message.type === 'forward') return { forward: input.message, input }
    if (facts.hasSteps(from) || message.type !== 'forward-ack') return null
    const { viewnum, fromIncarnation, toIncarnation } = message
    return { forward: { viewnum, fromIncarnation: toIncarnation, toIncarnation: fromIncarnation }, input: { seq, from: to } }
  }
}

/** A primary's transfer to a backup in its latest view: the incarnation that it is for, and whether that said that it installed it. */
interface SentState {
  readonly life: number
  /** The event that sent the first chunk, and the one that brought the answer; 0: not yet. */
  readonly seq: number
  installed: number
}

/** Rule 4: every operation is before or after the state transfer. */
export class Rule4 implements Monitor {
  readonly rule = 'rule-4'
  readonly looksAt: LooksAt = { events: ['transfer-installed', 'role-changed'], sent: ['state-transfer', 'forward', 'reply', 'ping'], taken: ['state-transfer-ack'] }
  held = 0
  /** By primary. */
  readonly #sentStates = new Map<string, { readonly viewnum: number; readonly byBackup: Map<string, SentState> }>()
  /** Nodes that took an unknown message: a missing ack is not held against them. */
  readonly #blind = new Set<string>()

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    switch (event.type) {
      case 'message-sent': return this.#sent(event, facts)
      case 'message-taken': return this.#taken(event, facts)
      case 'transfer-installed': return this.#installed(event, facts)
      case 'role-changed': return event.role === 'primary' && event.serving ? this.#serves(event, facts) : null
      default: return null
    }
  }

  #sent(event: EventOf<'message-sent'>, facts: RunFacts): Violation | null {
    const { message } = event
    if (message.type === 'state-transfer') this.#sends(event, message.viewnum, message.toIncarnation)
    if (message.type !== 'forward' && message.type !== 'reply' && message.type !== 'ping') return null
    const belief = facts.beliefOf(event.from, incarnationOfId(event.id))
    if (belief?.role !== 'primary' || belief.viewnum !== message.viewnum) return null
    if (belief.serving) return message.type === 'ping' ? this.#tellsInitialised(event, message.initialised, facts) : null
    // A primary that is still sending its state neither forwards nor answers, and does not ack the view.
    const did = message.type === 'ping' ? `acked view ${message.viewnum}`
      : `${message.type === 'reply' ? message.replayed ? 'answered' : 'executed and answered' : 'forwarded'} an operation in view ${message.viewnum}`
    return { rule: this.rule, seq: event.seq, evidence: [belief.seq, event.seq], text: `${event.from} ${did} while it still sent its state to the backups.` }
  }

  #sends({ from, to, seq }: EventOf<'message-sent'>, viewnum: number, life: number): void {
    let states = this.#sentStates.get(from)
    if (states?.viewnum !== viewnum) this.#sentStates.set(from, states = { viewnum, byBackup: new Map() })
    if (states.byBackup.get(to)?.life !== life) states.byBackup.set(to, { life, seq, installed: 0 })
  }

  #taken({ id, node, seq }: EventOf<'message-taken'>, facts: RunFacts): null {
    const sent = facts.sentOf(id)
    if (sent === undefined) this.#blind.add(node)
    if (sent?.message.type !== 'state-transfer-ack' || !sent.message.installed) return null
    const { viewnum, fromIncarnation } = sent.message
    const states = this.#sentStates.get(node)
    const state = states?.viewnum === viewnum ? states.byBackup.get(sent.from) : undefined
    if (state?.life === fromIncarnation) state.installed ||= seq
    return null
  }

  /** When a primary begins to serve, every backup of the view must have the state: nothing may be executed during a transfer. */
  #serves({ node, viewnum, seq }: EventOf<'role-changed'>, facts: RunFacts): Violation | null {
    if (this.#blind.has(node)) return null
    const backups = facts.views.get(viewnum)?.backups ?? []
    for (const { name } of backups) {
      const state = this.#stateOf(node, viewnum, name)
      if (state !== undefined && state.installed > 0) continue
      return {
        rule: this.rule, seq, evidence: evidenceOf(state?.seq, seq),
        text: `${node} begins to serve view ${viewnum}, and ${name}, its backup, has not said${state ? ` in its life ${state.life}` : ''} that it has the state.`,
      }
    }
    if (backups.length > 0) this.held++
    return null
  }

  /** The ack of a view lists the incarnations that have the state: they are its backups from then on. */
  #tellsInitialised({ from, seq, message }: EventOf<'message-sent'>, initialised: readonly { readonly name: string; readonly incarnation: number }[], facts: RunFacts): Violation | null {
    if (message.type !== 'ping') return null
    const backups = facts.views.get(message.viewnum)?.backups
    if (backups === undefined) return null
    const wrong = initialised.find(({ name, incarnation }) => this.#stateOf(from, message.viewnum, name)?.life !== incarnation)
    const missing = backups.find(({ name }) => !initialised.some((one) => one.name === name))
    if (wrong === undefined && missing === undefined) return null
    const what = wrong ? `names life ${wrong.incarnation} of ${wrong.name}, to which it has not sent its state` : `does not name ${missing?.name ?? ''}, to which it has sent its state`
    return {
      rule: this.rule, seq, evidence: evidenceOf(this.#stateOf(from, message.viewnum, (wrong ?? missing)?.name ?? '')?.seq, seq),
      text: `${from} acked view ${message.viewnum}, and of those who have its state it ${what}.`,
    }
  }

  #stateOf(primary: string, viewnum: number, backup: string): SentState | undefined {
    const states = this.#sentStates.get(primary)
    return states?.viewnum === viewnum ? states.byBackup.get(backup) : undefined
  }

  /** A backup must install a state of its own view, sent by that view's primary, before it serves. */
  #installed({ node, incarnation, from, viewnum, seq }: EventOf<'transfer-installed'>, facts: RunFacts): Violation | null {
    const belief = facts.beliefOf(node, incarnation)
    if (belief?.role === 'backup' && belief.viewnum === viewnum && !belief.serving && facts.views.get(viewnum)?.primary?.name === from) {
      this.held++
      return null
    }
    const why = belief === undefined ? 'it has no role yet'
      : belief.viewnum !== viewnum ? `it is in view ${belief.viewnum}`
      : belief.serving ? 'it had a state already and had executed operations on it' : `it is ${belief.role}`
    return { rule: this.rule, seq, evidence: evidenceOf(belief?.seq, seq), text: `${node} installed a state that ${from} sent in view ${viewnum}, and ${why}.` }
  }
}

/** What was acknowledged is in the state that the next primary serves: its numbers continue after it. */
export class NoLostWrite implements Monitor {
  readonly rule = 'no-lost-write'
  readonly looksAt: LooksAt = { sent: ['state-transfer', 'reply'], taken: ['reply'] }
  held = 0
  /** By view: the highest number in a reply that a client took, and the event of that. */
  readonly #told = new Map<number, { readonly number: number; readonly seq: number }>()
  /** The view that is judged, and the highest such number of all views before it. */
  #view = 0
  #before = { number: 0, seq: 0 }
  /** Views for which a loss is already reported. */
  readonly #isTold = new Set<number>()

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    if (event.type === 'message-taken') {
      const sent = facts.sentOf(event.id)
      // A replayed answer from the table acknowledges too: the operation was in the state of the view in which it was given.
      if (sent?.message.type === 'reply') this.#tell(sent.message.viewnum, sent.message.seq, event.seq)
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

  /** `next`: the next number that the primary of this view assigns, or would assign. */
  #judge({ from, seq }: EventOf<'message-sent'>, viewnum: number, next: number): Violation | null {
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

/** What a backup's incarnation may have executed in its view: the state that it installed, and the forwards that it took since. */
interface MayHave {
  readonly viewnum: number
  readonly incarnation: number
  /** All numbers up to this one, without a gap. */
  upTo: number
  readonly ahead: Set<number>
}

/** How many forwards beyond a gap are remembered per backup; with more, only what was sent to it is checked. */
const aheadMax = 100_000

/** A backup executes nothing that its primary has not sent, and acks nothing that it has not taken. */
export class BackupNotAhead implements Monitor {
  readonly rule = 'backup-not-ahead'
  readonly looksAt: LooksAt = { events: ['transfer-installed'], sent: ['forward', 'state-transfer', 'forward-ack'], taken: ['forward'] }
  held = 0
  /** By view and backup: the highest number sent, in a forward or a state. */
  readonly #sent = new Map<string, number>()
  readonly #taken = new Map<string, MayHave>()

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    switch (event.type) {
      case 'message-taken': return this.#takes(event, facts)
      case 'transfer-installed':
        this.#taken.set(event.node, { viewnum: event.viewnum, incarnation: event.incarnation, upTo: event.executed, ahead: new Set() })
        return null
      case 'message-sent': return this.#sends(event)
      default: return null
    }
  }

  #takes({ id, node, incarnation }: EventOf<'message-taken'>, facts: RunFacts): null {
    const message = facts.sentOf(id)?.message
    if (message?.type !== 'forward') return null
    const taken = this.#taken.get(node)
    if (taken?.viewnum !== message.viewnum || taken.incarnation !== incarnation || message.seq <= taken.upTo) return null
    if (message.seq > taken.upTo + 1) {
      taken.ahead.add(message.seq)
      if (taken.ahead.size > aheadMax) this.#taken.delete(node)
      return null
    }
    taken.upTo++
    while (taken.ahead.size > 0 && taken.ahead.delete(taken.upTo + 1)) taken.upTo++
    return null
  }

  #sends({ message, from, to, id, seq }: EventOf<'message-sent'>): Violation | null {
    if (message.type === 'forward') this.#raise(`${message.viewnum} ${to}`, message.seq)
    if (message.type === 'state-transfer') this.#raise(`${message.viewnum} ${to}`, message.executed)
    if (message.type !== 'forward-ack') return null
    const sent = this.#sent.get(`${message.viewnum} ${from}`) ?? 0
    const says = `${from} says that it executed seq ${message.executed} in view ${message.viewnum}`
    if (message.executed > sent) return { rule: this.rule, seq, evidence: [seq], text: `${says}, and ${to} has sent it no more than seq ${sent}.` }
    const taken = this.#taken.get(from)
    if (taken?.viewnum === message.viewnum && taken.incarnation === incarnationOfId(id) && message.executed > taken.upTo) {
      return { rule: this.rule, seq, evidence: [seq], text: `${says}, and it has not taken seq ${taken.upTo + 1}.` }
    }
    this.held++
    return null
  }

  #raise(key: string, number: number): void {
    if (number > (this.#sent.get(key) ?? -1)) this.#sent.set(key, number)
  }
}
