// What a replica does as primary: numbers operations, forwards them, waits for every backup by name, executes, answers; and
// before that, in each new view, brings its backups to its own state. It never decides who is primary (replica.ts does).
import type { Seen } from './at-most-once'
import { executeNext, type Copy } from './copy'
import type { EffectSink, ReplicaState } from './machine'
import type { Between, ClientId, ForwardAck, Request, StateTransferAck, TableRow } from './messages'
import { PendingOperations, type PendingOperation } from './pending'
import { isBroken, type Settings } from './settings'
import { OutgoingTransfer, type Chunk } from './transfer'
import { noView, type NodeName, type View } from './view'

const retryTimer = 'retry'

/** Retries that bring nothing double the wait, up to this factor, so that a slow backup is not made slower. */
const retryFactorMax = 8

/** Forwards to one backup that are sent again in one retry; the ack of the first of them brings the rest on. */
const resentForwardsMax = 64

interface WaitingRequest {
  readonly from: NodeName
  readonly request: Request
}

export class Primary {
  /** This server has been primary in every view from this one to its own. */
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
  /** What each backup has executed, by name. */
  readonly #acked = new Map<NodeName, number>()
  readonly #transfers = new Map<NodeName, OutgoingTransfer>()
  /** Requests that came before the view started, one for each client, in order of arrival. */
  readonly #waiting = new Map<ClientId, WaitingRequest>()
  #retryIsArmed = false
  #retryFactor = 1
  /** Forwards below this number were already waiting at the last retry, so the next one sends them again. */
  #resendBelow = 0

  constructor(copy: Copy, since: number, settings: Settings, incarnation: number) {
    this.#copy = copy
    this.since = since
    this.#settings = settings
    this.#incarnation = incarnation
    this.#nextSeq = isBroken(settings, 'numbers-restart') ? 1 : copy.executed + 1
  }

