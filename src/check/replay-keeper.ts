// Every node stepped again along a recording, with checkpoints on the way: the state of any node at any moment is then a short replay
// from the checkpoint before it. Events are handed in as they are followed and again for each look; only the last few are kept, for looks at the
// present, which are most of them while a cluster runs.
// It must never answer from events that are not those of the moment: who looks hands in exactly what `needsFrom` asks for.
import type { NodeState } from '../protocol'
import type { EventOf, TraceEvent, TraceHeader } from '../trace'
import { DeliveryPreview, type Preview } from './preview'
import { NodeReplay, type EventSource, type ReplayCheckpoint } from './restep'

/** What is seen of a node at a moment. */
export interface Seen {
  readonly node: string
  /** Null: the node has not started by then. */
  readonly state: NodeState | null
  readonly before: NodeState | null
  readonly step: number
  /** The event of the last step's input. */
  readonly seq: number
  /** From this event on the states are not to be trusted: the effects are not the recorded ones. */
  readonly differsFrom: number
}

export interface KeeperLimits {
  /** Events between two checkpoints of a node, to begin with. */
  readonly checkpointEvents: number
  /** At this many checkpoints of all nodes every other one is dropped and the distance doubles. */
  readonly checkpointsMax: number
}

export const keeperLimits: KeeperLimits = { checkpointEvents: 8192, checkpointsMax: 2048 }

/** Events between two recent checkpoints of a life. */
const recentEvents = 128
/** The last events that are kept. Where more come at once a recording is read, and nobody looks at its present yet. */
const tailEventsMax = 2048

type Sent = EventOf<'message-sent'>

/** A moment of one node's life from which it can be stepped on, with the messages that were on their way to it. */
interface Kept {
  readonly replay: ReplayCheckpoint | null
  /** The life's start, where no replay is kept yet. */
  readonly start: EventOf<'node-started'>
  readonly lookedAt: number
  readonly underWay: ReadonlyMap<string, Sent>
}

export class ReplayKeeper {
  readonly #limits: KeeperLimits
  readonly #window: EventWindow
  readonly #underWay = new Map<string, Sent>()
  /** The life of each node that is followed. */
  readonly #lives = new Map<string, NodeReplay>()
  /** In order of `lookedAt`, by node. */
  readonly #kept = new Map<string, Kept[]>()
  #keptCount = 0
  #distance: number
  /** Of each life that is followed, at most two moments near its last step: one of them at least lies before that step. */
  readonly #recent = new Map<string, readonly Kept[]>()
  #tail: TraceEvent[] = []
  #followed = 0

  constructor(header: TraceHeader, limits: KeeperLimits = keeperLimits) {
    this.#limits = limits
    this.#distance = limits.checkpointEvents
    this.#window = new EventWindow(header)
  }

  /** The last event that was followed. */
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
    // Up to each start and each checkpoint, then the next stretch: a life is followed from its start on.
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

  /** The first event that `look` must be given for this node at this moment; `seq + 1` if none is needed. */
  needsFrom(node: string, seq: number): number {
    const kept = this.#before(node, seq)
    return kept === undefined ? seq + 1 : kept.lookedAt + 1
  }

  /** The node after event `seq`, from events that begin at or before `needsFrom` and end at `seq` or later. */
  look(node: string, seq: number, events: readonly TraceEvent[]): Seen {
    const kept = this.#before(node, seq)
    if (kept === undefined) return { node, state: null, before: null, step: -1, seq: 0, differsFrom: 0 }
    return this.#seen(node, seq, kept, events)
  }

  #seen(node: string, seq: number, kept: Kept, events: readonly TraceEvent[]): Seen {
    const window = new EventWindow(this.#window.header)
    window.set(events, kept.underWay)
    // A life's first stretch begins with its start, which a checkpoint of its own would repeat.
    const replay = new NodeReplay(window, kept.replay ?? kept.start)
    replay.advance(seq, Infinity)
    return {
      node, state: replay.after, before: replay.before, step: replay.step, seq: replay.seq,
      differsFrom: replay.difference?.seq ?? 0,
    }
  }

  /** The nodes after the last event that was followed, if that is `seq` and few events are needed for it; else empty, and `look` can tell. */
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

