// Real processes as the stage of a scenario. What happens is known from the events alone, one batch after another.
// It must never wait without a limit: a cluster that is frozen or dead tells nothing.
import type { NetworkAct } from '../../network'
import type { NodeName } from '../../protocol'
import type { Stage, StageOperation } from '../../scenario'
import { parseEventLines, type ScenarioStep, type TraceEvent, type TraceHeader } from '../../trace'
import type { WorkloadPlan } from '../../workload'
import type { EventLines, RunningCluster } from '../cluster-seam'

/** What costs much is asked this often at most. */
const costlyMs = 20

interface Waiter {
  readonly done: () => boolean
  readonly isCostly: boolean
  readonly settle: (holds: boolean) => void
  askedAt: number
  /** What costs much was not asked after the last events: it will be, for nothing more may come. */
  later: ReturnType<typeof setTimeout> | undefined
}

export class ProcessStage implements Stage {
  readonly header: TraceHeader
  readonly #cluster: RunningCluster
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

  /** The cluster has told new events. */
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

  /** The limit is wall time: while the cluster is frozen its own time would never come to it. */
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

  kill(node: NodeName): Promise<void> { return this.#cluster.kill(node) }
  pause(node: NodeName): Promise<void> { return this.#cluster.pause(node) }
  resume(node: NodeName): Promise<void> { return this.#cluster.resume(node) }
  restart(node: NodeName): Promise<void> { return this.#cluster.restart(node) }
  freeze(): Promise<void> { return this.#cluster.freeze() }
  thaw(): Promise<void> { return this.#cluster.thaw() }
  resend(): Promise<void> { return Promise.reject(new Error('A message that is gone cannot be sent again on processes: this runs on the simulator.')) }
  act(act: NetworkAct): Promise<void> { return this.#cluster.act(act) }
  tell(event: ScenarioStep): Promise<void> { return this.#cluster.tell(event) }
  startWorkload(plan: WorkloadPlan): Promise<void> { return this.#cluster.startWorkload({ ...plan, clients: [...plan.clients] }) }
  stopWorkload(): Promise<void> { return this.#cluster.stopWorkload() }

  async invoke(operation: StageOperation): Promise<void> {
    await this.#cluster.invoke(operation)
  }
}
