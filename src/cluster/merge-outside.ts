// Nodes that keep no journal, as far as the journals of others tell of them: clients of another make. They have no life in the recording
// and no step of a machine: all that is told of them has incarnation 0. An operation of theirs begins where a server first took its request
// and ends where the first reply was sent, so within the time that it really took.
import type { Message, NodeName } from '../protocol'
import { messageId, recordMessage, recordOperationInput, recordReport, type EventBody, type MessageId } from '../trace'

interface Asked {
  requestId: number
  operationId: number
  tries: number
  isAnswered: boolean
}

export class OutsideNode {
  readonly #name: NodeName
  readonly #event: (event: EventBody) => void
  /** By client id: its latest operation. */
  readonly #asked = new Map<string, Asked>()
  #operations = 0
  #step = 0

  constructor(name: NodeName, event: (event: EventBody) => void) {
    this.#name = name
    this.#event = event
  }

  #next(): { readonly node: NodeName; readonly incarnation: 0; readonly step: number } {
    return { node: this.#name, incarnation: 0, step: this.#step++ }
  }

  nextId(): MessageId {
    return messageId(this.#name, 0, this.#step++, 0)
  }

  /** Somebody is about to take this from it. */
  sends(to: NodeName, message: Message): MessageId {
    if (message.type === 'request') this.#asks(message)
    const id = this.nextId()
    this.#event({ type: 'message-sent', id, from: this.#name, to, message: recordMessage(message) })
    return id
  }

  #asks({ clientId, requestId, operation }: Extract<Message, { type: 'request' }>): void {
    const asked = this.#asked.get(clientId)
    if (asked && asked.requestId >= requestId) {
      if (asked.requestId === requestId) asked.tries++
      return
    }
    const operationId = ++this.#operations
    this.#asked.set(clientId, { requestId, operationId, tries: 1, isAnswered: false })
    const input = recordOperationInput({ type: 'operation', operationId, session: -1, operation, target: '' })
    this.#event({ type: 'operation-invoked', ...this.#next(), operation: input, label: 'outside' })
    this.#event({ type: 'operation-started', ...this.#next(), operationId, clientId, requestId })
  }

  /** It was sent this; when it took it nobody tells. */
  takes(id: MessageId): void {
    this.#event({ type: 'message-taken', id, ...this.#next() })
  }

  answered(by: NodeName, message: Message): void {
    if (message.type !== 'reply') return
    const asked = this.#asked.get(message.clientId)
    if (asked?.requestId !== message.requestId || asked.isAnswered) return
    asked.isAnswered = true
    const { result, viewnum, seq, replayed, executedViewnum } = message
    const report = recordReport({
      type: 'operation-returned', operationId: asked.operationId, tries: asked.tries,
      outcome: result.type === 'too-large' ? { type: 'failed', reason: 'value-too-large', by } : { type: 'ok', result, by, viewnum, seq, replayed, executedViewnum },
    })
    this.#event({ ...this.#next(), ...report })
  }
}

export class OutsideNodes {
  readonly #event: (event: EventBody) => void
  readonly #nodes = new Map<NodeName, OutsideNode>()
  /** Sent to them in the step that runs: told when it is whole. */
  #waiting: { readonly node: OutsideNode; readonly id: MessageId; readonly by: NodeName; readonly message: Message }[] = []

  constructor(event: (event: EventBody) => void) {
    this.#event = event
  }

  of(name: NodeName): OutsideNode {
    const node = this.#nodes.get(name) ?? new OutsideNode(name, this.#event)
    this.#nodes.set(name, node)
    return node
  }

  willTake(name: NodeName, id: MessageId, by: NodeName, message: Message): void {
    this.#waiting.push({ node: this.of(name), id, by, message })
  }

  takeWhatWaits(): void {
    if (this.#waiting.length === 0) return
    for (const { node, id, by, message } of this.#waiting) {
      node.takes(id)
      node.answered(by, message)
    }
    this.#waiting = []
  }
}
