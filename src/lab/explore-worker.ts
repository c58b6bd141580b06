// A worker thread for exploration-pool.ts: it takes batches of states and returns their successors. It ends with its parent.
// It must hold no state that another worker could not compute again.
import { parentPort, workerData } from 'node:worker_threads'
import { Expander, startingPoint, startingPointOf, type Batch, type BatchResult, type Definition, type ExplorePlan, type Lives } from '../sim'

export interface ExploreWorkerData {
  readonly plan: ExplorePlan
  /** The snapshot to start from; null: a new cluster is brought up. */
  readonly lives: Lives | null
  readonly lane: number
  readonly lanes: number
}

/** Definitions of the other lanes are sent before the batch that needs them. */
export interface ToExploreWorker {
  readonly definitions: readonly Definition[]
  readonly batch: Batch
}

export interface FromExploreWorker {
  readonly definitions: readonly Definition[]
  readonly result: BatchResult
  readonly locals: number
  readonly mails: number
}

const { plan, lives, lane, lanes } = workerData as ExploreWorkerData
const expander = new Expander(plan, lives ? startingPointOf(lives) : startingPoint(plan), lane, lanes)

parentPort?.on('message', ({ definitions, batch }: ToExploreWorker) => {
  expander.define(definitions)
  const result = expander.expand(batch)
  const answer: FromExploreWorker = { result, definitions: expander.takeUntold(), ...expander.counts }
  parentPort?.postMessage(answer, [result.successors.buffer as ArrayBuffer])
})
