// The connections of a node in direct mode: who has greeted on which socket, dialling those who are named in a view, and one write
// a poll for each that has something to say. It carries messages and knows nothing of what they mean; a message that cannot leave is
// lost, as on any network.
import type { Socket } from 'node:net'
import type { ForwardAck, Message, NodeName } from '../protocol'
import { AddressError, dial, parseAddress } from './address'
import { decodeError, decodeGreeting, encodeError, encodeGreeting, errorType, VersionError, type ErrorCode, type Greeting } from './direct-frames'
import { FrameSplitter, FrameWriter, WireError, type Cursor } from './frame'
import type { JournalledConnection, NodeJournal } from './node-journal'
import { decodeMessage, encodeMessage } from './wire'
import { writeNow } from './write-now'

/** A connection that has not greeted by then is closed. */
const greetingMs = 5000
/** So is one that leaves a frame half sent for as long. */
const halfFrameMs = 10_000
/** Bytes that may wait for one connection; what comes then is lost, and the protocol sends it again. */
const unsentBytesMax = 64 * 1024 * 1024
/** Wait before a peer that could not be reached is dialled again, doubled each time up to the second. */
const redialMs = { first: 20, max: 500 }
/** Connections that are open at once. */
const connectionsMax = 4096

export interface PeersOptions {
  readonly greeting: Greeting
  /** `from` names the sender so that an answer to it finds its way back: a server's name, or a name made up for this connection. */
  readonly onMessage: (from: NodeName, message: Message) => void
  /** The last connection to this node has ended. */
  readonly onLost: (name: NodeName) => void
  /** A sentence for the log: why a connection was closed. */
  readonly log: (sentence: string) => void
  /** Told of every connection and of what comes on it. */
  readonly journal: NodeJournal | null
}

interface Dialling {
  waitMs: number
  /** Not before this, in milliseconds of the host's clock. */
  notBeforeMs: number
}

export class Peers {
  readonly #options: PeersOptions
  /** The newest greeted connection of each name. */
  readonly #byName = new Map<NodeName, Connection>()
  readonly #addresses = new Map<NodeName, string>()
  readonly #dialling = new Map<NodeName, Dialling>()
  readonly #open = new Set<Connection>()
  /** Those that have something to write at the end of this poll. */
  #unflushed: Connection[] = []
  /** The connection whose message is being taken: its sender is answered on it, whoever else has its name. */
  #answering: Connection | null = null
  #nextGuest = 1
  #isClosed = false

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** Where a node can be dialled. */
  setAddress(name: NodeName, address: string): void {
    if (address !== '') this.#addresses.set(name, address)
  }

  /** Takes a socket that somebody else dialled. */
  accept(socket: Socket): void {
    if (this.#open.size >= connectionsMax) return void socket.destroy()
    this.#open.add(new Connection(socket, '', this.#options, this))
  }

  /** For a journal: the connection that the message was given to; null where it is lost at once, or nobody keeps a journal. */
  send(to: NodeName, message: Message): JournalledConnection | null {
    const connection = this.#answering?.peer === to ? this.#answering : this.#byName.get(to) ?? this.#dial(to)
    return connection?.send(message) ? connection.journalled : null
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#open) connection.end()
  }

  /** Everything that a poll brings about leaves in one write for each connection: called at the end of the poll, for all of them once. */
  readonly #flushAll = (): void => {
    const unflushed = this.#unflushed
    this.#unflushed = []
    // A step is in the journal before what it sent can reach anybody.
    this.#options.journal?.flush()
    for (const connection of unflushed) connection.flush()
  }

