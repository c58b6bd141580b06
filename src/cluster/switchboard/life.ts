// One incarnation of a node in the switchboard: its process, its socket, its queue. A restarted node is a new Life.
import type { NodeKind, NodeName } from '../../protocol'
import { FrameWriter } from '../wire/frame'
import { labFrameBytesMax } from '../wire/lab-frames'
import { stepsOf, type StepsOf } from './event-writer'
import { Mailbox } from './mailbox'
import type { Outbox } from './outbox'
import type { ProcessIdentity } from '../supervisor/process-identity'

/** How a process ended, as the operating system reported it to the lab. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  /** The last lines of its standard error. */
  readonly stderr: string
}

/** The part of a socket that a Life needs. */
export interface NodeSocket {
  /** Of the program that the process hosts; 0 or undefined for a node of ours. */
  programPid?: number
  /** Returns true if the bytes are gone and their buffer may be used again. */
  write(bytes: Buffer): boolean
  close(): void
}

/** Most operations that may wait for a client that takes none, and the bytes of their keys and values. */
const untakenMax = 10_000
const untakenBytesMax = 32 * 1024 * 1024

export class Life {
  readonly name: NodeName
  readonly kind: NodeKind
  readonly incarnation: number
  readonly identity: ProcessIdentity
  /** The program that this process hosts; it leads a process group. Null for a node of ours. */
  program: ProcessIdentity | null = null
  readonly mailbox = new Mailbox()
  /** Nodes that this incarnation has exchanged messages with; they are notified when it ends. */
  readonly peers = new Set<NodeName>()
  /** Operations that were sent to this client and not taken yet. */
  readonly untakenOperations = new Set<number>()
  /** Bytes of their keys and values. */
  untakenBytes = 0
  /** It was sent its start input, and has taken it. */
  isStartSent = false
  isStarted = false
  isPaused = false
  /** It was sent a freeze: nothing is delivered to it until the thaw. */
  isFrozen = true
  exit: Exit | null = null
  /** Settles when the node has started, or has ended before that. */
  readonly started: Promise<boolean>
  /** Settles when the process is gone and everything that it wrote was read. */
  readonly gone: Promise<void>
  /** The fields of the trace that identify its steps. */
  readonly of: StepsOf
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
    this.of = stepsOf(name, incarnation)
    this.started = new Promise((settle) => {
      this.settleStarted = settle
    })
    this.gone = new Promise((settle) => {
      this.settleGone = settle
    })
  }

  /** True if more operations would fill memory, because it takes none: it may be paused. */
  get hasTooMuchUntaken(): boolean {
    return this.untakenBytes > untakenBytesMax || this.untakenOperations.size >= untakenMax
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

  /** The writer for frames to it; everything of a tick leaves in one write. Undefined once it has ended. */
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
