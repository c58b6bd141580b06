// Runs a simulation's jobs on as many threads as there are cores. Jobs are handed out in order; if a thread dies, another repeats its job.
// It must never retry for ever: a job at which two threads have died ends everything with one sentence.
import { Worker } from 'node:worker_threads'
import { CannotRun, reasonOf } from '../../system'
import type { SimulatedPrograms } from '../programs/simulated-programs'
import type { Answer, Job } from './jobs'

export interface PoolOptions {
  readonly program: URL
  readonly workers: number
  /** The programs of others that the runs use; null or none without them. */
  readonly programs?: SimulatedPrograms | null
  /** Called with every answer as it arrives, in any order; returns false if no later job is needed. */
  readonly onAnswer: (answer: Answer, index: number) => boolean
}

/** Attempts for each job. */
const triesMax = 2

/** Resolves when every needed job is done. Rejects with a CannotRun. */
export function runJobs(jobs: readonly Job[], { program, workers: workersMax, onAnswer, programs = null }: PoolOptions): Promise<void> {
  const waiting = jobs.map((_, index) => index)
  const tries = jobs.map(() => 0)
  const workers = new Set<Worker>()
  /** Jobs from this index on are not needed. */
  let end = jobs.length
  return new Promise((resolve, reject) => {
    const stop = (then: () => void): void => {
      for (const worker of workers) void worker.terminate()
      workers.clear()
      then()
    }
    const startWorker = (): void => {
      const worker = new Worker(program, { workerData: programs })
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
      worker.on('error', (error) => { reason = reasonOf(error) })
      worker.on('exit', () => {
        if (!workers.delete(worker)) return
        if (current === null) return
        if ((tries[current] ?? 0) >= triesMax || programs !== null) return stop(() => reject(new CannotRun(`A part of the simulation could not be worked out: ${reason}.`)))
        waiting.unshift(current)
        startWorker()
      })
      give()
    }
    for (let count = 0; count < Math.min(workersMax, jobs.length); count++) startWorker()
    if (jobs.length === 0) resolve()
  })
}
