// An exploration on all cores: the search runs here, and worker threads step the machines. It must lose nothing when a worker dies: the worker's
// batches are handed out again, and its replacement gets all definitions.
import { Worker } from 'node:worker_threads'
import { Expander, Search, startingPoint, startingPointOf, type Act, type Definition, type ExplorePlan, type Lives, type SearchEnd, type SearchProgress } from '../sim'
import { reasonOf } from '../system'
import type { ExploreWorkerData, FromExploreWorker, ToExploreWorker } from './explore-worker'

/** States in a batch: enough to keep the overhead of handing it over small, few enough that every worker gets some. */
const batchStates = 2000
/** Batches assigned to a worker at a time, so that it never waits for the next. */
const batchesInHand = 2
/** After more worker deaths than this the exploration fails. */
const deathsMax = 20

export interface ExplorationOptions {
  readonly plan: ExplorePlan
  /** The snapshot to start from; without it a new cluster is brought up. */
  readonly lives?: Lives
  readonly workers: number
  /** The built worker program. */
  readonly program: string | URL
  readonly onProgress?: (progress: ExplorationProgress) => void
}

export interface ExplorationProgress extends SearchProgress {
  /** Distinct states of single nodes, and distinct messages, at the worker that knows most. */
  readonly locals: number
  readonly mails: number
}

export type ExplorationEnd = SearchEnd | { readonly type: 'cancelled' } | { readonly type: 'failed'; readonly reason: string }

interface Lane {
  /** Unique: a replacement worker must not issue the ids of its predecessor. */
  readonly number: number
  readonly worker: Worker
  /** Assigned batches. */
  readonly hand: Set<number>
  /** The number of definitions that were sent to it. */
  told: number
}

export class ExplorationPool {
  readonly ended: Promise<ExplorationEnd>
  readonly #options: ExplorationOptions
  readonly #search: Search
  readonly #lanes: (Lane | null)[] = []
  /** The definitions of all workers, each with its lane. */
  readonly #definitions: { readonly lane: number; readonly definition: Definition }[] = []
  /** Converts the found path into acts. */
  readonly #own: Expander
  #settle: (end: ExplorationEnd) => void = () => undefined
  #isPaused = false
  #isOver = false
  #deaths = 0
  #laneNumber = 0
  #counts = { locals: 0, mails: 0 }

  constructor(options: ExplorationOptions) {
    this.#options = options
    const { plan, lives, workers } = options
    this.ended = new Promise((settle) => {
      this.#settle = settle
    })
    const start = lives ? startingPointOf(lives) : startingPoint(plan)
    this.#own = new Expander(plan, start, 0, this.#lanesMax)
    this.#search = new Search(plan, start.nodes.length)
    const { row, fingerprint } = this.#own.begin()
    this.#search.begin(row, fingerprint.low, fingerprint.high)
    for (let place = 0; place < workers; place++) this.#startWorker(place)
    this.#handOut()
  }

  get progress(): ExplorationProgress {
    return { ...this.#search.progress, ...this.#counts }
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#handOut()
  }

  cancel(): void {
    this.#finish({ type: 'cancelled' })
  }

  /** Why the cluster is stuck at the end of a path. Call `acts` first. */
  stuckAfter(path: readonly number[]): string {
    return this.#own.stuckAfter(path)
  }

  /** The acts that lead along a path, in order. */
  acts(path: readonly number[]): Act[] {
    this.#own.define(this.#definitions.map(({ definition }) => definition))
    return this.#own.acts(path)
  }

  /** Lane 0 belongs to this thread, which creates states only when it converts a path. */
  get #lanesMax(): number {
    return this.#options.workers + deathsMax + 1
  }

  #startWorker(place: number): void {
    const { plan, lives = null, program } = this.#options
    const number = ++this.#laneNumber
    const worker = new Worker(program, { workerData: { plan, lives, lane: number, lanes: this.#lanesMax } satisfies ExploreWorkerData })
    const lane: Lane = { number, worker, hand: new Set(), told: 0 }
    this.#lanes[place] = lane
    worker.on('message', (answer: FromExploreWorker) => this.#take(lane, answer))
    worker.on('error', (error) => this.#died(place, lane, reasonOf(error)))
    worker.on('exit', (code) => this.#died(place, lane, `it ended with status ${code}`))
  }

  #take({ number, hand }: Lane, { result, definitions, locals, mails }: FromExploreWorker): void {
    if (this.#isOver) return
    hand.delete(result.number)
    for (const definition of definitions) this.#definitions.push({ lane: number, definition })
    this.#counts = { locals: Math.max(this.#counts.locals, locals), mails: Math.max(this.#counts.mails, mails) }
    this.#search.give(result)
    this.#options.onProgress?.(this.progress)
    if (this.#search.end) this.#finish(this.#search.end)
    else this.#handOut()
  }

  #handOut(): void {
    if (this.#isPaused || this.#isOver) return
    for (let round = 0; round < batchesInHand; round++) {
      for (const known of this.#lanes) {
        if (!known || known.hand.size > round) continue
        const batch = this.#search.take(batchStates)
        if (!batch) return
        known.hand.add(batch.number)
        const definitions = this.#definitions.slice(known.told).filter(({ lane }) => lane !== known.number).map(({ definition }) => definition)
        known.told = this.#definitions.length
        known.worker.postMessage({ definitions, batch } satisfies ToExploreWorker)
      }
    }
  }

  #died(place: number, dead: Lane, reason: string): void {
    if (this.#isOver || this.#lanes[place] !== dead) return
    this.#lanes[place] = null
    for (const number of dead.hand) this.#search.lost(number)
    if (++this.#deaths > deathsMax) return this.#finish({ type: 'failed', reason: `Workers died again and again; the last because ${reason}.` })
    this.#startWorker(place)
    this.#handOut()
  }

  #finish(end: ExplorationEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const lane of this.#lanes) void lane?.worker.terminate()
    this.#settle(end)
  }
}
