// What the messages of a program say about its role and its views, where it reports nothing itself: the reports that a node of ours would have made.
// A server is in the view that its last ping has; a primary serves when every backup's ack of the state has come, or when it acks the view; a view
// server has made the view that it sends. It must never conclude more than a message says: what may be otherwise yields no report.
import { originalId } from '../network'
import type { Member, Message, NodeName, Role, View, ViewCause } from '../protocol'
import { messageIdParts, type EventOf, type HeaderNode, type MessageId, type TraceEvent } from './event'
import type { Recorded } from './recorded'

/** A report with the event that shows it: its seq, its times and its step. */
export type InferredReport = EventOf<'role-changed' | 'view-changed' | 'view-acked' | 'transfer-installed'>

/** Reports that hold before the event, and those that follow from it. */
export interface Inferred {
  readonly before: readonly InferredReport[]
  readonly after: readonly InferredReport[]
  /** The event reports a view that was inferred already. */
  readonly repeats?: boolean
}

type Wire<Type extends Message['type']> = Extract<Recorded<Message>, { readonly type: Type }>

/** What is remembered of a message in flight, if a program may take it. */
type Kept = Wire<'ping' | 'view-reply' | 'state-transfer' | 'state-transfer-ack'>

/** What one incarnation of a program that is a replica has shown. */
interface ShownReplica {
  incarnation: number
  /** It reports its roles itself. */
  tells: boolean
  /** The view whose state it reported as installed. */
  toldInstalled: number
  /** The highest view that the view server has sent it. */
  known: number
  role: Role | null
  viewnum: number
  serving: boolean
  /** The view whose state it said that it installed. */
  installedIn: number
  /** The backups, by name, whose ack of the state it has taken in its view. */
  readonly initialised: Map<NodeName, number>
  /** The chunks that it has taken of the newest transfer, and what they say. */
  coming: { viewnum: number; from: NodeName; fromIncarnation: number; executed: number; keys: number } | null
}

/** What the program that is the view server has shown. */
interface ShownViewServer {
  incarnation: number
  /** It reports its views, and their acks, itself. */
  tells: boolean
  tellsAcks: boolean
  tellsStuck: boolean
  isAcked: boolean
}

const nothing: Inferred = { before: [], after: [] }

export class InferredReports {
  readonly #replicas = new Map<NodeName, ShownReplica>()
  readonly #viewServers = new Map<NodeName, ShownViewServer>()
  readonly #views = new Map<number, View>()
  #current = 0
  readonly #inFlight = new Map<MessageId, { readonly from: NodeName; readonly message: Kept }>()

  constructor(nodes: readonly HeaderNode[]) {
    for (const { name, kind, program } of nodes) {
      if (program === undefined) continue
      if (kind === 'replica') this.#replicas.set(name, newReplica(0))
      if (kind === 'view-server') this.#viewServers.set(name, { incarnation: 0, tells: false, tellsAcks: false, tellsStuck: false, isAcked: false })
    }
  }

  /** False if every server here is ours: then no event shows anything. */
  get isNeeded(): boolean {
    return this.#replicas.size > 0 || this.#viewServers.size > 0
  }

  /** False for a program that reports no roles; what is known of its role is what its messages say. */
  tellsRoles(name: NodeName): boolean {
    return this.#replicas.get(name)?.tells ?? true
  }

  /** The same for the views of a view server. */
  tellsViews(name: NodeName): boolean {
    return this.#viewServers.get(name)?.tells ?? true
  }

  /** False for a view server that has not reported whether the cluster is stuck. */
  tellsStuck(name: NodeName): boolean {
    return this.#viewServers.get(name)?.tellsStuck ?? true
  }

  /** True for a view whose predecessor no message has shown. */
  isAfterGap(viewnum: number): boolean {
    return viewnum > 1 && !this.#views.has(viewnum - 1)
  }

