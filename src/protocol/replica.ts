// A replica: idle, backup or primary, according to the views that it accepts from the view server alone.
// It must never execute as primary what its backups have not acked (rule 1), accept a forward out of its view (rule 3), execute
// during a transfer (rule 4), or serve a request as anything but primary (rule 5). docs/protocol.md shows what goes wrong without each rule.
import { execute } from './application'
import { copyOfCopy, emptyCopy, executeNext, type Copy } from './copy'
import { noEffects, type EffectSink, type Essence, type Input, type Machine, type ReplicaState, type Start } from './machine'
import type { Between, ClientId, Forward, Message, Request, Restarted, StateTransfer, TableRow } from './messages'
import { answerRead, Primary } from './primary'
import { isBroken, type Settings } from './settings'
import type { MakeStore, Store } from './store'
import { pingTimer } from './timers'
import { IncomingTransfer, type Arrival } from './transfer'
import { noView, roleInView, sameMember, viewServerName, type Member, type NodeName, type Role, type View } from './view'

/** What a checker sees of a replica without copying its state. */
export interface HeldCopy {
  readonly viewnum: number
  readonly role: Role
  readonly serving: boolean
  /** At a primary: it waits for no backup, and no request waits for it. */
  readonly isIdle: boolean
  readonly executed: number
  readonly store: Pick<Store, 'size' | 'get' | 'sortedEntries'>
  readonly table: { readonly size: number; row(clientId: ClientId): TableRow | undefined; rows(): TableRow[] }
}

/** Mutants that let an uninitialised server become primary: with one of them it goes on instead of throwing. */
const promotingTheEmpty = [
  'promotes-idle', 'view-without-ack', 'any-ping-acks', 'acks-before-transfer', 'restart-unnoticed', 'goes-back-to-old-views',
  'says-installed-early', 'counts-old-transfer-acks', 'keeps-ack-list', 'takes-old-pings', 'old-ping-keeps-alive', 'forms-view-at-once',
] as const

export function createReplica(start: Start, out: EffectSink, makeStore: MakeStore): Machine {
  return new Replica(start, out, makeStore)
}

class Replica implements Machine {
  readonly #start: Start
  readonly #name: NodeName
  readonly #incarnation: number
  readonly #address: string
  readonly #settings: Settings
  readonly #makeStore: MakeStore
  #copy: Copy
  /** The latest view from the view server. */
  #view: View = noView
  /** The viewnum of the next ping: that of the adopted view, but a primary keeps the old one until its transfers are acked. */
  #pingViewnum = 0
  /** The view in which this copy was last made equal to its primary's; 0 for never. */
  #initialisedIn = 0
  /** The state that only a primary has; null in every other role. */
  #primary: Primary | null = null
  #incoming: IncomingTransfer | null = null
  /** At a backup: forwards that came before their turn. */
  readonly #ahead = new Map<number, Forward>()
  #superseded = false