  /** What delivering a message after event `seq` would do, from the events that its receiver needs; null if that has not started by then. */
  preview(sent: Sent, seq: number, events: readonly TraceEvent[]): Preview | null {
    const kept = this.#before(sent.to, seq)
    if (kept === undefined) return null
    const window = new EventWindow(this.#window.header)
    window.set(events, kept.underWay)
    return new DeliveryPreview(window, kept.replay ?? kept.start, seq, sent).advance(Infinity)
  }

  #begin(start: EventOf<'node-started'>): void {
    this.#lives.delete(start.node)
    this.#recent.delete(start.node)
    const replay = new NodeReplay(this.#window, start)
    this.#window.set([start], this.#underWay)
    replay.advance(start.seq, Infinity)
    this.#lives.set(start.node, replay)
    // Before its first event: a look at the start itself replays it.
    this.#add(start.node, { replay: null, start, lookedAt: start.seq - 1, underWay: new Map() })
  }

  #advance(events: readonly TraceEvent[]): void {
    const last = events.at(-1)
    if (last === undefined) return
    this.#window.set(events, this.#underWay)
    for (const replay of this.#lives.values()) this.#stepThrough(replay, last.seq)
    for (const event of events) this.#takeMessage(event)
    this.#followed = last.seq
  }

  /** A rule that a recording breaks ends the life that is followed, as it ended the node. */
  #stepThrough(replay: NodeReplay, seq: number): void {
    try {
      replay.advanceOnly(seq)
    } catch {
      this.#lives.delete(replay.node)
      this.#recent.delete(replay.node)
    }
  }

  #takeMessage(event: TraceEvent): void {
    if (event.type === 'message-sent') this.#underWay.set(event.id, event)
    else if (event.type === 'message-duplicated') {
      const original = this.#underWay.get(event.of)
      if (original) this.#underWay.set(event.id, original)
    } else if (event.type === 'message-taken' || event.type === 'message-dropped') this.#underWay.delete(event.id)
  }

  #keep(replay: NodeReplay): void {
    const last = this.#kept.get(replay.node)?.at(-1)
    if (last === undefined || this.#followed - last.lookedAt < this.#distance) return
    const kept = this.#moment(replay)
    if (kept) this.#add(replay.node, kept)
  }

  /** The life as it stands; null before its start. */
  #moment(replay: NodeReplay): Kept | null {
    const start = this.#kept.get(replay.node)?.at(-1)?.start
    const checkpoint = replay.checkpoint()
    if (start === undefined || checkpoint === null) return null
    const underWay = new Map([...this.#underWay].filter(([, sent]) => sent.to === replay.node))
    return { replay: checkpoint, start, lookedAt: checkpoint.lookedAt, underWay }
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
      // Where no step came since, the present ones serve for longer: what the last step changed is wanted too.
      if (newest && (replay.seq <= newest.lookedAt || this.#followed - newest.lookedAt < recentEvents)) continue
      const kept = this.#moment(replay)
      if (kept) this.#recent.set(replay.node, [...recent.slice(-1), kept])
    }
  }

  /** The newest moment before the last step of the life that is followed. */
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

  /** Starts stay: nothing before them could bring their life back. */
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

  /** The last moment that is kept of the life that the node lives at `seq`. */
  #before(node: string, seq: number): Kept | undefined {
    const ofNode = this.#kept.get(node) ?? []
    let low = 0
    let high = ofNode.length
    while (low < high) {
      const middle = (low + high) >> 1
      const kept = ofNode[middle] as Kept
      // A start counts from the start event itself on.
      if ((kept.replay === null ? kept.start.seq : kept.lookedAt) <= seq) low = middle + 1
      else high = middle
    }
    // Not from so near that the last step lies before it: what that step changed is wanted too.
    let index = low - 1
    const near = this.#limits.checkpointEvents / 8
    while (index > 0 && ofNode[index]?.replay && seq - (ofNode[index]?.lookedAt ?? 0) < near) index--
    return ofNode[index]
  }
}

/** The events of one stretch as a replay asks for them, and the messages that were sent before it. */
class EventWindow implements EventSource {
  readonly header: TraceHeader
  #events: readonly TraceEvent[] = []
  #first = 1
  readonly #sentById = new Map<string, Sent>()
  readonly #sentBySeq = new Map<number, Sent>()

  constructor(header: TraceHeader) {
    this.header = header
  }

  set(events: readonly TraceEvent[], underWay: ReadonlyMap<string, Sent>): void {
    this.#events = events
    this.#first = events[0]?.seq ?? 1
    this.#sentById.clear()
    this.#sentBySeq.clear()
    for (const [id, sent] of underWay) this.#note(id, sent)
    for (const event of events) {
      if (event.type === 'message-sent') this.#note(event.id, event)
      else if (event.type === 'message-duplicated') {
        const original = this.#sentById.get(event.of)
        if (original) this.#note(event.id, original)
      }
    }
  }

  eventAt(seq: number): TraceEvent | undefined {
    return this.#events[seq - this.#first] ?? this.#sentBySeq.get(seq)
  }

  sentSeq(seq: number): number {
    const event = this.#events[seq - this.#first]
    return event && 'id' in event ? this.#sentById.get(event.id)?.seq ?? 0 : 0
  }

  #note(id: string, sent: Sent): void {
    this.#sentById.set(id, sent)
    this.#sentBySeq.set(sent.seq, sent)
  }
}
