// Explores in one thread, and returns the outcome. Many threads do the same with a search of their own: src/cli/explore-workers.ts.
import { Expander, type StartingPoint } from './expander'
import type { ExplorePlan } from './plan'
import { Search, type SearchEnd, type SearchProgress } from './search'

/** How many states one call to `advance` expands. */
export const batchStates = 2000

export class Exploration {
  readonly expander: Expander
  readonly #search: Search

  constructor(plan: ExplorePlan, start: StartingPoint) {
    this.expander = new Expander(plan, start)
    this.#search = new Search(plan, start.nodes.length)
    const { row, fingerprint } = this.expander.begin()
    this.#search.begin(row, fingerprint.low, fingerprint.high)
  }

  get progress(): SearchProgress {
    return this.#search.progress
  }

  get end(): SearchEnd | null {
    return this.#search.end
  }

  /** Expands some states; true at the end. */
  advance(): boolean {
    const batch = this.#search.take(batchStates)
    if (batch) this.#search.give(this.expander.expand(batch))
    return this.#search.end !== null
  }
}
