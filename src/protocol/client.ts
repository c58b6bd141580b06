// A client: finds the primary through the view server, sends an operation until it is answered, and reports how it ended.
// It must never report an operation as failed if a server may have executed it, and never reuse a requestId for another operation.
import type { EffectSink, Essence, FailReason, Input, Machine, OperationInput, Outcome, Start, UnknownReason, ClientState } from './machine'
import type { ClientId, Message, Rejected, Reply } from './messages'
import { fieldsOf, heldIn, type Operation } from './operations'
import { isBroken, keyBytesMax, valueBytesMax, type Settings } from './settings'
import { askTimer, retryTimer, timeoutTimer } from './timers'
import { noView, viewServerName, type NodeName, type View } from './view'

/** Operations of one session that may wait behind the current one. */
export const queuedOperationsMax = 1024
/** Sessions of one client; each has at most one operation in flight. */
export const sessionsMax = 1024

/** Within one view the wait before an unanswered request is repeated doubles, up to this many `retryMs`, to spare a slow network. */
const waitsBeforeSendingMax = 8

/** The view does not depend on the operation, so all sessions share one question to the view server. */

/** What a session does with its operation. */
type SessionState =
  | 'free'
  /** Waits for a view. */
  | 'asking'
  /** Sent, waits for an answer. */
  | 'sent'
  /** The view server knew no newer view than the one that failed: the session asks again after `retryMs`. */
  | 'waiting'

/** An operation of the store, and no call in a program's own words. */
type StoreInput = OperationInput & { readonly operation: Operation }

interface Session {
  readonly index: number
  readonly clientId: ClientId
  state: SessionState
  requestId: number
  operation: StoreInput | null
  /** The session needs a view with a higher viewnum than this. -1: any view will do, so a known view is used without asking. */
  failedViewnum: number
  /** How often `retryMs` have passed since the last send. */
  waits: number
  /** After this many waits the request is sent again although no newer view is known: 1, 2, 4 ... */
  waitsBeforeSending: number
  /** The connection to the primary of this view ended while this operation was in flight, and it was sent again at once. */
  hasRedialled: boolean
  /** Where the operation was sent last, and the viewnum that tagged it. */
  sentTo: NodeName
  sentViewnum: number
  tries: number
  /** Some send went to the primary of the view that tagged it: a server may execute it now or later. */
  mayBeExecuted: boolean
  /** Why the last send got no result; it becomes the reason of an unknown outcome. */
  lastRefusal: UnknownReason
  readonly queue: StoreInput[]
}

export function createClient(start: Start, _out: EffectSink): Machine {
  return new Client(start)
}

class Client implements Machine {
  readonly #settings: Settings
  readonly #seed: string
  readonly #sessions: Session[] = []
  readonly #byClientId = new Map<ClientId, Session>()
  #view: View = noView
  #askIsArmed = false

  constructor({ settings, seed }: Pick<Start, 'settings' | 'seed'>) {
    this.#settings = settings
    this.#seed = seed
  }

