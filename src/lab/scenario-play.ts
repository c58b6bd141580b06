// A scenario that plays in a session on screen: its position, and the controls (pause, step, resume, stop).
// It must never end the cluster: a person may want to inspect it afterwards.
import { Refusal, type ScenarioStatus } from '../contract'
import { runScenario, type Scenario, type ScenarioResult } from '../scenario'
import type { EventLines, RunningCluster } from './cluster-seam'
import { ProcessStage } from './stages/process-stage'
import type { TraceHeader } from '../trace'

export class ScenarioPlay {
  readonly scenario: Scenario
  readonly #onChange: () => void
  #state: ScenarioStatus['state'] = 'running'
  #at = 1
  #reason = ''
  /** Releases the waiting step: true plays it, false stops there. */
  #open: ((goesOn: boolean) => void) | null = null
  /** Steps to play before the next pause; Infinity while it runs freely. */
  #stepsLeft = Infinity
  #stage: ProcessStage | null = null
  #early: EventLines[] = []

  constructor(scenario: Scenario, onChange: () => void) {
    this.scenario = scenario
    this.#onChange = onChange
  }

  status(): ScenarioStatus {
    return { title: this.scenario.title, state: this.#state, steps: this.scenario.steps.map(({ text }) => text), at: this.#at, reason: this.#reason }
  }

  take(lines: EventLines): void {
    if (this.#stage) this.#stage.take(lines)
    else this.#early.push(lines)
  }

  /** To be called when the cluster is up: plays in the background to the end. */
  begin(header: TraceHeader, cluster: RunningCluster): void {
    const stage = new ProcessStage(header, cluster)
    this.#stage = stage
    for (const lines of this.#early.splice(0)) stage.take(lines)
    void runScenario(this.scenario, stage, {
      seed: header.seed,
      gate: (step) => this.#gate(step.number),
    }).then(({ state, reason }) => this.#over(state, reason), (error: unknown) => this.#over('failed', (error as Error).message))
  }

  #gate(number: number): Promise<boolean> {
    this.#at = number
    this.#onChange()
    if (this.#isOver) return Promise.resolve(false)
    if (this.#stepsLeft > 0) {
      this.#stepsLeft--
      return Promise.resolve(true)
    }
    this.#state = 'paused'
    this.#onChange()
    return new Promise((resolve) => { this.#open = resolve })
  }

  get #isOver(): boolean {
    return this.#state !== 'running' && this.#state !== 'paused'
  }

  steer(act: 'pause' | 'resume' | 'step' | 'stop'): void {
    if (this.#isOver) throw new Refusal('The scenario is over.')
    switch (act) {
      case 'pause':
        if (this.#state === 'paused') throw new Refusal('The scenario is paused already.')
        this.#stepsLeft = 0
        return
      case 'resume':
      case 'step':
        if (this.#state !== 'paused') throw new Refusal('The scenario is not paused.')
        // The waiting step is played now; with `step` the next one pauses again.
        this.#stepsLeft = act === 'step' ? 0 : Infinity
        this.#state = 'running'
        this.#letGo(true)
        return this.#onChange()
      case 'stop':
        this.#over('stopped', 'It was stopped.')
        return this.#letGo(false)
    }
  }

  #letGo(goesOn: boolean): void {
    this.#open?.(goesOn)
    this.#open = null
  }

  #over(state: ScenarioResult['state'], reason: string): void {
    if (this.#isOver) return
    this.#state = state
    this.#reason = reason
    if (state === 'passed' || state === 'not-judged') this.#at = this.scenario.steps.length + 1
    this.#onChange()
  }

  /** To be called when the session has ended. */
  end(): void {
    this.#over('stopped', 'The session ended.')
    this.#letGo(false)
  }
}
