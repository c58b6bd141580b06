// One connection of direct mode: its socket, its greeting, its frames and its unsent bytes. It closes on garbage, on a refused greeting and on a
// slow peer, each with a logged reason. Input must never do more than end the connection. Half frames and unread bytes are limited, per connection
// and per node.
import type { Socket } from 'node:net'
import type { ForwardAck, Message, ProtocolKind, NodeName } from '../../protocol'
import { visible } from '../../trace/visible'
import { noBusiness, strangerIn } from './business'
import { decodeError, decodeGreeting, encodeError, encodeGreeting, errorType, VersionError, type ErrorCode, type Greeting } from './direct-frames'
import { frameBytesMax, FrameSplitter, FrameWriter, WireError, type Cursor } from '../wire/frame'
import type { JournalledConnection, NodeJournal } from '../journals/node-journal'
import { decodeMessage, encodeMessage } from '../wire/wire'
import { writeNow } from '../wire/write-now'

/** A connection that has not greeted by then is closed. */
const greetingMs = 5000
/** A connection that leaves a frame half sent for this long is closed too. */
const halfFrameMs = 10_000
/** A refused connection has this long to read its error frame. */
const hangUpMs = 1000
/** Limit of a frame before the greeting: a greeting, or an error with its sentence. */
const greetingBytesMax = 4096
/** Unsent bytes of one connection. Messages beyond this are lost, and the protocol sends them again. */
const unsentBytesMax = 64 * 1024 * 1024
/** Characters of a peer's error sentence that are logged. */
const foreignTextMax = 200

export interface ConnectionOptions {
  readonly greeting: Greeting
  /** A sentence for the log: why a connection was closed. */
  readonly log: (sentence: string) => void
  readonly journal: NodeJournal | null
}

/** The owner of all connections of a node. */
export interface ConnectionKeeper {
  /** The connection has something to write at the end of this poll. */
  flushSoon(connection: Connection): void
  greeted(connection: Connection, greeting: Greeting): void
  received(connection: Connection, message: Message): void
  closed(connection: Connection): void
  /** The bytes of half frames kept for this connection changed by this much. */
  keeps(connection: Connection, halfFrameBytes: number): void
  /** The unsent bytes changed by this much. */
  waits(unsentBytes: number): void
  /** The unsent bytes of all connections are over their limit, so answers to clients are lost. */
  readonly isFull: boolean
  /** A counter that grows with each delivery; it orders connections by when they were last heard of. */
  nextTurn(): number
}

/** One socket, greeted or not. */
export class Connection {
  /** The node at the other end. Empty until it has greeted, unless this end dialled it. */
  peer: NodeName
  incarnation = 0
  hasGreeted = false
  /** The kind that it greeted as. A client's name is valid only on this connection. */
  kind: ProtocolKind | '' = ''
  /** The keeper's turn at which it was last heard of. */
  heardTurn: number
  readonly isDialled: boolean
  readonly journalled: JournalledConnection | null
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #keeper: ConnectionKeeper
  readonly #writer = new FrameWriter()
  readonly #splitter = new FrameSplitter((frame) => this.#takeFrame(frame), greetingBytesMax)
  #halfBytes = 0
  #unsentBytes = 0
  /** Writes to the socket; returns true if the kernel took all bytes at once, so that the buffer may be used again. */
  readonly #write = (bytes: Buffer): boolean => writeNow(this.#socket, bytes)
  #isFlushing = false
  /** The latest unwritten ack. A newer ack replaces it, because acks are cumulative. */
  #ack: ForwardAck | null = null
  /** For a journal: the ordinal of that ack among the messages given to this connection. */
  #ackOrdinal = 0
  #patience: NodeJS.Timeout | undefined
  /** It was refused: everything that it still sends is ignored. */
  #isRefused = false

