// One scenario from beginning to end, on processes or on the simulator, with its recording. Used by the command line; the window plays
// a scenario in a session of its own (live-session.ts). Whatever happens, no process is left.
import { rm } from 'node:fs/promises'
import { closeSync, openSync, writeSync } from 'node:fs'
import { nodeNames, runScenario, type RunOptions, type Scenario, type ScenarioResult } from '../scenario'
import { formatEvent, formatHeader, traceVersion, type TraceHeader } from '../trace'
import type { ClusterStarter, EventLines } from './cluster-seam'
import { EventLog } from './event-log'
import type { ClusterPrograms } from './lab-options'
import { RuleWatch } from './rule-watch'
import { ProcessStage } from './stages/process-stage'
import { SimulatorStage } from './stages/simulator-stage'

export interface PlayOptions extends RunOptions {
  readonly on: 'processes' | 'simulator'
  /** Where the recording goes: must not exist. */
  readonly recordingPath: string
  readonly keepRecording: boolean
  readonly programs: ClusterPrograms
  readonly startCluster: ClusterStarter
  readonly protocolHash: string
  /** The scenario's own, or another. */
  readonly seed: string
  /** Ends it wherever it is; it then counts as stopped, and its cluster goes. */
  readonly signal?: AbortSignal
}

/** What came of it, and the path of its recording: kept if it was asked for or if the scenario failed, else empty. */
export interface Played {
  readonly result: ScenarioResult
  readonly recording: string
}

export async function playScenario(scenario: Scenario, options: PlayOptions): Promise<Played> {
  const { recordingPath, keepRecording } = options
  const result = await (options.on === 'simulator' ? playOnSimulator(scenario, options) : playOnProcesses(scenario, options).catch((error: unknown) => notStarted(scenario, error)))
  const isKept = keepRecording || result.state === 'failed'
  if (!isKept) await rm(recordingPath, { force: true })
  return { result, recording: isKept ? recordingPath : '' }
}

/** The cluster did not come up: nothing was played. */
function notStarted(scenario: Scenario, error: unknown): ScenarioResult {
  return { ...nothingOf(scenario), state: 'failed', reason: error instanceof Error ? error.message : String(error) }
}

function nothingOf(scenario: Scenario): ScenarioResult {
  const steps = scenario.steps.map(({ number, text, place }) => ({ number, text, line: place.line, state: 'skipped' as const, detail: '', atMs: 0 }))
  return { state: 'stopped', reason: 'It was stopped.', steps, lastEvents: [], seq: 0, events: 0 }
}

/** Resolves when the signal comes. */
function stopped(scenario: Scenario, signal: AbortSignal | undefined): Promise<ScenarioResult> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve(nothingOf(scenario))
    signal?.addEventListener('abort', () => resolve(nothingOf(scenario)), { once: true })
  })
}

/** The recording's header for a scenario's cluster. */
export function scenarioHeader(scenario: Scenario, { seed, protocolHash, createdAt }: { seed: string; protocolHash: string; createdAt: Date }): TraceHeader {
  const { replicas, clients, settings, title } = scenario
  const kinds = { v: 'view-server', s: 'replica', c: 'client' } as const
  return {
    understudy: 'recording', version: traceVersion, source: 'live', title, createdAt: createdAt.toISOString(), settings, seed, protocolHash,
    nodes: nodeNames(replicas, clients).all.map((name) => ({ name, kind: kinds[name[0] as keyof typeof kinds] })),
    parent: null,
  }
}

async function playOnProcesses(scenario: Scenario, options: PlayOptions): Promise<ScenarioResult> {
  const { recordingPath, programs, startCluster, protocolHash, seed } = options
  const header = scenarioHeader(scenario, { seed, protocolHash, createdAt: new Date() })
  const early: EventLines[] = []
  const log = new EventLog(recordingPath)
  let rules: RuleWatch | undefined
  let stage: ProcessStage | undefined
  let ended = ''
  const cluster = await startCluster({
    header, recordingPath, start: scenario.start, nodeProgram: programs.node, switchboardProgram: programs.switchboard,
    onEvents: (lines) => {
      if (stage) stage.take(lines)
      else early.push(lines)
      log.append(lines)
      rules?.take(lines)
    },
    onRecording: () => undefined,
    onEnded: (reason) => { ended = reason },
  })
  try {
    stage = new ProcessStage(header, cluster)
    rules = new RuleWatch({ header, source: log, tell: (violation) => cluster.tell(violation) })
    for (const lines of early) stage.take(lines)
    const playing = runScenario(scenario, stage, options)
    // After a stop its steps fail one after the other, and nobody waits for them.
    playing.catch(() => undefined)
    const result = await Promise.race([playing, stopped(scenario, options.signal)])
    await rules.caughtUp()
    return ended === '' ? result : { ...result, state: 'failed', reason: ended }
  } finally {
    rules?.stop()
    await cluster.stop()
  }
}

async function playOnSimulator(scenario: Scenario, options: PlayOptions): Promise<ScenarioResult> {
  const { recordingPath, keepRecording, seed } = options
  const lines: string[] = []
  const stage = new SimulatorStage(scenario, seed, (event) => lines.push(formatEvent(event)))
  const result = await runScenario(scenario, stage, options)
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
