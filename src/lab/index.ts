// The public interface of the lab for hosts and the command line.
import { runProgramTest, type ProgramTestOptions, type ProgramTestResult } from './program-test/run-program-test'
import { canPause, endLeftProcesses, startCluster } from '../cluster'
import { measureLab, type LabBench } from './bench-lab'
import { measureRules, type RulesBench } from './bench-rules'
import type { Scenario } from '../scenario'
import { openLab } from './lab'
import type { LabOptions, RunningLab } from './lab-options'
import type { SimulatedPrograms } from './programs/simulated-programs'
import type { ShrunkRun } from './simulate/jobs'
import { saveShrunk, type SavedFiles } from './simulate/simulation'
import { playScenario, type Played, type PlayOptions } from './play-scenario'

/** Opens a lab whose clusters are real processes. Rejects with one sentence if no private folder can be made. */
export function createLab(options: LabOptions): Promise<RunningLab> {
  return openLab(options, { startCluster, canPause, endLeft: endLeftProcesses })
}

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

/** Plays one scenario on real processes or on the simulator. Rejects with one sentence if the cluster cannot be started. */
export function playOne(scenario: Scenario, options: Omit<PlayOptions, 'startCluster' | 'protocolHash'>): Promise<Played> {
  return playScenario(scenario, { ...options, startCluster, protocolHash: __PROTOCOL_HASH__ })
}

/** Measures the cost of watching the rules on real processes. */
export function benchRules(options: Omit<RulesBench, 'startCluster'>): Promise<void> {
  return measureRules({ ...options, startCluster })
}

/** Measures the speed of a lab on real processes with every event recorded. */
export function benchLab(options: Omit<LabBench, 'startCluster'>): Promise<void> {
  return measureLab({ ...options, startCluster })
}

/** Saves a failing, shrunk run of the simulator as a recording and as a scenario. Throws the file system's error. */
export function saveFound(shrunk: ShrunkRun, folder: string, programs: SimulatedPrograms | null = null): SavedFiles {
  return saveShrunk(shrunk, folder, __PROTOCOL_HASH__, programs)
}

/** Tests a program of others as the nodes of a cluster. Rejects with a CannotRun if it cannot run. */
export function testProgram(options: Omit<ProgramTestOptions, 'startCluster' | 'protocolHash'>): Promise<ProgramTestResult> {
  return runProgramTest({ ...options, startCluster, protocolHash: __PROTOCOL_HASH__ })
}

export { endLeftProcesses, ProgramFolder, programLimits } from '../cluster'
export { serviceNames, type ServiceName } from '../maelstrom'
export type { SimulatedPrograms } from './programs/simulated-programs'
export { isNamedHere, programsAgain, scenarioNodes, type GivenProgram } from './programs/given-programs'
export { commandIn, folderOf } from './programs/command-line'
export { ourSpeaker } from './programs/chosen-programs'
export { nemesisNames, type NemesisName } from './program-test/nemesis'
export { topologyNames, type TopologyName } from './program-test/topology'
export { workloadNames, workloads, type WorkloadName } from './program-test/workloads'
export type { ProgramTestResult } from './program-test/run-program-test'
export { openLab } from './lab'
export type { Clusters, ClusterOptions, RunningCluster } from './cluster-seam'
export type { ClusterPrograms, LabOptions, RunningLab } from './lab-options'
export { defaultDataFolder } from './folders'
export { readRecordingFile, unreadable, type ReadRecording } from './recording-file'
export { ExplorationPool, type ExplorationEnd, type ExplorationOptions, type ExplorationProgress } from './exploration-pool'
export type { LabReader } from './bench-lab'
export { importHistory, isHistoryName, readHistoryFile } from './import-history'
export { judgeRecording, type JudgedRecording } from './judge-recording'
export type { MutantRow, SeedResult, ShrunkRun } from './simulate/jobs'
export { shrinkBad, simulateMutants, simulateSeeds, type SavedFiles, type SimulationOptions } from './simulate/simulation'
export { checkNames, checkTitle, coverageOf, type CheckName, type CoverageRow } from '../sim'
export { contentSecurityPolicy } from './web/static-files'
export { certificateProblem, isLoopback, type Listening } from './web/listening'
export { doorOf, httpConnectionsMax, startWebHost, type WebHost } from './web/web-host'
export { openScreen, openSocket } from './web/screen'
export { webSocketPort } from './web/web-socket-port'
export { classLimits, type LabLimits } from './limits'
export { classFrameBytesMax, classSizeMax, openClass } from './class/classroom'