  /** `peer`: the node that was dialled; empty for an accepted socket. */
  constructor(socket: Socket, peer: NodeName | '', options: ConnectionOptions, keeper: ConnectionKeeper) {
    this.#socket = socket
    this.peer = peer
    this.isDialled = peer !== ''
    this.#options = options
    this.#keeper = keeper
    this.heardTurn = keeper.nextTurn()
    this.journalled = options.journal?.open(peer) ?? null
    this.#patience = setTimeout(() => this.refuse('too-slow', 'it did not greet in time'), greetingMs)
    socket.on('data', (data) => this.#takeData(data))
    socket.on('error', () => undefined) // The end comes with `close`, which follows every error.
    socket.on('drain', () => this.#countUnsent())
    socket.on('close', () => {
      clearTimeout(this.#patience)
      this.#keepHalf(0)
      this.#wait(0)
      if (this.journalled) options.journal?.closed(this.journalled)
      keeper.closed(this)
    })
    encodeGreeting(this.#writer, this.journalled ? { ...options.greeting, mark: this.journalled.mark } : options.greeting)
    this.#flushSoon()
  }

  /** Returns false if the message cannot be sent and is lost. */
  send(message: Message): boolean {
    if (this.#isRefused || this.#socket.destroyed || this.#socket.writableLength + this.#writer.length > unsentBytesMax) return false
    if (this.kind === 'client' && this.#keeper.isFull) return false
    if (message.type === 'forward-ack') this.#sendAck(message)
    else {
      this.#encodeAck()
      this.#encode(message)
    }
    this.#flushSoon()
    return true
  }

  /** Acks are cumulative: of the acks of one poll only the last is sent, and the others count as lost. */
  #sendAck(ack: ForwardAck): void {
    if (this.#ack && !isOvertaken(this.#ack, ack)) this.#encode(this.#ack)
    else if (this.#ack && this.journalled) this.#options.journal?.withdrawn(this.journalled, this.#ackOrdinal)
    this.#ack = ack
    if (this.journalled) this.#ackOrdinal = this.journalled.sent
  }

  #encodeAck(): void {
    if (!this.#ack) return
    this.#encode(this.#ack)
    this.#ack = null
  }

  #encode(message: Message): void {
    this.#writer.beginFrame()
    encodeMessage(this.#writer, message)
    this.#writer.endFrame()
  }

  tellGreeted(greeting: Greeting): void {
    if (this.journalled) this.#options.journal?.greeted(this.journalled, greeting, this.peer)
  }

  end(): void {
    this.#socket.destroy()
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#keeper.flushSoon(this)
  }

  flush(): void {
    this.#isFlushing = false
    this.#encodeAck()
    this.#writer.flush(this.#write)
    this.#countUnsent()
  }

  #countUnsent(): void {
    const { writableLength } = this.#socket
    if (writableLength !== this.#unsentBytes) this.#wait(writableLength)
  }

  #wait(bytes: number): void {
    this.#keeper.waits(bytes - this.#unsentBytes)
    this.#unsentBytes = bytes
  }

  #keepHalf(bytes: number): void {
    if (bytes === this.#halfBytes) return
    const more = bytes - this.#halfBytes
    this.#halfBytes = bytes
    this.#keeper.keeps(this, more)
  }

  /** Bytes received of an incomplete frame. */
  get halfFrameBytes(): number {
    return this.#halfBytes
  }

  #takeData(data: Buffer): void {
    if (this.#isRefused) return
    this.heardTurn = this.#keeper.nextTurn()
    try {
      this.#splitter.push(data)
    } catch (error) {
      // A rule violation that the protocol found in its own step is our bug and must stop the node.
      if (!(error instanceof WireError)) throw error
      return this.refuse(error instanceof VersionError ? 'version' : 'garbage', error.message)
    }
    this.#keepHalf(this.#splitter.waitingBytes)
    if (!this.hasGreeted || this.#isRefused) return
    if (!this.#splitter.isWaiting) {
      clearTimeout(this.#patience)
      this.#patience = undefined
    } else this.#patience ??= setTimeout(() => this.refuse('too-slow', 'it left a frame half sent'), halfFrameMs)
  }

  #takeFrame(frame: Cursor): void {
    if (this.#isRefused || this.#socket.destroyed) return
    if (frame.buffer[frame.at] === errorType) return this.#told(frame)
    if (this.hasGreeted) {
      if (this.journalled) this.#options.journal?.taking(this.journalled, frame)
      const message = decodeMessage(frame, 'in-place')
      const problem = noBusiness(message.type, this.kind === '' ? 'client' : this.kind)
      if (problem !== '') throw new WireError(problem)
      return this.#keeper.received(this, message)
    }
    const greeting = decodeGreeting(frame)
    this.hasGreeted = true
    this.incarnation = greeting.incarnation
    clearTimeout(this.#patience)
    this.#patience = undefined
    const problem = strangerIn(greeting, this.peer)
    if (problem !== '') return this.refuse('stranger', problem)
    this.kind = greeting.kind
    this.#splitter.bytesMax = frameBytesMax
    this.#keeper.greeted(this, greeting)
  }

  #told(frame: Cursor): void {
    frame.u8()
    // The sentence comes from an unauthenticated peer, so it is logged as a quotation.
    const said = decodeError(frame)
    this.#options.log(`A connection ${this.#where()} was closed at its other end, which said ${visible(JSON.stringify(said.slice(0, foreignTextMax)))}${said.length > foreignTextMax ? ' and more' : ''}.`)
    this.#socket.destroy()
  }

  /** Closes it with an error frame that says why, and logs a line. */
  refuse(code: ErrorCode, sentence: string): void {
    if (this.#isRefused || this.#socket.destroyed) return
    this.#isRefused = true
    this.#options.log(`A connection ${this.#where()} was closed: ${sentence}.`)
    this.#ack = null
    this.#writer.clear()
    encodeError(this.#writer, code, sentence)
    this.#writer.flush((bytes) => {
      this.#socket.end(bytes)
      return false
    })
    this.#socket.destroySoon()
    // A peer that reads nothing would never get all of it.
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => this.end(), hangUpMs)
  }

  #where(): string {
    return this.peer === '' ? 'from somebody' : `with ${this.peer}`
  }
}

/** True if the later ack covers the earlier one: same view, same two incarnations, and at least as many executed operations. */
function isOvertaken(earlier: ForwardAck, later: ForwardAck): boolean {
  return earlier.viewnum === later.viewnum && earlier.fromIncarnation === later.fromIncarnation
    && earlier.toIncarnation === later.toIncarnation && earlier.executed <= later.executed
}
