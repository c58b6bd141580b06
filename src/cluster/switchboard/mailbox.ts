// The queue of one node, in order: messages, hints, operations. Being delivered and being taken differ: a node has at most a window of deliveries
// that it has not reported as taken. So the messages of a paused node stay visible here. It must never reorder the queue by itself.
import type { Envelope } from '../../network'
import type { Message, NodeName } from '../../protocol'
import type { MessageId } from '../../trace'
import { Cursor } from '../wire/frame'
import { decodeMessage } from '../wire/wire'

/** Most untaken deliveries of a running node. */
export const windowRunning = 64
/** The same while it is paused, or while break conditions are set. */
export const windowHeld = 1
/** Most bytes of untaken messages, so that a small message is never far behind large ones. One message is always delivered. */
export const windowBytesMax = 1024 * 1024
/** Most queued messages for one node, and their bytes. More are dropped, as with a full socket buffer. One message may always wait. */
export const mailMax = 100_000
export const mailBytesMax = 32 * 1024 * 1024

const cursor = new Cursor()

/** A message as wire.ts encoded it. It is passed on as bytes, and decoded only when its content is needed. */
export class Mail implements Envelope {
  readonly type = 'message'
  readonly id: MessageId
  readonly from: NodeName
  readonly to: NodeName
  readonly fromAs: string | undefined
  /** The buffer of the sender's socket, until the message has to wait. */
  buffer: Buffer
  start: number
  end: number
  /** It was written to its receiver's socket. */
  isHanded = false
  #message: Message | undefined

  constructor(id: MessageId, from: NodeName, to: NodeName, buffer: Buffer, start = 0, end = buffer.length, fromAs?: string) {
    this.id = id
    this.from = from
    this.to = to
    this.fromAs = fromAs
    this.buffer = buffer
    this.start = start
    this.end = end
  }

  /** Size of the message. */
  get bytes(): number {
    return this.end - this.start
  }

  /** Throws a WireError for bytes that are no message. */
  get message(): Message {
    return this.#message ??= decodeMessage(cursor.reset(this.buffer, this.start, this.end))
  }

  /** The same message under another id. */
  copy(id: MessageId): Mail {
    return new Mail(id, this.from, this.to, this.buffer, this.start, this.end, this.fromAs)
  }

  /** Copies the message out of the socket's buffer, so that a waiting message does not keep the whole buffer. */
  keep(): void {
    if (this.buffer.length === this.end - this.start) return
    this.buffer = Buffer.from(this.buffer.subarray(this.start, this.end))
    this.start = 0
    this.end = this.buffer.length
  }
}

export interface PeerLost {
  readonly type: 'peer-lost'
  readonly peer: NodeName
}

export type Delivery = Mail | PeerLost

/** Placeholder for a removed delivery. */
const gone: PeerLost = { type: 'peer-lost', peer: '' }

/** The queue of one incarnation. The next incarnation gets a new Mailbox, so messages for this one cannot reach it. */
export class Mailbox {
  #waiting: Delivery[] = []
  #front = 0
  /** Delivered and not yet reported as taken, by handle. */
  readonly #handed = new Map<number, Mail>()
  #nextHandle = 1
  /** Bytes of the queued messages. */
  #bytes = 0
  #untakenBytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** True if the node may get another delivery, within `window` untaken ones. */
  hasRoom(window: number): boolean {
    return this.#handed.size < window && (this.#untakenBytes < windowBytesMax || this.#handed.size === 0)
  }

  get waiting(): number {
    return this.#waiting.length - this.#front
  }

  get untaken(): number {
    return this.#handed.size
  }

  /** Returns false when the queue is full. */
  add(delivery: Delivery): boolean {
    const { waiting } = this
    if (waiting >= mailMax) return false
    if (delivery.type === 'message') {
      const bytes = this.#bytes + delivery.bytes
      if (bytes > mailBytesMax && waiting > 0) return false
      this.#bytes = bytes
    }
    this.#waiting.push(delivery)
    return true
  }

  next(): Delivery | undefined {
    const delivery = this.#waiting[this.#front]
    if (delivery === undefined) return undefined
    if (delivery.type === 'message') this.#bytes -= delivery.bytes
    // Clears the slot, so that the message can be collected before the array is compacted.
    this.#waiting[this.#front++] = gone
    if (this.#front > 1024 && this.#front > this.waiting) {
      this.#waiting = this.#waiting.slice(this.#front)
      this.#front = 0
    }
    return delivery
  }

  /** Finds a queued message. */
  find(id: MessageId): Mail | undefined {
    const at = this.#indexOf(id)
    const delivery = at < 0 ? undefined : this.#waiting[at]
    return delivery?.type === 'message' ? delivery : undefined
  }

  /** Removes a queued message from its position. */
  remove(id: MessageId): void {
    const at = this.#indexOf(id)
    if (at < 0) return
    const [delivery] = this.#waiting.splice(at, 1)
    if (delivery?.type === 'message') this.#bytes -= delivery.bytes
  }

  #indexOf(id: MessageId): number {
    for (let at = this.#front; at < this.#waiting.length; at++) {
      const delivery = this.#waiting[at]
      if (delivery?.type === 'message' && delivery.id === id) return at
    }
    return -1
  }

  /** The message that has been queued longest. */
  get first(): Mail | undefined {
    for (let at = this.#front; at < this.#waiting.length; at++) {
      const delivery = this.#waiting[at]
      if (delivery?.type === 'message') return delivery
    }
    return undefined
  }

  /** Notes that this message is being delivered; returns the handle under which the node will report it. */
  hand(mail: Mail): number {
    const handle = this.#nextHandle
    this.#nextHandle = handle === 0xffff_ffff ? 1 : handle + 1
    this.#handed.set(handle, mail)
    this.#untakenBytes += mail.bytes
    return handle
  }

  /** The message that the node reports as taken under this handle. */
  taken(handle: number): Mail | undefined {
    const mail = this.#handed.get(handle)
    if (mail && this.#handed.delete(handle)) this.#untakenBytes -= mail.bytes
    return mail
  }

  /** Removes and returns everything that this incarnation will never take. */
  empty(): Mail[] {
    const waiting = this.#waiting.slice(this.#front).flatMap((delivery) => delivery.type === 'message' ? [delivery] : [])
    const lost = [...this.#handed.values(), ...waiting]
    this.#handed.clear()
    this.#waiting = []
    this.#front = 0
    this.#bytes = 0
    this.#untakenBytes = 0
    return lost
  }
}
