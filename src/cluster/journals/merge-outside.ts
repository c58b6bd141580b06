// Nodes without a journal, reconstructed from the journals of others: clients of third-party programs. They have no incarnation and no machine
// steps in the recording, so their events have incarnation 0. An operation of theirs starts when a server first took its request, and ends when the
// first reply was sent: a part of its real duration. A client whose journal was cut off continues as such a node. An operation that its journal
// started must never start again here, nor be ended by other journals.
import type { Message, NodeName } from '../../protocol'
import { messageId, recordMessage, recordOperationInput, recordReport, type EventBody, type MessageId } from '../../trace'

interface Asked {
  readonly requestId: number
  /** Numbered by its node; 0 if a client's journal already has this operation. */
  readonly operationId: number
  tries: number
  isAnswered: boolean
}

/** The latest operation of each client id, from any journal. */
type AskedByClient = Map<string, Asked>

export class OutsideNode {
  readonly #name: NodeName
  readonly #event: (event: EventBody) => void
  readonly #asked: AskedByClient
  #operations = 0
  #step = 0

  constructor(name: NodeName, asked: AskedByClient, event: (event: EventBody) => void) {
    this.#name = name
    this.#asked = asked
    this.#event = event
  }

  #next(): { readonly node: NodeName; readonly incarnation: 0; readonly step: number } {
    return { node: this.#name, incarnation: 0, step: this.#step++ }
  }

  nextId(): MessageId {
    return messageId(this.#name, 0, this.#step++, 0)
  }

  /** Records a message from this node that `to` is about to take; `to` calls this node `as`. */
  sends(to: NodeName, message: Message, as = this.#name): MessageId {
    if (message.type === 'request') this.#asks(message)
    const id = this.nextId()
    this.#event({ type: 'message-sent', id, from: this.#name, to, ...as === this.#name ? {} : { fromAs: as }, message: recordMessage(message) })
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

  /** Records that it took this message. The real time is unknown. */
  takes(id: MessageId): void {
    this.#event({ type: 'message-taken', id, ...this.#next() })
  }

  answered(by: NodeName, message: Message): void {
    if (message.type !== 'reply') return
    const asked = this.#asked.get(message.clientId)
    if (asked?.requestId !== message.requestId || asked.isAnswered || asked.operationId === 0) return
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
  readonly #asked: AskedByClient = new Map()
  /** Messages to outside nodes from the running step; recorded when the step is complete. */
  #waiting: { readonly node: OutsideNode; readonly id: MessageId; readonly by: NodeName; readonly message: Message }[] = []

  constructor(event: (event: EventBody) => void) {
    this.#event = event
  }

  of(name: NodeName): OutsideNode {
    const node = this.#nodes.get(name) ?? new OutsideNode(name, this.#asked, this.#event)
    this.#nodes.set(name, node)
    return node
  }

  /** A client's own journal has started this operation. */
  begun(clientId: string, requestId: number): void {
    this.#asked.set(clientId, { requestId, operationId: 0, tries: 1, isAnswered: false })
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