  copy(): Client {
    const copy = new Client({ settings: this.#settings, seed: this.#seed })
    for (const session of this.#sessions) {
      const own = { ...session, queue: [...session.queue] }
      copy.#sessions.push(own)
      copy.#byClientId.set(own.clientId, own)
    }
    copy.#view = this.#view
    copy.#askIsArmed = this.#askIsArmed
    return copy
  }

  step(input: Exclude<Input, Start>, out: EffectSink): void {
    switch (input.type) {
      case 'operation': return this.#handleOperation(input, out)
      case 'message': return this.#handleMessage(input.from, input.message, out)
      case 'timer': return this.#onTimer(input.name, out)
      case 'peer-lost': return this.#handlePeerLost(input.peer, out)
    }
  }

  // ---- operations of a person or a workload

  #handleOperation(input: OperationInput, out: EffectSink): void {
    if (!isOfStore(input)) return this.#return(input.operationId, { type: 'failed', reason: 'not-understood', by: '' }, 0, out)
    const problem = sizeProblem(input.operation)
    if (problem) return this.#return(input.operationId, { type: 'failed', reason: problem, by: '' }, 0, out)
    const session = this.#sessionFor(input.session)
    if (!session || session.queue.length >= queuedOperationsMax) {
      return this.#return(input.operationId, { type: 'failed', reason: 'too-many-waiting', by: '' }, 0, out)
    }
    if (session.state === 'free') this.#begin(session, input, out)
    else session.queue.push(input)
  }

  #sessionFor(index: number): Session | undefined {
    if (index >= sessionsMax) return undefined
    if (index >= 0) {
      while (this.#sessions.length <= index) this.#addSession()
      return this.#sessions[index]
    }
    return this.#sessions.find((session) => session.state === 'free') ?? (this.#sessions.length < sessionsMax ? this.#addSession() : this.#sessions[0])
  }

  #addSession(): Session {
    const index = this.#sessions.length
    const clientId = `${this.#seed}.${index}`
    const session: Session = {
      index, clientId, state: 'free', requestId: 0, operation: null, failedViewnum: -1, waits: 0, waitsBeforeSending: 1, hasRedialled: false, sentTo: '', sentViewnum: 0, tries: 0,
      mayBeExecuted: false, lastRefusal: 'timeout', queue: [],
    }
    this.#sessions.push(session)
    this.#byClientId.set(clientId, session)
    return session
  }

