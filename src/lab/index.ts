// What hosts and the command line may use of the lab.
export type { ClusterPrograms, LabOptions, RunningLab } from './lab-options'
export { webSocketPort } from './web-socket-port'
