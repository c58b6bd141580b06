// A third-party client for tests: one operation a connection, and no timer for what it has sent. It asks the view server for the primary, sends,
// and waits without limit for an answer or for the end of the connection. After the end it repeats this with the same request id.
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Member, Message, NodeName, Operation, Result } from '../../protocol'
import { encodeGreeting, errorType, helloType } from '../direct/direct-frames'
import { FrameSplitter, FrameWriter, type Cursor } from '../wire/frame'
import { decodeMessage, encodeMessage } from '../wire/wire'

/** Wait before it asks for the view again, after a refusal or without a server. */
const askAgainMs = 20

export interface TimerlessClientOptions {
  readonly name: NodeName
  readonly viewServer: string
  /** The address to dial for this server: a proxy. */
  readonly wayTo: (server: Member) => string
}

export class TimerlessClient {
  /** Connections made for requests. */
  tries = 0
  readonly #options: TimerlessClientOptions
  readonly #clientId = randomBytes(8).toString('hex')
  #requestId = 0

  constructor(options: TimerlessClientOptions) {
    this.#options = options
  }

  /** Resolves when it has the answer. */
  async operation(operation: Operation): Promise<Result> {
    const requestId = ++this.#requestId
    for (;;) {
      const seen = await this.#ask(this.#options.viewServer, { type: 'get-view' }, (message) => message.type === 'view-reply' ? message : undefined)
      if (!seen?.view.primary) {
        await pause(askAgainMs)
        continue
      }
      const { viewnum, primary } = seen.view
      this.tries++
      const request: Message = { type: 'request', clientId: this.#clientId, requestId, viewnum, operation }
      const answer = await this.#ask(this.#options.wayTo(primary), request, (message) =>
        (message.type === 'reply' || message.type === 'rejected' || message.type === 'not-yet') && message.requestId === requestId ? message : undefined)
      if (answer?.type === 'reply') return answer.result
      // A refusal means that another view is about to come. After a closed connection it dials again at once.
      if (answer) await pause(askAgainMs)
    }
  }

  /** Sends one question on a connection of its own; undefined if it ended without an answer. */
  #ask<Answer>(address: string, question: Message, answerOf: (message: Message) => Answer | undefined): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const socket = connect(address)
      let answer: Answer | undefined
      const splitter = new FrameSplitter((frame: Cursor) => {
        const type = frame.buffer[frame.at]
        if (type === helloType) return
        answer ??= type === errorType ? undefined : answerOf(decodeMessage(frame))
        if (answer !== undefined || type === errorType) socket.destroy()
      })
      socket.on('connect', () => socket.write(this.#framesOf(question)))
      socket.on('data', (bytes) => { if (!socket.destroyed) splitter.push(bytes) })
      socket.on('error', () => undefined) // The end comes with `close`.
      socket.on('close', () => {
        // Nothing listens there: pauses, to avoid a thousand questions for one view.
        if (socket.bytesRead === 0) setTimeout(resolve, askAgainMs / 4, answer)
        else resolve(answer)
      })
    })
  }

  #framesOf(question: Message): Buffer {
    const writer = new FrameWriter()
    encodeGreeting(writer, { kind: 'client', name: this.#options.name, incarnation: 0, address: '' })
    writer.beginFrame()
    encodeMessage(writer, question)
    writer.endFrame()
    let bytes = Buffer.alloc(0)
    writer.flush((written) => {
      bytes = Buffer.from(written)
      return true
    })
    return bytes
  }
}