  #begin(session: Session, input: StoreInput, out: EffectSink): void {
    session.operation = input
    if (session.requestId === 0 || !isBroken(this.#settings, 'reuses-request-id')) session.requestId++
    session.tries = 0
    session.waitsBeforeSending = 1
    session.hasRedialled = false
    session.mayBeExecuted = false
    session.lastRefusal = 'timeout'
    out.report({ type: 'operation-started', operationId: input.operationId, clientId: session.clientId, requestId: session.requestId })
    if (this.#settings.operationTimeoutMs > 0) out.setTimer(timerOf('timeout', session), this.#settings.operationTimeoutMs)
    // With an explicit target, ask for the newest view first: an old viewnum would address a former primary as if it still were primary.
    session.failedViewnum = input.target === '' ? -1 : this.#view.viewnum - 1
    if (input.target === '' && this.#view.primary) this.#send(session, this.#view.primary.name, out)
    else this.#ask(session, out)
  }

  #end(session: Session, outcome: Outcome, out: EffectSink): void {
    const operationId = session.operation?.operationId ?? 0
    out.cancelTimer(timerOf('retry', session))
    if (this.#settings.operationTimeoutMs > 0) out.cancelTimer(timerOf('timeout', session))
    session.state = 'free'
    session.operation = null
    if (outcome.type === 'failed' && isBroken(this.#settings, 'reuses-failed-id')) session.requestId--
    this.#return(operationId, outcome, session.tries, out)
    const next = session.queue.shift()
    if (next) this.#begin(session, next, out)
  }

  #return(operationId: number, outcome: Outcome, tries: number, out: EffectSink): void {
    out.report({ type: 'operation-returned', operationId, outcome, tries })
  }

  // ---- the view

  #ask(session: Session, out: EffectSink): void {
    const alreadyAsking = this.#sessions.some((other) => other.state === 'asking')
    session.state = 'asking'
    if (!alreadyAsking) out.send(viewServerName, { type: 'get-view' })
    if (this.#askIsArmed) return
    this.#askIsArmed = true
    out.setTimer(askTimer, this.#settings.retryMs)
  }

  #handleView(view: View, out: EffectSink): void {
    const isNewer = view.viewnum > this.#view.viewnum
    if (isNewer) {
      this.#view = view
      out.report({ type: 'view-cached', viewnum: view.viewnum })
    }
    for (const session of this.#sessions) {
      if (session.state === 'asking') this.#proceed(session, out)
      else if (isNewer && session.state === 'sent' && session.operation?.target === '' && session.sentTo !== view.primary?.name) this.#proceed(session, out)
    }
  }

  /** Sends if a newer view than the failed one is known, or if it has waited long enough. Otherwise waits and asks again. */
  #proceed(session: Session, out: EffectSink): void {
    const target = session.operation?.target || this.#view.primary?.name
    if (target && this.#maySend(session)) return this.#send(session, target, out)
    session.state = 'waiting'
    out.setTimer(timerOf('retry', session), this.#settings.retryMs)
  }

  /** True with a newer view than the one that failed, or after `waitsBeforeSending` waits. Each repeat in the same view doubles that number. */
  #maySend(session: Session): boolean {
    if (this.#view.viewnum > session.failedViewnum) {
      session.waitsBeforeSending = 1
      session.hasRedialled = false
      return true
    }
    if (session.waits < session.waitsBeforeSending) return false
    session.waitsBeforeSending = Math.min(session.waitsBeforeSending * 2, waitsBeforeSendingMax)
    return true
  }

  // ---- requests

  #send(session: Session, to: NodeName, out: EffectSink): void {
    const { operation } = session
    if (!operation) return
    session.state = 'sent'
    session.sentTo = to
    session.sentViewnum = this.#view.viewnum
    session.waits = 0
    if (session.tries > 0 && isBroken(this.#settings, 'new-id-for-retry')) session.requestId++
    session.tries++
    session.mayBeExecuted ||= to === this.#view.primary?.name
    session.failedViewnum = this.#view.viewnum
    out.send(to, {
      type: 'request', clientId: session.clientId, requestId: session.requestId, viewnum: this.#view.viewnum, operation: operation.operation,
    })
    out.setTimer(timerOf('retry', session), this.#settings.retryMs)
  }

  #handleMessage(from: NodeName, message: Message, out: EffectSink): void {
    switch (message.type) {
      case 'view-reply':
        if (from === viewServerName) this.#handleView(message.view, out)
        return
      case 'reply': return this.#handleReply(from, message, out)
      case 'rejected': return this.#handleRejected(from, message, out)
      case 'not-yet': {
        const session = this.#waitingFor(message.clientId, message.requestId, from)
        // The server does not know the view yet and is asking for it. Afterwards it may still take a copy of this request.
        if (session) session.lastRefusal = 'not-yet'
        return
      }
      // Nothing else is meant for a client.
      default: return
    }
  }

  /** The session whose current operation this answers; undefined for a late answer to an operation that has ended. */
  #sessionOf(clientId: ClientId, requestId: number): Session | undefined {
    const session = this.#byClientId.get(clientId)
    return session?.operation && session.requestId === requestId ? session : undefined
  }

  #waitingFor(clientId: ClientId, requestId: number, from: NodeName): Session | undefined {
    const session = this.#sessionOf(clientId, requestId)
    return session?.state === 'sent' && session.sentTo === from ? session : undefined
  }

  #handleReply(from: NodeName, reply: Reply, out: EffectSink): void {
    const session = this.#sessionOf(reply.clientId, reply.requestId)
    if (!session) return
    if (reply.result.type === 'too-large') return this.#end(session, { type: 'failed', reason: 'value-too-large', by: from }, out)
    this.#end(session, {
      type: 'ok', result: reply.result, by: from, viewnum: reply.viewnum, seq: reply.seq,
      replayed: reply.replayed, executedViewnum: reply.executedViewnum,
    }, out)
  }

