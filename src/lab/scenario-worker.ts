// The worker thread of scenario-reader.ts, so that a costly text blocks nobody else. It ends with its parent, or with a text that exceeds a limit.
// It must hold no state between two texts.
import { parentPort } from 'node:worker_threads'
import { readScenario, type ReadScenario } from '../scenario'

export interface ToScenarioWorker {
  readonly id: number
  readonly name: string
  readonly text: string
}

/** `begun`: the thread has loaded its code and starts with the text. `read`: the result. */
export type FromScenarioWorker = { readonly id: number } & ({ readonly type: 'begun' } | { readonly type: 'read'; readonly read: ReadScenario })

parentPort?.on('message', ({ id, name, text }: ToScenarioWorker) => {
  parentPort?.postMessage({ id, type: 'begun' } satisfies FromScenarioWorker)
  parentPort?.postMessage({ id, type: 'read', read: readScenario(name, text) } satisfies FromScenarioWorker)
})
