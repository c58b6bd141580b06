// The diagram's model of a session. It takes every event in order and knows the position of each event, the arrow of each message, the
// incarnations and roles of each lane, views, operations and transfers. It may begin at any moment of a session.
// It must never store an event (only numbers and short labels), and never decide how something is drawn. Pure.
import { kindOf, roleInView, type MessageKind, type NodeKind, type View } from '../../../../src/protocol'
import { dropText, isHeartbeatMessage, isHeartbeatTimer, sendingOf, type ClusterState, type DropReason, type EventOf, type TraceEvent, type TraceHeader } from '../../../../src/trace'
import { Arrows, fate, onWay, purposeOf } from './arrows'
import { Density } from './density'
import { Labels } from './labels'
import { LaneHistory } from './lane-history'
import { Marks } from './marks'
import { OperationBars } from './operation-bars'
import { Places } from './places'
import { eventBit, noLane, EventIndex } from './event-index'

export interface Lane {
  readonly name: string
  readonly kind: NodeKind
}

/** Whether a message that is lost for this reason had come as far as its receiver, so that its cross stands there. */
const isLostAtLane: Readonly<Record<DropReason['type'], boolean>> = {
  'receiver-dead': true, 'receiver-restarted': true, 'queue-full': true, 'no-such-node': false, 'not-carried': false, 'fault': false, 'by-hand': false,
}

export class DiagramModel {
  readonly lanes: readonly Lane[]
  readonly labels = new Labels()
  /** Heartbeats have a set of their own: the diagram folds them, and must find the few other messages fast. */
  readonly arrows = new Arrows(this.labels)
  readonly beats = new Arrows(this.labels)
  readonly marks = new Marks()
  readonly histories: readonly LaneHistory[]
  /** By lane; empty for servers. */
  readonly operations: readonly OperationBars[]
  readonly density: Density
  readonly places: Places
  readonly index: EventIndex
  readonly deadPings: number
  readonly #laneOf = new Map<string, number>()
  /** By lane: the input of the current step. */
  readonly #step: number[]
  /** By id of a message in flight: twice the row of its arrow, plus one for a heartbeat. Taking an event costs only one look-up. */
  readonly #inFlight = new Map<string, number>()

  /** `state`: the state in which it begins, if the events before it are not here. */
  constructor(header: TraceHeader, state?: ClusterState) {
    this.lanes = header.nodes
    this.deadPings = header.settings.deadPings
    for (const [lane, { name }] of header.nodes.entries()) this.#laneOf.set(name, lane)
    this.histories = this.lanes.map(() => new LaneHistory())
    this.operations = this.lanes.map(() => new OperationBars(this.labels))
    this.density = new Density(this.lanes.length)
    this.#step = this.lanes.map(() => 0)
    this.places = new Places(state?.seq ?? 0, state?.at ?? 0)
    this.index = new EventIndex(state?.seq ?? 0)
    if (state) this.#begin(state)
  }

  /** seq of the newest event; without events, `base`. */
  get latest(): number {
    return this.places.latest
  }

  /** seq of the event before the first one here. */
  get base(): number {
    return this.places.base
  }

  lane(name: string): number {
    return this.#laneOf.get(name) ?? noLane
  }

  /** The set that contains the arrow of an event. */
  arrowsOf(seq: number): Arrows {
    return this.index.has(seq, eventBit.heartbeat) ? this.beats : this.arrows
  }

