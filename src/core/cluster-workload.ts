// The workload of a cluster: at most one runs. Processes and the simulator start, stop and continue it here, each on its own clock.
import { createRandom, refusals } from '../network'
import type { NodeName } from '../protocol'
import { completePlan, withinRate, WorkloadDriver, workloadText, type WorkloadSnapshot, type WorkloadOptions, type WorkloadPlan } from '../workload'

export interface ClusterWorkloadOptions extends Pick<WorkloadOptions, 'clock' | 'takes' | 'invoke'> {
  /** The session's seed: each workload draws from it and from its own number. */
  readonly seed: string
  /** Every client of the cluster. */
  readonly clients: readonly NodeName[]
  /** The limit of the rate; 0 or missing: as fast as the plan says. */
  readonly operationsPerSecondMax?: number
  /** Writes an event into the trace: before the first operation, and after the last. `plan` is the complete plan that runs. */
  readonly tell: (event: { readonly type: 'workload-started'; readonly text: string; readonly plan: WorkloadPlan } | { readonly type: 'workload-stopped' }) => void
}

export class ClusterWorkload {
  readonly #options: ClusterWorkloadOptions
  #driver: WorkloadDriver | null = null
  #plan: WorkloadPlan | null = null
  /** The number of workloads started, the current one included. */
  #started = 0

  constructor(options: ClusterWorkloadOptions) {
    this.#options = options
  }

  get isRunning(): boolean { return this.#driver !== null }

  /** The plan that runs, its clients named; null while none does. */
  get plan(): WorkloadPlan | null { return this.#plan }

  /** Starts a workload in place of the one that runs. Throws a Refused for a plan that cannot run; then the old one goes on. */
  start(plan: WorkloadPlan): void {
    const complete = completePlan(this.#within(plan), this.#options.clients)
    this.#driver?.stop()
    this.#plan = complete
    this.#options.tell({ type: 'workload-started', text: workloadText(complete), plan: complete })
    this.#started++
    this.#drive(complete)
  }

  /** Throws a Refused if none runs. */
  stop(): void {
    if (!this.#driver) throw refusals.noWorkload()
    this.halt()
    this.#options.tell({ type: 'workload-stopped' })
  }

  /** Continues the workload of another session, which had started `started` workloads. */
  goOn(started: number, snapshot: WorkloadSnapshot | null): void {
    this.#started = started
    if (!snapshot) return
    this.#plan = this.#within(snapshot.plan)
    this.#drive(this.#plan, snapshot)
  }

  /** Stops it without an event: the cluster ends, or another workload takes its place. */
  halt(): void {
    this.#driver?.stop()
    this.#driver = null
    this.#plan = null
  }

  /** An operation has ended, of the workload or not. */
  returned(operationId: number): void {
    this.#driver?.returned(operationId)
  }

  clientRestarted(client: NodeName): void {
    this.#driver?.clientRestarted(client)
  }

  #within(plan: WorkloadPlan): WorkloadPlan {
    return withinRate(plan, this.#options.operationsPerSecondMax ?? 0)
  }

  #drive(plan: WorkloadPlan, begin?: WorkloadSnapshot): void {
    const { seed, clock, takes, invoke } = this.#options
    this.#driver = new WorkloadDriver({ plan, clock, invoke, random: createRandom(seed, `workload ${this.#started}`), ...(takes ? { takes } : {}), ...(begin ? { begin } : {}) })
  }
}
