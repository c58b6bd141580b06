// Replays every node along a recording and keeps checkpoints. The state of any node at any event is then a short replay from the checkpoint
// before it. The caller passes events once to follow them and again for each look-up. Only the last few events are kept: most look-ups in a
// running cluster ask for the present.
// It must never answer from the wrong events: the caller passes exactly those that `needsFrom` asks for.
import type { NodeState } from '../protocol'
import { MessagesInFlight, type EventOf, type TraceEvent, type TraceHeader } from '../trace'
import { DeliveryPreview, type Preview } from './preview'
import { NodeReplay, type EventSource, type ReplayCheckpoint } from './node-replay'

/** The state of a node after an event. */
export interface Seen {
  readonly node: string
  /** Null: the node has not started by then. */
  readonly state: NodeState | null
  readonly before: NodeState | null
  readonly step: number
  /** The seq of the last step's input. */
  readonly seq: number
  /** From this event on the states cannot be trusted, because the replayed effects differ from the recorded ones; 0: they do not differ. */
  readonly differsFrom: number
}

export interface KeeperLimits {
  /** Events between two checkpoints of a node, initially. */
  readonly checkpointEvents: number
  /** Above this many checkpoints of all nodes, the distance doubles and checkpoints closer than it are dropped. */
  readonly checkpointsMax: number
}

export const keeperLimits: KeeperLimits = { checkpointEvents: 8192, checkpointsMax: 2048 }

/** Events between two recent checkpoints of an incarnation. */
const recentEvents = 128
/** How many of the last events are kept. Larger batches come from reading a recording, and then no look-up asks for the present. */
const tailEventsMax = 2048

type Sent = EventOf<'message-sent'>

/** A snapshot of one node that a replay can continue from, with the messages that were in flight to the node. */
interface Kept {
  readonly replay: ReplayCheckpoint | null
  /** The start of the incarnation, used where no replay is kept. */
  readonly start: EventOf<'node-started'>
  readonly lookedAt: number
  readonly inFlight: Iterable<readonly [id: string, sent: Sent]>
}

export class ReplayKeeper {
  readonly #limits: KeeperLimits
  readonly #window: EventWindow
  readonly #inFlight = new MessagesInFlight<Sent>({ sent: (sending) => sending })
  /** The current incarnation of each node. */
  readonly #lives = new Map<string, NodeReplay>()
  /** In order of `lookedAt`, by node. */
  readonly #kept = new Map<string, Kept[]>()
  #keptCount = 0
  #distance: number
  /** For each current incarnation at most two snapshots near its last step; at least one of them precedes that step. */
  readonly #recent = new Map<string, readonly Kept[]>()
  #tail: TraceEvent[] = []
  #followed = 0

  constructor(header: TraceHeader, limits: KeeperLimits = keeperLimits) {
    this.#limits = limits
    this.#distance = limits.checkpointEvents
    this.#window = new EventWindow(header)
  }

  /** The seq of the last event that was followed. */
  get followed(): number {
    return this.#followed
  }

  get checkpointCount(): number {
    return this.#keptCount
  }