  /** The arrow of a message in flight; undefined for any other. */
  arrowOf(id: string): { readonly arrows: Arrows; readonly row: number } | undefined {
    const known = this.#inFlight.get(id)
    return known === undefined ? undefined : { arrows: this.#setOf(known), row: known >> 1 }
  }

  /** Takes the next event. */
  take(event: TraceEvent): void {
    if (event.seq !== this.latest + 1) throw new Error(`event ${event.seq} came after ${this.latest}`)
    switch (event.type) {
      case 'message-sent': return this.#sent(event)
      case 'message-taken': return this.#taken(event)
      case 'message-dropped': case 'message-delayed': case 'message-held': case 'message-released': case 'message-handed': case 'message-duplicated':
        return this.#onTheWay(event)
      case 'operation-invoked':
        this.operations[this.lane(event.node)]?.invoked(event)
        return this.#input(event, event.node, true)
      case 'operation-returned':
        this.operations[this.lane(event.node)]?.returned(event)
        return this.#effect(event, event.node, true)
      case 'timer-fired': return this.#input(event, event.node, false, isHeartbeatTimer(event.name))
      case 'peer-lost':
      case 'acted': return this.#input(event, event.node, false)
      case 'frozen':
        this.places.freeze(event.seq, event.at)
        return this.#add(event, noLane, eventBit.drawn, 0, -1)
      case 'thawed':
        this.places.thaw(event.seq)
        return this.#add(event, noLane, eventBit.drawn, 0, -1)
      case 'violation':
        this.marks.violation(event)
        return this.#add(event, noLane, eventBit.drawn, event.evidence.at(-1) ?? 0, -1)
      default: return event.type.startsWith('node-') ? this.#process(event) : this.#report(event)
    }
  }

  // ---- messages

  #purpose(kind: MessageKind, isHeartbeat: boolean, from: number, to: number): number {
    return purposeOf(kind, isHeartbeat, this.lanes[from]?.kind ?? 'server', this.lanes[to]?.kind ?? 'server')
  }

  #sent(event: EventOf<'message-sent'>): void {
    const { id, seq, message } = event
    const from = this.lane(event.from)
    const to = this.lane(event.to)
    const isHeartbeat = isHeartbeatMessage(message)
    let row = -1
    if (from !== noLane && to !== noLane) {
      row = (isHeartbeat ? this.beats : this.arrows).add(seq, from, to, this.#purpose(kindOf(message), isHeartbeat, from, to))
      this.#inFlight.set(id, row * 2 + (isHeartbeat ? 1 : 0))
      this.density.sent(this.places.length, from, to, isHeartbeat, message.type === 'ping')
      if (message.type === 'state-transfer') this.marks.chunk(seq, from, to, message.chunk, message.last)
    }
    this.#add(event, from, eventBit.drawn | eventBit.sending | (isHeartbeat ? eventBit.heartbeat : 0), this.#step[from] ?? 0, row)
  }

