// The connections between merged incarnations, and the messages in flight on them. Both ends identify a connection by the mark that its dialler
// drew. Per direction both ends count the frames, which arrive in the order in which they left.
import type { NodeName } from '../../protocol'
import type { ScannedConnection } from './journal-reader'
import type { MessageId } from '../../trace'
import type { MergedLife } from './merge'

/** One direction of a connection. */
export class Direction {
  /** Messages that were sent and not taken, by the index of their frame. */
  readonly #inFlight = new Map<number, MessageId>()
  /** Ordinals of messages that were given to it and never left. */
  readonly #withdrawn: ReadonlySet<number>
  /** The ordinal of a message that may or may not have left; -1 if there is none. */
  readonly #unsure: number
  #ordinal = 0
  #index = 0
  #isOver = false

  constructor({ withdrawn, unsure }: Leaving) {
    this.#withdrawn = withdrawn
    this.#unsure = unsure
  }

  /** Gives it a message. Returns false if the message never reaches the other end. */
  give(id: MessageId): boolean {
    const ordinal = this.#ordinal++
    if (this.#withdrawn.has(ordinal)) return false
    const index = this.#index++
    if (this.#isOver) return false
    // An unsure message may not have left, and then the other end took another one at this index. So its id is not matched.
    if (ordinal !== this.#unsure) this.#inFlight.set(index, id)
    return true
  }

  /** Counts a frame that left without an event. */
  skip(): void {
    if (!this.#withdrawn.has(this.#ordinal++)) this.#index++
  }

  has(index: number): boolean {
    return this.#inFlight.has(index)
  }

  take(index: number): MessageId | undefined {
    const id = this.#inFlight.get(index)
    this.#inFlight.delete(index)
    return id
  }

  /** Ends it: nothing is taken from it any more. Returns the messages that were never taken. */
  end(): MessageId[] {
    this.#isOver = true
    const lost = [...this.#inFlight.values()]
    this.#inFlight.clear()
    return lost
  }
}

/** What is known of the messages sent in one direction of a connection. */
interface Leaving {
  readonly withdrawn: ReadonlySet<number>
  readonly unsure: number
}

interface Ends extends Pick<Link, 'dialler' | 'acceptor' | 'peer' | 'as' | 'outside'> {
  readonly byDialler: Leaving
  readonly byAcceptor: Leaving
}

export class Link {
  readonly dialler: MergedLife | null
  readonly acceptor: MergedLife | null
  /** The dialler's name for the acceptor. */
  readonly peer: NodeName
  /** The acceptor's name for the dialler. */
  readonly as: string
  /** The dialling node, if it is a client without a journal; null if an incarnation with a journal dialled. */
  readonly outside: NodeName | null
  /** Incarnations whose journals say that the connection closed. */
  readonly closedBy = new Set<MergedLife>()
  readonly #toAcceptor: Direction
  readonly #toDialler: Direction

  constructor(ends: Ends) {
    this.dialler = ends.dialler
    this.acceptor = ends.acceptor
    this.peer = ends.peer
    this.as = ends.as
    this.outside = ends.outside
    this.#toAcceptor = new Direction(ends.byDialler)
    this.#toDialler = new Direction(ends.byAcceptor)
  }

  other(life: MergedLife): MergedLife | null {
    return life === this.dialler ? this.acceptor : this.dialler
  }

  /** The direction towards this incarnation. */
  to(life: MergedLife): Direction {
    return life === this.acceptor ? this.#toAcceptor : this.#toDialler
  }

  from(life: MergedLife): Direction {
    return life === this.acceptor ? this.#toDialler : this.#toAcceptor
  }
}

const nothing: Leaving = { withdrawn: new Set(), unsure: -1 }

/** `isShort`: the journal has lost its end, so it is unknown whether the last ack was withdrawn (direct-connection.ts). */
function leaving({ withdrawn, sent, endsWithAck }: ScannedConnection, isShort: boolean): Leaving {
  return { withdrawn, unsure: isShort && endsWithAck ? sent - 1 : -1 }
}

/**
 * Incarnations whose journals have lost their end: another journal took more frames than they say were sent. A kill alone never causes this,
 * because a node writes its journal before it sends.
 */
function shortLives(ends: readonly { readonly from: MergedLife; readonly sent: ScannedConnection; readonly taken: number }[]): Set<MergedLife> {
  return new Set(ends.filter(({ sent, taken }) => taken > sent.sent - sent.withdrawn.size).map(({ from }) => from))
}

/** Gives every incarnation its links. `outside`: the nodes of clients without a journal, by the name that they greet with. */
export function linksOf(lives: readonly MergedLife[], outside: ReadonlyMap<NodeName, NodeName>): void {
  const accepted = new Map<number, { readonly life: MergedLife; readonly connection: number }>()
  for (const life of lives) {
    for (const [connection, { mark, greeting }] of life.scanned.connections) {
      if (mark === 0 && greeting && greeting.mark > 0) accepted.set(greeting.mark, { life, connection })
    }
  }
  const short = shortLives(lives.flatMap((dialler) => [...dialler.scanned.connections.values()].flatMap((here) => {
    const acceptor = here.mark === 0 ? undefined : accepted.get(here.mark)
    const there = acceptor?.life.scanned.connections.get(acceptor.connection)
    return acceptor && there ? [{ from: dialler, sent: here, taken: there.taken }, { from: acceptor.life, sent: there, taken: here.taken }] : []
  })))
  for (const life of lives) {
    for (const [connection, here] of life.scanned.connections) {
      const { mark, peer } = here
      if (mark === 0) continue
      const other = accepted.get(mark)
      const there = other?.life.scanned.connections.get(other.connection)
      const link = new Link({
        dialler: life, acceptor: other?.life ?? null, peer, as: there?.greeting?.peer ?? '', outside: null,
        byDialler: leaving(here, short.has(life)), byAcceptor: other && there ? leaving(there, short.has(other.life)) : nothing,
      })
      life.links.set(connection, link)
      other?.life.links.set(other.connection, link)
    }
  }
  for (const life of lives) {
    for (const [connection, here] of life.scanned.connections) {
      const { greeting } = here
      if (life.links.has(connection)) continue
      // No journal has the other end of this connection.
      const node = greeting?.isClient ? outside.get(greeting.name) ?? null : null
      life.links.set(connection, new Link({ dialler: null, acceptor: life, peer: greeting?.peer ?? '', as: greeting?.peer ?? '', outside: node, byDialler: nothing, byAcceptor: leaving(here, short.has(life)) }))
    }
  }
}
