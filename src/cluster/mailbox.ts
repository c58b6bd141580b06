// What waits for one node, in order: messages, hints, operations. Handed over and taken are different things: a node has at most
// a window of deliveries that it has not reported as taken, so a paused node's mail is visibly waiting here.
import type { Envelope } from '../network'
import type { Message, NodeName } from '../protocol'
import type { MessageId } from '../trace'
import { Cursor } from './frame'
import { decodeMessage } from './wire'

/** Deliveries that a running node may have untaken. */
export const windowRunning = 64
/** The same while it is paused or the cluster is frozen: what it was given before is already more than enough. */
export const windowHeld = 1
/** Messages that may wait for one node; more are dropped, as a full socket buffer would in the end. */
export const mailMax = 100_000

const cursor = new Cursor()

/** A message as wire.ts wrote it. It is passed on as bytes, and read only where somebody wants to know what is in it. */
export class Mail implements Envelope {
  readonly type = 'message'
  readonly id: MessageId
  readonly from: NodeName
  readonly to: NodeName
  /** Of the socket that it came from, until it has to wait. */
  buffer: Buffer
  start: number
  end: number
  /** It is on its receiver's socket. */
  isHanded = false
  #message: Message | undefined

  constructor(id: MessageId, from: NodeName, to: NodeName, buffer: Buffer, start = 0, end = buffer.length) {
    this.id = id
    this.from = from
    this.to = to
    this.buffer = buffer
    this.start = start
    this.end = end
  }

  /** Throws a WireError for bytes that are no message. */
  get message(): Message {
    return this.#message ??= decodeMessage(cursor.reset(this.buffer, this.start, this.end))
  }

  /** The same message under another id. */
  copy(id: MessageId): Mail {
    return new Mail(id, this.from, this.to, this.buffer, this.start, this.end)
  }

  /** What waits holds its own bytes only, and not all that came with it. */
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

/** One life's mail: the next life of the node gets a new box, so nothing meant for this one can reach it. */
export class Mailbox {
  #waiting: Delivery[] = []
  #front = 0
  /** Handed and not yet reported as taken, by handle. */
  readonly #handed = new Map<number, Mail>()
  #nextHandle = 1

  get waiting(): number {
    return this.#waiting.length - this.#front
  }

  get untaken(): number {
    return this.#handed.size
  }

  /** Returns false when the box is full. */
  add(delivery: Delivery): boolean {
    if (this.waiting >= mailMax) return false
    this.#waiting.push(delivery)
    return true
  }

  next(): Delivery | undefined {
    const delivery = this.#waiting[this.#front]
    if (delivery === undefined) return undefined
    this.#front++
    if (this.#front > 1024 && this.#front > this.waiting) {
      this.#waiting = this.#waiting.slice(this.#front)
      this.#front = 0
    }
    return delivery
  }

  /** A message that waits here. */
  find(id: MessageId): Mail | undefined {
    const at = this.#indexOf(id)
    const delivery = at < 0 ? undefined : this.#waiting[at]
    return delivery?.type === 'message' ? delivery : undefined
  }

  /** Takes a waiting message out of its place. */
  remove(id: MessageId): void {
    const at = this.#indexOf(id)
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  #indexOf(id: MessageId): number {
    for (let at = this.#front; at < this.#waiting.length; at++) {
      const delivery = this.#waiting[at]
      if (delivery?.type === 'message' && delivery.id === id) return at
    }
    return -1
  }

  /** The message that waits longest. */
  get first(): Mail | undefined {
    for (let at = this.#front; at < this.#waiting.length; at++) {
      const delivery = this.#waiting[at]
      if (delivery?.type === 'message') return delivery
    }
    return undefined
  }

  /** Notes that this mail is on its way into the node; returns the handle under which the node will report it. */
  hand(mail: Mail): number {
    const handle = this.#nextHandle
    this.#nextHandle = handle === 0xffff_ffff ? 1 : handle + 1
    this.#handed.set(handle, mail)
    return handle
  }

  /** The mail that the node reports as taken. */
  taken(handle: number): Mail | undefined {
    const mail = this.#handed.get(handle)
    this.#handed.delete(handle)
    return mail
  }

  /** Takes out everything that this life of the node will never take. */
  empty(): Mail[] {
    const waiting = this.#waiting.slice(this.#front).flatMap((delivery) => delivery.type === 'message' ? [delivery] : [])
    const lost = [...this.#handed.values(), ...waiting]
    this.#handed.clear()
    this.#waiting = []
    this.#front = 0
    return lost
  }
}

