// Each node's mail, and what a person does to a single message. How a message gets to its receiver's mail is network/transit.ts.
// Every message has one place at any time, and every change of place is an event. It must never look into a message.
import { Refused, Transit } from '../network'
import type { NodeName } from '../protocol'
import { messageOf, type EventBody, type EventOf, type MessageId } from '../trace'
import type { ClusterClock } from './cluster-clock'
import { FrameWriter } from './frame'
import type { Journal } from './journal'
import { encodeDeliver, encodePeerLost, labFrameBytesMax } from './lab-frames'
import type { Life } from './life'
import { Mail, windowHeld, windowRunning } from './mailbox'
import type { Moment } from './moment'
import type { Peaks } from './peaks'
import { encodeMessage } from './wire'

export interface TrafficOptions {
  readonly peaks: Peaks
  readonly seed: string
  readonly nodes: readonly NodeName[]
  readonly clock: ClusterClock
  readonly event: (body: EventBody) => void
  readonly journal: Pick<Journal, 'ascii'>
  readonly lifeOf: (name: NodeName) => Life | undefined
  readonly lives: () => Iterable<Life>
  /** True while nothing may be handed over: a break condition was met and the freeze is on its way. */
  readonly isHeldBack: () => boolean
  /** True while the disk or the lab is behind: clients are given nothing, so that they ask for nothing more. */
  readonly isBehind: () => boolean
  /** True while deliveries go one at a time. */
  readonly isExact: () => boolean
  /** True while any break condition is set: a node then gets its mail one by one. */
  readonly isWatched: () => boolean
}

export class Traffic {
  readonly #options: TrafficOptions
  readonly transit: Transit<Mail>
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
      onArrival: (envelope, mail) => this.#arrive(envelope === mail ? mail : mail.copy(envelope.id)),
    })
  }

  #liveOf(name: NodeName): Life | undefined {
    const life = this.#options.lifeOf(name)
    return life?.exit ? undefined : life
  }

  /** A step has sent this message. */
  send(sender: Life, mail: Mail): void {
    sender.peers.add(mail.to)
    this.#options.lifeOf(mail.to)?.peers.add(sender.name)
    this.transit.send(mail, mail)
    // It may wait for long, and its buffer is the socket's.
    if (!mail.isHanded) mail.keep()
  }

  #arrive(mail: Mail): void {
    const life = this.#liveOf(mail.to)
    if (!life?.mailbox.add(mail)) return this.#options.event({ type: 'message-dropped', id: mail.id, reason: { type: 'queue-full' } })
    this.#options.peaks.mail(life.mailbox.waiting)
    this.pump(life)
  }

  /** A branch begins: every message is again where it was. What waits for a process that is gone is lost. */
  begin(moment: Moment): void {
    const writer = new FrameWriter(labFrameBytesMax)
    const mailOf = ({ id, from, to, message }: EventOf<'message-sent'>): Mail => {
      let bytes = Buffer.alloc(0)
      encodeMessage(writer, messageOf(message))
      writer.flush((written) => {
        bytes = Buffer.from(written)
        return true
      })
      return new Mail(id, from, to, bytes)
    }
    this.transit.begin(moment.network(mailOf))
    for (const { id, sent } of moment.mail) {
      const life = this.#liveOf(sent.to)
      if (life) life.mailbox.add(mailOf(sent).copy(id))
      else this.#options.event({ type: 'message-dropped', id, reason: { type: 'receiver-dead' } })
    }
  }

  // ---- handing over

  /** Hands over what the node's window has room for. */
  pump(life: Life): void {
    if (life.isFrozen || !life.isConnected || this.#options.isHeldBack() || (life.kind === 'client' && this.#options.isBehind())) return
    const window = life.isPaused || this.#options.isWatched() ? windowHeld : windowRunning
    while (life.mailbox.untaken < window && (!this.#options.isExact() || this.#isAllTaken())) {
      const delivery = life.mailbox.next()
      if (!delivery) return
      if (delivery.type === 'peer-lost') life.send((writer) => encodePeerLost(writer, delivery.peer))
      else this.#hand(life, delivery)
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
    this.#options.journal.ascii('"type":"message-handed","id":"', mail.id, '"}')
    mail.isHanded = true
    const handle = life.mailbox.hand(mail)
    const { outgoing } = life
    if (outgoing) encodeDeliver(outgoing, handle, mail)
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
    if (!life) throw new Refused(`${mail.to} is dead; the message cannot be delivered.`)
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
    else this.#arrive(mail.copy(this.transit.copyOf(mail, 'by hand').id))
  }

  #find(id: MessageId): { life: Life | undefined; mail: Mail } {
    const onItsWay = this.transit.find(id)
    if (onItsWay) {
      return { life: this.#liveOf(onItsWay.envelope.to), mail: onItsWay.payload.copy(id) }
    }
    for (const life of this.#options.lives()) {
      const mail = life.mailbox.find(id)
      if (mail) return { life, mail }
    }
    throw new Refused(`The message ${id} is gone: it was taken or lost before.`)
  }
}
