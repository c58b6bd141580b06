// A client that speaks Maelstrom's requests: it sends each operation to the node that it is for, with a number, and waits for the answer with that
// number. Reads, writes and compare-and-swap are those of Maelstrom's key-value workloads; a call is any other request. It must never report an
// operation as failed if its node may have executed it, and never send one twice: a node that was not written for retries would execute both.
import {
  bytesToUtf8, timeoutTimer, utf8ToBytes,
  type ByteString, type Call, type EffectSink, type Essence, type Input, type Json, type JsonObject, type Machine, type NodeName, type Operation,
  type OperationInput, type OtherState, type Outcome, type Start,
} from '../protocol'
import { errorCodes, isDefinite } from './errors'

/** Operations of one session that may wait behind the current one. */
const queuedMax = 1024
const sessionsMax = 1024

interface Waiting {
  readonly input: OperationInput
  readonly number: number
}

interface Session {
  waiting: Waiting | null
  readonly queue: OperationInput[]
}

type Body = JsonObject & { readonly type: string }

export class Caller implements Machine {
  readonly #start: Start
  readonly #sessions: Session[] = []
  #number = 0

  constructor(start: Start) {
    this.#start = start
  }

  step(input: Exclude<Input, Start>, out: EffectSink): void {
    switch (input.type) {
      case 'operation': return this.#take(input, out)
      case 'message': return input.message.type === 'foreign' ? this.#answered(input.from, input.message.kind, input.message.body, out) : undefined
      case 'timer': return this.#timedOut(input.name, out)
      // Its node may have executed the request, and may be back: only the time decides.
      case 'peer-lost': return
    }
  }

  #take(input: OperationInput, out: EffectSink): void {
    const session = this.#sessionFor(input.session)
    if (!session || session.queue.length >= queuedMax) return returned(input.operationId, { type: 'failed', reason: 'too-many-waiting', by: '' }, out)
    if (session.waiting) session.queue.push(input)
    else this.#send(session, input, out)
  }

  #sessionFor(index: number): Session | undefined {
    if (index >= sessionsMax) return undefined
    const wanted = index >= 0 ? index : this.#sessions.findIndex(({ waiting }) => waiting === null)
    const at = wanted >= 0 ? wanted : Math.min(this.#sessions.length, sessionsMax - 1)
    while (this.#sessions.length <= at) this.#sessions.push({ waiting: null, queue: [] })
    return this.#sessions[at]
  }

  #send(session: Session, input: OperationInput, out: EffectSink): void {
    const { operationId, operation, target } = input
    const request = requestOf(operation)
    if (request === null || target === '') {
      returned(operationId, { type: 'failed', reason: target === '' ? 'never-sent' : 'not-understood', by: '' }, out)
      return this.#next(session, out)
    }
    const number = ++this.#number
    session.waiting = { input, number }
    out.report({ type: 'operation-started', operationId, clientId: this.#start.name, requestId: number })
    const { type: kind, ...body } = request
    out.send(target, { type: 'foreign', kind, body: { ...body, msg_id: number } })
    const { operationTimeoutMs } = this.#start.settings
    if (operationTimeoutMs > 0) out.setTimer(timeoutTimer(this.#sessions.indexOf(session)), operationTimeoutMs)
  }

  /** Any node may answer: one that cannot serve a request may have passed it on. */
  #answered(from: NodeName, kind: string, { in_reply_to: number, ...body }: JsonObject, out: EffectSink): void {
    const session = this.#sessions.find(({ waiting }) => waiting !== null && waiting.number === number)
    // A late answer to an operation that has ended.
    if (!session?.waiting) return
    const { input } = session.waiting
    this.#end(session, outcomeOf(input.operation, from, kind, body), out)
  }

  #timedOut(timer: string, out: EffectSink): void {
    const session = this.#sessions.find((_session, index) => timeoutTimer(index) === timer)
    if (session?.waiting) this.#end(session, { type: 'unknown', reason: 'timeout' }, out)
  }

  #end(session: Session, outcome: Outcome, out: EffectSink): void {
    const { waiting } = session
    if (!waiting) return
    session.waiting = null
    if (this.#start.settings.operationTimeoutMs > 0) out.cancelTimer(timeoutTimer(this.#sessions.indexOf(session)))
    returned(waiting.input.operationId, outcome, out)
    this.#next(session, out)
  }

  #next(session: Session, out: EffectSink): void {
    const next = session.queue.shift()
    if (next) this.#send(session, next, out)
  }

  inspect(): OtherState {
    const sessions = this.#sessions.map(({ waiting, queue }) => (
      { waits_for: waiting?.input.target ?? '', msg_id: waiting?.number ?? 0, operation: waiting?.input.operationId ?? 0, queued: queue.length }
    ))
    return { kind: 'other', state: { last_msg_id: this.#number, sessions } }
  }

  copy(): Caller {
    const copy = new Caller(this.#start)
    for (const { waiting, queue } of this.#sessions) copy.#sessions.push({ waiting, queue: [...queue] })
    copy.#number = this.#number
    return copy
  }

  essence(): Essence {
    return { kind: 'other', number: this.#number, sessions: this.#sessions }
  }

  incidental(): readonly unknown[] {
    return []
  }
}

function returned(operationId: number, outcome: Outcome, out: EffectSink): void {
  out.report({ type: 'operation-returned', operationId, outcome, tries: 1 })
}

/** Null for an operation that Maelstrom's stores do not have. */
function requestOf(operation: Operation | Call): Body | null {
  switch (operation.type) {
    case 'call': return { type: operation.kind, ...operation.body }
    case 'get': return { type: 'read', key: jsonOf(operation.key) }
    case 'put': return { type: 'write', key: jsonOf(operation.key), value: jsonOf(operation.value) }
    case 'cas': return operation.expected === null ? null : { type: 'cas', key: jsonOf(operation.key), from: jsonOf(operation.expected), to: jsonOf(operation.value) }
    case 'append':
    case 'delete': return null
  }
}

function outcomeOf(operation: Operation | Call, by: NodeName, kind: string, body: JsonObject): Outcome {
  if (kind === 'error') return errorOf(operation, by, body)
  const ok = { type: 'ok', by, viewnum: 0, seq: 0, replayed: false, executedViewnum: 0 } as const
  if (operation.type === 'get' && kind === 'read_ok') return { ...ok, result: { type: 'value', value: bytesOfJson(body['value'] ?? null) } }
  if (operation.type === 'put' && kind === 'write_ok' || operation.type === 'cas' && kind === 'cas_ok') return { ...ok, result: { type: 'done' } }
  return { ...ok, result: { type: 'answered', kind, body } }
}

function errorOf(operation: Operation | Call, by: NodeName, { code: given, text: said }: JsonObject): Outcome {
  const code = typeof given === 'number' && Number.isSafeInteger(given) && given >= 0 ? given : errorCodes.crash
  if (operation.type === 'get' && code === errorCodes.keyDoesNotExist) {
    return { type: 'ok', result: { type: 'missing' }, by, viewnum: 0, seq: 0, replayed: false, executedViewnum: 0 }
  }
  const error = { reason: 'error', code, text: typeof said === 'string' ? said : '', by } as const
  return isDefinite(code) ? { type: 'failed', ...error } : { type: 'unknown', ...error }
}

/** Keys and values are JSON texts, so that a number stays one; any other text is a string. */
function jsonOf(bytes: ByteString): Json {
  const text = bytesToUtf8(bytes) ?? ''
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

function bytesOfJson(value: Json): ByteString {
  return utf8ToBytes(JSON.stringify(value))
}
