// The simulator as the stage of a scenario: virtual time, one thread, the same trace for the same seed.
// It must never let real time in: a scenario here takes as long as its computing.
import { RuleTeller } from '../../check'
import { viewServerName, type NodeName } from '../../protocol'
import type { Envelope, NetworkAct } from '../../network'
import type { Scenario, Stage, StageOperation } from '../../scenario'
import { World } from '../../sim'
import type { ScenarioStep, TraceEvent, TraceHeader } from '../../trace'
import type { WorkloadPlan } from '../../workload'

/** What costs much is asked after each slice of this much virtual time. */
const costlyMs = 10

export class SimulatorStage implements Stage {
  readonly header: TraceHeader
  readonly #world: World
  /** Messages that were sent, while a step may want one again; null where none does. */
  readonly #sent: Map<string, Envelope> | null
  #listener: (event: TraceEvent) => void = () => undefined
  #early: TraceEvent[] | null = []

  /** `onEvent` is called with each event as it is written, for a recording. */
  constructor(scenario: Scenario, seed: string, onEvent: (event: TraceEvent) => void = () => undefined) {
    const { title, replicas, clients, settings, start } = scenario
    const rules = new RuleTeller({ settings }, (violation) => this.#world.tell(violation))
    const sent = scenario.steps.some(({ step }) => step.resend) ? new Map<string, Envelope>() : null
    this.#sent = sent
    this.#world = new World({
      ...(sent ? { onSend: (envelope: Envelope) => { sent.set(envelope.id, envelope) } } : {}),
      title, replicas, clients, settings, seed, start, tellsPeers: true,
      onEvent: (event) => {
        onEvent(event)
        if (this.#early) this.#early.push(event)
        else this.#listener(event)
        rules.take(event)
      },
    })
    this.header = this.#world.header
  }

  listen(onEvent: (event: TraceEvent) => void): void {
    this.#listener = onEvent
    for (const event of this.#early ?? []) onEvent(event)
    this.#early = null
  }

  until(done: () => boolean, ms: number, isCostly: boolean): Promise<boolean> {
    return this.#now(() => isCostly ? this.#untilCostly(done, ms) : this.#world.runUntil(done, ms))
  }

  #untilCostly(done: () => boolean, ms: number): boolean {
    for (let left = ms; !done();) {
      if (left <= 0 || this.#world.isFrozen) return false
      this.#world.run(Math.min(costlyMs, left))
      left -= costlyMs
    }
    return true
  }

  kill(node: NodeName): Promise<void> { return this.#now(() => this.#world.kill(node)) }
  pause(node: NodeName): Promise<void> { return this.#now(() => this.#world.pause(node)) }
  resume(node: NodeName): Promise<void> { return this.#now(() => this.#world.resume(node)) }
  freeze(): Promise<void> { return this.#now(() => this.#world.freeze()) }
  thaw(): Promise<void> { return this.#now(() => this.#world.thaw()) }
  act(act: NetworkAct): Promise<void> { return this.#now(() => this.#world.act(act)) }
  resend(id: string): Promise<void> {
    return this.#now(() => {
      const envelope = this.#sent?.get(id)
      if (!envelope) throw new Error(`No message ${id} was sent.`)
      this.#world.resend(envelope)
    })
  }

  tell(event: ScenarioStep): Promise<void> { return this.#now(() => this.#world.tell(event)) }
  startWorkload(plan: WorkloadPlan): Promise<void> { return this.#now(() => this.#world.startWorkload(plan)) }
  stopWorkload(): Promise<void> { return this.#now(() => this.#world.stopWorkload()) }

  restart(node: NodeName): Promise<void> {
    return this.#now(() => {
      if (node === viewServerName) throw new Error('The view server is not restarted: it would not know the views it made, and by then an empty server might be made primary.')
      this.#world.restart(node)
    })
  }

  invoke({ client, operation, target, session, label }: StageOperation): Promise<void> {
    return this.#now(() => { this.#world.invoke(client, operation, { session, label, ...(target === '' ? {} : { target }) }) })
  }

  /** An act of the simulator is over when it returns; a refusal rejects, as it does on processes. */
  #now<Result>(act: () => Result): Promise<Result> {
    try {
      return Promise.resolve(act())
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
