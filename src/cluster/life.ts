// One life of a node, as the switchboard sees it: its process, its socket, its mail. A restarted node is a new Life.
import type { NodeKind, NodeName } from '../protocol'
import { FrameWriter } from './frame'
import { labFrameBytesMax } from './lab-frames'
import { Mailbox } from './mailbox'
import type { Outbox } from './outbox'
import type { ProcessIdentity } from './process-identity'

/** How a process ended, as the operating system told the lab. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  /** The last lines of its standard error. */
  readonly stderr: string
}

/** The least that a life needs of its socket. */
export interface NodeSocket {
  /** Returns true if the bytes are gone and their buffer may be used again. */
  write(bytes: Buffer): boolean
  close(): void
}

export class Life {
  readonly name: NodeName
  readonly kind: NodeKind
  readonly incarnation: number
  readonly identity: ProcessIdentity
  readonly mailbox = new Mailbox()
  /** Nodes that this life has exchanged messages with: they are told when it ends. */
  readonly peers = new Set<NodeName>()
  /** Operations that were sent to this client and not taken yet. */
  readonly untakenOperations = new Set<number>()
  /** It was sent its start input, and has taken it. */
  isStartSent = false
  isStarted = false
  isPaused = false
  /** It was told to freeze: nothing is handed to it until it is told to thaw. */
  isFrozen = true
  exit: Exit | null = null
  /** Settles when the node has started, or has ended before. */
  readonly started: Promise<boolean>
  /** Settles when the process is gone and everything that it wrote was read. */
  readonly gone: Promise<void>
  /** What its steps begin with in the trace: whose they are. */
  readonly of: string
  settleStarted: (isStarted: boolean) => void = () => undefined
  settleGone: () => void = () => undefined
  readonly #writer = new FrameWriter(labFrameBytesMax)
  #socket: NodeSocket | null = null
  readonly #outbox: Outbox

  constructor(name: NodeName, kind: NodeKind, incarnation: number, identity: ProcessIdentity, outbox: Outbox) {
    this.name = name
    this.kind = kind
    this.incarnation = incarnation
    this.identity = identity
    this.#outbox = outbox
    this.of = `"node":"${name}","incarnation":${incarnation},"step":`
    this.started = new Promise((settle) => {
      this.settleStarted = settle
    })
    this.gone = new Promise((settle) => {
      this.settleGone = settle
    })
  }

  get isConnected(): boolean {
    return this.#socket !== null
  }

  connect(socket: NodeSocket): void {
    this.#socket = socket
  }

  disconnect(): void {
    this.#socket?.close()
    this.#socket = null
    this.#outbox.heard(this)
  }

  /** Lets `write` add frames. Nothing is written to a node that has ended. */
  send(write: (writer: FrameWriter) => void): void {
    const writer = this.outgoing
    if (writer) write(writer)
  }

  /** Where frames for it are written; everything of a tick leaves in one write. Undefined once it has ended. */
  get outgoing(): FrameWriter | undefined {
    if (!this.#socket) return undefined
    if (this.#writer.length === 0) this.#outbox.add(this)
    return this.#writer
  }

  flush(): void {
    const socket = this.#socket
    if (socket) this.#writer.flush((bytes) => socket.write(bytes))
    else this.#writer.clear()
  }
}
