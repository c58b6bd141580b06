// The stage that a scenario is played on: real processes or the simulator, the same to the runner. The lab makes the two (lab/stages).
// It must never offer more than a scenario may cause: a scenario is data and reaches no further.
import type { NodeName } from '../protocol'
import type { ClusterAct, Performed, ScenarioStep, TraceEvent, TraceHeader } from '../trace'

/** A running cluster. Every act rejects with one sentence if it is impossible now. */
export interface Stage {
  readonly header: TraceHeader
  /** Sets the listener, once. It is called with each event, in order, also with those from before. */
  listen(onEvent: (event: TraceEvent) => void): void
  perform(act: ClusterAct): Promise<Performed>
  /** Delivers a copy of a message that was sent before, whatever happened to it. Rejects on a stage that cannot do this. */
  resend(id: string): Promise<void>
  /** Ends the connection of a client with a server; the client is notified. Rejects on a stage that cannot do this. */
  disconnect(client: NodeName, server: NodeName): Promise<void>
  /** Writes the progress of the scenario into the trace. */
  tell(event: ScenarioStep): Promise<void>
  /**
   * Waits until `done` returns true, at most `ms` of cluster time; returns whether it did. `done` is called between steps of nodes,
   * never within one: after every event, or, if `isCostly`, after several events together.
   */
  until(done: () => boolean, ms: number, isCostly: boolean): Promise<boolean>
}
