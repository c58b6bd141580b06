// Jobs of a simulation on as many threads as there are cores. Jobs are handed out in order; a thread that dies costs nothing but time, as
// another does its job again. A job at which two threads have died ends it all, with one sentence.
import { Worker } from 'node:worker_threads'
import type { Answer, Job } from './jobs'

export interface PoolOptions {
  readonly program: URL
  readonly workers: number
  /** Called with every answer as it comes, in any order; returns false if no job after that one is wanted any more. */
  readonly onAnswer: (answer: Answer, index: number) => boolean
}

/** How often a job is tried. */
const triesMax = 2

/** Resolves when every job that is wanted is done. Rejects with one sentence. */
export function runJobs(jobs: readonly Job[], { program, workers: workersMax, onAnswer }: PoolOptions): Promise<void> {
  const waiting = jobs.map((_, index) => index)
  const tries = jobs.map(() => 0)
  const workers = new Set<Worker>()
  /** Jobs from this one on are not wanted. */
  let end = jobs.length
  return new Promise((resolve, reject) => {
    const stop = (then: () => void): void => {
      for (const worker of workers) void worker.terminate()
      workers.clear()
      then()
    }
    const startWorker = (): void => {
      const worker = new Worker(program)
      workers.add(worker)
      let current: number | null = null
      const give = (): void => {
        current = waiting.shift() ?? null
        if (current !== null && current >= end) current = null
        if (current === null) {
          workers.delete(worker)
          void worker.terminate()
          if (workers.size === 0) resolve()
          return
        }
        tries[current] = (tries[current] ?? 0) + 1
        worker.postMessage(jobs[current])
      }
      worker.on('message', (answer: Answer) => {
        const index = current ?? 0
        if (!onAnswer(answer, index)) end = Math.min(end, index + 1)
        give()
      })
      let reason = 'it ended'
      worker.on('error', (error) => { reason = error instanceof Error ? error.message : String(error) })
      worker.on('exit', () => {
        if (!workers.delete(worker)) return
        if (current === null) return
        if ((tries[current] ?? 0) >= triesMax) return stop(() => reject(new Error(`A part of the simulation could not be worked out: ${reason}.`)))
        waiting.unshift(current)
        startWorker()
      })
      give()
    }
    for (let count = 0; count < Math.min(workersMax, jobs.length); count++) startWorker()
    if (jobs.length === 0) resolve()
  })
}