  #dial(name: NodeName): Connection | undefined {
    const address = this.#addresses.get(name)
    const dialling = this.#dialling.get(name) ?? { waitMs: redialMs.first, notBeforeMs: 0 }
    if (address === undefined || this.#isClosed || dialling.notBeforeMs > performance.now()) return undefined
    try {
      const connection = new Connection(dial(parseAddress(address)), name, this.#options, this)
      this.#dialling.set(name, dialling)
      this.#open.add(connection)
      // It takes messages before it is up; they leave after the greeting.
      this.#byName.set(name, connection)
      return connection
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      this.#options.log(`${name} cannot be dialled: ${error.message}`)
      return undefined
    }
  }

  // ---- told by connections

  flushSoon(connection: Connection): void {
    if (this.#unflushed.length === 0) setImmediate(this.#flushAll)
    this.#unflushed.push(connection)
  }

  greeted(connection: Connection, greeting: Greeting): void {
    if (greeting.kind === 'client') {
      // Two clients may have one name; each is answered on its own connection.
      connection.peer = `${greeting.name}/${this.#nextGuest++}`
      this.#byName.set(connection.peer, connection)
      connection.tellGreeted(greeting)
      return
    }
    connection.peer = greeting.name
    connection.tellGreeted(greeting)
    this.#dialling.delete(greeting.name)
    const earlier = this.#byName.get(greeting.name)
    // A message for a name goes to its latest life.
    if (!earlier || earlier === connection || greeting.incarnation >= earlier.incarnation) this.#byName.set(greeting.name, connection)
  }

  received(connection: Connection, message: Message): void {
    if (message.type === 'view-reply') {
      const { primary, backups } = message.view
      for (const member of primary ? [primary, ...backups] : backups) this.setAddress(member.name, member.address)
    }
    this.#answering = connection
    this.#options.onMessage(connection.peer, message)
    this.#answering = null
  }

  closed(connection: Connection): void {
    this.#open.delete(connection)
    if (connection.peer === '' || this.#byName.get(connection.peer) !== connection) return
    this.#byName.delete(connection.peer)
    if (!connection.hasGreeted) {
      const dialling = this.#dialling.get(connection.peer) ?? { waitMs: redialMs.first, notBeforeMs: 0 }
      this.#dialling.set(connection.peer, { waitMs: Math.min(dialling.waitMs * 2, redialMs.max), notBeforeMs: performance.now() + dialling.waitMs })
    }
    if (!this.#isClosed) this.#options.onLost(connection.peer)
  }
}

/** One socket, greeted or not. */
class Connection {
  /** Who is at the other end; empty until it has greeted, unless it was dialled. */
  peer: NodeName
  incarnation = 0
  hasGreeted = false
  readonly journalled: JournalledConnection | null
  readonly #socket: Socket
  readonly #options: PeersOptions
  readonly #peers: Peers
  readonly #writer = new FrameWriter()
  readonly #splitter = new FrameSplitter((frame) => this.#takeFrame(frame))
  /** What it hands to the socket; true if the kernel took it at once, so that the buffer may be used again. */
  readonly #write = (bytes: Buffer): boolean => writeNow(this.#socket, bytes)
  #isFlushing = false
  /** The last ack that was not written yet: the next one says all that it says. */
  #ack: ForwardAck | null = null
  /** For a journal: which of the messages that were given to this connection it was. */
  #ackOrdinal = 0
  #patience: NodeJS.Timeout | undefined

  constructor(socket: Socket, peer: NodeName, options: PeersOptions, peers: Peers) {
    this.#socket = socket
    this.peer = peer
    this.#options = options
    this.#peers = peers
    this.journalled = options.journal?.open(peer) ?? null
    this.#patience = setTimeout(() => this.#refuse('too-slow', 'it did not greet in time'), greetingMs)
    socket.on('data', (data) => this.#takeData(data))
    socket.on('error', () => undefined) // The end comes with `close`, which follows every error.
    socket.on('close', () => {
      clearTimeout(this.#patience)
      if (this.journalled) options.journal?.closed(this.journalled)
      peers.closed(this)
    })
    encodeGreeting(this.#writer, this.journalled ? { ...options.greeting, mark: this.journalled.mark } : options.greeting)
    this.#flushSoon()
  }

  /** False: it cannot leave, and is lost. */
  send(message: Message): boolean {
    if (this.#socket.destroyed || this.#socket.writableLength + this.#writer.length > unsentBytesMax) return false
    if (message.type === 'forward-ack') this.#sendAck(message)
    else {
      this.#encodeAck()
      this.#encode(message)
    }
    this.#flushSoon()
    return true
  }

  /** Acks are cumulative: of those of one poll the last is enough, and the others count as lost. */
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
    this.#peers.flushSoon(this)
  }

  flush(): void {
    this.#isFlushing = false
    this.#encodeAck()
    this.#writer.flush(this.#write)
  }

  #takeData(data: Buffer): void {
    try {
      this.#splitter.push(data)
    } catch (error) {
      // What the protocol finds broken in its own steps is our mistake and must stop the node.
      if (!(error instanceof WireError)) throw error
      return this.#refuse(error instanceof VersionError ? 'version' : 'garbage', error.message)
    }
    if (!this.hasGreeted) return
    if (!this.#splitter.isWaiting) {
      clearTimeout(this.#patience)
      this.#patience = undefined
    } else this.#patience ??= setTimeout(() => this.#refuse('too-slow', 'it left a frame half sent'), halfFrameMs)
  }

  #takeFrame(frame: Cursor): void {
    if (this.#socket.destroyed) return
    if (frame.buffer[frame.at] === errorType) return this.#told(frame)
    if (this.hasGreeted) {
      if (this.journalled) this.#options.journal?.taking(this.journalled, frame)
      return this.#peers.received(this, decodeMessage(frame, 'in-place'))
    }
    const greeting = decodeGreeting(frame)
    this.hasGreeted = true
    this.incarnation = greeting.incarnation
    clearTimeout(this.#patience)
    this.#patience = undefined
    if (this.peer !== '' && this.peer !== greeting.name) return this.#refuse('stranger', `${this.peer} was expected there, it is ${greeting.name}`)
    this.#peers.greeted(this, greeting)
  }

  #told(frame: Cursor): void {
    frame.u8()
    this.#options.log(`${this.#where()} closed the connection: ${decodeError(frame)}.`)
    this.#socket.destroy()
  }

  #refuse(code: ErrorCode, sentence: string): void {
    if (this.#socket.destroyed) return
    this.#options.log(`A connection ${this.#where()} was closed: ${sentence}.`)
    this.#ack = null
    this.#writer.clear()
    encodeError(this.#writer, code, sentence)
    this.#writer.flush((bytes) => {
      this.#socket.end(bytes)
      return false
    })
    this.#socket.destroySoon()
  }

  #where(): string {
    return this.peer === '' ? 'from somebody' : `with ${this.peer}`
  }
}

/** A later ack of the same two lives and the same view says all that the earlier one says. */
function isOvertaken(earlier: ForwardAck, later: ForwardAck): boolean {
  return earlier.viewnum === later.viewnum && earlier.fromIncarnation === later.fromIncarnation
    && earlier.toIncarnation === later.toIncarnation && earlier.executed <= later.executed
}
