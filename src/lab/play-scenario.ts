// Plays one scenario on processes or on the simulator and records it. For the command line; the window plays a scenario in a session
// (live-session.ts). It must never leave a process behind.
import { rm } from 'node:fs/promises'
import { closeSync, openSync, writeSync } from 'node:fs'
import { notStarted } from '../network'
import type { NodeName } from '../protocol'
import { runScenario, type RunOptions, type Scenario, type ScenarioResult } from '../scenario'
import { CannotRun, sentenceOf } from '../system'
import { ProgramFolder } from '../cluster'
import { CannotSimulate } from '../sim'
import { simulatedPrograms } from './programs/simulated-programs'
import { formatEvent, formatHeader, traceVersion, type TraceHeader } from '../trace'
import type { ClusterStarter, EventLines, ProgramSpec } from './cluster-seam'
import { EventLog } from './event-log'
import type { ClusterPrograms } from './lab-options'
import { determinismProblem } from './programs/determinism'
import { programsOf, scenarioNodes, withPrograms, type GivenProgram } from './programs/given-programs'
import { RuleWatch } from './rule-watch'
import { ProcessStage } from './stages/process-stage'
import { SimulatorStage } from './stages/simulator-stage'

export interface PlayOptions extends RunOptions {
  readonly on: 'processes' | 'simulator'
  /** The path of the recording; it must not exist. */
  readonly recordingPath: string
  readonly keepRecording: boolean
  readonly programs: ClusterPrograms
  /** The nodes that are programs of others, as a person named them. */
  readonly given?: readonly GivenProgram[]
  readonly startCluster: ClusterStarter
  readonly protocolHash: string
  /** The scenario's seed, or another one. */
  readonly seed: string
  /** Stops the scenario at any point; its state is then `stopped`, and its cluster ends. */
  readonly signal?: AbortSignal
}

/** The result, and the path of the recording. The recording is kept if requested or if the scenario failed; otherwise the path is empty. */
export interface Played {
  readonly result: ScenarioResult
  readonly recording: string
  /** A program did not answer alike when it was given its inputs again: one sentence; else empty. */
  readonly determinism: string
}

/** Plays the scenario. Rejects with a CannotRun if the machine failed: a cluster that did not start, or ended by itself, says nothing about it. */
export async function playScenario(scenario: Scenario, options: PlayOptions): Promise<Played> {
  const { recordingPath, keepRecording } = options
  try {
    const foreign = programsOf(scenarioNodes(scenario), scenario.slots, options.given ?? [])
    const isSimulated = options.on === 'simulator'
    const result = await (isSimulated ? playOnSimulator(scenario, options, foreign) : playOnProcesses(scenario, options, foreign))
    const determinism = isSimulated ? '' : await determinismProblem(recordingPath, foreign, options.programs.guard ?? '')
    const isKept = keepRecording || result.state === 'failed'
    if (!isKept) await rm(recordingPath, { force: true })
    return { result, recording: isKept ? recordingPath : '', determinism }
  } catch (error) {
    if (!keepRecording) await rm(recordingPath, { force: true })
    throw error
  }
}

/** The nodes that are programs of others. */
type Foreign = ReadonlyMap<NodeName, ProgramSpec>

function nothingOf(scenario: Scenario, state: 'stopped' | 'failed', reason: string): ScenarioResult {
  const steps = scenario.steps.map(({ number, text, place }) => ({ number, text, line: place.line, state: 'skipped' as const, detail: '', atMs: 0 }))
  return { state, reason, steps, lastEvents: [], seq: 0, events: 0 }
}

