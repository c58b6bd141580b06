// Each node's mail, and what a person does to a single message. How a message gets to its receiver's mail is network/transit.ts.
// Every message has one place at any time, and every change of place is an event. It must never look into a message.
import { Refused, Transit, type Envelope } from '../network'
import type { NodeName } from '../protocol'
import { messageOf, type EventBody, type EventOf, type MessageId } from '../trace'
import type { ClusterClock } from './cluster-clock'
import { FrameWriter } from './frame'
import { encodeDeliver, encodePeerLost, labFrameBytesMax } from './lab-frames'
import type { Life } from './life'
import { windowHeld, windowRunning, type Mail } from './mailbox'
import type { Moment } from './moment'
import type { Peaks } from './peaks'
import { encodeMessage } from './wire'

export interface TrafficOptions {
  readonly peaks: Peaks
  readonly seed: string
  readonly nodes: readonly NodeName[]
  readonly clock: ClusterClock
  readonly event: (body: EventBody) => void
  readonly eventText: (text: string) => void
  readonly lifeOf: (name: NodeName) => Life | undefined
  readonly lives: () => Iterable<Life>
  /** True while nothing may be handed over: a break condition was met and the freeze is on its way. */
  readonly isHeldBack: () => boolean
  /** True while deliveries go one at a time. */
  readonly isExact: () => boolean
  /** True while any break condition is set: a node then gets its mail one by one. */
  readonly isWatched: () => boolean
}

export class Traffic {
  readonly #options: TrafficOptions
  readonly transit: Transit<Buffer>
  /** Nodes of which a life has ended; another may run since. */
  readonly #ended = new Set<NodeName>()

  constructor(options: TrafficOptions) {
    this.#options = options
    const { seed, nodes, clock, event } = options
    this.transit = new Transit({
      seed, nodes, event,
      after: (ms, action) => clock.after(ms, action),
      incarnationOf: (name) => this.#liveOf(name)?.incarnation ?? 0,
      hasDied: (name) => this.#liveOf(name) === undefined && (this.#ended.has(name) || this.#options.lifeOf(name) !== undefined),
      onArrival: (envelope, body) => this.#arrive(envelope, body),
    })
  }

  #liveOf(name: NodeName): Life | undefined {
    const life = this.#options.lifeOf(name)
    return life?.exit ? undefined : life
  }

  /** A step has sent this message. */
  send(sender: Life, envelope: Envelope, body: Buffer): void {
    sender.peers.add(envelope.to)
    this.#options.lifeOf(envelope.to)?.peers.add(sender.name)
    this.transit.send(envelope, body)
  }

  #arrive(envelope: Envelope, body: Buffer): void {
    const { id, from, to } = envelope
    const life = this.#liveOf(to)
    if (!life?.mailbox.add({ type: 'message', mail: { id, from, envelope, body } })) {
      return this.#options.event({ type: 'message-dropped', id, reason: { type: 'queue-full' } })
    }
    this.#options.peaks.mail(life.mailbox.waiting)
    this.pump(life)
  }

  /** A branch begins: every message is again where it was. What waits for a process that is gone is lost. */
  begin(moment: Moment): void {
    const writer = new FrameWriter(labFrameBytesMax)
    const body = ({ message }: EventOf<'message-sent'>): Buffer => {
      let bytes = Buffer.alloc(0)
      encodeMessage(writer, messageOf(message))
      writer.flush((written) => {
        bytes = Buffer.from(written)
        return true
      })
      return bytes
    }
    this.transit.begin(moment.network(body))
    for (const { id, sent } of moment.mail) {
      const envelope: Envelope = { id, from: sent.from, to: sent.to, message: messageOf(sent.message) }
      const life = this.#liveOf(sent.to)
      if (life) life.mailbox.add({ type: 'message', mail: { id, from: sent.from, envelope, body: body(sent) } })
      else this.#options.event({ type: 'message-dropped', id, reason: { type: 'receiver-dead' } })
    }
  }

  // ---- handing over

  /** Hands over what the node's window has room for. */
  pump(life: Life): void {
    if (life.isFrozen || !life.isConnected || this.#options.isHeldBack()) return
    const window = life.isPaused || this.#options.isWatched() ? windowHeld : windowRunning
    while (life.mailbox.untaken < window && (!this.#options.isExact() || this.#isAllTaken())) {
      const delivery = life.mailbox.next()
      if (!delivery) return
      if (delivery.type === 'peer-lost') life.send((writer) => encodePeerLost(writer, delivery.peer))
      else this.#hand(life, delivery.mail)
    }
  }

  /** A node has taken what it was given: it may have more, and with one delivery at a time so may any other. */
  taken(life: Life): void {
    if (this.#options.isExact()) this.pumpAll()
    else this.pump(life)
  }

  pumpAll(): void {
    for (const life of this.#options.lives()) this.pump(life)
  }

  #isAllTaken(): boolean {
    for (const { mailbox, isPaused } of this.#options.lives()) if (mailbox.untaken > 0 && !isPaused) return false
    return true
  }

  #hand(life: Life, mail: Mail): void {
    this.#options.eventText(`{"type":"message-handed","id":"${mail.id}"}`)
    const handle = life.mailbox.hand(mail)
    life.send((writer) => encodeDeliver(writer, handle, mail.from, mail.body))
  }

  /** The node has ended: what it never took is lost. */
  ended(life: Life): void {
    this.#ended.add(life.name)
    for (const { id } of life.mailbox.empty()) this.#options.event({ type: 'message-dropped', id, reason: { type: 'receiver-dead' } })
  }

  // ---- by hand

  /** Hands this message over now, past all that waits; returns the life that gets it. */
  deliver(id: MessageId): Life {
    const { life, mail } = this.#find(id)
    if (!life) throw new Refused(`${mail.envelope.to} is dead; the message cannot be delivered.`)
    if (life.isPaused) throw new Refused(`${life.name} is paused: it takes nothing before it is resumed.`)
    if (this.transit.takeOut(id)) this.#options.event({ type: 'message-released', id, reason: 'by hand' })
    life.mailbox.remove(id)
    this.#hand(life, mail)
    return life
  }

  drop(id: MessageId): void {
    const { life } = this.#find(id)
    this.transit.takeOut(id)
    life?.mailbox.remove(id)
    this.#options.event({ type: 'message-dropped', id, reason: { type: 'by-hand' } })
  }

  /** Puts a copy behind it: last in its receiver's mail, or held beside it on its way. */
  duplicate(id: MessageId): void {
    const { mail } = this.#find(id)
    if (this.transit.find(id)) this.transit.duplicate(id)
    else this.#arrive(this.transit.copyOf(mail.envelope, 'by hand'), mail.body)
  }

  #find(id: MessageId): { life: Life | undefined; mail: Mail } {
    const onItsWay = this.transit.find(id)
    if (onItsWay) {
      const { envelope, payload } = onItsWay
      return { life: this.#liveOf(envelope.to), mail: { id, from: envelope.from, envelope, body: payload } }
    }
    for (const life of this.#options.lives()) {
      const mail = life.mailbox.find(id)
      if (mail) return { life, mail }
    }
    throw new Refused(`The message ${id} is gone: it was taken or lost before.`)
  }
}
