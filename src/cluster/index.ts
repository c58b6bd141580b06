// What other rooms may use of the cluster.
export { canPause, startCluster, type ClusterOptions, type RunningCluster } from './cluster'
