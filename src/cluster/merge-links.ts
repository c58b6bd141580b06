// The connections between lives whose journals are merged, and the messages that are under way on them. The two ends of a connection know it
// by the mark that its dialler drew; each way, the frames that left are counted by both, and come in the order in which they left.
import type { NodeName } from '../protocol'
import type { MessageId } from '../trace'
import type { MergedLife } from './merge'

/** One way of a connection. */
export class Direction {
  /** By the index of the frame: sent, and not taken. */
  readonly #underWay = new Map<number, MessageId>()
  /** Ordinals of messages that were given to it and never left. */
  readonly #withdrawn: ReadonlySet<number>
  #ordinal = 0
  #index = 0
  #isOver = false

  constructor(withdrawn: ReadonlySet<number>) {
    this.#withdrawn = withdrawn
  }

  /** A message is given to it; false: it never comes to the other end. */
  give(id: MessageId): boolean {
    if (this.#withdrawn.has(this.#ordinal++)) return false
    const index = this.#index++
    if (this.#isOver) return false
    this.#underWay.set(index, id)
    return true
  }

  /** A frame that no event tells of has left. */
  skip(): void {
    if (!this.#withdrawn.has(this.#ordinal++)) this.#index++
  }

  has(index: number): boolean {
    return this.#underWay.has(index)
  }

  take(index: number): MessageId | undefined {
    const id = this.#underWay.get(index)
    this.#underWay.delete(index)
    return id
  }

  /** Nothing is taken from it any more; gives what never was. */
  end(): MessageId[] {
    this.#isOver = true
    const lost = [...this.#underWay.values()]
    this.#underWay.clear()
    return lost
  }
}

interface Ends extends Pick<Link, 'dialler' | 'acceptor' | 'peer' | 'outside'> {
  readonly withdrawnByDialler: ReadonlySet<number>
  readonly withdrawnByAcceptor: ReadonlySet<number>
}

export class Link {
  readonly dialler: MergedLife | null
  readonly acceptor: MergedLife | null
  /** Whom the dialler calls so. */
  readonly peer: NodeName
  /** The node that dialled, if it is a client that keeps no journal; null where a life did. */
  readonly outside: NodeName | null
  /** Ends that have told of its end. */
  readonly closedBy = new Set<MergedLife>()
  readonly #toAcceptor: Direction
  readonly #toDialler: Direction

  constructor(ends: Ends) {
    this.dialler = ends.dialler
    this.acceptor = ends.acceptor
    this.peer = ends.peer
    this.outside = ends.outside
    this.#toAcceptor = new Direction(ends.withdrawnByDialler)
    this.#toDialler = new Direction(ends.withdrawnByAcceptor)
  }

  other(life: MergedLife): MergedLife | null {
    return life === this.dialler ? this.acceptor : this.dialler
  }

  /** The way that ends at this life. */
  to(life: MergedLife): Direction {
    return life === this.acceptor ? this.#toAcceptor : this.#toDialler
  }

  from(life: MergedLife): Direction {
    return life === this.acceptor ? this.#toDialler : this.#toAcceptor
  }
}

const none: ReadonlySet<number> = new Set()

/** Gives every life its links. `outside`: the nodes of clients without a journal, by what they greet with. */
export function linksOf(lives: readonly MergedLife[], outside: ReadonlyMap<NodeName, NodeName>): void {
  const accepted = new Map<number, { readonly life: MergedLife; readonly connection: number }>()
  for (const life of lives) {
    for (const [connection, { mark, greeting }] of life.scanned.connections) {
      if (mark === 0 && greeting && greeting.mark > 0) accepted.set(greeting.mark, { life, connection })
    }
  }
  for (const life of lives) {
    for (const [connection, { mark, peer, withdrawn }] of life.scanned.connections) {
      if (mark === 0) continue
      const other = accepted.get(mark)
      const link = new Link({
        dialler: life, acceptor: other?.life ?? null, peer, outside: null,
        withdrawnByDialler: withdrawn, withdrawnByAcceptor: other?.life.scanned.connections.get(other.connection)?.withdrawn ?? none,
      })
      life.links.set(connection, link)
      other?.life.links.set(other.connection, link)
    }
  }
  for (const life of lives) {
    for (const [connection, { greeting, withdrawn }] of life.scanned.connections) {
      if (life.links.has(connection)) continue
      // Nobody's journal tells of its other end.
      const node = greeting?.isClient ? outside.get(greeting.name) ?? null : null
      life.links.set(connection, new Link({ dialler: null, acceptor: life, peer: greeting?.peer ?? '', outside: node, withdrawnByDialler: none, withdrawnByAcceptor: withdrawn }))
    }
  }
}
