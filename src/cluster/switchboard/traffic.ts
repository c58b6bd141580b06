// The queue of each node, and user actions on single messages. network/transit.ts brings messages to these queues. Every message has one place at
// any time, and every change of place is an event. It must never inspect the content of a message.
import type { InFlight } from '../../core'
import { Transit, type Envelope } from '../../network'
import type { NodeName } from '../../protocol'
import { messageOf, type EventBody, type EventOf, type MessageId } from '../../trace'
import type { ClusterClock } from './cluster-clock'
import { FrameWriter } from '../wire/frame'
import type { EventWriter } from './event-writer'
import { encodeDeliver, encodePeerLost, labFrameBytesMax } from '../wire/lab-frames'
import type { Life } from './life'
import { Mail, windowHeld, windowRunning } from './mailbox'
import type { Snapshot } from './snapshot'
import type { Peaks } from './peaks'
import { encodeMessage } from '../wire/wire'

export interface TrafficOptions {
  readonly peaks: Peaks
  readonly seed: string
  readonly nodes: readonly NodeName[]
  readonly clock: ClusterClock
  readonly event: (body: EventBody) => void
  readonly events: Pick<EventWriter, 'messageHanded'>
  readonly lifeOf: (name: NodeName) => Life | undefined
  readonly lives: () => Iterable<Life>
  /** True while nothing may be delivered: a break condition was met and its freeze is in progress. */
  readonly isHeldBack: () => boolean
  /** True while the disk or the lab is behind: clients get no deliveries, so that they send no more requests. */
  readonly isBehind: () => boolean
  /** True while deliveries are made one at a time. */
  readonly isExact: () => boolean
  /** True while any break condition is set: a node then gets one delivery at a time. */
  readonly isWatched: () => boolean
}

/** If more bytes wait for a server that still takes some, the workload begins no operations until half of them are left. */
const crowdedBytes = 1024 * 1024
/** A server that has taken nothing for so long was stopped from outside; the workload does not wait for it. */
const takesWithinMs = 1000

export class Traffic {
  readonly #options: TrafficOptions
  readonly transit: Transit<Mail>
  /** Nodes with an ended incarnation; a later one may be running. */
  readonly #ended = new Set<NodeName>()
  /** Incarnations with long queues, and when each last took something, in milliseconds. */
  readonly #crowded = new Map<Life, number>()
  /** Incarnations that have lost messages because their queue was full: logged once. */
  readonly #full = new WeakSet<Life>()