  #taken(event: EventOf<'message-taken'>): void {
    const lane = this.lane(event.node)
    const known = this.#inFlight.get(event.id)
    this.#step[lane] = event.seq
    if (known === undefined) return this.#add(event, lane, eventBit.drawn | eventBit.input, 0, -1, true)
    this.#inFlight.delete(event.id)
    const arrows = this.#setOf(known)
    const row = known >> 1
    arrows.end(row, event.seq, fate.taken)
    // The cause is the event that put the message in flight: its sending, or the duplication.
    this.#add(event, lane, eventBit.drawn | eventBit.input | this.#beat(arrows), arrows.spans.begin(row), row, true)
  }

  /** The network delivers a copy of a message that was already taken or lost: a separate arrow that no step has sent. */
  #lateCopy(event: EventOf<'message-duplicated'>, { id, seq, from, to, message }: EventOf<'message-sent'>): void {
    const [sender, receiver] = [this.lane(from), this.lane(to)]
    if (sender === noLane || receiver === noLane) return this.#add(event, noLane, 0, 0, -1)
    const isHeartbeat = isHeartbeatMessage(message)
    const arrows = isHeartbeat ? this.beats : this.arrows
    const row = arrows.add(seq, sender, receiver, this.#purpose(kindOf(message), isHeartbeat, sender, receiver))
    arrows.mark(row, onWay.copy, true)
    this.#inFlight.set(id, row * 2 + (isHeartbeat ? 1 : 0))
    this.density.sent(this.places.length, sender, receiver, isHeartbeat, false)
    this.#add(event, noLane, eventBit.drawn | this.#beat(arrows), 0, row)
  }

  #onTheWay(event: EventOf<'message-dropped' | 'message-delayed' | 'message-held' | 'message-released' | 'message-handed' | 'message-duplicated'>): void {
    const late = event.type === 'message-duplicated' ? sendingOf(event) : undefined
    if (late && event.type === 'message-duplicated') return this.#lateCopy(event, late)
    const known = this.#inFlight.get(event.type === 'message-duplicated' ? event.of : event.id)
    if (known === undefined) return this.#add(event, noLane, 0, 0, -1)
    const arrows = this.#setOf(known)
    const row = known >> 1
    const cause = arrows.spans.begin(row)
    switch (event.type) {
      case 'message-dropped': {
        this.#dropped(event, arrows, row)
        return this.#add(event, noLane, eventBit.drawn | this.#beat(arrows), cause, row)
      }
      case 'message-duplicated': {
        const copy = arrows.addCopy(event.seq, row)
        this.#inFlight.set(event.id, copy * 2 + (known & 1))
        this.density.sent(this.places.length, arrows.from[row] ?? 0, arrows.to[row] ?? 0, arrows === this.beats, false)
        return this.#add(event, noLane, eventBit.drawn | this.#beat(arrows), cause, copy)
      }
      case 'message-delayed':
        arrows.late(row, event.ms)
        break
      case 'message-held':
        arrows.held(row, event.reason)
        break
      case 'message-released':
        arrows.mark(row, onWay.held, false)
        break
      case 'message-handed':
        arrows.mark(row, onWay.handed, true)
        break
    }
    this.#add(event, noLane, this.#beat(arrows), cause, row)
  }

  #dropped({ id, seq, reason }: EventOf<'message-dropped'>, arrows: Arrows, row: number): void {
    const to = arrows.to[row] ?? 0
    const sending = arrows.spans.begin(row)
    if (isLostAtLane[reason.type]) arrows.mark(row, onWay.atLane, true)
    this.#inFlight.delete(id)
    arrows.end(row, seq, fate.lost, dropText(reason, this.lanes[to]?.name ?? ''))
    if (arrows === this.arrows && sending > this.base) this.density.lost(sending - this.base - 1, to)
  }

  #setOf(known: number): Arrows {
    return (known & 1) === 1 ? this.beats : this.arrows
  }

  #beat(arrows: Arrows): number {
    return arrows === this.beats ? eventBit.heartbeat : 0
  }

  // ---- processes

  #process(event: TraceEvent): void {
    if (!('node' in event)) return this.#add(event, noLane, 0, 0, -1)
    const { seq } = event
    const lane = this.lane(event.node)
    const history = this.histories[lane]
    switch (event.type) {
      case 'node-started':
        history?.change(seq, { life: 'up', believes: null })
        if (event.incarnation > 1) this.marks.lives.push({ seq, lane, type: 'restarted' })
        return this.#input(event, event.node, true)
      case 'node-killed':
        this.marks.lives.push({ seq, lane, type: 'killed' })
        break
      case 'node-exited':
        if (this.marks.lives.findLast((mark) => mark.lane === lane)?.type !== 'killed') this.marks.lives.push({ seq, lane, type: 'exited' })
        history?.change(seq, { life: 'dead', believes: null })
        this.operations[lane]?.abandoned(seq)
        this.marks.breakOff(seq, lane)
        break
      case 'node-failed':
        history?.change(seq, { life: 'failed', believes: null })
        this.marks.lives.push({ seq, lane, type: 'failed' })
        break
      case 'node-paused':
        history?.change(seq, { life: 'paused' })
        this.marks.lives.push({ seq, lane, type: 'paused' })
        break
      case 'node-resumed':
        history?.change(seq, { life: 'up' })
        this.marks.lives.push({ seq, lane, type: 'resumed' })
        break
      default: break
    }
    this.#add(event, lane, eventBit.drawn, 0, -1, true)
  }

  // ---- reports

  #report(event: TraceEvent): void {
    switch (event.type) {
      case 'view-changed': return this.#viewChanged(event)
      case 'view-acked':
        this.marks.acked(event.view.viewnum, event.seq)
        return this.#effect(event, event.node, true)
      case 'role-changed':
        this.histories[this.lane(event.node)]?.change(event.seq, { believes: event.role })
        return this.#effect(event, event.node, true)
      case 'ping-missed':
        this.marks.missed.add(event.seq, this.lane(event.server), event.missed)
        return this.#effect(event, event.node, true)
      case 'transfer-progress':
        this.marks.progress(event, this.lane(event.node), this.lane(event.to))
        return this.#effect(event, event.node, false)
      case 'stuck':
        if (event.stuck) this.marks.stuckFrom(event.seq, stuckWords[event.stuck.type])
        else this.marks.stuckUntil(event.seq)
        return this.#effect(event, event.node, true)
      case 'stalled': return this.#stalled(event)
      case 'ping-resumed': case 'transfer-installed': case 'view-cached': case 'operation-started': case 'note': case 'superseded': case 'state-told':
        return this.#effect(event, event.node, false)
      default: return this.#add(event, noLane, 0, 0, -1)
    }
  }

  /** The switchboard has no lane of its own; its stalls are marked on the view server's lane, which got no messages meanwhile. */
  #stalled(event: EventOf<'stalled'>): void {
    const { seq, node, ms } = event
    const lane = node === '' ? 0 : this.lane(node)
    if (lane !== noLane) this.marks.stalls.push({ seq, lane, text: node === '' ? `nothing carried for ${ms} ms` : `stalled ${ms} ms` })
    this.#add(event, lane, eventBit.drawn, 0, -1)
  }

  #viewChanged(event: EventOf<'view-changed'>): void {
    const { seq, view } = event
    this.marks.view(view.viewnum, seq, membersText(view))
    this.marks.breakOff(seq)
    for (const [lane, { name, kind }] of this.lanes.entries()) {
      if (kind === 'replica') this.histories[lane]?.change(seq, { says: roleInView(view, name) })
    }
    this.#effect(event, event.node, true)
  }

  // ---- all events

  #input(event: TraceEvent, node: string, isDrawn: boolean, isHeartbeat = false): void {
    const lane = this.lane(node)
    this.#step[lane] = event.seq
    this.#add(event, lane, eventBit.input | (isDrawn ? eventBit.drawn : 0) | (isHeartbeat ? eventBit.heartbeat : 0), 0, -1, true)
  }

  #effect(event: TraceEvent, node: string, isDrawn: boolean): void {
    const lane = this.lane(node)
    this.#add(event, lane, isDrawn ? eventBit.drawn : 0, this.#step[lane] ?? 0, -1)
  }

  #add({ at }: TraceEvent, lane: number, bits: number, cause: number, arrow: number, isStep = false): void {
    this.places.add(at, (bits & eventBit.drawn) !== 0, (bits & eventBit.heartbeat) !== 0, isStep)
    this.index.add(lane, bits, cause, arrow)
  }

  // ---- beginning at a later state

  #begin(state: ClusterState): void {
    const { seq } = state
    for (const [lane, { name }] of this.lanes.entries()) {
      const node = state.nodes.get(name)
      if (node) this.histories[lane]?.change(seq, { life: node.life, says: node.says, believes: node.believes })
    }
    for (const { view, seq: viewSeq, ackedSeq } of state.views) this.marks.view(view.viewnum, viewSeq, membersText(view), Math.max(0, ackedSeq))
    for (const [id, { type, from, to, place, fault, at, dueAt }] of state.inFlight) {
      const arrows = type === 'ping' ? this.beats : this.arrows
      const row = arrows.add(seq, this.lane(from), this.lane(to), this.#purpose(type, type === 'ping', this.lane(from), this.lane(to)))
      this.#inFlight.set(id, row * 2 + (type === 'ping' ? 1 : 0))
      if (place === 'held') arrows.held(row, fault)
      if (place === 'late') arrows.late(row, Math.max(0, dueAt - at) / 1000)
      if (place === 'handed') arrows.mark(row, onWay.handed, true)
    }
    for (const { from, to, chunks, bytes } of state.transfers.values()) {
      this.marks.transfers.push({ from: this.lane(from), to: this.lane(to), seq, endSeq: 0, isDone: false, acked: chunks, total: 0, bytes })
    }
    if (state.stuck) this.marks.stuckFrom(seq, stuckWords[state.stuck.type])
    if (state.freeze > 0) this.places.freeze(seq, state.at)
  }
}

const stuckWords = {
  'ack-of-dead-primary': 'stuck by rule 6', 'ack-waits-for-dead-backup': 'stuck by rule 6', 'no-live-backup': 'stuck: no copy is left',
  'history-lost': 'stuck: the history is lost',
} as const

function membersText({ primary, backups }: View): string {
  if (!primary) return 'no primary'
  return `${primary.name} primary, ${backups.length === 0 ? 'no backup' : `${backups.map(({ name }) => name).join(', ')} ${backups.length === 1 ? 'backup' : 'backups'}`}`
}
