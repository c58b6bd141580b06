// What hosts and the command line may use of the lab.
import { canPause, startCluster } from '../cluster'
import { measureLab, type LabBench } from './bench-lab'
import { measureRules, type RulesBench } from './bench-rules'
import type { Scenario } from '../scenario'
import { openLab } from './lab'
import type { LabOptions, RunningLab } from './lab-options'
import type { ShrunkRun } from './simulate/jobs'
import { saveShrunk, type SavedFiles } from './simulate/simulation'
import { playScenario, type Played, type PlayOptions } from './play-scenario'

/** Opens a lab whose clusters are real processes. Rejects with one sentence if no private folder can be made. */
export function createLab(options: LabOptions): Promise<RunningLab> {
  return openLab(options, { startCluster, canPause })
}

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

/** Plays one scenario with real processes, or on the simulator. Rejects with one sentence if the cluster cannot be started. */
export function playOne(scenario: Scenario, options: Omit<PlayOptions, 'startCluster' | 'protocolHash'>): Promise<Played> {
  return playScenario(scenario, { ...options, startCluster, protocolHash: __PROTOCOL_HASH__ })
}

/** Measures on real processes what watching the rules costs. */
export function benchRules(options: Omit<RulesBench, 'startCluster'>): Promise<void> {
  return measureRules({ ...options, startCluster })
}

/** Measures on real processes how fast a lab is whose every event is recorded. */
export function benchLab(options: Omit<LabBench, 'startCluster'>): Promise<void> {
  return measureLab({ ...options, startCluster })
}

/** Writes a bad run that the simulator found, made small, as a recording and as a scenario. Throws what the file system says. */
export function saveFound(shrunk: ShrunkRun, folder: string): SavedFiles {
  return saveShrunk(shrunk, folder, __PROTOCOL_HASH__)
}

export { openLab } from './lab'
export type { Clusters, ClusterOptions, RunningCluster } from './cluster-seam'
export type { ClusterPrograms, LabOptions, RunningLab } from './lab-options'
export { defaultDataFolder, makePrivateFolder, reasonOf } from './folders'
export { readRecordingFile, type ReadRecording } from './recording-file'
export { ExplorationPool, type ExplorationEnd, type ExplorationOptions, type ExplorationProgress } from './exploration-pool'
export type { LabReader } from './bench-lab'
export { importHistory, isHistoryName, readHistoryFile } from './import-history'
export { judgeRecording, type JudgedRecording } from './judge-recording'
export type { MutantRow, SeedResult, ShrunkRun } from './simulate/jobs'
export { shrinkBad, simulateMutants, simulateSeeds, type SavedFiles, type SimulationOptions } from './simulate/simulation'
export { checkNames, checkTitle, type CheckName } from '../sim'
export { contentSecurityPolicy } from './static-files'
export { startWebHost, type WebHost, type WebHostOptions } from './web-host'
export { webSocketPort } from './web-socket-port'
