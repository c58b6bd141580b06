// Runs scenarios in worker processes, as many at a time as there are cores. A worker plays one after another and sends back its part of the report.
// A dead worker must cost only its own scenario. On a signal the clusters end first, then the workers.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { GivenProgram } from '../lab'
import type { MutantName } from '../protocol'
import type { ReportedScenario } from '../scenario'
import { atEnd, endSignals, killChild, reasonOf } from '../system'

/** One scenario to run, with all that a worker needs. */
export interface ScenarioJob {
  readonly name: string
  readonly text: string
  readonly on: 'processes' | 'simulator'
  readonly seed: string
  /** In addition to those of the file. */
  readonly mutants: readonly MutantName[]
  readonly recordingPath: string
  readonly keepRecording: boolean
  /** The nodes that are programs of others. */
  readonly given: readonly GivenProgram[]
}

export type ToWorker = { readonly type: 'run'; readonly index: number; readonly job: ScenarioJob } | { readonly type: 'stop' }
export type FromWorker =
  | { readonly type: 'up' }
  | { readonly type: 'finished'; readonly index: number; readonly reported: ReportedScenario }
  /** The machine failed: one sentence. The scenario has no result. */
  | { readonly type: 'cannot-run'; readonly index: number; readonly reason: string }

export interface PoolResult {
  /** By job index; undefined for a job that did not run. */
  readonly results: readonly (ReportedScenario | undefined)[]
  readonly stopped: boolean
  /** Empty, or one sentence: why this machine could not run them all. */
  readonly problem: string
}

/** A worker that has not ended this long after `stop` is killed; its switchboard then ends the remaining processes. */
const patienceMs = 3000
/** A process that has not started by then never will: with too few threads allowed, Node hangs in its start. */
const startMs = 30_000

type OnFinished = (job: ScenarioJob, reported: ReportedScenario) => void

/** Resolves when every job has run or a signal stopped the run; no worker is left then. */
export function runInWorkers(jobs: readonly ScenarioJob[], workersMax: number, onFinished: OnFinished): Promise<PoolResult> {
  return new Promise((resolve) => new Pool(jobs, onFinished, resolve).begin(workersMax))
}

class Pool {
  readonly #jobs: readonly ScenarioJob[]
  readonly #onFinished: OnFinished
  readonly #settle: (result: PoolResult) => void
  readonly #results: (ReportedScenario | undefined)[]
  readonly #workers = new Set<ChildProcess>()
  #next = 0
  #stopped = false
  #problem = ''
  /** The machine cannot run further scenarios either. */
  #isGivenUp = false

  constructor(jobs: readonly ScenarioJob[], onFinished: OnFinished, settle: (result: PoolResult) => void) {
    this.#jobs = jobs
    this.#onFinished = onFinished
    this.#settle = settle
    this.#results = jobs.map(() => undefined)
  }

  begin(workersMax: number): void {
    for (const signal of endSignals) process.on(signal, this.#stop)
    // A worker that hangs in its start does not notice the end of this process.
    this.#takeBackEnd = atEnd(() => { for (const worker of this.#workers) killChild(worker, 'SIGKILL') })
    for (let count = 0; count < Math.min(workersMax, this.#jobs.length); count++) this.#startWorker()
    this.#settleIfOver()
  }

  #takeBackEnd: () => void = () => undefined

  readonly #stop = (): void => {
    this.#stopped = true
    for (const worker of this.#workers) {
      if (worker.connected) worker.send({ type: 'stop' } satisfies ToWorker, ignoreGone)
      setTimeout(() => killChild(worker, 'SIGKILL'), patienceMs).unref()
    }
  }

  get #isGiving(): boolean {
    return !this.#stopped && !this.#isGivenUp && this.#next < this.#jobs.length
  }

  #startWorker(): void {
    const worker = forkWorker()
    if (typeof worker === 'string') return this.#notStarted(worker)
    this.#workers.add(worker)
    const late = setTimeout(() => {
      this.#giveUp(`A process for scenarios did not begin within ${startMs / 1000} s: this machine may allow too few processes.`)
      killChild(worker, 'SIGKILL')
    }, startMs)
    let current = -1
    let isUp = false
    const gone = (): boolean => {
      clearTimeout(late)
      return this.#workers.delete(worker)
    }
    worker.on('message', (message: FromWorker) => {
      clearTimeout(late)
      if (message.type !== 'up') this.#take(message)
      else {
        isUp = true
        // Output from Node's own start is hidden: it is not meant for a person.
        worker.stderr?.on('data', (text: Buffer) => process.stderr.write(text))
      }
      current = -1
      if (!worker.connected) return
      if (!this.#isGiving) return release(worker)
      current = this.#next++
      worker.send({ type: 'run', index: current, job: this.#jobs[current] as ScenarioJob } satisfies ToWorker, ignoreGone)
    })
    worker.on('error', (error) => {
      if (worker.pid === undefined && gone()) this.#notStarted(reasonOf(error))
    })
    worker.on('exit', () => {
      if (!gone()) return
      if (!isUp && !this.#stopped) return this.#notStarted('it ended in its start')
      // It died with a scenario: that one has no result, and another worker takes the rest.
      if (current >= 0 && !this.#stopped) this.#problem ||= `A process ended while it ran ${this.#jobs[current]?.name ?? ''}.`
      if (this.#isGiving) this.#startWorker()
      this.#settleIfOver()
    })
  }

  /** Fewer workers are only slower; with none the run must end. */
  #notStarted(reason: string): void {
    if (this.#workers.size === 0) this.#giveUp(`A process for scenarios could not be started: ${reason}.`)
    this.#settleIfOver()
  }

  #take(message: Exclude<FromWorker, { type: 'up' }>): void {
    if (message.type === 'cannot-run') {
      if (!this.#stopped) this.#giveUp(message.reason)
      return
    }
    this.#results[message.index] = message.reported
    this.#onFinished(this.#jobs[message.index] as ScenarioJob, message.reported)
  }

  #giveUp(problem: string): void {
    this.#isGivenUp = true
    this.#problem ||= problem
  }

  #settleIfOver(): void {
    if (this.#workers.size > 0 || this.#isGiving) return
    for (const signal of endSignals) process.off(signal, this.#stop)
    this.#takeBackEnd()
    this.#settle({ results: this.#results, stopped: this.#stopped, problem: this.#problem })
  }
}

/** A worker, or why it could not be started; some failures come later as its `error` event. */
function forkWorker(): ChildProcess | string {
  try {
    return fork(fileURLToPath(new URL('./cli.js', import.meta.url)), ['run-worker'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  } catch (error) {
    return reasonOf(error)
  }
}

/** An idle worker ends by itself and is not awaited; it is killed if it hangs. */
function release(worker: ChildProcess): void {
  worker.disconnect()
  setTimeout(() => killChild(worker, 'SIGKILL'), patienceMs).unref()
}

/** A send to a worker that just ended fails; its `exit` event handles that. */
function ignoreGone(): void {
  return undefined
}
