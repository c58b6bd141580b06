// What the lab needs of a running cluster, and nothing else: cluster/cluster.ts offers it with real processes, a test with none.
// It must stay a subset of what cluster.ts offers; index.ts hands that over, so the compiler checks it.
import type { Workload } from '../contract'
import type { NetworkAct } from '../network'
import type { NodeName, Operation } from '../protocol'
import type { ToldEvent, TraceHeader } from '../trace'

/** Consecutive events as JSON lines joined by line feeds, none at the end. */
export interface EventLines {
  readonly from: number
  readonly count: number
  readonly text: string
}

export interface ClusterOptions {
  readonly header: TraceHeader
  /** The nodes to start; without it all. */
  readonly start?: readonly NodeName[]
  /** Created by the cluster, mode 0600, the header line first; a branch's is there already, with the events that it begins with. */
  readonly recordingPath: string
  readonly branch?: BranchStart
  /** Recording stops when the disk has less than this free; 0 or without it: when it is full. */
  readonly diskFreeMiBMin?: number
  readonly nodeProgram: string
  readonly switchboardProgram: string
  /** Already in the file, unless recording has stopped. */
  onEvents(batch: EventLines): void
  /** `problem` is empty, or one sentence that says why recording stopped; `bytes` of the file are whole. */
  onRecording(status: { bytes: number; problem: string }): void
  /** The cluster is over by itself: one sentence, once, never after `stop`. */
  onEnded(reason: string): void
}

/** Where a branch begins: at the end of its recording, whose last event has these times in microseconds. */
export interface BranchStart {
  readonly seq: number
  /** Of the whole file. */
  readonly bytes: number
  readonly at: number
  readonly wall: number
  /** Of each node's last start; 0 for one that was never started. */
  readonly incarnations: ReadonlyMap<NodeName, number>
  readonly lives: readonly NodeName[]
}

/** A running cluster. Every act rejects with one sentence when it cannot be done. */
export interface RunningCluster {
  kill(node: NodeName): Promise<void>
  pause(node: NodeName): Promise<void>
  resume(node: NodeName): Promise<void>
  restart(node: NodeName): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Faults, single messages and timers, break conditions. */
  act(act: NetworkAct): Promise<void>
  /** Writes into the trace how far a scenario has come, or that a rule was broken. */
  tell(event: ToldEvent): Promise<void>
  invoke(request: { client: NodeName; operation: Operation; target: NodeName | ''; label: string; session?: number }): Promise<{ operationId: number }>
  startWorkload(workload: Workload): Promise<void>
  stopWorkload(): Promise<void>
  /** For measuring: processor time of the switchboard since it began, and its longest queues since this was asked last. */
  load(): Promise<{ processorMicros: number; mailMax: number; journalBytesMax: number; labBytesMax: number; nodeBytesMax: number }>
  /** Resolves when every process is gone and the recording is flushed. */
  stop(): Promise<void>
}

/** Resolves when every node is up; rejects with one sentence and leaves no process. */
export type ClusterStarter = (options: ClusterOptions) => Promise<RunningCluster>

/** Where clusters come from. */
export interface Clusters {
  readonly startCluster: ClusterStarter
  /** False where the system cannot stop a process and let it go on. */
  canPause(): boolean
}