/** The result of playing, or a stopped result when the signal aborts. Many scenarios share one signal, so the listener is always removed. */
async function unlessStopped(playing: Promise<ScenarioResult>, scenario: Scenario, signal: AbortSignal | undefined): Promise<ScenarioResult> {
  if (signal === undefined) return playing
  let stop: (() => void) | undefined
  const stopped = new Promise<ScenarioResult>((resolve) => {
    stop = () => resolve(nothingOf(scenario, 'stopped', 'It was stopped.'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([playing, stopped])
  } finally {
    if (stop) signal.removeEventListener('abort', stop)
  }
}

/** The recording's header for a scenario's cluster. */
export function scenarioHeader(scenario: Scenario, { seed, protocolHash, createdAt }: { seed: string; protocolHash: string; createdAt: Date }): TraceHeader {
  const { settings, title } = scenario
  return {
    understudy: 'recording', version: traceVersion, source: 'live', title, createdAt: createdAt.toISOString(), settings, seed, protocolHash,
    nodes: scenarioNodes(scenario),
    parent: null,
  }
}

/** The sentence of a program of others that ended in its start: that is its own failure, and none of the machine. Otherwise empty. */
function endedInStart(error: unknown, programs: Foreign): string {
  const sentence = error instanceof Error ? error.message : ''
  return [...programs.keys()].some((name) => sentence.startsWith(notStarted(name, '').message)) ? sentence : ''
}

async function playOnProcesses(scenario: Scenario, options: PlayOptions, foreign: Foreign): Promise<ScenarioResult> {
  const { recordingPath, programs, startCluster, protocolHash, seed } = options
  const ours = scenarioHeader(scenario, { seed, protocolHash, createdAt: new Date() })
  const header = { ...ours, nodes: withPrograms(ours.nodes, foreign) }
  const early: EventLines[] = []
  const log = new EventLog(recordingPath)
  let rules: RuleWatch | undefined
  let stage: ProcessStage | undefined
  let ended = ''
  const started = await startCluster({
    header, recordingPath, start: scenario.start, nodeProgram: programs.node, switchboardProgram: programs.switchboard, hostProgram: programs.host, programs: foreign,
    onEvents: (lines) => {
      if (stage) stage.take(lines)
      else early.push(lines)
      log.append(lines)
      rules?.take(lines)
    },
    onRecording: () => undefined,
    onEnded: (reason) => { ended = reason },
  }).catch((error: unknown) => {
    const sentence = endedInStart(error, foreign)
    if (sentence !== '') return nothingOf(scenario, 'failed', sentence)
    throw error instanceof CannotRun ? error : new CannotRun(sentenceOf(error))
  })
  if ('state' in started) return started
  const cluster = started
  try {
    stage = new ProcessStage(header, cluster)
    rules = new RuleWatch({ header, source: log, tell: (violation) => cluster.tell(violation) })
    for (const lines of early) stage.take(lines)
    const playing = runScenario(scenario, stage, options)
    // After a stop the remaining steps fail, and nobody awaits them.
    playing.catch(() => undefined)
    const result = await unlessStopped(playing, scenario, options.signal)
    await rules.caughtUp()
    const problem = ended === '' ? stage.machineProblem : ended
    if (problem !== '') throw new CannotRun(problem)
    return result
  } finally {
    rules?.stop()
    await cluster.stop()
  }
}

async function playOnSimulator(scenario: Scenario, options: PlayOptions, foreign: Foreign): Promise<ScenarioResult> {
  const { recordingPath, keepRecording, seed, programs: built } = options
  const lines: string[] = []
  const folder = foreign.size === 0 ? null : new ProgramFolder()
  const programs = folder === null ? undefined : simulatedPrograms(foreign, { folder: folder.path, guard: built.guard ?? '' })
  let stage: SimulatorStage | undefined
  let result: ScenarioResult
  try {
    stage = new SimulatorStage(scenario, seed, (event) => lines.push(formatEvent(event)), programs)
    result = await runScenario(scenario, stage, options)
  } catch (error) {
    throw error instanceof CannotSimulate ? new CannotRun(error.message) : error
  } finally {
    programs?.close()
    await folder?.close()
  }
  if (keepRecording || result.state === 'failed') {
    const file = openSync(recordingPath, 'wx', 0o600)
    try {
      writeSync(file, [formatHeader({ ...stage.header, protocolHash: options.protocolHash }), ...lines, ''].join('\n'))
    } finally {
      closeSync(file)
    }
  }
  return result
}
