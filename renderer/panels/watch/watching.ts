// When a key or a field of the nodes' states changed, on whom, and by which event: found by stepping every node again, all of them along
// the events once. Pure, and done in slices by its caller. It must say what it could not know: lives that began before the events held.
import { NodeReplay, type EventSource } from '../../../src/check'
import type { NodeState, ReplicaState } from '../../../src/protocol'
import { recordBytes, type EventOf, type TraceEvent } from '../../../src/trace'

export const watchedFields = ['executed', 'view', 'role', 'pending'] as const
export type WatchedField = (typeof watchedFields)[number]
export type Watched = { readonly type: 'key'; readonly key: string } | { readonly type: 'field'; readonly field: WatchedField }

export interface WatchedChange {
  /** The event that changed it: an input of the node, or its end. */
  readonly seq: number
  readonly at: number
  readonly node: string
  /** null: there is no such key, or no process that could have it. */
  readonly from: string | null
  readonly to: string | null
}

/** Changes that are kept; a watch ends there and says so. */
export const changesMax = 20_000

interface Life {
  readonly replay: NodeReplay
  value: string | null
  /** It has taken an operation on the key and may not have executed it yet: looked into at each step until nothing waits in it. */
  isDue: boolean
}

export class Watch {
  readonly #source: EventSource
  readonly #watched: Watched
  readonly #lives = new Map<string, Life>()
  readonly #changes: WatchedChange[] = []
  #taken: number
  /** Nodes whose running life began before the events that are held. */
  readonly #unknown = new Set<string>()

  /** `first`: the first event that is held. */
  constructor(source: EventSource, watched: Watched, first: number) {
    this.#source = source
    this.#watched = watched
    this.#taken = first - 1
    if (first > 1) for (const { name } of source.header.nodes) this.#unknown.add(name)
  }

  /** Oldest first; grows in place. */
  get changes(): readonly WatchedChange[] { return this.#changes }
  /** The last event that was looked at. */
  get taken(): number { return this.#taken }
  get isFull(): boolean { return this.#changes.length >= changesMax }
  get unknown(): readonly string[] { return [...this.#unknown] }

  /** Looks at up to `count` events more; returns whether any are left of `latest`. */
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
    // Each life looks at every event: its effects are compared with what was recorded.
    for (const [node, life] of this.#lives) {
      // No target: a state before each step would be a copy of it each time.
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

  /** False where a look inside, which copies the whole state, is sure to find what was there before. */
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

/** Something that it took has not been executed. */
function isWaiting({ pending, waiting, ahead }: ReplicaState): boolean {
  return pending.length + waiting.length + ahead.length > 0
}

/** As text; null where this kind of node has no such field. */
function fieldOf(state: NodeState, field: WatchedField): string | null {
  switch (field) {
    case 'view': return String((state.kind === 'view-server' ? state.current : state.view).viewnum)
    case 'executed': return state.kind === 'replica' ? String(state.executed) : null
    case 'role': return state.kind === 'replica' ? state.role : null
    case 'pending': return state.kind === 'replica' ? String(state.pending.length) : null
  }
}

/** Those that become a value: equal to it, or empty for all. */
export function becoming(changes: readonly WatchedChange[], text: string): readonly WatchedChange[] {
  return text === '' ? changes : changes.filter((change) => change.to === text)
}