  #handleRejected(from: NodeName, { clientId, requestId, reason, requestViewnum }: Rejected, out: EffectSink): void {
    const session = this.#waitingFor(clientId, requestId, from)
    if (!session?.operation || (session.sentViewnum !== requestViewnum && !isBroken(this.#settings, 'takes-late-rejections'))) return
    session.lastRefusal = reason === 'busy' ? 'busy' : 'deposed'
    // Busy: the right server, with a full queue. The retry timer is armed and repeats the request.
    if (reason === 'busy') return
    if (session.operation.target === '') return this.#ask(session, out)
    // A failure is certain only if no send went to the primary of the tagged view: then no server ever takes this request.
    const outcome: Outcome = session.mayBeExecuted && !isBroken(this.#settings, 'calls-refusals-definite')
      ? { type: 'unknown', reason: 'deposed' }
      : { type: 'failed', reason: 'not-primary', by: from }
    this.#end(session, outcome, out)
  }

  // ---- time

  #onTimer(name: string, out: EffectSink): void {
    if (name === askTimer) return this.#onAskAgain(out)
    const [kind, index] = name.split(':')
    const session = this.#sessions[Number(index)]
    if (!session?.operation) return
    if (kind === 'timeout') return this.#onTimeout(session, out)
    // No answer, or no newer view. An operation with an explicit target is sent again; any other asks for the view first.
    if (session.state === 'sent' && session.operation.target !== '') return this.#send(session, session.sentTo, out)
    session.waits++
    this.#ask(session, out)
  }

  #onAskAgain(out: EffectSink): void {
    this.#askIsArmed = false
    const asking = this.#sessions.filter((session) => session.state === 'asking')
    if (asking.length === 0) return
    out.send(viewServerName, { type: 'get-view' })
    this.#askIsArmed = true
    out.setTimer(askTimer, this.#settings.retryMs)
    // The view server is silent. The known view may still serve, because its servers work without the view server.
    for (const session of asking) {
      session.waits++
      if (this.#view.viewnum > 0) this.#proceed(session, out)
    }
  }

  #onTimeout(session: Session, out: EffectSink): void {
    const outcome: Outcome = session.tries === 0
      ? { type: 'failed', reason: 'never-sent', by: '' }
      : { type: 'unknown', reason: session.lastRefusal }
    this.#end(session, outcome, out)
  }

  /**
   * The connection to a server ended: each session that waits for that server asks for the view at once instead of at the next retry.
   * If the view is the same, the first loss sends the request again at once, each later one after one `retryMs`.
   * Only silence makes the wait longer.
   */
  #handlePeerLost(peer: NodeName, out: EffectSink): void {
    for (const session of this.#sessions) {
      if (session.state !== 'sent' || session.sentTo !== peer || session.operation?.target !== '') continue
      session.waitsBeforeSending = 1
      session.waits = session.hasRedialled ? 0 : 1
      session.hasRedialled = true
      this.#ask(session, out)
    }
  }

  essence(): Essence {
    // `lastRefusal` matters only if operations time out. Of `tries` only matters whether it is 0.
    const mayTimeOut = this.#settings.operationTimeoutMs > 0
    const sessions = this.#sessions.map((session) => ({ ...session, tries: Math.min(session.tries, 1), lastRefusal: mayTimeOut ? session.lastRefusal : '' }))
    return { kind: 'client', view: this.#view, askIsArmed: this.#askIsArmed, sessions }
  }

  incidental(): readonly unknown[] { return [] }

  inspect(): ClientState {
    return {
      kind: 'client',
      view: this.#view,
      sessions: this.#sessions.map((session) => ({
        clientId: session.clientId, requestId: session.requestId, operationId: session.operation?.operationId ?? 0,
        state: session.state, tries: session.tries, queued: session.queue.length,
      })),
    }
  }
}

/** Cached by index, because a client arms and cancels its timers with every operation. */
const timerNames: Record<'retry' | 'timeout', string[]> = { retry: [], timeout: [] }
const nameOf = { retry: retryTimer, timeout: timeoutTimer } as const

function timerOf(kind: 'retry' | 'timeout', { index }: Session): string {
  return timerNames[kind][index] ??= nameOf[kind](index)
}

function isOfStore(input: OperationInput): input is StoreInput {
  return input.operation.type !== 'call'
}

function sizeProblem(operation: Operation): FailReason | undefined {
  if (operation.key.length > keyBytesMax) return 'key-too-large'
  return fieldsOf(operation.type).some((field) => (heldIn(operation, field)?.length ?? 0) > valueBytesMax) ? 'value-too-large' : undefined
}
