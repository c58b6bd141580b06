// What a replica does as primary: numbers operations, forwards them, waits for every backup by name, executes, answers; and
// before that, in each new view, brings its backups to its own state. It must never decide who is primary (replica.ts does).
import type { Seen } from './at-most-once'
import { executeNext, type Copy } from './copy'
import type { EffectSink, ReplicaState } from './machine'
import type { Between, ClientId, ForwardAck, Request, StateTransferAck, TableRow } from './messages'
import type { Operation } from './operations'
import { askedAgain, askersOf, nobodyElse, PendingOperations, type Asked, type PendingOperation } from './pending'
import { Resending, resentForwardsMax } from './resending'
import { retriedBy } from './timers'
import { isBroken, type Settings } from './settings'
import { OutgoingTransfer, type Chunk } from './transfer'
import { noView, type NodeName, type View } from './view'

export class Primary {
  /** This server has been primary in every view from this one to the current one. */
  readonly since: number
  /** The transfers of the current view are acked: this primary executes and answers. */
  started = false
  readonly #copy: Copy
  readonly #settings: Settings
  readonly #incarnation: number
  #view: View = noView
  #nextSeq: number
  /** Synchronous: forwarded and not executed. Asynchronous: executed here, and not acked by every backup. */
  #pending = new PendingOperations()
  /** The last sequence number that each backup has executed, by name. */
  readonly #acked = new Map<NodeName, number>()
  readonly #transfers = new Map<NodeName, OutgoingTransfer>()
  /** Requests that came before the view started, one for each client, in order of arrival. */
  readonly #waiting = new Map<ClientId, Asked>()
  /** For each backup of the view: decides when to send again what the backup has not acked. */
  readonly #resending = new Map<NodeName, Resending>()

  constructor(copy: Copy, since: number, settings: Settings, incarnation: number) {
    this.#copy = copy
    this.since = since
    this.#settings = settings
    this.#incarnation = incarnation
    this.#nextSeq = isBroken(settings, 'numbers-restart') ? 1 : copy.executed + 1
  }