  constructor(options: TrafficOptions) {
    this.#options = options
    const { seed, nodes, clock, event } = options
    this.transit = new Transit({
      seed, nodes, event,
      after: (ms, action) => clock.after(ms, action),
      incarnationOf: (name) => this.live(name)?.incarnation ?? 0,
      hasDied: (name) => this.live(name) === undefined && (this.#ended.has(name) || this.#options.lifeOf(name) !== undefined),
      bytesOf: (mail) => mail.bytes,
      onArrival: (envelope, payload) => this.arrive({ envelope, payload }),
    })
  }

  /** The present incarnation of a node; undefined as soon as its process has ended. */
  live(name: NodeName): Life | undefined {
    const life = this.#options.lifeOf(name)
    return life?.exit ? undefined : life
  }

  /** A step has sent this message. */
  send(sender: Life, mail: Mail): void {
    sender.peers.add(mail.to)
    this.#options.lifeOf(mail.to)?.peers.add(sender.name)
    this.transit.send(mail, mail)
    // It may wait for long, and its buffer belongs to the sender's socket.
    if (!mail.isHanded) mail.keep()
  }

  #arrive(mail: Mail): void {
    const life = this.live(mail.to)
    if (!life?.mailbox.add(mail)) return this.#lose(mail, life)
    const { mailbox } = life
    this.#options.peaks.mail(mailbox.waiting, mailbox.bytes)
    this.pump(life)
    if (mailbox.bytes > crowdedBytes && life.kind !== 'client' && !this.#crowded.has(life)) this.#crowded.set(life, performance.now())
  }

  #lose({ id, to }: Mail, life: Life | undefined): void {
    const { event } = this.#options
    event({ type: 'message-dropped', id, reason: { type: 'queue-full' } })
    if (!life || this.#full.has(life)) return
    this.#full.add(life)
    const { waiting, bytes } = life.mailbox
    event({ type: 'lab-note', node: to, text: `Too much mail waits for ${to} (${waiting} messages, ${Math.round(bytes / 1024)} KiB): what comes for it is lost until it takes some.` })
  }

  /** True if servers are behind with their queues. Answers still go to clients: a client without its answer sends its request again. */
  get isCrowded(): boolean {
    if (this.#crowded.size === 0) return false
    const nowMs = performance.now()
    for (const [{ isPaused }, tookMs] of this.#crowded) if (!isPaused && nowMs - tookMs < takesWithinMs) return true
    return false
  }

  /** Begins a branch: restores every message to its place. Messages queued for a process that is gone are dropped. */
  begin(snapshot: Snapshot): void {
    const writer = new FrameWriter(labFrameBytesMax)
    const mailOfSent = ({ id, from, to, fromAs, message }: EventOf<'message-sent'>): Mail => {
      let bytes = Buffer.alloc(0)
      encodeMessage(writer, messageOf(message))
      writer.flush((written) => {
        bytes = Buffer.from(written)
        return true
      })
      return new Mail(id, from, to, bytes, 0, bytes.length, fromAs)
    }
    this.transit.begin(snapshot.network(mailOfSent))
    for (const { id, sent } of snapshot.mail) {
      const life = this.live(sent.to)
      if (life) life.mailbox.add(mailOfSent(sent).copy(id))
      else this.#options.event({ type: 'message-dropped', id, reason: { type: 'receiver-dead' } })
    }
  }

  // ---- delivery

  /** Delivers as much as the node's window allows. */
  pump(life: Life): void {
    if (life.isFrozen || !life.isConnected || this.#options.isHeldBack() || (life.kind === 'client' && this.#options.isBehind())) return
    const window = life.isPaused || this.#options.isWatched() ? windowHeld : windowRunning
    while (life.mailbox.hasRoom(window) && (!this.#options.isExact() || this.#isAllTaken())) {
      const delivery = life.mailbox.next()
      if (!delivery) return
      if (delivery.type === 'peer-lost') life.send((writer) => encodePeerLost(writer, delivery.peer))
      else this.#hand(life, delivery)
    }
  }

  /** A node has taken its deliveries, so it may get more. With one delivery at a time, so may any other node. */
  taken(life: Life): void {
    if (this.#options.isExact()) this.pumpAll()
    else this.pump(life)
    if (this.#crowded.size > 0 && this.#crowded.has(life)) this.#tookSome(life)
  }

  #tookSome(life: Life): void {
    if (life.mailbox.bytes > crowdedBytes / 2) this.#crowded.set(life, performance.now())
    else this.#crowded.delete(life)
  }

  pumpAll(): void {
    for (const life of this.#options.lives()) this.pump(life)
  }

  #isAllTaken(): boolean {
    for (const { mailbox, isPaused } of this.#options.lives()) if (mailbox.untaken > 0 && !isPaused) return false
    return true
  }

  #hand(life: Life, mail: Mail): void {
    this.#options.events.messageHanded(mail.id)
    mail.isHanded = true
    const handle = life.mailbox.hand(mail)
    const { outgoing } = life
    if (outgoing) encodeDeliver(outgoing, handle, mail)
  }

  /** The node has ended: what it never took is dropped. */
  ended(life: Life): void {
    this.#ended.add(life.name)
    this.#crowded.delete(life)
    for (const { id } of life.mailbox.empty()) this.#options.event({ type: 'message-dropped', id, reason: { type: 'receiver-dead' } })
  }

  // ---- by hand

  /** Finds a message in its receiver's queue. */
  waiting(id: MessageId): InFlight<Mail> | undefined {
    const payload = this.#holderOf(id)?.mailbox.find(id)
    return payload && { envelope: payload, payload }
  }

  takeWaiting(id: MessageId): boolean {
    const holder = this.#holderOf(id)
    holder?.mailbox.remove(id)
    return holder !== undefined
  }

  #holderOf(id: MessageId): Life | undefined {
    for (const life of this.#options.lives()) if (life.mailbox.find(id)) return life
    return undefined
  }

  /** Appends it to its receiver's queue. */
  arrive({ envelope, payload }: InFlight<Mail>): void {
    this.#arrive(mailOf(envelope, payload))
  }

  /** Delivers this message now, ahead of the queue. */
  handByHand(life: Life, { envelope, payload }: InFlight<Mail>): void {
    this.#hand(life, mailOf(envelope, payload))
  }
}

/** A copy shares its bytes with its original. */
function mailOf(envelope: Envelope, payload: Mail): Mail {
  return envelope === payload ? payload : payload.copy(envelope.id)
}
