// The promises about operations: each is executed at most once, and not at all if its client was notified that it failed.
import type { EventOf, TraceEvent } from '../../trace'
import { evidenceOf, type Violation, type LooksAt, type Monitor } from './violation'
import type { Double, Execution, Executions } from './executions'
import type { RunFacts } from './facts'

/** Every operation has a request id of its own, and none is executed twice. */
export class AtMostOnce implements Monitor {
  readonly rule = 'at-most-once'
  readonly looksAt: LooksAt = { events: ['operation-started'], sent: ['reply'], taken: ['request'] }
  /** How often a request reached a server again. */
  held = 0
  readonly #executions: Executions
  /** The newest operation of each client: ids only grow, so it has the highest id. */
  readonly #started = new Map<string, { readonly requestId: number; readonly seq: number }>()
  #forgets = false

  constructor(executions: Executions) {
    this.#executions = executions
  }

  get limit(): string {
    return this.#executions.limit || (this.#forgets ? 'the ids of clients that asked longest ago are not remembered any more' : '')
  }

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    switch (event.type) {
      case 'operation-started': return this.#start(event)
      case 'message-taken': return this.#taken(event, facts)
      case 'message-sent': return event.message.type === 'reply' && event.message.seq > 0 ? this.#answered(event, event.message.seq) : null
      default: return null
    }
  }

  #taken({ id }: EventOf<'message-taken'>, facts: RunFacts): null {
    const message = facts.sentOf(id)?.message
    if (message?.type === 'request' && this.#executions.isAskedAgain(message.clientId, message.requestId)) this.held++
    return null
  }

  #answered({ from, seq }: EventOf<'message-sent'>, number: number): Violation | null {
    const double = this.#executions.doubleOf(number)
    if (double === undefined) return null
    if (this.held > 0) this.held--
    const { first, again, evictedBy } = double
    return {
      rule: this.rule, seq, evidence: evidenceOf(first?.seq, again.seq, seq),
      text: `${from} executed ${againText(double)}${evictedBy > 0 ? `: ${evictedText(double)}` : ''}.`,
      ...evictedBy > 0 ? { because: 'eviction' as const } : {},
    }
  }

  #start({ node, clientId, requestId, seq }: EventOf<'operation-started'>): Violation | null {
    const before = this.#started.get(clientId)
    if (before === undefined && this.#started.size >= startedMax) this.#forget()
    this.#started.set(clientId, { requestId, seq })
    if (before === undefined || requestId > before.requestId) return null
    return {
      rule: this.rule, seq, evidence: [before.seq, seq],
      text: `${node} gave an operation the request id #${requestId} of ${clientId}, which an earlier one had: servers take it for a copy of that one.`,
    }
  }

  /** Drops the older half of the clients. */
  #forget(): void {
    this.#forgets = true
    for (const clientId of this.#started.keys()) {
      if (this.#started.size <= startedMax / 2) return
      this.#started.delete(clientId)
    }
  }
}

/** How many clients' newest ids are remembered. */
const startedMax = 40_000

function againText({ clientId, again, first }: Double): string {
  const what = `request #${again.requestId} of ${clientId} as seq ${again.number}`
  if (first === null) return `${what}, and it had been executed long before`
  if (first.requestId === again.requestId) return `${what}, and it had been executed as seq ${first.number}`
  return `${what}, and that is the operation that was executed as seq ${first.number} under request id #${first.requestId}`
}

function evictedText({ clientId, evictedBy }: Double): string {
  return `the row of ${clientId} had been evicted from the at-most-once table (tableClientsMax), for ${evictedBy} other ${evictedBy === 1 ? 'client' : 'clients'} had executed since`
}

/** No server executes a failed operation, before or after the failure. Where that is not certain, the outcome must be `unknown`. */
export class HonestFailure implements Monitor {
  readonly rule = 'honest-failure'
  readonly looksAt: LooksAt = { events: ['operation-started', 'operation-returned'], sent: ['reply'] }
  held = 0
  readonly #executions: Executions
  /** By client node: the running operation of each of its sessions, by client id, in its current incarnation. */
  readonly #sessions = new Map<string, { readonly incarnation: number; readonly running: Map<string, EventOf<'operation-started'>> }>()
  /** By client id and request id: the event that reported the failure. */
  readonly #failed = new Map<string, { readonly seq: number; readonly by: string }>()
  #forgets = false

  constructor(executions: Executions) {
    this.#executions = executions
  }

  get limit(): string {
    return this.#forgets ? `more than ${failedMax} operations failed, and the first of them are not remembered any more` : ''
  }

  look(event: TraceEvent): Violation | null {
    switch (event.type) {
      case 'operation-started': return this.#started(event)
      case 'operation-returned': return event.outcome.type === 'failed' ? this.#fails(event) : null
      case 'message-sent': return this.#failed.size > 0 && event.message.type === 'reply' ? this.#answered(event) : null
      default: return null
    }
  }

  #started(event: EventOf<'operation-started'>): null {
    const { node, incarnation, clientId } = event
    const known = this.#sessions.get(node)
    const sessions = known?.incarnation === incarnation ? known : { incarnation, running: new Map<string, EventOf<'operation-started'>>() }
    if (sessions !== known) this.#sessions.set(node, sessions)
    sessions.running.set(clientId, event)
    return null
  }

  #fails({ node, incarnation, operationId, outcome, seq }: EventOf<'operation-returned'>): Violation | null {
    // A value that is too large was executed and wrote nothing; all other reasons mean that no server executed the operation.
    if (outcome.type !== 'failed' || outcome.reason === 'value-too-large') return null
    const sessions = this.#sessions.get(node)
    const started = sessions?.incarnation === incarnation ? [...sessions.running.values()].find((one) => one.operationId === operationId) : undefined
    if (started === undefined) return null
    const { clientId, requestId } = started
    const execution = this.#executions.answeredOf(clientId, requestId)
    if (execution !== undefined) return this.#violation(clientId, requestId, outcome.by, execution, seq)
    this.held++
    this.#failed.set(`${clientId} ${requestId}`, { seq, by: outcome.by })
    if (this.#failed.size > failedMax) this.#forget()
    return null
  }

  #answered({ message, seq }: EventOf<'message-sent'>): Violation | null {
    if (message.type !== 'reply' || message.seq === 0 || message.result.type === 'too-large') return null
    const { clientId, requestId, seq: number } = message
    const failed = this.#failed.get(`${clientId} ${requestId}`)
    if (failed === undefined) return null
    this.#failed.delete(`${clientId} ${requestId}`)
    return this.#violation(clientId, requestId, failed.by, { requestId, number, seq }, failed.seq)
  }

  #violation(clientId: string, requestId: number, by: string, execution: Execution, failed: number): Violation {
    const seq = Math.max(failed, execution.seq)
    return {
      rule: this.rule, seq, evidence: evidenceOf(failed, execution.seq),
      text: `The client was told that request #${requestId} of ${clientId} had failed${by === '' ? '' : `, as ${by} refused it`}, and it was executed as seq ${execution.number}.`,
    }
  }

  #forget(): void {
    const [oldest] = this.#failed.keys()
    if (oldest !== undefined) this.#failed.delete(oldest)
    this.#forgets = true
  }
}

/** How many failed operations are remembered. */
const failedMax = 10_000