  /** A copy of this primary, over a copy of the state. */
  copy(copyOfState: Copy): Primary {
    const copy = new Primary(copyOfState, this.since, this.#settings, this.#incarnation)
    for (const [to, transfer] of this.#transfers) copy.#transfers.set(to, transfer.copy(copyOfState))
    copy.started = this.started
    copy.#view = this.#view
    copy.#nextSeq = this.#nextSeq
    copy.#pending = this.#pending.copy()
    for (const [name, executed] of this.#acked) copy.#acked.set(name, executed)
    for (const [clientId, request] of this.#waiting) copy.#waiting.set(clientId, request)
    for (const [name, resending] of this.#resending) copy.#resending.set(name, resending.copy())
    return copy
  }

  /** Nothing is forwarded and unacked, nothing waits for the view to start. */
  get isIdle(): boolean {
    return this.#pending.length === 0 && this.#waiting.size === 0
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  /** True if it executes an operation only after its backups have executed it (rule 1). */
  get #waitsForBackups(): boolean {
    return this.#settings.replication === 'synchronous' && !isBroken(this.#settings, 'answers-before-backups')
  }

  get #readsAlone(): boolean {
    return this.#settings.replication === 'asynchronous' || isBroken(this.#settings, 'reads-without-backups')
  }

  // ---- the start of a view

  /** Stops work and begins the transfers of a new view; until they are acked nothing is executed or answered, not even from the table. */
  adopt(view: View, out: EffectSink): void {
    this.#view = view
    this.started = false
    this.#cancelRetries(out)
    this.#acked.clear()
    this.#transfers.clear()
    // These operations are executed here already, so the transferred state includes them.
    if (!this.#waitsForBackups) this.#pending.clear()
    for (const backup of view.backups) this.#beginTransfer(backup.name, backup.incarnation, out)
  }

  #beginTransfer(to: NodeName, incarnation: number, out: EffectSink, resending = new Resending(to, this.#settings.retryMs)): void {
    const transfer = new OutgoingTransfer(incarnation, this.#copy, this.#settings)
    this.#transfers.set(to, transfer)
    this.#sendChunks(to, transfer, transfer.nextChunks(), out)
    this.#reportTransfer(to, transfer, out)
    this.#resending.set(to, resending)
    this.#armRetry(to, resending, out)
  }

  /** Returns true when this ack was the last that the view waited for. */
  handleTransferAck(from: NodeName, ack: StateTransferAck, out: EffectSink): boolean {
    const transfer = this.#transfers.get(from)
    if (this.started || !transfer || (transfer.incarnation !== ack.fromIncarnation && !isBroken(this.#settings, 'counts-old-transfer-acks'))) return false
    const oldest = transfer.oldestUnacked
    if (!transfer.takeAck(ack.chunk, ack.installed)) return false
    if (!transfer.done) this.#sendChunks(from, transfer, transfer.nextChunks(), out)
    // If the oldest chunk is still unacked, a later one overtook it. It is lost, so its wait goes on.
    if (transfer.oldestUnacked !== oldest) this.#progressed(from, out)
    this.#reportTransfer(from, transfer, out)
    return this.transfersAreAcked()
  }

  /** A backup restarted empty before the view started: its new incarnation may still be initialised. */
  handleRestarted(from: NodeName, incarnation: number, out: EffectSink): void {
    const transfer = this.#transfers.get(from)
    if (!this.started && transfer && incarnation > transfer.incarnation) this.#beginTransfer(from, incarnation, out)
  }

  transfersAreAcked(): boolean {
    for (const transfer of this.#transfers.values()) if (!transfer.done) return false
    return true
  }

  /** The incarnations that hold this primary's state in this view; the ack lists them. */
  initialised(): { name: NodeName; incarnation: number }[] {
    return [...this.#transfers].map(([name, transfer]) => ({ name, incarnation: transfer.incarnation }))
  }

  startServing(): void {
    this.started = true
    for (const name of this.#transfers.keys()) this.#acked.set(name, this.#copy.executed)
  }

  /** Forwards the unexecuted operations again, in their order, then handles the requests that waited. */
  resumeWork(out: EffectSink): void {
    // Their numbers follow the last executed one already: nothing was executed since they were given.
    for (const pending of this.#pending) this.#forward(pending, out)
    this.#executeAcked(out)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { from, also, request } of waiting) {
      this.handleRequest(from, request, out)
      for (const other of also) this.handleRequest(other, request, out)
    }
  }

  /** No longer primary: refuses all that waits. What was forwarded may have been executed by the backup that took over. */
  depose(viewnum: number, out: EffectSink): void {
    const refuse = (to: NodeName, { clientId, requestId, viewnum: requestViewnum }: Request): void => {
      out.send(to, { type: 'rejected', clientId, requestId, reason: 'deposed', requestViewnum, viewnum })
    }
    if (isBroken(this.#settings, 'deposed-executes')) this.#executePending(Infinity, viewnum, out)
    else if (this.#waitsForBackups) for (const pending of this.#pending) for (const from of askersOf(pending)) refuse(from, pending.request)
    for (const waiting of this.#waiting.values()) for (const from of askersOf(waiting)) refuse(from, waiting.request)
    this.#cancelRetries(out)
  }

  // ---- operations

  handleRequest(from: NodeName, request: Request, out: EffectSink): void {
    const { clientId, requestId } = request
    // A repeated request: this sender is also answered when the operation is executed.
    if (this.#waitsForBackups && this.#pending.takesCopy(clientId, requestId, from)) return
    const seen = this.#copy.table.look(clientId, requestId)
    if (!this.started && !this.#worksInTransfer(seen)) return this.#wait(from, request, out)
    if (seen.type === 'old') return
    if (seen.type === 'executed') return this.#answer(from, seen.row, true, out)
    if (this.#pending.length >= this.#settings.inFlightMax) return this.#rejectBusy(from, request, out)
    if (request.operation.type === 'get' && this.#readsAlone) return answerRead(this.#copy, from, request, this.#view.viewnum, out)
    if (this.#waitsForBackups) this.#takeSynchronously(from, request, out)
    else this.#takeAsynchronously(from, request, out)
  }

  /** It was executed, and may be answered from the table. */
  knowsAnswer(clientId: ClientId, requestId: number): boolean {
    return this.#copy.table.look(clientId, requestId).type === 'executed'
  }

  /** Rule 4: before its transfers are acked a primary neither executes nor answers, unless it is broken on purpose. */
  #worksInTransfer({ type }: Seen): boolean {
    return isBroken(this.#settings, 'executes-in-transfer') || (type === 'executed' && isBroken(this.#settings, 'answers-in-transfer'))
  }

  #wait(from: NodeName, request: Request, out: EffectSink): void {
    const earlier = this.#waiting.get(request.clientId)
    if (earlier?.request.requestId === request.requestId) return void this.#waiting.set(request.clientId, askedAgain(earlier, from))
    if (earlier && earlier.request.requestId > request.requestId) return
    if (!earlier && this.#waiting.size >= this.#settings.waitingRequestsMax) return this.#rejectBusy(from, request, out)
    this.#waiting.set(request.clientId, { from, also: nobodyElse, request })
  }

  #rejectBusy(from: NodeName, { clientId, requestId, viewnum }: Request, out: EffectSink): void {
    out.send(from, { type: 'rejected', clientId, requestId, reason: 'busy', requestViewnum: viewnum, viewnum: this.#view.viewnum })
  }

  #takeSynchronously(from: NodeName, request: Request, out: EffectSink): void {
    const pending = { seq: this.#nextSeq++, from, also: nobodyElse, request }
    this.#pending.push(pending)
    this.#forward(pending, out)
    // With backups, their acks must come first.
    if (this.#acked.size === 0) this.#executeAcked(out)
  }

  /** Executes and answers at once. A failover may lose answered operations: this is what asynchronous replication demonstrates. */
  #takeAsynchronously(from: NodeName, request: Request, out: EffectSink): void {
    const { viewnum, backups } = this.#view
    const { clientId, requestId, operation } = request
    const pending = { seq: this.#nextSeq++, from, also: nobodyElse, request }
    const executed = executeNext(this.#copy, clientId, requestId, operation, viewnum)
    if (executed) this.#answer(from, executed.row, executed.replayed, out)
    if (backups.length === 0) return
    this.#pending.push(pending)
    this.#forward(pending, out)
  }

  #forward(pending: PendingOperation, out: EffectSink): void {
    for (const { name } of this.#view.backups) this.#forwardTo(name, pending, out)
    for (const [name, resending] of this.#resending) if (!resending.isArmed) this.#armRetry(name, resending, out)
  }

  #forwardTo(name: NodeName, { seq, request }: PendingOperation, out: EffectSink): void {
    const { clientId, requestId } = request
    const operation = this.#forwardedOf(request)
    const toIncarnation = this.#transfers.get(name)?.incarnation ?? 0
    out.send(name, { type: 'forward', viewnum: this.#view.viewnum, fromIncarnation: this.#incarnation, toIncarnation, seq, clientId, requestId, operation })
  }

  #forwardedOf({ operation }: Request): Operation {
    const isLeftOut = operation.type === 'delete' && !this.#waitsForBackups && isBroken(this.#settings, 'deletes-not-forwarded')
    return isLeftOut ? { type: 'get', key: operation.key } : operation
  }

  handleForwardAck(from: NodeName, ack: ForwardAck, out: EffectSink): void {
    const acked = this.#acked.get(from)
    if (!this.started || acked === undefined || ack.fromIncarnation !== this.#transfers.get(from)?.incarnation) return
    if (ack.executed <= acked) return
    this.#acked.set(from, ack.executed)
    this.#progressed(from, out)
    this.#executeAcked(out)
  }

  /** Rule 1: executes and answers, in sequence order, what every backup has executed. It checks each backup by name, never a count. */
  #executeAcked(out: EffectSink): void {
    this.#executePending(this.#ackedByAll(), this.#view.viewnum, out)
  }

  #executePending(upTo: number, viewnum: number, out: EffectSink): void {
    for (let next = this.#pending.first; next && next.seq <= upTo; next = this.#pending.first) {
      this.#pending.shift()
      if (!this.#waitsForBackups) continue
      const { clientId, requestId, operation } = next.request
      const executed = executeNext(this.#copy, clientId, requestId, operation, viewnum)
      if (executed) for (const from of askersOf(next)) sendReply(from, executed.row, executed.replayed, viewnum, out)
    }
  }

  #ackedByAll(): number {
    if (isBroken(this.#settings, 'waits-for-one-backup') && this.#acked.size > 0) return Math.max(...this.#acked.values())
    let lowest = Infinity
    let waitedFor = 0
    for (const acked of this.#acked.values()) {
      if (waitedFor++ === 3 && isBroken(this.#settings, 'waits-for-three-backups')) break
      lowest = Math.min(lowest, acked)
    }
    return lowest
  }

  #answer(to: NodeName, row: TableRow, replayed: boolean, out: EffectSink): void {
    sendReply(to, row, replayed, this.#view.viewnum, out)
  }

  // ---- sending again

  #armRetry(to: NodeName, resending: Resending, out: EffectSink): void {
    this.#transfers.get(to)?.beginWait()
    resending.arm(this.#nextSeq, out)
  }

  #cancelRetries(out: EffectSink): void {
    for (const resending of this.#resending.values()) resending.cancel(out)
    this.#resending.clear()
  }

  /** True if this backup has not acked all that it was sent. */
  #isUnacked(name: NodeName): boolean {
    if (!(this.#transfers.get(name)?.done ?? true)) return true
    const acked = this.#acked.get(name)
    return this.started && acked !== undefined && this.#pending.length > 0 && acked < this.#nextSeq - 1
  }

  /** The backup has acked its oldest unacked chunk or forward. */
  #progressed(name: NodeName, out: EffectSink): void {
    const resending = this.#resending.get(name)
    if (!resending) return
    const isMore = this.#isUnacked(name)
    if (isMore) this.#transfers.get(name)?.beginWait()
    resending.progressed(isMore, this.#nextSeq, out)
    // A connection keeps order: the other forwards in flight at the last resend were lost too, or their ack would be here.
    const next = (this.#acked.get(name) ?? 0) + 1
    if (next >= resending.nextResent && next < resending.resentBelow) this.#resendForwards(name, resending, resending.resentBelow, resentForwardsMax, out)
  }

  onRetry(timer: string, out: EffectSink): void {
    const name = retriedBy(timer)
    const resending = name === undefined ? undefined : this.#resending.get(name)
    if (name === undefined || !resending) return
    resending.takeTimer()
    const transfer = this.#transfers.get(name)
    if (transfer?.isRefused) {
      resending.refused()
      return this.#beginTransfer(name, transfer.incarnation, out, resending)
    }
    const chunks = transfer?.chunksToRetry() ?? []
    if (transfer) this.#sendChunks(name, transfer, chunks, out)
    const forwards = this.#resendForwards(name, resending, resending.waitedBelow, resentForwardsMax, out)
    resending.fired(chunks.length + forwards > 0)
    if (isBroken(this.#settings, 'gives-up-on-backup') && this.started && resending.isOutOfPatience) {
      this.#acked.clear()
      this.#executeAcked(out)
    }
    if (this.#isUnacked(name)) this.#armRetry(name, resending, out)
  }

  /** Returns how many were sent. */
  #resendForwards(name: NodeName, resending: Resending, below: number, atMost: number, out: EffectSink): number {
    const acked = this.#acked.get(name)
    if (acked === undefined) return 0
    const end = Math.min(below, acked + 1 + atMost)
    let count = 0
    for (let seq = acked + 1; seq < end; seq++) {
      const pending = this.#pending.at(seq)
      if (!pending) continue
      this.#forwardTo(name, pending, out)
      count++
    }
    resending.nextResent = end
    resending.resentBelow = below
    return count
  }

  /** A connection that ends loses its messages: all that the backup has not acked is sent again on the next one, in order. */
  handlePeerLost(name: NodeName, out: EffectSink): void {
    const resending = this.#resending.get(name)
    if (!resending?.answersLoss()) return
    const transfer = this.#transfers.get(name)
    if (transfer && !transfer.done) this.#sendChunks(name, transfer, transfer.unackedChunks(), out)
    this.#resendForwards(name, resending, this.#nextSeq, this.#settings.inFlightMax, out)
    this.#armRetry(name, resending, out)
  }

  #sendChunks(to: NodeName, transfer: OutgoingTransfer, chunks: readonly Chunk[], out: EffectSink): void {
    const between: Between = { viewnum: this.#view.viewnum, fromIncarnation: this.#incarnation, toIncarnation: transfer.incarnation }
    for (const chunk of chunks) out.send(to, { type: 'state-transfer', ...between, ...chunk })
  }

  #reportTransfer(to: NodeName, transfer: OutgoingTransfer, out: EffectSink): void {
    out.report({
      type: 'transfer-progress', to, viewnum: this.#view.viewnum,
      chunks: transfer.ackedChunks, bytes: transfer.sentBytes, done: transfer.done,
    })
  }

  // ---- for inspectors and explorers

  /** The state that decides its future behaviour, without the incidental part. */
  essence(): object {
    return {
      started: this.started, nextSeq: this.#nextSeq, pending: [...this.#pending], acked: [...this.#acked],
      transfers: [...this.#transfers].map(([to, transfer]) => ({ to, transfer: transfer.essence() })),
      waiting: [...this.#waiting.values()],
      resending: [...this.#resending].map(([to, resending]) => ({ to, resending: resending.essence(isBroken(this.#settings, 'gives-up-on-backup')) })),
    }
  }

  /** The state that decides only which of the next retries sends something again. */
  incidental(): readonly unknown[] {
    return [[...this.#transfers.values()].map((transfer) => transfer.incidental()), [...this.#resending.values()].map((resending) => resending.incidental())]
  }

  inspectPending(): ReplicaState['pending'] {
    const waitsFor = (seq: number): NodeName[] => [...this.#acked].filter(([, acked]) => acked < seq).map(([name]) => name)
    return [...this.#pending].map(({ seq, request }) => ({
      seq, clientId: request.clientId, requestId: request.requestId, waitsFor: waitsFor(seq),
    }))
  }

  inspectWaiting(): ReplicaState['waiting'] {
    return [...this.#waiting.values()].map(({ request }) => ({ clientId: request.clientId, requestId: request.requestId }))
  }

  inspectTransfers(): ReplicaState['transfers'] {
    return [...this.#transfers].map(([to, transfer]) => ({ to, acked: transfer.ackedChunks, done: transfer.done }))
  }
}

/** Answers a read from this copy alone, without a sequence number. Used by asynchronous replication and by mutants. */
export function answerRead(copy: Copy, from: NodeName, { clientId, requestId, operation }: Request, viewnum: number, out: EffectSink): void {
  const value = operation.type === 'get' ? copy.store.get(operation.key) : undefined
  const result = value === undefined ? { type: 'missing' as const } : { type: 'value' as const, value }
  sendReply(from, { clientId, requestId, result, seq: 0, viewnum }, false, viewnum, out)
}

function sendReply(to: NodeName, row: TableRow, replayed: boolean, viewnum: number, out: EffectSink): void {
  out.send(to, {
    type: 'reply', clientId: row.clientId, requestId: row.requestId, viewnum, seq: row.seq, replayed, executedViewnum: row.viewnum, result: row.result,
  })
}
