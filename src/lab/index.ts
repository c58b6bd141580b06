// What hosts and the command line may use of the lab.
import { canPause, startCluster } from '../cluster'
import { openLab } from './lab'
import type { LabOptions, RunningLab } from './lab-options'

/** Opens a lab whose clusters are real processes. Rejects with one sentence if no private folder can be made. */
export function createLab(options: LabOptions): Promise<RunningLab> {
  return openLab(options, { startCluster, canPause })
}

export type { ClusterPrograms, LabOptions, RunningLab } from './lab-options'
export { defaultDataFolder } from './folders'
export { contentSecurityPolicy } from './static-files'
export { startWebHost, type WebHost, type WebHostOptions } from './web-host'
export { webSocketPort } from './web-socket-port'
