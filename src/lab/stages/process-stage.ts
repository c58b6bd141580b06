// Runs a scenario on real processes. It knows what happens only from the events, batch by batch.
// It must never wait without a limit: a frozen or dead cluster sends no events.
import type { Stage } from '../../scenario'
import { parseEventLines, type ClusterAct, type Performed, type ScenarioStep, type TraceEvent, type TraceHeader } from '../../trace'
import { CannotRun } from '../../system'
import type { EventLines, RunningCluster } from '../cluster-seam'

/** The minimum interval between two evaluations of a costly condition. */
const costlyMs = 20

interface Waiter {
  readonly done: () => boolean
  readonly isCostly: boolean
  readonly settle: (holds: boolean) => void
  askedAt: number
  /** Set if the costly condition was not evaluated after the last events. It must be evaluated later, as no more events may come. */
  later: ReturnType<typeof setTimeout> | undefined
}

export class ProcessStage implements Stage {
  readonly header: TraceHeader
  readonly #cluster: RunningCluster
  /** One sentence if the machine failed during the run: then the scenario's result says nothing. */
  machineProblem = ''
  #listener: (event: TraceEvent) => void = () => undefined
  #early: TraceEvent[] | null = []
  readonly #waiters = new Set<Waiter>()

  constructor(header: TraceHeader, cluster: RunningCluster) {
    this.header = header
    this.#cluster = cluster
  }

  listen(onEvent: (event: TraceEvent) => void): void {
    this.#listener = onEvent
    for (const event of this.#early ?? []) onEvent(event)
    this.#early = null
  }

  /** Takes new events from the cluster. */
  take({ text }: EventLines): void {
    for (const event of parseEventLines(text)) {
      if (this.#early) this.#early.push(event)
      else this.#listener(event)
      for (const waiter of this.#waiters) if (!waiter.isCostly && waiter.done()) this.#settle(waiter, true)
    }
    for (const waiter of this.#waiters) if (waiter.isCostly) this.#askCostly(waiter)
  }

  #askCostly(waiter: Waiter): void {
    if (waiter.later) return
    waiter.later = setTimeout(() => {
      waiter.later = undefined
      waiter.askedAt = Date.now()
      if (waiter.done()) this.#settle(waiter, true)
    }, Math.max(0, waiter.askedAt + costlyMs - Date.now()))
  }

  #settle(waiter: Waiter, holds: boolean): void {
    clearTimeout(waiter.later)
    this.#waiters.delete(waiter)
    waiter.settle(holds)
  }

  /** The limit is wall time, as the time of a frozen cluster does not advance. */
  async until(done: () => boolean, ms: number, isCostly: boolean): Promise<boolean> {
    if (done()) return true
    if (ms === 0) return false
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(waiter, done()), ms)
      const waiter: Waiter = {
        done, isCostly, askedAt: 0, later: undefined,
        settle: (holds) => {
          clearTimeout(timer)
          resolve(holds)
        },
      }
      this.#waiters.add(waiter)
    })
  }

  async perform(act: ClusterAct): Promise<Performed> {
    try {
      return await this.#cluster.perform(act)
    } catch (error) {
      if (error instanceof CannotRun) this.machineProblem ||= error.message
      throw error
    }
  }

  resend(): Promise<void> { return Promise.reject(new Error('A message that is gone cannot be sent again on processes: this runs on the simulator.')) }
  disconnect(): Promise<void> { return Promise.reject(new Error('Connections of processes in a lab end with their processes: this runs on the simulator.')) }
  tell(event: ScenarioStep): Promise<void> { return this.#cluster.tell(event) }
}