  /** Takes the next events, in order and without a gap. */
  follow(events: readonly TraceEvent[]): void {
    const first = events[0]
    if (first === undefined) return
    if (first.seq !== this.#followed + 1) throw new Error(`event ${first.seq} came after ${this.#followed}`)
    // Advance to each start and each checkpoint in turn: an incarnation is followed from its start on.
    let from = 0
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as TraceEvent
      const isStart = event.type === 'node-started'
      const isDue = event.seq % this.#limits.checkpointEvents === 0
      if (!isStart && !isDue && index < events.length - 1) continue
      this.#advance(events.slice(from, index + 1))
      from = index + 1
      if (isStart) this.#begin(event)
      if (isDue) for (const replay of this.#lives.values()) this.#keep(replay)
    }
    this.#keepRecent(events)
  }

  /** The first event that `look` needs for this node at event `seq`; `seq + 1` if it needs none. */
  needsFrom(node: string, seq: number): number {
    const kept = this.#before(node, seq)
    return kept === undefined ? seq + 1 : kept.lookedAt + 1
  }

  /** The node after event `seq`. `events` must begin at or before `needsFrom` and end at `seq` or later. */
  look(node: string, seq: number, events: readonly TraceEvent[]): Seen {
    const kept = this.#before(node, seq)
    if (kept === undefined) return { node, state: null, before: null, step: -1, seq: 0, differsFrom: 0 }
    return this.#seen(node, seq, kept, events)
  }

  #seen(node: string, seq: number, kept: Kept, events: readonly TraceEvent[]): Seen {
    const window = new EventWindow(this.#window.header)
    window.set(events, kept.inFlight)
    // The first stretch of an incarnation begins with its start, so it needs no checkpoint.
    const replay = new NodeReplay(window, kept.replay ?? kept.start)
    replay.advance(seq, Infinity)
    return {
      node, state: replay.after, before: replay.before, step: replay.step, seq: replay.seq,
      differsFrom: replay.difference?.seq ?? 0,
    }
  }

  /** The nodes after the last followed event, if that is `seq` and the kept events suffice; else empty, and the caller uses `look`. */
  lookNow(nodes: readonly string[], seq: number): Seen[] {
    if (seq !== this.#followed) return []
    const first = this.#tail[0]?.seq ?? Infinity
    const seen: Seen[] = []
    for (const node of nodes) {
      const kept = this.#recentOf(node)
      if (kept === undefined || kept.lookedAt + 1 < first) return []
      seen.push(this.#seen(node, seq, kept, this.#tail.slice(kept.lookedAt + 1 - first)))
    }
    return seen
  }

  /** What delivering a message after event `seq` would do. `events` as in `look`, for its receiver; null if that has not started by then. */
  preview(sent: Sent, seq: number, events: readonly TraceEvent[]): Preview | null {
    const kept = this.#before(sent.to, seq)
    if (kept === undefined) return null
    const window = new EventWindow(this.#window.header)
    window.set(events, kept.inFlight)
    return new DeliveryPreview(window, kept.replay ?? kept.start, seq, sent).advance(Infinity)
  }

  #begin(start: EventOf<'node-started'>): void {
    this.#lives.delete(start.node)
    this.#recent.delete(start.node)
    const replay = new NodeReplay(this.#window, start)
    this.#window.set([start], this.#inFlight)
    replay.advance(start.seq, Infinity)
    this.#lives.set(start.node, replay)
    // One before the start event, so that a look-up at the start replays it.
    this.#add(start.node, { replay: null, start, lookedAt: start.seq - 1, inFlight: [] })
  }

  #advance(events: readonly TraceEvent[]): void {
    const last = events.at(-1)
    if (last === undefined) return
    this.#window.set(events, this.#inFlight)
    for (const replay of this.#lives.values()) this.#stepThrough(replay, last.seq)
    for (const event of events) this.#inFlight.take(event)
    this.#followed = last.seq
  }

  /** A machine throws where the recording breaks a rule. That ended the node, so it ends the replay too. */
  #stepThrough(replay: NodeReplay, seq: number): void {
    try {
      replay.advanceOnly(seq)
    } catch {
      this.#lives.delete(replay.node)
      this.#recent.delete(replay.node)
    }
  }

  #keep(replay: NodeReplay): void {
    const last = this.#kept.get(replay.node)?.at(-1)
    if (last === undefined || this.#followed - last.lookedAt < this.#distance) return
    const kept = this.#snapshot(replay)
    if (kept) this.#add(replay.node, kept)
  }

  /** A snapshot of the current state; null before the start. */
  #snapshot(replay: NodeReplay): Kept | null {
    const start = this.#kept.get(replay.node)?.at(-1)?.start
    const checkpoint = replay.checkpoint()
    if (start === undefined || checkpoint === null) return null
    const inFlight = [...this.#inFlight].filter(([, sent]) => sent.to === replay.node)
    return { replay: checkpoint, start, lookedAt: checkpoint.lookedAt, inFlight }
  }

  #keepRecent(events: readonly TraceEvent[]): void {
    if (events.length > tailEventsMax) {
      this.#recent.clear()
      this.#tail = []
      return
    }
    this.#tail = [...this.#tail, ...events].slice(-tailEventsMax)
    for (const replay of this.#lives.values()) {
      const recent = this.#recent.get(replay.node) ?? []
      const newest = recent.at(-1)
      // Without a step since the newest snapshot, keep the present ones: one must precede the last step, because look-ups show what it changed.
      if (newest && (replay.seq <= newest.lookedAt || this.#followed - newest.lookedAt < recentEvents)) continue
      const kept = this.#snapshot(replay)
      if (kept) this.#recent.set(replay.node, [...recent.slice(-1), kept])
    }
  }

  /** The newest snapshot before the last step of the current incarnation. */
  #recentOf(node: string): Kept | undefined {
    const last = this.#lives.get(node)?.seq ?? 0
    return this.#recent.get(node)?.findLast(({ lookedAt }) => lookedAt < last)
  }

  #add(node: string, kept: Kept): void {
    const ofNode = this.#kept.get(node) ?? []
    this.#kept.set(node, ofNode)
    ofNode.push(kept)
    this.#keptCount++
    if (this.#keptCount > this.#limits.checkpointsMax) this.#thin()
  }

  /** Start snapshots stay: an incarnation can be replayed only from its start. */
  #thin(): void {
    this.#distance *= 2
    this.#keptCount = 0
    for (const [node, ofNode] of this.#kept) {
      let last = -Infinity
      const thinned = ofNode.filter((kept) => {
        const stays = kept.replay === null || kept.lookedAt - last >= this.#distance
        if (stays) last = kept.lookedAt
        return stays
      })
      this.#kept.set(node, thinned)
      this.#keptCount += thinned.length
    }
  }

  /** The last snapshot to use for the node's incarnation at `seq`. */
  #before(node: string, seq: number): Kept | undefined {
    const ofNode = this.#kept.get(node) ?? []
    let low = 0
    let high = ofNode.length
    while (low < high) {
      const middle = (low + high) >> 1
      const kept = ofNode[middle] as Kept
      // A start snapshot is usable from its start event on.
      if ((kept.replay === null ? kept.start.seq : kept.lookedAt) <= seq) low = middle + 1
      else high = middle
    }
    // Skip snapshots so close that they may follow the last step: look-ups also show what that step changed.
    let index = low - 1
    const near = this.#limits.checkpointEvents / 8
    while (index > 0 && ofNode[index]?.replay && seq - (ofNode[index]?.lookedAt ?? 0) < near) index--
    return ofNode[index]
  }
}

/** The events of one stretch, as a replay reads them, with the messages that were in flight before it. */
class EventWindow implements EventSource {
  readonly header: TraceHeader
  #events: readonly TraceEvent[] = []
  #first = 1
  #sentById = new MessagesInFlight<Sent>({ sent: (sending) => sending, leaves: 'never' })
  /** Messages that were sent before the stretch. */
  readonly #sentBySeq = new Map<number, Sent>()

  constructor(header: TraceHeader) {
    this.header = header
  }

  set(events: readonly TraceEvent[], inFlight: Iterable<readonly [id: string, sent: Sent]>): void {
    this.#events = events
    this.#first = events[0]?.seq ?? 1
    this.#sentById = new MessagesInFlight<Sent>({ sent: (sending) => sending, leaves: 'never' })
    this.#sentBySeq.clear()
    for (const [id, sent] of inFlight) {
      this.#sentById.set(id, sent)
      this.#sentBySeq.set(sent.seq, sent)
    }
    for (const event of events) this.#sentById.take(event)
  }

  eventAt(seq: number): TraceEvent | undefined {
    return this.#events[seq - this.#first] ?? this.#sentBySeq.get(seq)
  }

  sentSeq(seq: number): number {
    const event = this.#events[seq - this.#first]
    return event && 'id' in event ? this.#sentById.get(event.id)?.seq ?? 0 : 0
  }
}
