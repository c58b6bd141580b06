// Folded states of a growing list of events: the one at the tail, and any earlier one by way of checkpoints.
// Pure: it knows neither Vue nor what a state is. A state that it hands out must not be changed, and is valid until the next call.

/** What a history folds: how a state begins, takes one event (in place), and is copied so that the copy shares nothing that a fold changes. */
export interface Folding<State, Event> {
  begin(): State
  fold(state: State, event: Event): void
  copy(state: State): State
}

export interface HistoryOptions {
  /** Events between two checkpoints, to begin with. */
  readonly checkpointEvents: number
  /** At this many checkpoints every other one is dropped and the distance doubles. */
  readonly checkpointsMax: number
}

export interface History<State> {
  /** Folds what was appended to the events since the last call. */
  advance(): void
  /** After every event that `advance` has seen. */
  tail(): State
  /** After the first `count` events. */
  at(count: number): State
}

/** `events` is the caller's array, which only ever grows. */
export function createHistory<State, Event>(folding: Folding<State, Event>, events: readonly Event[], options: HistoryOptions): History<State> {
  const tail = folding.begin()
  let folded = 0
  let checkpoints: { readonly count: number; readonly state: State }[] = [{ count: 0, state: folding.begin() }]
  let distance = options.checkpointEvents
  // The state last handed out for an earlier moment: a step forward starts here and not at a checkpoint.
  let visited: { count: number; state: State } | undefined

  function advance(): void {
    for (; folded < events.length;) {
      folding.fold(tail, events[folded] as Event)
      folded++
      if (folded % distance === 0) keepCheckpoint()
    }
  }

  function keepCheckpoint(): void {
    checkpoints.push({ count: folded, state: folding.copy(tail) })
    if (checkpoints.length <= options.checkpointsMax) return
    distance *= 2
    checkpoints = checkpoints.filter((checkpoint) => checkpoint.count % distance === 0)
  }

  function at(count: number): State {
    const wanted = Math.max(0, Math.min(count, folded))
    if (wanted === folded) return tail
    const checkpoint = nearest(wanted)
    if (visited === undefined || visited.count > wanted || visited.count < checkpoint.count) {
      visited = { count: checkpoint.count, state: folding.copy(checkpoint.state) }
    }
    for (; visited.count < wanted; visited.count++) folding.fold(visited.state, events[visited.count] as Event)
    return visited.state
  }

  function nearest(wanted: number): { readonly count: number; readonly state: State } {
    let low = 0
    let high = checkpoints.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((checkpoints[middle]?.count ?? Infinity) <= wanted) low = middle
      else high = middle - 1
    }
    return checkpoints[low] as { readonly count: number; readonly state: State }
  }

  return { advance, tail: () => tail, at }
}
