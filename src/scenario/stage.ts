// What a scenario is played on: real processes or the simulator, the same to the runner. The lab makes the two (lab/stages).
// Everything that a scenario may cause is here, and nothing else: a scenario is data and reaches no further.
import type { NetworkAct } from '../network'
import type { NodeName, Operation } from '../protocol'
import type { ScenarioStep, TraceEvent, TraceHeader } from '../trace'
import type { WorkloadPlan } from '../workload'

export interface StageOperation {
  readonly client: NodeName
  readonly operation: Operation
  readonly target: NodeName | ''
  /** -1: any free session. */
  readonly session: number
  /** Comes back in the event `operation-invoked`. */
  readonly label: string
}

/** A running cluster. Every act rejects with one sentence where it makes no sense. */
export interface Stage {
  readonly header: TraceHeader
  /** Called with each event, in order, also with those from before. Set once. */
  listen(onEvent: (event: TraceEvent) => void): void
  kill(node: NodeName): Promise<void>
  pause(node: NodeName): Promise<void>
  resume(node: NodeName): Promise<void>
  /** Starts the next incarnation with empty memory, or the first. */
  restart(node: NodeName): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  act(act: NetworkAct): Promise<void>
  /** A copy of a message that was sent before arrives, whatever has become of it. Where there is no such power it rejects. */
  resend(id: string): Promise<void>
  invoke(operation: StageOperation): Promise<void>
  startWorkload(plan: WorkloadPlan): Promise<void>
  stopWorkload(): Promise<void>
  /** Writes how far the scenario has come into the trace. */
  tell(event: ScenarioStep): Promise<void>
  /**
   * Waits until `done` holds, at most `ms` of cluster time; returns whether it came to hold. `done` is asked between steps of nodes,
   * never within one: after every event, or if it `isCostly` after several together.
   */
  until(done: () => boolean, ms: number, isCostly: boolean): Promise<boolean>
}