  copy(): InferredReports {
    const copy = new InferredReports([])
    for (const [name, shown] of this.#replicas) {
      copy.#replicas.set(name, { ...shown, initialised: new Map(shown.initialised), coming: shown.coming && { ...shown.coming } })
    }
    for (const [name, shown] of this.#viewServers) copy.#viewServers.set(name, { ...shown })
    for (const [viewnum, view] of this.#views) copy.#views.set(viewnum, view)
    copy.#current = this.#current
    for (const [id, kept] of this.#inFlight) copy.#inFlight.set(id, kept)
    return copy
  }

  /** Takes the next event. */
  take(event: TraceEvent): Inferred {
    if (!this.isNeeded) return nothing
    switch (event.type) {
      case 'message-sent': return this.#sent(event)
      case 'message-taken': return this.#taken(event)
      case 'message-dropped':
        this.#inFlight.delete(event.id)
        return nothing
      case 'message-duplicated': {
        const kept = this.#inFlight.get(originalId(event.id))
        if (event.carries && isKept(event.carries.message)) this.#inFlight.set(event.id, { from: event.carries.from, message: event.carries.message })
        else if (kept) this.#inFlight.set(event.id, kept)
        return nothing
      }
      default: return this.#other(event)
    }
  }

  #other(event: TraceEvent): Inferred {
    switch (event.type) {
      case 'node-started': {
        const viewServer = this.#viewServers.get(event.node)
        if (viewServer) Object.assign(viewServer, { incarnation: event.incarnation, tells: false, tellsAcks: false, tellsStuck: false })
        if (this.#replicas.has(event.node)) this.#replicas.set(event.node, newReplica(event.incarnation))
        return nothing
      }
      case 'transfer-installed': {
        const shown = this.#replicas.get(event.node)
        if (shown) shown.toldInstalled = event.viewnum
        return nothing
      }
      case 'role-changed': {
        const shown = this.#replicas.get(event.node)
        if (!shown) return nothing
        shown.tells = true
        // It has the state from here on, and not only from its ack on.
        return event.role === 'backup' && event.serving ? { before: this.#installed(event, shown, event.viewnum), after: [] } : nothing
      }
      case 'view-changed': {
        const shown = this.#viewServers.get(event.node)
        const repeats = shown !== undefined && this.#views.has(event.view.viewnum)
        if (shown) Object.assign(shown, { tells: true, isAcked: shown.isAcked && repeats })
        this.#learn(event.view)
        return repeats ? { ...nothing, repeats } : nothing
      }
      case 'stuck': {
        const shown = this.#viewServers.get(event.node)
        if (shown) shown.tellsStuck = true
        return nothing
      }
      case 'view-acked': {
        const shown = this.#viewServers.get(event.node)
        if (shown) Object.assign(shown, { tellsAcks: true, isAcked: true })
        return nothing
      }
      default: return nothing
    }
  }

  #learn(view: View): void {
    this.#views.set(view.viewnum, view)
    if (view.viewnum > this.#current) this.#current = view.viewnum
  }

  // ---- messages that were sent

  #sent(event: EventOf<'message-sent'>): Inferred {
    const { from, id, message } = event
    if (isKept(message)) this.#inFlight.set(id, { from, message })
    if (message.type === 'view-reply') return this.#sendsView(event, message.view)
    const shown = this.#replicas.get(from)
    if (!shown || (shown.tells && message.type !== 'state-transfer-ack')) return nothing
    switch (message.type) {
      case 'ping': return { before: this.#pings(event, shown, message.viewnum), after: [] }
      case 'state-transfer': return { before: this.#acts(event, shown, message.viewnum), after: [] }
      case 'forward':
      case 'reply': return { before: this.#acts(event, shown, message.viewnum), after: [] }
      case 'forward-ack': return { before: this.#adopts(event, shown, message.viewnum), after: [] }
      case 'state-transfer-ack': return message.installed ? { before: this.#installs(event, shown, message), after: [] } : nothing
      default: return nothing
    }
  }

  /** A view server sends the current view to servers, and an earlier one, the last acked, to clients. */
  #sendsView(event: EventOf<'message-sent'>, view: View): Inferred {
    const shown = this.#viewServers.get(event.from)
    if (!shown || shown.tells || view.viewnum <= this.#current) return nothing
    const cause = causeOf(this.#views.get(view.viewnum - 1), view)
    this.#learn(view)
    shown.isAcked = false
    return { before: [{ ...stampOf(event), type: 'view-changed', node: event.from, ...stepOf(event.id), view, cause }], after: [] }
  }

  /** A ping has the view that its sender is in. That of a primary with the view's number says that it serves. */
  #pings(event: EventOf<'message-sent'>, shown: ShownReplica, viewnum: number): InferredReport[] {
    const role = this.#roleIn(viewnum, event.from, shown.incarnation)
    if (role === null || viewnum < shown.viewnum) return []
    return this.#becomes(event, shown, role, viewnum, role === 'primary' || (role === 'backup' && shown.installedIn === viewnum))
  }

  /** Who sends a state, forwards or answers in a view acts as its primary, and serves as soon as every backup has said that it has the state. */
  #acts(event: EventOf<'message-sent'>, shown: ShownReplica, viewnum: number): InferredReport[] {
    const view = this.#views.get(viewnum)
    if (this.#roleIn(viewnum, event.from, shown.incarnation) !== 'primary' || view === undefined) return []
    // An act in an earlier view than the one that it has pinged is told as it is: as an act of that view.
    const serves = viewnum < shown.viewnum || (shown.serving && shown.viewnum === viewnum) || view.backups.every(({ name }) => shown.initialised.get(name) === viewnum)
    return this.#becomes(event, shown, 'primary', viewnum, event.message.type === 'state-transfer' ? shown.serving && shown.viewnum === viewnum : serves)
  }

  /** A backup that acks in a view that it knows, and has not pinged yet, has adopted it. */
  #adopts(event: EventOf<'message-sent'> | EventOf<'message-taken'>, shown: ShownReplica, viewnum: number): InferredReport[] {
    const node = event.type === 'message-sent' ? event.from : event.node
    if (viewnum <= shown.viewnum || viewnum > shown.known || this.#roleIn(viewnum, node, shown.incarnation) !== 'backup') return []
    return this.#becomes(event, shown, 'backup', viewnum, shown.installedIn === viewnum)
  }

  #installs(event: EventOf<'message-sent'>, shown: ShownReplica, { viewnum }: Wire<'state-transfer-ack'>): InferredReport[] {
    const installed = this.#installed(event, shown, viewnum)
    if (shown.installedIn === viewnum && shown.serving) return []
    shown.installedIn = viewnum
    const isBackup = !shown.tells && viewnum >= shown.viewnum && this.#roleIn(viewnum, event.from, shown.incarnation) === 'backup'
    return [...installed, ...isBackup ? this.#becomes(event, shown, 'backup', viewnum, true) : []]
  }

  /** Nothing if it has reported that itself, or the state is not known. */
  #installed(event: EventOf<'message-sent' | 'role-changed'>, shown: ShownReplica, viewnum: number): InferredReport[] {
    const { coming } = shown
    if (shown.toldInstalled === viewnum || coming?.viewnum !== viewnum) return []
    shown.toldInstalled = viewnum
    const { from, executed, keys } = coming
    const of = event.type === 'message-sent' ? { node: event.from, ...stepOf(event.id) } : { node: event.node, incarnation: event.incarnation, step: event.step }
    return [{ ...stampOf(event), type: 'transfer-installed', ...of, from, viewnum, executed, keys }]
  }

  // ---- messages that were taken

  #taken(event: EventOf<'message-taken'>): Inferred {
    const kept = this.#inFlight.get(event.id)
    this.#inFlight.delete(event.id)
    if (kept === undefined) return nothing
    const { from, message } = kept
    const viewServer = this.#viewServers.get(event.node)
    if (viewServer && message.type === 'ping') return this.#takesPing(event, viewServer, from, message)
    const shown = this.#replicas.get(event.node)
    if (shown?.incarnation !== event.incarnation) return nothing
    switch (message.type) {
      case 'view-reply':
        if (message.toIncarnation === 0 || message.toIncarnation === event.incarnation) shown.known = Math.max(shown.known, message.view.viewnum)
        return nothing
      case 'state-transfer-ack': {
        const { installed, viewnum, toIncarnation } = message
        if (installed && toIncarnation === event.incarnation) shown.initialised.set(from, viewnum)
        return nothing
      }
      case 'state-transfer': return this.#takesChunk(event, shown, from, message)
      case 'ping': return nothing
    }
  }

  /** A ping of the primary with the current viewnum is the ack. */
  #takesPing(event: EventOf<'message-taken'>, shown: ShownViewServer, from: NodeName, { viewnum, incarnation }: Wire<'ping'>): Inferred {
    const view = this.#views.get(viewnum)
    const isAck = viewnum === this.#current && view?.primary?.name === from && (incarnation === 0 || view.primary.incarnation === incarnation)
    if (shown.tellsAcks || shown.isAcked || !isAck) return nothing
    shown.isAcked = true
    return { before: [], after: [{ ...stampOf(event), type: 'view-acked', node: event.node, incarnation: event.incarnation, step: event.step, view }] }
  }

  #takesChunk(event: EventOf<'message-taken'>, shown: ShownReplica, from: NodeName, chunk: Wire<'state-transfer'>): Inferred {
    const { viewnum, executed, fromIncarnation, toIncarnation, digest } = chunk
    if (toIncarnation !== event.incarnation || viewnum > shown.known || viewnum < shown.viewnum) return nothing
    const before = shown.tells ? [] : this.#adopts(event, shown, viewnum)
    if (shown.coming?.viewnum !== viewnum || shown.coming.from !== from || shown.coming.fromIncarnation !== fromIncarnation) {
      shown.coming = { viewnum, from, fromIncarnation, executed, keys: 0 }
    }
    if (digest) shown.coming.keys = digest.keys
    return { before, after: [] }
  }

  // ---- roles

  #roleIn(viewnum: number, name: NodeName, incarnation: number): Role | null {
    const view = this.#views.get(viewnum)
    if (view === undefined) return null
    const isIt = (member: Member | null): boolean => member?.name === name && member.incarnation === incarnation
    if (isIt(view.primary)) return 'primary'
    return view.backups.some((backup) => backup.name === name) ? 'backup' : view.primary?.name === name ? null : 'idle'
  }

  #becomes(event: EventOf<'message-sent'> | EventOf<'message-taken'>, shown: ShownReplica, role: Role, viewnum: number, serving: boolean): InferredReport[] {
    if (shown.role === role && shown.viewnum === viewnum && shown.serving === serving) return []
    const isEarlier = viewnum < shown.viewnum
    if (!isEarlier) Object.assign(shown, { role, viewnum, serving })
    const node = event.type === 'message-sent' ? event.from : event.node
    const step = event.type === 'message-sent' ? stepOf(event.id) : { incarnation: event.incarnation, step: event.step }
    return [{ ...stampOf(event), type: 'role-changed', node, ...step, role, viewnum, serving }]
  }
}

function newReplica(incarnation: number): ShownReplica {
  return { incarnation, tells: false, toldInstalled: 0, known: 0, role: null, viewnum: 0, serving: false, installedIn: 0, initialised: new Map(), coming: null }
}

function isKept(message: Recorded<Message>): message is Kept {
  return message.type === 'ping' || message.type === 'view-reply' || message.type === 'state-transfer' || message.type === 'state-transfer-ack'
}

/** What a view differs in from the one before. Why a member left no message says: it counts as silent, or as restarted if it is back. */
function causeOf(before: View | undefined, view: View): ViewCause {
  const { primary } = view
  if (before === undefined && view.viewnum === 1 && primary) return { type: 'first-server', server: primary.name }
  const members = (of: View | undefined): readonly Member[] => of ? [...of.primary ? [of.primary] : [], ...of.backups] : []
  const isIn = (of: View | undefined, { name, incarnation }: Member): boolean => members(of).some((other) => other.name === name && other.incarnation === incarnation)
  const left = members(before).filter((member) => !isIn(view, member))
    .map(({ name }) => ({ server: name, because: members(view).some((other) => other.name === name) ? 'restarted' as const : 'missed-pings' as const }))
  const promoted = before !== undefined && primary && before.primary?.name !== primary.name ? primary.name : ''
  const joined = before === undefined ? [] : view.backups.filter((backup) => !isIn(before, backup)).map(({ name }) => name)
  return { type: 'change', left, promoted, joined }
}

const stampOf = ({ seq, at, wall }: TraceEvent): Pick<TraceEvent, 'seq' | 'at' | 'wall'> => ({ seq, at, wall })

function stepOf(id: MessageId): { readonly incarnation: number; readonly step: number } {
  const { incarnation, step } = messageIdParts(id)
  return { incarnation, step }
}
