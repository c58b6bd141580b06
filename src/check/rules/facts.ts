// What monitors must know of a run, gathered once for all of them: views, beliefs, messages under way, requests. Bounded by what is under
// way, by servers, and by the views and clients of the run; each event is constant work.
import type { Message, Role } from '../../protocol'
import type { EventOf, Recorded, TraceEvent } from '../../trace'

export interface KnownView {
  readonly viewnum: number
  readonly seq: number
  readonly primary: { readonly name: string; readonly incarnation: number } | null
  readonly backups: readonly { readonly name: string; readonly incarnation: number }[]
  /** The event of its ack; 0: none yet. */
  ackedSeq: number
  /** Lives that the primary's ack listed as initialised. */
  initialised: readonly { readonly name: string; readonly incarnation: number }[]
}

/** What a life of a server believes. */
export interface Belief {
  readonly incarnation: number
  role: Role
  viewnum: number
  serving: boolean
  /** The event that told it. */
  seq: number
}

export interface SentMessage {
  readonly seq: number
  readonly from: string
  readonly to: string
  readonly message: Recorded<Message>
}

export class RunFacts {
  readonly views = new Map<number, KnownView>()
  /** The newest view that the view server made. */
  current: KnownView | null = null
  /** By server. */
  readonly beliefs = new Map<string, Belief>()
  readonly #underWay = new Map<string, SentMessage>()
  /** By node: the message that its present step took; null for another input. */
  readonly #inputs = new Map<string, SentMessage | null>()

  /** Takes an event in after every monitor has looked at it. */
  take(event: TraceEvent): void {
    switch (event.type) {
      case 'message-sent': return void this.#underWay.set(event.id, { seq: event.seq, from: event.from, to: event.to, message: event.message })
      case 'message-duplicated': {
        const sent = this.#underWay.get(event.of)
        if (sent) this.#underWay.set(event.id, sent)
        return
      }
      case 'message-taken': return this.#taken(event)
      case 'message-dropped': return void this.#underWay.delete(event.id)
      case 'timer-fired':
      case 'peer-lost':
      case 'operation-invoked':
      case 'node-started': return this.#begin(event, null)
      case 'view-changed': return this.#viewChanged(event)
      case 'view-acked': {
        const view = this.views.get(event.view.viewnum)
        if (view) view.ackedSeq = event.seq
        return
      }
      case 'role-changed':
        this.beliefs.set(event.node, { incarnation: event.incarnation, role: event.role, viewnum: event.viewnum, serving: event.serving, seq: event.seq })
        return
      case 'node-exited': return void this.beliefs.delete(event.node)
      default: return
    }
  }

  /** The message that this event is about; undefined if it is not known. */
  sentOf(id: string): SentMessage | undefined {
    return this.#underWay.get(id)
  }

  /** The message that a node's present step took; null if it took another input, undefined before its first. */
  inputOf(node: string): SentMessage | null | undefined {
    return this.#inputs.get(node)
  }

  /** What this life of a server believes; undefined before it said so, and of another life. */
  beliefOf(node: string, incarnation: number): Belief | undefined {
    const belief = this.beliefs.get(node)
    return belief?.incarnation === incarnation ? belief : undefined
  }

  #taken(event: EventOf<'message-taken'>): void {
    const sent = this.#underWay.get(event.id) ?? null
    this.#underWay.delete(event.id)
    this.#begin(event, sent)
    // The ack lists the lives that were initialised: they are its backups from then on.
    const message = sent?.message
    const view = this.current
    if (message?.type === 'ping' && view?.primary && sent?.from === view.primary.name && message.viewnum === view.viewnum && message.initialised.length > 0) {
      view.initialised = message.initialised
    }
  }

  #begin({ node }: { readonly node: string }, sent: SentMessage | null): void {
    this.#inputs.set(node, sent)
  }

  #viewChanged({ view, seq }: EventOf<'view-changed'>): void {
    const known: KnownView = { viewnum: view.viewnum, seq, primary: view.primary, backups: view.backups, ackedSeq: 0, initialised: [] }
    this.views.set(view.viewnum, known)
    this.current = known
  }
}

/** The life that sent a message, from its id `node.incarnation.step.index`. */
export function incarnationOfId(id: string): number {
  const from = id.indexOf('.') + 1
  return Number(id.slice(from, id.indexOf('.', from)))
}
