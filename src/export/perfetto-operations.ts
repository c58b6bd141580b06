// Operations in a Chrome trace: each is a slice of its client, with its tries inside. Operations of one client that are open at once have a
// track each, because slices of one track must nest.
import { operationText, outcomeText, type EventOf, type TraceEvent, visible } from '../trace'
import type { MessageBook } from './message-book'
import { traceRecord, type SliceTracks } from './perfetto-tracks'

interface OpenOperation {
  readonly invoked: EventOf<'operation-invoked'>
  readonly tid: number
  /** The key of its requests; empty until the client starts it. */
  request: string
  tries: number
}

export class OperationTracks {
  readonly #slices: SliceTracks
  readonly #pidOf: (node: string) => number
  readonly #firstTid: number
  /** By client, incarnation and operationId, in order of invocation. */
  readonly #open = new Map<string, OpenOperation>()
  /** By client, clientId and requestId. */
  readonly #byRequest = new Map<string, OpenOperation>()
  readonly #named = new Set<string>()
  #isTold = false

  constructor(slices: SliceTracks, pidOf: (node: string) => number, firstTid: number) {
    this.#slices = slices
    this.#pidOf = pidOf
    this.#firstTid = firstTid
  }

  /** Starts the range: open operations are drawn from here on. */
  begin(at: number): string {
    this.#isTold = true
    return [...this.#open.values()].map((operation) => this.#openSlice(operation, at)).join('')
  }

  take(event: TraceEvent, messages: MessageBook): string {
    switch (event.type) {
      case 'operation-invoked': {
        const operation: OpenOperation = { invoked: event, tid: this.#freeTid(event.node), request: '', tries: 0 }
        this.#open.set(keyOf(event, event.operation.operationId), operation)
        return this.#isTold ? this.#openSlice(operation, event.at) : ''
      }
      case 'operation-started': {
        const operation = this.#open.get(keyOf(event, event.operationId))
        if (!operation) return ''
        operation.request = requestKey(event.node, event.clientId, event.requestId)
        this.#byRequest.set(operation.request, operation)
        return ''
      }
      case 'message-sent': return this.#try(event)
      case 'message-taken': return this.#answered(event, messages)
      case 'operation-returned': {
        const key = keyOf(event, event.operationId)
        return this.#close(key, event.at, { outcome: visible(outcomeText(event.outcome)), tries: event.tries })
      }
      case 'node-exited':
        return [...this.#open].filter(([, { invoked }]) => invoked.node === event.node && invoked.incarnation === event.incarnation)
          .map(([key]) => this.#close(key, event.at, { outcome: 'unknown: the client ended' })).join('')
      default: return ''
    }
  }

  end(at: number): string {
    return [...this.#open.keys()].map((key) => this.#close(key, at, { outcome: 'open at the end' })).join('')
  }

  #openSlice({ invoked, tid }: OpenOperation, at: number): string {
    const pid = this.#pidOf(invoked.node)
    this.#slices.open(pid, tid, visible(operationText(invoked.operation.operation)), at, { seq: invoked.seq, invoked: invoked.at, askedBy: visible(invoked.label) })
    const track = `${pid}.${tid}`
    if (this.#named.has(track)) return ''
    this.#named.add(track)
    return traceRecord({ ph: 'M', name: 'thread_name', pid, tid, args: { name: `operations ${tid - this.#firstTid + 1}` } })
  }

  #try({ from, to, message, at, seq }: EventOf<'message-sent'>): string {
    if (message.type !== 'request') return ''
    const operation = this.#byRequest.get(requestKey(from, message.clientId, message.requestId))
    if (!operation) return ''
    operation.tries++
    if (!this.#isTold) return ''
    const ended = this.#endTry(operation, at, 'no answer yet, tried again')
    this.#slices.open(this.#pidOf(from), operation.tid, `try ${operation.tries}: ${visible(to)}`, at, { viewnum: message.viewnum, seq })
    return ended
  }

  /** An answer ends the running try. A reply also ends the operation, which its client reports in the same step. */
  #answered(event: EventOf<'message-taken'>, messages: MessageBook): string {
    const message = messages.find(event.id)?.sent.message
    if (message?.type !== 'reply' && message?.type !== 'rejected' && message?.type !== 'not-yet') return ''
    const operation = this.#byRequest.get(requestKey(event.node, message.clientId, message.requestId))
    return operation ? this.#endTry(operation, event.at, message.type) : ''
  }

  #endTry({ invoked, tid }: OpenOperation, at: number, answer: string): string {
    const pid = this.#pidOf(invoked.node)
    return this.#slices.depth(pid, tid) > 1 ? this.#slices.close(pid, tid, at, { answer }) : ''
  }

  #close(key: string, at: number, more: Readonly<Record<string, unknown>>): string {
    const operation = this.#open.get(key)
    if (!operation) return ''
    this.#open.delete(key)
    this.#byRequest.delete(operation.request)
    if (!this.#isTold) return ''
    return this.#endTry(operation, at, 'none') + this.#slices.close(this.#pidOf(operation.invoked.node), operation.tid, at, more)
  }

  #freeTid(node: string): number {
    const used = new Set([...this.#open.values()].filter(({ invoked }) => invoked.node === node).map(({ tid }) => tid))
    let tid = this.#firstTid
    while (used.has(tid)) tid++
    return tid
  }
}

function keyOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${node}.${incarnation}.${operationId}`
}

function requestKey(node: string, clientId: string, requestId: number): string {
  return JSON.stringify([node, clientId, requestId])
}
