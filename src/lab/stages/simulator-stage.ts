// Runs a scenario on the simulator: virtual time, one thread, the same trace for the same seed.
// It must never use real time: a scenario takes only as long as its computation.
import { RuleTeller } from '../../check'
import type { NodeName } from '../../protocol'
import type { Envelope } from '../../network'
import type { Scenario, Stage } from '../../scenario'
import { World, worldHeader, type Programs } from '../../sim'
import type { ClusterAct, Performed, ScenarioStep, TraceEvent, TraceHeader } from '../../trace'

/** A costly condition is evaluated after each slice of this much virtual time. */
const costlyMs = 10

export class SimulatorStage implements Stage {
  readonly header: TraceHeader
  readonly #world: World
  /** Sent messages that a step may resend; null if no step resends. */
  readonly #sent: Map<string, Envelope> | null
  #listener: (event: TraceEvent) => void = () => undefined
  #early: TraceEvent[] | null = []

  /** `onEvent` is called with each event as it is written. */
  constructor(scenario: Scenario, seed: string, onEvent: (event: TraceEvent) => void = () => undefined, programs?: Programs) {
    const { title, replicas, clients, settings, start } = scenario
    const options = { title, replicas, clients, settings, seed, start, tellsPeers: true, ...programs ? { programs } : {} }
    const rules = new RuleTeller(worldHeader(options), (violation) => this.#world.tell(violation))
    const sent = scenario.steps.some(({ step }) => step.type === 'resend') ? new Map<string, Envelope>() : null
    this.#sent = sent
    this.#world = new World({
      ...(sent ? { onSend: (envelope: Envelope) => { sent.set(envelope.id, envelope) } } : {}),
      ...options,
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

  perform(act: ClusterAct): Promise<Performed> { return this.#now(() => this.#world.perform(act)) }

  resend(id: string): Promise<void> {
    return this.#now(() => {
      const envelope = this.#sent?.get(id)
      if (!envelope) throw new Error(`No message ${id} was sent.`)
      this.#world.resend(envelope)
    })
  }

  disconnect(client: NodeName, server: NodeName): Promise<void> { return this.#now(() => this.#world.disconnect(client, server)) }
  tell(event: ScenarioStep): Promise<void> { return this.#now(() => this.#world.tell(event)) }

  /** Acts of the simulator are synchronous; a refusal rejects, as on processes. */
  #now<Result>(act: () => Result): Promise<Result> {
    try {
      return Promise.resolve(act())
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
