// The interface of a running cluster that the lab uses: cluster/cluster.ts implements it with real processes, tests without.
// It must stay a subset of what cluster.ts offers; index.ts passes that in, so the compiler checks it.
import type { NodeName } from '../protocol'
import type { ClusterAct, Performed, ToldEvent, TraceHeader } from '../trace'
import type { WorkloadPlan } from '../workload'

/** Consecutive events as JSON lines joined by line feeds, none at the end. */
export interface EventLines {
  readonly from: number
  readonly count: number
  readonly text: string
}

/** The cluster's state outside of its events: whether it is frozen, and the running workload; null while none runs. */
export interface ClusterNow {
  readonly isFrozen: boolean
  readonly workload: WorkloadPlan | null
}

export interface ClusterOptions {
  readonly header: TraceHeader
  /** The nodes to start; by default all. */
  readonly start?: readonly NodeName[]
  /** The cluster creates the file with mode 0600 and writes the header line first. A branch's file exists already, with the events that it begins with. */
  readonly recordingPath: string
  readonly branch?: BranchStart
  /** Recording stops when the disk has less than this free; 0 or without it: when it is full. */
  readonly diskFreeMiBMin?: number
  /** The largest size of the recording; by default unlimited. */
  readonly recordingBytesMax?: number
  /** The limit for all operations together: by hand, of scenarios and of the workload. 0 or without it: no limit. */
  readonly operationsPerSecondMax?: number
  readonly nodeProgram: string
  readonly switchboardProgram: string
  /** Cancels the start, even if something hangs. */
  readonly signal?: AbortSignal
  /** Called when the events are in the file, unless recording has stopped. */
  onEvents(batch: EventLines): void
  /** `problem`: why recording stopped, in one sentence, or empty. `bytes`: the size of the part of the file that is complete. */
  onRecording(status: { bytes: number; problem: string }): void
  /** Called after a freeze, a thaw, or the start or end of a workload, whatever caused it. `onEvents` got the events of that change before. */
  onNow?(now: ClusterNow): void
  /** The cluster ended without `stop`: one sentence, once, never after `stop`. */
  onEnded(reason: string): void
}

/** Where a branch begins: at the end of its prepared recording. `at` and `wall` are the times of its last event, in microseconds. */
export interface BranchStart {
  readonly seq: number
  /** The size of the whole file. */
  readonly bytes: number
  readonly at: number
  readonly wall: number
  /** The incarnation of each node's last start; 0 for a node that never started. */
  readonly incarnations: ReadonlyMap<NodeName, number>
  readonly lives: readonly NodeName[]
}

export interface RunningCluster {
  /** Rejects with one sentence if the act is refused. */
  perform(act: ClusterAct): Promise<Performed>
  /** Writes the progress of a scenario, or a rule violation, into the trace. */
  tell(event: ToldEvent): Promise<void>
  /** For measuring: CPU time of the switchboard since its start, and its longest queues since the last call. */
  load(): Promise<{ processorMicros: number; mailMax: number; mailBytesMax: number; recorderBytesMax: number; labBytesMax: number; nodeBytesMax: number }>
  /** Resolves within seconds, when every process has ended and the recording is flushed: hanging processes are killed. */
  stop(): Promise<void>
  /** Kills every process at once; unwritten parts of the recording are lost. */
  abandon(): void
}

/** Resolves when every node is up. Rejects with one sentence and leaves no process. */
export type ClusterStarter = (options: ClusterOptions) => Promise<RunningCluster>

/** Access to clusters and to the processes of killed labs. */
export interface Clusters {
  readonly startCluster: ClusterStarter
  /** False on a system that cannot stop and continue a process. */
  canPause(): boolean
  /** Ends the processes of killed labs of this account; logs what it did. */
  endLeft(log: (sentence: string) => void): Promise<void>
}