  /** The same over a copy of the state. */
  copy(copyOfState: Copy): Primary {
    const copy = new Primary(copyOfState, this.since, this.#settings, this.#incarnation)
    for (const [to, transfer] of this.#transfers) copy.#transfers.set(to, transfer.copy(copyOfState))
    copy.started = this.started
    copy.#view = this.#view
    copy.#nextSeq = this.#nextSeq
    copy.#pending = this.#pending.copy()
    for (const [name, executed] of this.#acked) copy.#acked.set(name, executed)
    for (const [clientId, request] of this.#waiting) copy.#waiting.set(clientId, request)
    copy.#retryIsArmed = this.#retryIsArmed
    copy.#retryFactor = this.#retryFactor
    copy.#resendBelow = this.#resendBelow
    return copy
  }

  /** Nothing is forwarded and unacked, nothing waits for the view to start. */
  get isIdle(): boolean {
    return this.#pending.length === 0 && this.#waiting.size === 0
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  /** It executes what its backups have executed, and not before (rule 1). */
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
    this.#retryFactor = 1
    this.#acked.clear()
    this.#transfers.clear()
    // What was executed here before its backups had it is in the state, so the transfer brings it.
    if (!this.#waitsForBackups) this.#pending.clear()
    for (const backup of view.backups) this.#beginTransfer(backup.name, backup.incarnation, out)
  }

  #beginTransfer(to: NodeName, incarnation: number, out: EffectSink): void {
    const transfer = new OutgoingTransfer(incarnation, this.#copy, this.#settings)
    this.#transfers.set(to, transfer)
    this.#sendChunks(to, transfer, transfer.nextChunks(), out)
    this.#reportTransfer(to, transfer, out)
    this.#armRetry(out)
  }

  /** Returns true when this ack was the last that the view waited for. */
  handleTransferAck(from: NodeName, ack: StateTransferAck, out: EffectSink): boolean {
    const transfer = this.#transfers.get(from)
    if (this.started || !transfer || transfer.incarnation !== ack.fromIncarnation) return false
    if (!transfer.takeAck(ack.chunk, ack.installed)) return false
    this.#retryFactor = 1
    if (!transfer.done) this.#sendChunks(from, transfer, transfer.nextChunks(), out)
    this.#reportTransfer(from, transfer, out)
    return this.transfersAreAcked()
  }

  /** A backup came back empty before the view started: it may be initialised still, in its new life. */
  handleRestarted(from: NodeName, incarnation: number, out: EffectSink): void {
    const transfer = this.#transfers.get(from)
    if (!this.started && transfer && incarnation > transfer.incarnation) this.#beginTransfer(from, incarnation, out)
  }

  transfersAreAcked(): boolean {
    for (const transfer of this.#transfers.values()) if (!transfer.done) return false
    return true
  }

  /** The lives that hold this primary's state in this view; the ack lists them. */
  initialised(): { name: NodeName; incarnation: number }[] {
    return [...this.#transfers].map(([name, transfer]) => ({ name, incarnation: transfer.incarnation }))
  }

  startServing(): void {
    this.started = true
    for (const name of this.#transfers.keys()) this.#acked.set(name, this.#copy.executed)
  }

  /** Forwards again, in their order, what was not executed, then takes up the requests that waited. */
  resumeWork(out: EffectSink): void {
    // Their numbers follow the last executed one already: nothing was executed since they were given.
    for (const pending of this.#pending) this.#forward(pending, out)
    this.#executeAcked(out)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { from, request } of waiting) this.handleRequest(from, request, out)
  }

  /** No longer primary: refuses all that waits. What was forwarded may have been executed by the backup that took over. */
  depose(viewnum: number, out: EffectSink): void {
    const refuse = (to: NodeName, { clientId, requestId, viewnum: requestViewnum }: Request): void => {
      out.send(to, { type: 'rejected', clientId, requestId, reason: 'deposed', requestViewnum, viewnum })
    }
    if (isBroken(this.#settings, 'deposed-executes')) this.#executePending(Infinity, viewnum, out)
    else if (this.#waitsForBackups) for (const { from, request } of this.#pending) refuse(from, request)
    for (const { from, request } of this.#waiting.values()) refuse(from, request)
    if (this.#retryIsArmed) out.cancelTimer(retryTimer)
  }

  // ---- operations

  handleRequest(from: NodeName, request: Request, out: EffectSink): void {
    const { clientId, requestId } = request
    if (this.#waitsForBackups && this.#pending.has(clientId, requestId)) return
    const seen = this.#copy.table.look(clientId, requestId)
    if (!this.started && !this.#worksInTransfer(seen)) return this.#wait(from, request, out)
    if (seen.type === 'old') return
    if (seen.type === 'executed') return this.#answer(from, seen.row, true, out)
    if (this.#pending.length >= this.#settings.inFlightMax) return this.#rejectBusy(from, request, out)
    if (request.operation.type === 'get' && this.#readsAlone) return answerRead(this.#copy, from, request, this.#view.viewnum, out)
    if (this.#waitsForBackups) this.#takeSynchronously(from, request, out)
    else this.#takeAsynchronously(from, request, out)
  }

  /** Rule 4: before its transfers are acked a primary neither executes nor answers, unless it is broken on purpose. */
  #worksInTransfer({ type }: Seen): boolean {
    return isBroken(this.#settings, 'executes-in-transfer') || (type === 'executed' && isBroken(this.#settings, 'answers-in-transfer'))
  }

  #wait(from: NodeName, request: Request, out: EffectSink): void {
    const earlier = this.#waiting.get(request.clientId)
    if (earlier && earlier.request.requestId >= request.requestId) return
    if (!earlier && this.#waiting.size >= this.#settings.waitingRequestsMax) return this.#rejectBusy(from, request, out)
    this.#waiting.set(request.clientId, { from, request })
  }

  #rejectBusy(from: NodeName, { clientId, requestId, viewnum }: Request, out: EffectSink): void {
    out.send(from, { type: 'rejected', clientId, requestId, reason: 'busy', requestViewnum: viewnum, viewnum: this.#view.viewnum })
  }

  #takeSynchronously(from: NodeName, request: Request, out: EffectSink): void {
    const pending = { seq: this.#nextSeq++, from, request }
    this.#pending.push(pending)
    this.#forward(pending, out)
    // With a backup its ack is still to come.
    if (this.#acked.size === 0) this.#executeAcked(out)
  }

  /** Executes and answers at once. What a failover may lose is the lesson of asynchronous replication. */
  #takeAsynchronously(from: NodeName, request: Request, out: EffectSink): void {
    const { viewnum, backups } = this.#view
    const { clientId, requestId, operation } = request
    const pending = { seq: this.#nextSeq++, from, request }
    const executed = executeNext(this.#copy, clientId, requestId, operation, viewnum)
    if (executed) this.#answer(from, executed.row, executed.replayed, out)
    if (backups.length === 0) return
    this.#pending.push(pending)
    this.#forward(pending, out)
  }

  #forward(pending: PendingOperation, out: EffectSink): void {
    for (const { name } of this.#view.backups) this.#forwardTo(name, pending, out)
    if (this.#view.backups.length > 0) this.#armRetry(out)
  }

  #forwardTo(name: NodeName, { seq, request }: PendingOperation, out: EffectSink): void {
    const { clientId, requestId, operation } = request
    const toIncarnation = this.#transfers.get(name)?.incarnation ?? 0
    out.send(name, { type: 'forward', viewnum: this.#view.viewnum, fromIncarnation: this.#incarnation, toIncarnation, seq, clientId, requestId, operation })
  }

  handleForwardAck(from: NodeName, ack: ForwardAck, out: EffectSink): void {
    const acked = this.#acked.get(from)
    if (!this.started || acked === undefined || ack.fromIncarnation !== this.#transfers.get(from)?.incarnation) return
    if (ack.executed <= acked) return
    this.#acked.set(from, ack.executed)
    this.#retryFactor = 1
    this.#executeAcked(out)
  }

  /** Rule 1: what every backup has executed, by name and not by count, is executed here and answered, in sequence order. */
  #executeAcked(out: EffectSink): void {
    this.#executePending(this.#ackedByAll(), this.#view.viewnum, out)
  }

  #executePending(upTo: number, viewnum: number, out: EffectSink): void {
    for (let next = this.#pending.first; next && next.seq <= upTo; next = this.#pending.first) {
      this.#pending.shift()
      if (!this.#waitsForBackups) continue
      const { clientId, requestId, operation } = next.request
      const executed = executeNext(this.#copy, clientId, requestId, operation, viewnum)
      if (executed) sendReply(next.from, executed.row, executed.replayed, viewnum, out)
    }
  }

  #ackedByAll(): number {
    if (isBroken(this.#settings, 'waits-for-one-backup') && this.#acked.size > 0) return Math.max(...this.#acked.values())
    let lowest = Infinity
    for (const acked of this.#acked.values()) lowest = Math.min(lowest, acked)
    return lowest
  }

  #answer(to: NodeName, row: TableRow, replayed: boolean, out: EffectSink): void {
    sendReply(to, row, replayed, this.#view.viewnum, out)
  }

  // ---- sending again

  #armRetry(out: EffectSink): void {
    if (this.#retryIsArmed) return
    this.#retryIsArmed = true
    this.#resendBelow = this.#nextSeq
    out.setTimer(retryTimer, this.#settings.retryMs * this.#retryFactor)
  }

  onRetry(out: EffectSink): void {
    this.#retryIsArmed = false
    this.#retryFactor = Math.min(this.#retryFactor * 2, retryFactorMax)
    for (const [name, transfer] of this.#transfers) {
      if (!transfer.done) this.#sendChunks(name, transfer, transfer.chunksToRetry(), out)
    }
    for (const [name, acked] of this.#acked) {
      const end = Math.min(this.#resendBelow, acked + 1 + resentForwardsMax)
      for (let seq = acked + 1; seq < end; seq++) {
        const pending = this.#pending.at(seq)
        if (pending) this.#forwardTo(name, pending, out)
      }
    }
    if (isBroken(this.#settings, 'gives-up-on-backup') && this.started && this.#retryFactor === retryFactorMax) {
      this.#acked.clear()
      this.#executeAcked(out)
    }
    if (!this.transfersAreAcked() || (this.started && this.#pending.length > 0)) this.#armRetry(out)
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

  /** What decides how it goes on. How long the next retry waits is not of it: that only time can tell. */
  essence(): unknown {
    return {
      since: this.since, started: this.started, nextSeq: this.#nextSeq, pending: [...this.#pending], acked: [...this.#acked],
      transfers: [...this.#transfers].map(([to, transfer]) => ({ to, transfer: transfer.essence() })),
      waiting: [...this.#waiting.values()], retryIsArmed: this.#retryIsArmed, resendBelow: this.#resendBelow,
      patience: isBroken(this.#settings, 'gives-up-on-backup') ? this.#retryFactor : 1,
    }
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

/** Answers a read from one copy alone; it takes no number. The way of asynchronous replication, and of mutants. */
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
