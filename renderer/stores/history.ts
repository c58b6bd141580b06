// Folded states of a growing list of events: the state at the tail, and any earlier state by way of checkpoints. Events may be evicted:
// a state inside a stretch of events needs only that stretch and the checkpoint before it.
// Pure: it must never depend on Vue or on what a state is. A caller must not change a returned state; it is valid until the next call.

/** How states are folded: the first state, folding one event in place, and a copy that shares nothing that a fold changes. */
export interface Folding<State, Event> {
  begin(): State
  fold(state: State, event: Event): void
  copy(state: State): State
  /** The cost of a copy, as the number of copied items; 0 if a copy is always cheap. */
  weight?(state: State): number
}

export interface HistoryOptions {
  /** Number of events between two checkpoints in the stretch in memory. */
  readonly checkpointEvents: number
  /** Most checkpoints outside of that stretch; with more they are thinned. */
  readonly checkpointsMax: number
}

interface Checkpoint<State> {
  /** Number of events before the checkpoint. */
  readonly count: number
  readonly state: State
}

/** Least number of events since the last checkpoint for each item that a copy has, so that copies never cost more than folding. */
const eventsForEachCopied = 4

export class History<State, Event> {
  readonly #folding: Folding<State, Event>
  readonly #eventAt: (seq: number) => Event | undefined
  readonly #options: HistoryOptions
  readonly #tail: State
  #folded = 0
  /** The number of events when a checkpoint of the tail was last made, or rejected as too expensive. */
  #tailKept = 0
  /** In order; the first one is before all events and is never removed. */
  #checkpoints: Checkpoint<State>[]
  /** Least distance of checkpoints outside of the stretch in memory, in events. */
  #distance: number
  /** The last returned earlier state; a small step forward continues from it instead of from a checkpoint. */
  #visited: { count: number; readonly state: State } | undefined
  /** The state at the end of the stretch that is being loaded again. */
  #stretch: { count: number; kept: number; readonly state: State } | undefined

  /** `eventAt` gives events from 1 on; undefined for one that is not in memory. */
  constructor(folding: Folding<State, Event>, eventAt: (seq: number) => Event | undefined, options: HistoryOptions) {
    this.#folding = folding
    this.#eventAt = eventAt
    this.#options = options
    this.#tail = folding.begin()
    this.#checkpoints = [{ count: 0, state: folding.begin() }]
    this.#distance = options.checkpointEvents
  }

  /** Number of events that the tail has folded. */
  get folded(): number {
    return this.#folded
  }

  /** Number of checkpoints. */
  get checkpointCount(): number {
    return this.#checkpoints.length
  }

  /** The state after all events so far. */
  get tail(): State {
    return this.#tail
  }

  /** Takes the next event at the tail. `isDue`: a checkpoint is wanted here at any distance, because the events were long. */
  take(event: Event, isDue = false): void {
    this.#folding.fold(this.#tail, event)
    this.#folded++
    if (this.#folded - this.#tailKept >= this.#options.checkpointEvents || isDue) this.#tailKept = this.#keep(this.#folded, this.#tail, isDue)
  }

  /** The state after the first `count` events; undefined if a needed event is not in memory. */
  at(count: number): State | undefined {
    if (count >= this.#folded) return this.#tail
    const wanted = Math.max(0, count)
    const checkpoint = this.#checkpoints[this.#indexBefore(wanted)] as Checkpoint<State>
    let visited = this.#visited
    if (visited === undefined || visited.count > wanted || visited.count < checkpoint.count) {
      visited = { count: checkpoint.count, state: this.#folding.copy(checkpoint.state) }
    }
    this.#visited = visited
    while (visited.count < wanted) {
      const event = this.#eventAt(visited.count + 1)
      if (event === undefined) return undefined
      this.#folding.fold(visited.state, event)
      visited.count++
    }
    return visited.state
  }

  /** The last checkpoint at or before `count` events: a stretch may begin after it. */
  checkpointBefore(count: number): { readonly count: number; readonly state: State } {
    return this.#checkpoints[this.#indexBefore(count)] as Checkpoint<State>
  }

  /** The first checkpoint at or after `count` events; undefined without one. */
  checkpointFrom(count: number): number | undefined {
    const index = this.#indexBefore(count)
    const before = this.#checkpoints[index]?.count
    return before === count ? count : this.#checkpoints[index + 1]?.count
  }

  /** Begins to load a stretch again, after the checkpoint at `count`, which must exist. */
  beginStretch(count: number): void {
    const checkpoint = this.checkpointBefore(count)
    if (checkpoint.count !== count) throw new Error(`there is no checkpoint at ${count}`)
    this.#stretch = { count, kept: count, state: this.#folding.copy(checkpoint.state) }
  }

  /** Takes the next event of the stretch, and makes its checkpoints again. */
  takeOfStretch(event: Event, isDue = false): void {
    const stretch = this.#stretch
    if (stretch === undefined) throw new Error('no stretch was begun')
    this.#folding.fold(stretch.state, event)
    stretch.count++
    if (stretch.count - stretch.kept >= this.#options.checkpointEvents || isDue) stretch.kept = this.#keep(stretch.count, stretch.state, isDue)
  }

  /** Thins the checkpoints outside of the events `first` to `last` down to `checkpointsMax`, by doubling their distance as often as needed. */
  thinOutside(first: number, last: number): void {
    const isInside = ({ count }: Checkpoint<State>): boolean => count >= first - 1 && count <= last
    const outside = this.#checkpoints.filter((checkpoint) => !isInside(checkpoint)).length
    if (outside <= this.#options.checkpointsMax) return
    this.#distance *= 2
    let previous = -Infinity
    this.#checkpoints = this.#checkpoints.filter((checkpoint) => {
      const keeps = isInside(checkpoint) || checkpoint.count === 0 || checkpoint.count - previous >= this.#distance
      if (keeps) previous = checkpoint.count
      return keeps
    })
    this.thinOutside(first, last)
  }

  /** Makes a checkpoint, unless one is near or the copy would cost more than the events since the last one; returns the count of the last one. */
  #keep(count: number, state: State, isDue: boolean): number {
    const index = this.#indexBefore(count)
    const last = this.#checkpoints[index]?.count ?? 0
    const weight = this.#folding.weight?.(state) ?? 0
    const least = isDue ? 1 : Math.max(this.#options.checkpointEvents, weight * eventsForEachCopied)
    if (count - last < least) return last
    this.#checkpoints.splice(index + 1, 0, { count, state: this.#folding.copy(state) })
    return count
  }

  #indexBefore(wanted: number): number {
    let low = 0
    let high = this.#checkpoints.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#checkpoints[middle]?.count ?? Infinity) <= wanted) low = middle
      else high = middle - 1
    }
    return low
  }
}
