// Folded states of a growing list of events: the one at the tail, and any earlier one by way of checkpoints. The events themselves may
// be let go: a checkpoint before a stretch of them and the stretch are all that a moment inside it needs.
// Pure: it knows neither Vue nor what a state is. A state that it hands out must not be changed, and is valid until the next call.

/** What a history folds: how a state begins, takes one event (in place), and is copied so that the copy shares nothing that a fold changes. */
export interface Folding<State, Event> {
  begin(): State
  fold(state: State, event: Event): void
  copy(state: State): State
  /** What a copy costs, in things that are copied; 0 where it is always little. */
  weight?(state: State): number
}

export interface HistoryOptions {
  /** Events between two checkpoints of the stretch that is held. */
  readonly checkpointEvents: number
  /** Checkpoints outside of it; at one more they are thinned. */
  readonly checkpointsMax: number
}

interface Checkpoint<State> {
  /** Of the events before it. */
  readonly count: number
  readonly state: State
}

/** A checkpoint comes no sooner than so many events for each thing that it copies: copies cost no more than events. */
const eventsForEachCopied = 4

export class History<State, Event> {
  readonly #folding: Folding<State, Event>
  readonly #eventAt: (seq: number) => Event | undefined
  readonly #options: HistoryOptions
  readonly #tail: State
  #folded = 0
  /** Where the tail was last copied, or found to be too dear to copy. */
  #tailKept = 0
  /** In order; the first is before all events and never goes. */
  #checkpoints: Checkpoint<State>[]
  /** Least distance of the checkpoints outside of what is held. */
  #distance: number
  /** The state last handed out for an earlier moment: a step forward starts here and not at a checkpoint. */
  #visited: { count: number; readonly state: State } | undefined
  /** The state at the end of a stretch that is being brought back. */
  #stretch: { count: number; kept: number; readonly state: State } | undefined

  /** `eventAt` gives events from 1 on; undefined for one that is not held. */
  constructor(folding: Folding<State, Event>, eventAt: (seq: number) => Event | undefined, options: HistoryOptions) {
    this.#folding = folding
    this.#eventAt = eventAt
    this.#options = options
    this.#tail = folding.begin()
    this.#checkpoints = [{ count: 0, state: folding.begin() }]
    this.#distance = options.checkpointEvents
  }

  /** Events that the tail has taken. */
  get folded(): number {
    return this.#folded
  }

  /** Checkpoints that are kept. */
  get checkpointCount(): number {
    return this.#checkpoints.length
  }

  /** After every event so far. */
  get tail(): State {
    return this.#tail
  }

  /** Takes the next event at the tail. `isDue`: a checkpoint is wanted here, whatever the distance: the events were long. */
  take(event: Event, isDue = false): void {
    this.#folding.fold(this.#tail, event)
    this.#folded++
    if (this.#folded - this.#tailKept >= this.#options.checkpointEvents || isDue) this.#tailKept = this.#keep(this.#folded, this.#tail, isDue)
  }

  /** After the first `count` events; undefined where an event that is needed is not held. */
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

  /** A stretch is brought back, beginning after the checkpoint at `count`, which must exist. */
  beginStretch(count: number): void {
    const checkpoint = this.checkpointBefore(count)
    if (checkpoint.count !== count) throw new Error(`there is no checkpoint at ${count}`)
    this.#stretch = { count, kept: count, state: this.#folding.copy(checkpoint.state) }
  }

  /** Takes the next event of the stretch, so that its moments have checkpoints again. */
  takeOfStretch(event: Event, isDue = false): void {
    const stretch = this.#stretch
    if (stretch === undefined) throw new Error('no stretch was begun')
    this.#folding.fold(stretch.state, event)
    stretch.count++
    if (stretch.count - stretch.kept >= this.#options.checkpointEvents || isDue) stretch.kept = this.#keep(stretch.count, stretch.state, isDue)
  }

  /** Only events `first` to `last` are held: checkpoints elsewhere are thinned to what may be kept, doubling their distance as need be. */
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

  /** Keeps a copy, unless one is near already or it would cost more than the events since the last; answers where the last one is. */
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
