// Runs scenarios in processes of their own, as many at a time as there are cores. A worker takes one after the other and sends back its
// part of the report; a worker that dies costs its scenario and no other. On a signal the clusters are ended first, then the workers.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { MutantName } from '../protocol'
import type { ReportedScenario } from '../scenario'

/** One scenario to run, with all that a worker needs. */
export interface ScenarioJob {
  readonly name: string
  readonly text: string
  readonly on: 'processes' | 'simulator'
  readonly seed: string
  /** Beside those of the file. */
  readonly mutants: readonly MutantName[]
  readonly recordingPath: string
  readonly keepRecording: boolean
}

export type ToWorker = { readonly type: 'run'; readonly index: number; readonly job: ScenarioJob } | { readonly type: 'stop' }
export interface FromWorker { readonly type: 'finished'; readonly index: number; readonly reported: ReportedScenario }

export interface PoolResult {
  /** By the index of their jobs; undefined for one that was not run. */
  readonly results: readonly (ReportedScenario | undefined)[]
  readonly stopped: boolean
}

/** A worker that was told to stop is killed when it has not gone by then; its switchboard then ends what is left. */
const patienceMs = 3000
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function runInWorkers(jobs: readonly ScenarioJob[], workersMax: number, onFinished: (job: ScenarioJob, reported: ReportedScenario) => void): Promise<PoolResult> {
  const results: (ReportedScenario | undefined)[] = jobs.map(() => undefined)
  const workers = new Set<ChildProcess>()
  let next = 0
  let stopped = false
  return new Promise((resolve) => {
    const stop = (): void => {
      stopped = true
      for (const worker of workers) {
        if (worker.connected) worker.send({ type: 'stop' } satisfies ToWorker)
        setTimeout(() => worker.kill('SIGKILL'), patienceMs).unref()
      }
    }
    for (const signal of signals) process.on(signal, stop)
    const finish = (): void => {
      for (const signal of signals) process.off(signal, stop)
      resolve({ results, stopped })
    }
    const startWorker = (): void => {
      const worker = fork(fileURLToPath(new URL('./cli.js', import.meta.url)), ['run-worker'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      workers.add(worker)
      let current = -1
      const give = (): void => {
        if (stopped || next >= jobs.length) {
          worker.disconnect()
          return
        }
        current = next++
        worker.send({ type: 'run', index: current, job: jobs[current] as ScenarioJob } satisfies ToWorker)
      }
      worker.on('message', (message: FromWorker) => {
        results[message.index] = message.reported
        onFinished(jobs[message.index] as ScenarioJob, message.reported)
        current = -1
        if (worker.connected) give()
      })
      worker.on('exit', () => {
        workers.delete(worker)
        // It died with a scenario in hand: that one stays not run, the rest goes on with another worker.
        if (current >= 0 && !stopped) process.stderr.write(`A worker ended while it ran ${jobs[current]?.name ?? ''}.\n`)
        if (next < jobs.length && !stopped) startWorker()
        else if (workers.size === 0) finish()
      })
      give()
    }
    for (let count = 0; count < Math.min(workersMax, jobs.length); count++) startWorker()
  })
}
