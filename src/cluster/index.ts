// What other rooms may use of the cluster.
export { AddressError, parseAddress } from './address'
export { canPause, startCluster, type ClusterOptions, type RunningCluster } from './cluster'
export { DirectClient, type DirectClientOptions } from './direct-client'
export { JournalProblem } from './journal-reader'
export { mergeJournalFiles, type MergedFile } from './merge-journals'
export type { NodeJournal } from './node-journal'
export { startDirectNode, type DirectNode, type DirectNodeOptions } from './direct-node'
export { rehearseSoon } from './rehearsal'
