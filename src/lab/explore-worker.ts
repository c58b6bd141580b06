// A thread that looks at states for exploration-pool.ts: it takes batches and gives back what they lead to. It ends with its parent, and knows
// nothing that another could not find out again.
import { parentPort, workerData } from 'node:worker_threads'
import { Expander, startingPoint, startingPointOf, type Batch, type BatchResult, type Definition, type ExplorePlan, type Lives } from '../sim'

export interface ExploreWorkerData {
  readonly plan: ExplorePlan
  /** The moment that it begins from; null: a cluster that is brought up for it. */
  readonly lives: Lives | null
  readonly lane: number
  readonly lanes: number
}

/** Definitions of the other lanes come before the batch that needs them. */
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
