// The connections of a direct-mode node. It keeps the connection of each name, dials the members of a view, and writes once per poll to each
// connection. It carries messages and must never interpret them, except the addresses in a view. A message that cannot be sent is lost, as on any
// network.
import type { Socket } from 'node:net'
import type { Message, NodeName } from '../../protocol'
import { visible } from '../../trace/visible'
import { AddressError, dial, parseAddress } from './address'
import { Connection, type ConnectionKeeper, type ConnectionOptions } from './direct-connection'
import type { Greeting } from './direct-frames'
import { frameBytesMax } from '../wire/frame'
import type { JournalledConnection } from '../journals/node-journal'

/** Wait before an unreachable peer is dialled again: starts at `first` and doubles up to `max`. */
const redialMs = { first: 20, max: 500 }
export interface PeersLimits {
  /** Open connections; beyond this the one that was silent longest is closed for a new one. */
  readonly connections: number
  /** Bytes of half frames on all connections together. */
  readonly halfFramesBytes: number
  /** Unsent bytes of all connections together. Beyond this, answers to clients are lost. */
  readonly unsentBytes: number
}

const usualLimits: PeersLimits = { connections: 4096, halfFramesBytes: 256 * 1024 * 1024, unsentBytes: 512 * 1024 * 1024 }
/** Closing connections for others is logged once in this interval. */
const roomLoggedMs = 10_000

export interface PeersOptions extends ConnectionOptions {
  /** `from` identifies the sender, so that an answer reaches it: a server's name, or a name made up for this connection. */
  readonly onMessage: (from: NodeName, message: Message) => void
  /** The last connection to this node has closed. */
  readonly onLost: (name: NodeName) => void
  /** Lower in tests. */
  readonly limits?: PeersLimits
}

interface Dialling {
  waitMs: number
  /** Earliest next dial, in milliseconds of the host's clock. */
  notBeforeMs: number
}

export class Peers implements ConnectionKeeper {
  readonly #options: PeersOptions
  readonly #limits: PeersLimits
  /** The newest greeted connection of each name. */
  readonly #byName = new Map<NodeName, Connection>()
  readonly #addresses = new Map<NodeName, string>()
  readonly #dialling = new Map<NodeName, Dialling>()
  readonly #open = new Set<Connection>()
  /** Connections that have something to write at the end of this poll. */
  #unflushed: Connection[] = []
  /** The connection whose message is being handled. Answers to its sender use it, even if another connection has the same name. */
  #answering: Connection | null = null
  #nextGuest = 1
  #isClosed = false
  #turn = 0
  #halfFramesBytes = 0
  #unsentBytes = 0
  /** Connections closed for others since the last log line about it. */
  #closedForRoom = 0
  #roomLoggedMs = Number.NEGATIVE_INFINITY

  constructor(options: PeersOptions) {
    this.#options = options
    this.#limits = options.limits ?? usualLimits
  }

  /** Where a node can be dialled. */
  setAddress(name: NodeName, address: string): void {
    if (address !== '') this.#addresses.set(name, address)
  }

  /** Takes an accepted socket. */
  accept(socket: Socket): void {
    if (this.#open.size >= this.#limits.connections && !this.#makeRoom()) return void socket.destroy()
    this.#open.add(new Connection(socket, '', this.#options, this))
  }

  /** Returns, for a journal, the connection that the message was given to; null if the message is lost at once or there is no journal. */
  send(to: NodeName, message: Message): JournalledConnection | null {
    const connection = this.#answering?.peer === to ? this.#answering : this.#byName.get(to) ?? this.#dial(to)
    return connection?.send(message) ? connection.journalled : null
  }

  /** True if there is a greeted connection to this node. */
  reaches(name: NodeName): boolean {
    return this.#byName.get(name)?.hasGreeted ?? false
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#open) connection.end()
  }

  /** Runs once at the end of a poll: everything that the poll produced leaves in one write per connection. */
  readonly #flushAll = (): void => {
    const unflushed = this.#unflushed
    this.#unflushed = []
    // The journal must contain a step before any message of the step leaves.
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
      // It accepts messages before it is connected; they leave after the greeting.
      this.#byName.set(name, connection)
      return connection
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      // The address may come from another node's ping, so it is escaped for the log.
      this.#options.log(`${name} cannot be dialled: ${visible(error.message)}`)
      return undefined
    }
  }

  /** Closes the accepted connection that was silent longest; returns false if there is none. */
  #makeRoom(): boolean {
    let silent: Connection | undefined
    for (const connection of this.#open) if (!connection.isDialled && connection.heardTurn < (silent?.heardTurn ?? Infinity)) silent = connection
    this.#closedForRoom++
    const nowMs = performance.now()
    if (nowMs - this.#roomLoggedMs >= roomLoggedMs) {
      this.#options.log(`${this.#limits.connections} connections are open, the most that may be: ${this.#closedForRoom} ${this.#closedForRoom === 1 ? 'was' : 'were'} closed for others, the one that was silent longest first.`)
      this.#roomLoggedMs = nowMs
      this.#closedForRoom = 0
    }
    if (!silent) return false
    silent.end()
    this.#open.delete(silent)
    return true
  }

  // ---- called by connections

  flushSoon(connection: Connection): void {
    if (this.#unflushed.length === 0) setImmediate(this.#flushAll)
    this.#unflushed.push(connection)
  }

  greeted(connection: Connection, greeting: Greeting): void {
    if (greeting.kind === 'client') {
      // Two clients may have the same name; each is answered on its own connection.
      connection.peer = `${greeting.name}/${this.#nextGuest++}`
      this.#byName.set(connection.peer, connection)
      connection.tellGreeted(greeting)
      return
    }
    connection.peer = greeting.name
    connection.tellGreeted(greeting)
    this.#dialling.delete(greeting.name)
    const earlier = this.#byName.get(greeting.name)
    // A message to a name goes to its latest incarnation.
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

  nextTurn(): number {
    return ++this.#turn
  }

  waits(unsentBytes: number): void {
    this.#unsentBytes += unsentBytes
  }

  get isFull(): boolean {
    return this.#unsentBytes > this.#limits.unsentBytes
  }

  keeps(connection: Connection, halfFrameBytes: number): void {
    this.#halfFramesBytes += halfFrameBytes
    if (this.#halfFramesBytes <= this.#limits.halfFramesBytes || halfFrameBytes < 0) return
    // Refuses the client with the most half-frame bytes; a server only if no client has any.
    let most = connection
    for (const other of this.#open) if (weightOf(other) > weightOf(most)) most = other
    most.refuse('too-slow', 'too much was left half sent on all connections')
  }
}

/** A client's half frame outweighs that of any server. */
function weightOf({ kind, halfFrameBytes }: Connection): number {
  return kind === 'client' ? frameBytesMax + halfFrameBytes : halfFrameBytes
}
