// The replays that the inspector looks through: for each node one that goes forward as the cursor does, begun again to go back. It
// works in slices between frames, so a long recording takes a while to be seen and never holds the window up.
import { NodeReplay, type EventSource } from '../../../src/check'
import type { NodeState } from '../../../src/protocol'
import type { EventOf } from '../../../src/trace'

/** Events that a replay looks at between two frames; most are not its node's and cost next to nothing. */
export const sliceEvents = 4000

export interface Seen {
  readonly node: string
  /** Null: the node has not started by then. */
  readonly state: NodeState | null
  readonly before: NodeState | null
  readonly step: number
  /** The event of the last step's input. */
  readonly seq: number
  /** Events that are still to be looked at; 0 when the state is that of the moment. */
  readonly left: number
  /** From this event on the states are not to be trusted: the effects are not the recorded ones. */
  readonly differsFrom: number
}

export class Replays {
  readonly #source: EventSource
  readonly #replays = new Map<string, NodeReplay>()
  /** Starts of each node, oldest first. */
  readonly #starts = new Map<string, EventOf<'node-started'>[]>()
  #scanned = 0

  constructor(source: EventSource) {
    this.#source = source
  }

  /** Goes a slice toward the node's state after event `seq`. */
  look(node: string, seq: number): Seen {
    this.#scan(seq)
    const start = this.#starts.get(node)?.findLast((candidate) => candidate.seq <= seq)
    if (!start) return { node, state: null, before: null, step: -1, seq: 0, left: 0, differsFrom: 0 }
    let replay = this.#replays.get(node)
    if (!replay || replay.incarnation !== start.incarnation || replay.lookedAt > seq + 1) {
      replay = new NodeReplay(this.#source, start)
      this.#replays.set(node, replay)
    }
    const isThere = replay.advance(seq, sliceEvents)
    return {
      node, state: replay.after, before: replay.before, step: replay.step, seq: replay.seq,
      left: isThere ? 0 : seq - replay.lookedAt + 1, differsFrom: replay.difference?.seq ?? 0,
    }
  }

  #scan(seq: number): void {
    for (; this.#scanned < seq; this.#scanned++) {
      const event = this.#source.eventAt(this.#scanned + 1)
      if (event?.type !== 'node-started') continue
      const starts = this.#starts.get(event.node)
      if (starts) starts.push(event)
      else this.#starts.set(event.node, [event])
    }
  }
}