  constructor(start: Start, out: EffectSink, makeStore: MakeStore) {
    this.#start = start
    this.#name = start.name
    this.#incarnation = start.incarnation
    this.#address = start.address
    this.#settings = start.settings
    this.#makeStore = makeStore
    this.#copy = emptyCopy(start.settings, makeStore)
    this.#ping(out)
    out.setTimer(pingTimer, this.#settings.pingIntervalMs)
  }

  copy(): Replica {
    const copy = new Replica(this.#start, noEffects, this.#makeStore)
    copy.#copy = copyOfCopy(this.#copy)
    copy.#primary = this.#primary?.copy(copy.#copy) ?? null
    copy.#view = this.#view
    copy.#pingViewnum = this.#pingViewnum
    copy.#initialisedIn = this.#initialisedIn
    copy.#incoming = this.#incoming?.copy() ?? null
    for (const [seq, forward] of this.#ahead) copy.#ahead.set(seq, forward)
    copy.#superseded = this.#superseded
    return copy
  }

  step(input: Exclude<Input, Start>, out: EffectSink): void {
    if (this.#superseded) return
    switch (input.type) {
      case 'message': return this.#handleMessage(input.from, input.message, out)
      case 'timer': return input.name === pingTimer ? this.#onPing(out) : this.#primary?.onRetry(input.name, out)
      // Only the view server declares a server dead; until then the primary sends again what is unacked.
      case 'peer-lost': return this.#primary?.handlePeerLost(input.peer, out)
      case 'operation': throw new Error('a replica takes no operations, only requests of clients')
    }
  }

  #handleMessage(from: NodeName, message: Message, out: EffectSink): void {
    switch (message.type) {
      case 'view-reply':
        if (from === viewServerName && message.toIncarnation === this.#incarnation) this.#handleView(message.view, out)
        return
      case 'superseded':
        if (from !== viewServerName || message.toIncarnation !== this.#incarnation) return
        this.#superseded = true
        return out.report({ type: 'superseded', by: message.incarnation })
      case 'request': return this.#handleRequest(from, message, out)
      case 'forward': return this.#handleForward(from, message, out)
      case 'forward-ack':
        if (this.#isForThisView(message) || isBroken(this.#settings, 'counts-old-acks')) this.#primary?.handleForwardAck(from, message, out)
        return
      case 'state-transfer': return this.#handleStateTransfer(from, message, out)
      case 'state-transfer-ack':
        if (this.#isForThisView(message) && this.#primary?.handleTransferAck(from, message, out)) this.#startView(out)
        return
      case 'restarted': return this.#handleRestarted(from, message, out)
      // `not-yet`: its sender asks for the view itself, and a retry repeats what it refused. The other kinds are not for replicas.
      default: return
    }
  }

  // ---- pings

  #onPing(out: EffectSink): void {
    this.#ping(out)
    out.setTimer(pingTimer, this.#settings.pingIntervalMs)
  }

  #ping(out: EffectSink): void {
    const started = this.#primary?.started ? this.#primary.initialised() : []
    out.send(viewServerName, { type: 'ping', viewnum: this.#pingViewnum, incarnation: this.#incarnation, address: this.#address, initialised: started })
  }

  // ---- views

  /** Never a lower viewnum, and the same view only once. */
  #handleView(view: View, out: EffectSink): void {
    if (view.viewnum <= this.#view.viewnum && !this.#goesBackTo(view)) return
    const before = this.#view
    this.#view = view
    this.#incoming = null
    if (!isBroken(this.#settings, 'keeps-forwards-ahead')) this.#ahead.clear()
    if (view.primary && this.#isThis(view.primary)) {
      return this.#becomePrimary(before, out)
    }
    this.#primary?.depose(view.viewnum, out)
    this.#primary = null
    this.#pingViewnum = view.viewnum
    this.#reportRole(out)
    this.#ping(out)
  }

  #goesBackTo({ viewnum }: View): boolean {
    return viewnum < this.#view.viewnum && isBroken(this.#settings, 'goes-back-to-old-views')
  }

  #isThis(member: Member): boolean {
    const isThisLife = sameMember(member, { name: this.#name, incarnation: this.#incarnation, address: '' })
    return isThisLife || (member.name === this.#name && isBroken(this.#settings, 'restart-unnoticed'))
  }

  #becomePrimary(before: View, out: EffectSink): void {
    const { viewnum } = this.#view
    // Rule 2, checked at the replica: a new primary must hold the state of the view before.
    const mayBeEmpty = promotingTheEmpty.some((mutant) => isBroken(this.#settings, mutant))
    if (viewnum !== 1 && this.#initialisedIn !== viewnum - 1 && !mayBeEmpty) {
      throw new Error(`${this.#name} is primary of view ${viewnum} but was not initialised in view ${viewnum - 1}`)
    }
    if (this.#primary === null || before.viewnum !== viewnum - 1) this.#primary = new Primary(this.#copy, viewnum, this.#settings, this.#incarnation)
    this.#primary.adopt(this.#view, out)
    this.#reportRole(out)
    if (this.#primary.transfersAreAcked()) this.#startView(out)
    else if (isBroken(this.#settings, 'acks-before-transfer')) {
      this.#pingViewnum = viewnum
      this.#ping(out)
    }
  }

  /** Every backup holds this primary's state: the view starts, and the next ping is its ack. */
  #startView(out: EffectSink): void {
    this.#initialisedIn = this.#view.viewnum
    this.#pingViewnum = this.#view.viewnum
    this.#primary?.startServing()
    this.#reportRole(out)
    this.#ping(out)
    this.#primary?.resumeWork(out)
  }

  get #role(): Role {
    if (this.#primary) return 'primary'
    // A view may name an earlier incarnation of this server as primary: this incarnation has nothing to serve.
    return roleInView(this.#view, this.#name) === 'backup' ? 'backup' : 'idle'
  }

  get #isServing(): boolean {
    return this.#primary ? this.#primary.started : this.#role === 'backup' && this.#initialisedIn === this.#view.viewnum
  }

  #reportRole(out: EffectSink): void {
    out.report({ type: 'role-changed', role: this.#role, viewnum: this.#view.viewnum, serving: this.#isServing })
  }

  /** "Not yet": this server does not know that view; it pings for it at once instead of at the next interval. */
  #answerNotYet(from: NodeName, clientId: string, requestId: number, out: EffectSink): void {
    out.send(from, { type: 'not-yet', viewnum: this.#view.viewnum, clientId, requestId })
    this.#ping(out)
  }

  // ---- requests

  #handleRequest(from: NodeName, request: Request, out: EffectSink): void {
    const { clientId, requestId, viewnum } = request
    if (viewnum > this.#view.viewnum) return this.#answerNotYet(from, clientId, requestId, out)
    if (!this.#primary && this.#isServing && request.operation.type === 'get' && isBroken(this.#settings, 'backup-answers')) {
      return answerRead(this.#copy, from, request, this.#view.viewnum, out)
    }
    if (!this.#primary || (viewnum < this.#primary.since && !this.#mayTakeOld(this.#primary, request))) {
      return out.send(from, { type: 'rejected', clientId, requestId, reason: 'not-primary', requestViewnum: viewnum, viewnum: this.#view.viewnum })
    }
    this.#primary.handleRequest(from, request, out)
  }

  /**
   * Rule 5, for a request of a view before this server was primary. The primary of that view may have executed it, with an answer that this
   * server does not know. Only a request in the table may be answered: it was executed and is not executed again.
   */
  #mayTakeOld(primary: Primary, { clientId, requestId }: Request): boolean {
    return primary.knowsAnswer(clientId, requestId) || isBroken(this.#settings, 'takes-old-requests')
  }

  // ---- backup

  /** Rule 3: only in this view, only from its primary, only when initialised in it. */
  #handleForward(from: NodeName, forward: Forward, out: EffectSink): void {
    if (forward.toIncarnation !== this.#incarnation) return
    if (isBroken(this.#settings, 'takes-any-forward') && this.#isServing) return this.#takeForward(from, forward, out)
    if (forward.viewnum > this.#view.viewnum) return this.#answerNotYet(from, '', 0, out)
    if (!this.#isFromPrimary(from, forward) || !this.#isServing || this.#role !== 'backup') return
    this.#takeForward(from, forward, out)
  }

  #takeForward(from: NodeName, forward: Forward, out: EffectSink): void {
    const { clientId, requestId } = forward
    if (isBroken(this.#settings, 'forwards-as-they-come')) {
      if (this.#copy.table.look(clientId, requestId).type === 'new') executeNext(this.#copy, clientId, requestId, forward.operation, forward.viewnum)
    } else if (forward.seq > this.#copy.executed + 1) {
      if (this.#ahead.size < this.#settings.inFlightMax) this.#ahead.set(forward.seq, forward)
      if (isBroken(this.#settings, 'acks-before-its-turn')) out.send(from, { type: 'forward-ack', ...this.#backTo(forward), executed: forward.seq })
      return
    } else if (forward.seq === this.#copy.executed + 1) this.#executeForwards(forward)
    else if (isBroken(this.#settings, 'executes-forwards-again')) execute(this.#copy.store, forward.operation)
    out.send(from, {
      type: 'forward-ack', viewnum: forward.viewnum, fromIncarnation: this.#incarnation, toIncarnation: forward.fromIncarnation,
      executed: isBroken(this.#settings, 'acks-highest-received') ? Math.max(this.#copy.executed, ...this.#ahead.keys()) : this.#copy.executed,
    })
  }

  /** Executes this forward and those that waited for it, one at a time in sequence order. */
  #executeForwards(forward: Forward): void {
    for (let next: Forward | undefined = forward; next; next = this.#ahead.get(this.#copy.executed + 1)) {
      this.#ahead.delete(next.seq)
      this.#executeForward(next)
    }
  }

  #executeForward({ clientId, requestId, operation, viewnum }: Forward): void {
    if (isBroken(this.#settings, 'acks-without-executing')) this.#copy.executed++
    else if (isBroken(this.#settings, 'table-only-at-primary')) {
      this.#copy.executed++
      execute(this.#copy.store, operation)
    } else executeNext(this.#copy, clientId, requestId, operation, viewnum)
  }

  #handleStateTransfer(from: NodeName, transfer: StateTransfer, out: EffectSink): void {
    if (transfer.viewnum > this.#view.viewnum) return this.#answerNotYet(from, '', 0, out)
    const isOld = transfer.viewnum < this.#view.viewnum && isBroken(this.#settings, 'transfer-of-an-old-view')
    if ((!this.#isFromPrimary(from, transfer) && !isOld) || this.#role !== 'backup') return
    if (transfer.toIncarnation !== this.#incarnation) {
      // Meant for an earlier incarnation, whose state is lost. This incarnation may be initialised in its place.
      if (transfer.toIncarnation < this.#incarnation) out.send(from, { type: 'restarted', ...this.#backTo(transfer) })
      return
    }
    const isKept = this.#initialisedIn === this.#view.viewnum - 1 && isBroken(this.#settings, 'keeps-its-own-state')
    if (isKept) this.#beInitialised(out)
    else if ((!this.#isServing || isOld) && !this.#takeChunk(from, transfer, out)) return
    // Initialised already: a repeated transfer is acked and installs nothing, because operations were executed since.
    out.send(from, { type: 'state-transfer-ack', ...this.#backTo(transfer), chunk: transfer.chunk, installed: this.#isServing || (transfer.last && isBroken(this.#settings, 'says-installed-early')) })
  }

  /** Returns false if the received state does not match its digest; then the chunk must not be acked. */
  #takeChunk(from: NodeName, transfer: StateTransfer, out: EffectSink): boolean {
    if (this.#incoming?.viewnum !== transfer.viewnum) this.#incoming = new IncomingTransfer(transfer.viewnum, transfer.fromIncarnation, this.#settings, this.#makeStore)
    const arrival = this.#incoming.take(transfer)
    if (arrival.type === 'waits') return true
    this.#incoming = null
    if (arrival.type === 'refused') {
      out.report({ type: 'note', text: refusalText(this.#name, from, transfer.viewnum, arrival) })
      return false
    }
    const whole = arrival.copy
    if (isBroken(this.#settings, 'executed-not-transferred')) whole.executed = 0
    if (isBroken(this.#settings, 'keeps-old-keys')) keepOldKeys(this.#copy, whole)
    this.#copy = whole
    out.report({ type: 'transfer-installed', from, viewnum: transfer.viewnum, executed: whole.executed, keys: whole.store.size })
    this.#beInitialised(out)
    return true
  }

  #beInitialised(out: EffectSink): void {
    this.#initialisedIn = this.#view.viewnum
    this.#reportRole(out)
  }

  #handleRestarted(from: NodeName, restarted: Restarted, out: EffectSink): void {
    if (this.#isForThisView(restarted)) this.#primary?.handleRestarted(from, restarted.fromIncarnation, out)
  }

  #isForThisView(between: Between): boolean {
    return between.viewnum === this.#view.viewnum && between.toIncarnation === this.#incarnation
  }

  #isFromPrimary(from: NodeName, between: Between): boolean {
    const { viewnum, primary } = this.#view
    return between.viewnum === viewnum && primary !== null && primary.name === from && primary.incarnation === between.fromIncarnation
  }

  #backTo(between: Between): Between {
    return { viewnum: between.viewnum, fromIncarnation: this.#incarnation, toIncarnation: between.fromIncarnation }
  }

  get held(): HeldCopy {
    const { store, table, executed } = this.#copy
    return { viewnum: this.#view.viewnum, role: this.#role, serving: this.#isServing, isIdle: this.#primary?.isIdle ?? true, executed, store, table }
  }

  essence(): Essence {
    const { store, table, executed } = this.#copy
    return {
      kind: 'replica', since: this.#primary?.since ?? 0, incarnation: this.#incarnation, view: this.#view, pingViewnum: this.#pingViewnum, initialisedIn: this.#initialisedIn, superseded: this.#superseded,
      executed, store: store.sortedEntries(), table: table.rows(), primary: this.#primary?.essence() ?? null, incoming: this.#incoming?.essence() ?? null,
      ahead: [...this.#ahead.values()].sort((one, other) => one.seq - other.seq),
    }
  }

  incidental(): readonly unknown[] {
    return this.#primary?.incidental() ?? []
  }

  inspect(): ReplicaState {
    return {
      kind: 'replica',
      incarnation: this.#incarnation,
      view: this.#view,
      role: this.#role,
      serving: this.#isServing,
      initialisedIn: this.#initialisedIn,
      executed: this.#copy.executed,
      nextSeq: this.#primary?.nextSeq ?? this.#copy.executed + 1,
      store: this.#copy.store.sortedEntries(),
      table: this.#copy.table.rows(),
      pending: this.#primary?.inspectPending() ?? [],
      waiting: this.#primary?.inspectWaiting() ?? [],
      ahead: [...this.#ahead.keys()].sort((one, other) => one - other),
      transfers: this.#primary?.inspectTransfers() ?? [],
      receivedChunks: this.#incoming?.receivedChunks ?? 0,
    }
  }
}

/** The copy that a replica holds, to inspect without copying it; valid until its next step. Null for a node of another kind. */
export function heldCopy(machine: Machine): HeldCopy | null {
  return machine instanceof Replica ? machine.held : null
}

function refusalText(name: NodeName, from: NodeName, viewnum: number, { held, said }: Extract<Arrival, { type: 'refused' }>): string {
  const differs = held.keys === said.keys && held.rows === said.rows
    ? `${held.keys} keys and ${held.rows} rows came, as many as ${from} has, and they do not hold the same`
    : `${held.keys} keys and ${held.rows} rows came, and ${from} says that it has ${said.keys} keys and ${said.rows} rows`
  return `${name} installs nothing of the state that ${from} sent in view ${viewnum}: ${differs}; the transfer begins again`
}

/** For the mutant that merges a transferred state into the old one. */
function keepOldKeys(old: Copy, whole: Copy): void {
  for (const entry of old.store.sortedEntries()) if (whole.store.get(entry.key) === undefined) whole.store.put(entry)
}
