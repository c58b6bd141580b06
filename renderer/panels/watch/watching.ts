// Finds when a key or field of a node's state changed, on which node and by which event, by replaying all nodes along the events once.
// Pure; the caller runs it in slices. It must never hide what it cannot know: incarnations that began before the events in memory.
import { NodeReplay, type EventSource } from '../../../src/check'
import type { NodeState, ReplicaState } from '../../../src/protocol'
import { recordBytes, type EventOf, type TraceEvent } from '../../../src/trace'

export const watchedFields = ['executed', 'view', 'role', 'pending'] as const
export type WatchedField = (typeof watchedFields)[number]
export type Watched = { readonly type: 'key'; readonly key: string } | { readonly type: 'field'; readonly field: WatchedField }

export interface WatchedChange {
  /** seq of the event that changed it: an input of the node, or its exit. */
  readonly seq: number
  readonly at: number
  readonly node: string
  /** null: the key does not exist, or there is no process that could have it. */
  readonly from: string | null
  readonly to: string | null
}

/** Most changes that are stored; a watch ends there and reports it. */
export const changesMax = 20_000

interface Life {
  readonly replay: NodeReplay
  value: string | null
  /** The node has taken an operation on the key and may not have executed it; its state is read at each step until no operation waits. */
  isDue: boolean
}

export class Watch {
  readonly #source: EventSource
  readonly #watched: Watched
  readonly #lives = new Map<string, Life>()
  readonly #changes: WatchedChange[] = []
  #taken: number
  /** Nodes whose current incarnation began before the events in memory. */
  readonly #unknown = new Set<string>()

  /** `first`: the first event in memory. */
  constructor(source: EventSource, watched: Watched, first: number) {
    this.#source = source
    this.#watched = watched
    this.#taken = first - 1
    if (first > 1) for (const { name } of source.header.nodes) this.#unknown.add(name)
  }

  /** The changes found so far, oldest first; the list grows in place. */
  get changes(): readonly WatchedChange[] { return this.#changes }
  /** The last examined event. */
  get taken(): number { return this.#taken }
  get isFull(): boolean { return this.#changes.length >= changesMax }
  get unknown(): readonly string[] { return [...this.#unknown] }

  /** Examines up to `count` more events; returns whether any are left up to `latest`. */
  advance(latest: number, count: number): boolean {
    const end = Math.min(latest, this.#taken + count)
    while (this.#taken < end && !this.isFull) this.#look(++this.#taken)
    return this.#taken < latest && !this.isFull
  }

  #look(seq: number): void {
    const event = this.#source.eventAt(seq)
    if (!event) return
    if (event.type === 'node-started') this.#begin(event)
    else if (event.type === 'node-exited') this.#end(event)
    // Every incarnation examines every event, to compare its effects with the recorded ones.
    for (const [node, life] of this.#lives) {
      // No target event, because the state before a target is copied, and that at each step.
      life.replay.advance(Infinity, 1)
      if (life.replay.seq === seq && this.#mayChange(event, life)) this.#note(event, node, life, this.#valueOf(life))
    }
  }

  #begin(event: EventOf<'node-started'>): void {
    this.#unknown.delete(event.node)
    this.#lives.set(event.node, { replay: new NodeReplay(this.#source, event), value: this.#lives.get(event.node)?.value ?? null, isDue: false })
  }

  #end(event: EventOf<'node-exited'>): void {
    const life = this.#lives.get(event.node)
    this.#unknown.delete(event.node)
    if (life?.replay.incarnation !== event.incarnation) return
    this.#note(event, event.node, life, null)
    this.#lives.delete(event.node)
  }

  #note(event: TraceEvent, node: string, life: Life, to: string | null): void {
    if (to === life.value) return
    this.#changes.push({ seq: event.seq, at: event.at, node, from: life.value, to })
    life.value = to
  }

  /** False if the value surely has not changed. Avoids reading the state, which copies all of it. */
  #mayChange(event: TraceEvent, life: Life): boolean {
    if (event.type === 'node-started') return true
    const message = event.type === 'message-taken' ? this.#messageOf(event.seq) : undefined
    if (this.#watched.type === 'field') return !(event.type === 'timer-fired' && event.name === 'ping')
    if (message?.type === 'state-transfer') return true
    if ((message?.type === 'request' || message?.type === 'forward') && message.operation.key === this.#watched.key) life.isDue = true
    return life.isDue
  }

  #messageOf(seq: number) {
    const sent = this.#source.eventAt(this.#source.sentSeq(seq))
    return sent?.type === 'message-sent' ? sent.message : undefined
  }

  #valueOf(life: Life): string | null {
    const state = life.replay.after
    if (state === null) return null
    if (this.#watched.type === 'field') return fieldOf(state, this.#watched.field)
    if (state.kind !== 'replica') return null
    life.isDue = isWaiting(state)
    const { key } = this.#watched
    const entry = state.store.find((found) => recordBytes(found.key) === key)
    return entry === undefined ? null : recordBytes(entry.value)
  }
}

/** True if the replica has taken an operation that it has not executed. */
function isWaiting({ pending, waiting, ahead }: ReplicaState): boolean {
  return pending.length + waiting.length + ahead.length > 0
}

/** The field as text; null if this kind of node does not have it. */
function fieldOf(state: NodeState, field: WatchedField): string | null {
  switch (field) {
    case 'view': return state.kind === 'other' ? null : String((state.kind === 'view-server' ? state.current : state.view).viewnum)
    case 'executed': return state.kind === 'replica' ? String(state.executed) : null
    case 'role': return state.kind === 'replica' ? state.role : null
    case 'pending': return state.kind === 'replica' ? String(state.pending.length) : null
  }
}

/** The changes to the value `text`; all changes if it is empty. */
export function becoming(changes: readonly WatchedChange[], text: string): readonly WatchedChange[] {
  return text === '' ? changes : changes.filter((change) => change.to === text)
}
