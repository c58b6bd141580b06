// A program as the nodes of a cluster that speak its own words: runs a workload on it, once or often, and reports. It must never start a program that the
// person did not name.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { folderOf, programLimits, testProgram, type NemesisName, type ProgramTestResult, type ServiceName, type TopologyName, type WorkloadName } from '../lab'
import { reportOf, type Report, type ReportedScenario } from '../scenario'
import { endSignals, type EndSignal } from '../system'
import { grouped } from '../trace'
import { CannotRun } from './cannot-run'
import { recordingPlaces } from './recording-places'
import { say } from './terminal'

export interface WorkloadTest {
  readonly workload: WorkloadName
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  readonly nodeCount: number
  readonly concurrency?: number | undefined
  readonly rate: number
  readonly timeLimit: number
  readonly timeout: number
  readonly latency: number
  readonly latencyDist: 'constant' | 'uniform' | 'exponential'
  readonly nemesis: readonly NemesisName[]
  readonly nemesisInterval: number
  readonly settle: number
  readonly topology: TopologyName
  readonly availability?: number | undefined
  readonly services: readonly ServiceName[]
  readonly disk?: 'keep' | 'lose' | undefined
  readonly plain?: boolean | undefined
  readonly seed?: string | undefined
  readonly record?: string | undefined
  readonly times: number
  readonly untilFailure?: boolean | undefined
  /** Called with each result as it comes. */
  readonly tell?: (result: ProgramTestResult) => void
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The results of all runs, in order; each is told as it ends. `stoppedBy`: the signal that ended them early. */
export async function runWorkload(options: WorkloadTest): Promise<{ readonly results: readonly ProgramTestResult[]; readonly stoppedBy: EndSignal | null }> {
  const { workload, record, untilFailure, tell } = options
  const times = untilFailure === true && options.times === 1 ? 10_000 : options.times
  const seed = seedOf(options.seed)
  const stopping = new AbortController()
  let stoppedBy: EndSignal | null = null
  for (const signal of endSignals) process.once(signal, () => {
    stoppedBy = signal
    stopping.abort()
  })
  const places = recordingPlaces(record, [workload], times)
  const results: ProgramTestResult[] = []
  try {
    for (let time = 0; time < times && stoppedBy === null; time++) {
      const result = await testProgram({ ...settingsOf(options, time === 0 ? seed : `${seed}+${time}`), recordingPath: places.of(0, time), signal: stopping.signal, log: (sentence) => say(sentence) })
      const isKept = record !== undefined || result.verdict.standing === 'broken'
      results.push(isKept ? result : { ...result, recording: '' })
      tell?.(results.at(-1) as ProgramTestResult)
      if (untilFailure && result.verdict.standing === 'broken') break
    }
  } finally {
    places.keepOnly(results.flatMap(({ recording }) => recording === '' ? [] : [recording]))
  }
  return { results, stoppedBy }
}

function seedOf(text: string | undefined): string {
  if (text === undefined) return randomBytes(6).toString('hex')
  if (text.length > 48 || !/^[ -~]+$/.test(text)) throw new CannotRun('--seed is 1 to 48 characters of printable ASCII.')
  return text
}

function settingsOf(options: WorkloadTest, seed: string): Omit<Parameters<typeof testProgram>[0], 'recordingPath' | 'signal' | 'log'> {
  const { command, cwd, workload, nodeCount, concurrency = nodeCount, rate, timeLimit, timeout, latency, latencyDist, nemesis } = options
  const { nemesisInterval, settle, topology, services, availability, disk = null, plain = false } = options
  return {
    workload, nodeCount, concurrency, rate, seed, topology, nemesis, services,
    program: { command, folder: folderOf(cwd), isPlain: plain, speaksOurs: false, limits: programLimits },
    durationMs: timeLimit * 1000, timeoutMs: timeout, settleMs: settle, latency: { ms: latency, distribution: latencyDist }, nemesisIntervalMs: nemesisInterval * 1000,
    availability: availability ?? null, disk,
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), host: beside('./foreign.js'), guard: new URL('./program-guard.js', import.meta.url).href },
  }
}

/** The exit status: 1 if a run is broken, 2 if one could not be judged. */
export function statusOfResults(results: readonly ProgramTestResult[]): number {
  const standings = new Set(results.map(({ verdict }) => verdict.standing))
  return standings.has('broken') ? 1 : standings.has('unjudged') ? 2 : 0
}

/** The results as a report of scenarios, for JUnit, HTML and JSON: one entry for each run. */
export function reportOfResults(results: readonly ProgramTestResult[], began: number): Report {
  const seconds = (Date.now() - began) / 1000
  const states = { held: 'passed', broken: 'failed', unjudged: 'not-judged' } as const
  const reported = results.map(({ workload, seed, verdict, events, recording, determinism }): { suite: string; reported: ReportedScenario } => ({
    suite: workload,
    reported: {
      file: workload, title: `${workload}, seed ${seed}`, about: '', on: 'processes', seed, mutants: [], state: states[verdict.standing],
      reason: verdict.standing === 'held' ? '' : verdict.text, points: verdict.standing === 'held' ? 1 : 0, pointsMax: verdict.standing === 'unjudged' ? 0 : 1,
      seconds: Math.round(seconds / results.length * 1000) / 1000, events, seq: verdict.errors[0]?.evidence.at(-1) ?? 0, recording,
      determinism, steps: [], lastEvents: verdict.errors.map(({ text }) => text),
    },
  }))
  return reportOf(reported, { createdAt: new Date(began), seconds, stopped: false })
}

const standingWords = { held: 'held', broken: 'BROKEN', unjudged: 'not judged' } as const

export function linesOf(result: ProgramTestResult): string[] {
  const { workload, seed, verdict, counts, messagesPerRequest, medianMs, p99Ms, levels, refusedLines, firstRefused, faults, events, recording, determinism } = result
  const others = verdict.errors.slice(1).map(({ text, evidence }) => `  also: ${text}${evidence.length === 0 ? '' : ` (events ${evidence.map((seq) => `#${seq}`).join(', ')})`}`)
  const [first] = verdict.errors
  const evidence = first && first.evidence.length > 0 ? ` (events ${first.evidence.map((seq) => `#${seq}`).join(', ')})` : ''
  const lowest = Object.entries(levels).sort(([, one], [, other]) => one.level - other.level)[0]
  return [
    `${workload}: ${standingWords[verdict.standing]}: ${verdict.text}${evidence}.`,
    ...others,
    ...verdict.errorCount > verdict.errors.length ? [`  and ${verdict.errorCount - verdict.errors.length} more`] : [],
    `  ${grouped(counts.asked)} requests: ${grouped(counts.ok)} succeeded, ${grouped(counts.failed)} failed, ${grouped(counts.unknown)} unknown; median ${medianMs} ms, p99 ${p99Ms} ms; ${messagesPerRequest} messages between nodes for each`,
    ...lowest ? [`  level ${lowest[1].level}${lowest[1].reason === '' ? '' : `: ${lowest[1].reason}`}`] : [],
    ...refusedLines > 0 ? [`  ${grouped(refusedLines)} lines were refused, the first: ${firstRefused}`] : [],
    ...faults.acts > 0 ? [`  faults: ${grouped(faults.acts)} acts, ${grouped(faults.lost)} messages lost`] : [],
    ...determinism === '' ? [] : [`  ${determinism}`],
    `  seed ${seed}, ${grouped(events)} events${recording === '' ? '' : `, ${recording}`}`,
  ]
}
