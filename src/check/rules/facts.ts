// The facts of a run that monitors need, gathered once for all: views, beliefs, messages in flight, requests. It must do only constant work
// for each event; its memory is bounded by messages in flight, servers, views and clients.
import type { Role } from '../../protocol'
import { InferredReports, MessagesInFlight, type EventOf, type HeaderNode, type InferredReport, type TraceEvent } from '../../trace'

export interface KnownView {
  readonly viewnum: number
  readonly seq: number
  readonly primary: { readonly name: string; readonly incarnation: number } | null
  readonly backups: readonly { readonly name: string; readonly incarnation: number }[]
  /** The event that acked it; 0: not acked yet. */
  ackedSeq: number
  /** The incarnations that the primary's ack listed as initialised. */
  initialised: readonly { readonly name: string; readonly incarnation: number }[]
}

/** What an incarnation of a server believes. */
export interface Belief {
  readonly incarnation: number
  role: Role
  viewnum: number
  serving: boolean
  /** The event that reported it. */
  seq: number
  /** It was not reported, but is what the messages of a program say. */
  readonly isInferred: boolean
}

export type SentMessage = Pick<EventOf<'message-sent'>, 'seq' | 'from' | 'fromAs' | 'to' | 'message'>

export class RunFacts {
  readonly views = new Map<number, KnownView>()
  /** The newest view of the view server. */
  current: KnownView | null = null
  /** By server. */
  readonly beliefs = new Map<string, Belief>()
  /** The view server's name; empty before it has started. */
  viewServer = ''
  /** What the messages of programs say that report nothing. */
  readonly inferred: InferredReports
  readonly #programs: ReadonlySet<string>
  /** Programs that say when a step is done, so that what they send has a known cause. */
  readonly #stepping = new Set<string>()
  readonly #inFlight = new MessagesInFlight<SentMessage>({ sent: (sending) => sending })
  /** By node: the message that its current step took; null for another input. */
  readonly #inputs = new Map<string, SentMessage | null>()

  /** The last lookup: every monitor asks for the same message. */
  #askedId = ''
  #asked: SentMessage | undefined

  constructor(nodes: readonly HeaderNode[] = []) {
    this.inferred = new InferredReports(nodes)
    this.#programs = new Set(nodes.flatMap(({ name, program }) => program === undefined ? [] : [name]))
  }

  isProgram(node: string): boolean {
    return this.#programs.has(node)
  }

  /** True if each effect of the node has a known cause: it is ours, or a program with steps. */
  hasSteps(node: string): boolean {
    return !this.#programs.has(node) || this.#stepping.has(node)
  }

  /** Takes an event, or a report that is inferred from one. Call it after every monitor has seen it. */
  take(event: TraceEvent | InferredReport, isInferred = false): void {
    this.#askedId = ''
    switch (event.type) {
      case 'message-handed': return
      case 'message-sent':
      case 'message-duplicated':
      case 'message-dropped': return void this.#inFlight.take(event)
      case 'message-taken': return this.#taken(event)
      case 'timer-fired':
      case 'peer-lost':
      case 'operation-invoked': return this.#begin(event, null)
      case 'node-started':
        if (event.kind === 'view-server') this.viewServer = event.node
        return this.#begin(event, null)
      case 'view-changed': return this.#viewChanged(event)
      case 'view-acked': {
        const view = this.views.get(event.view.viewnum)
        if (view) view.ackedSeq = event.seq
        return
      }
      case 'role-changed':
        this.beliefs.set(event.node, { incarnation: event.incarnation, role: event.role, viewnum: event.viewnum, serving: event.serving, seq: event.seq, isInferred })
        return
      case 'acted': return this.#begin(event, null)
      case 'program-level':
        if (event.level > 0) this.#stepping.add(event.node)
        else this.#stepping.delete(event.node)
        return
      case 'node-exited': return void this.beliefs.delete(event.node)
      default: return
    }
  }

  /** The message with this id; undefined if it is not known. */
  sentOf(id: string): SentMessage | undefined {
    if (id === this.#askedId) return this.#asked
    this.#askedId = id
    return this.#asked = this.#inFlight.get(id)
  }

  /** The message that a node's current step took; null if it took another input, undefined before its first step. */
  inputOf(node: string): SentMessage | null | undefined {
    return this.#inputs.get(node)
  }

  /** What this incarnation of a server believes; undefined for another incarnation, or before its first report. */
  beliefOf(node: string, incarnation: number): Belief | undefined {
    const belief = this.beliefs.get(node)
    return belief?.incarnation === incarnation ? belief : undefined
  }

  #taken(event: EventOf<'message-taken'>): void {
    const sent = this.#inFlight.take(event) ?? null
    this.#begin(event, sent)
    // The ack lists the initialised incarnations: they are the view's backups from then on.
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

/** The incarnation that sent a message, from the message's id `node.incarnation.step.index`. */
export function incarnationOfId(id: string): number {
  const from = id.indexOf('.') + 1
  return Number(id.slice(from, id.indexOf('.', from)))
}
