// How the lab reaches clusters: index.ts passes in those of src/cluster, with real processes, and tests pass in others without.
// It must never say again what src/cluster says of a cluster.
import type { ClusterOptions, RunningCluster } from '../cluster'

export type { BranchStart, ClusterNow, ClusterOptions, EventLines, ProgramSpec, RunningCluster } from '../cluster'

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
