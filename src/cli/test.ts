// `test --bin COMMAND -w WORKLOAD`: a program of any language as the nodes of a cluster, asked by clients, under faults, and judged by what the clients
// saw. The verdict goes to standard output, progress to standard error. Status 0: held; 1: broken; 2: it could not run, or nothing could be judged.
// It must never start a program that the person did not name.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Option, type Command } from 'commander'
import {
  nemesisNames, programLimits, serviceNames, testProgram, topologyNames, workloadNames, workloads,
  type NemesisName, type ProgramTestResult, type ServiceName, type TopologyName, type WorkloadName,
} from '../lab'
import { endSignals, statusOfSignal, type EndSignal } from '../system'
import { grouped } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { commandOf, folderOf } from './program-flag'
import { recordingPlaces } from './recording-places'
import { printJson, printLines, say } from './terminal'

interface TestOptions {
  readonly bin: string
  readonly cwd?: string
  readonly workload: WorkloadName
  readonly nodeCount: number
  readonly concurrency?: number
  readonly rate: number
  readonly timeLimit: number
  readonly timeout: number
  readonly latency: number
  readonly latencyDist: 'constant' | 'uniform' | 'exponential'
  readonly nemesis: readonly NemesisName[]
  readonly nemesisInterval: number
  readonly settle: number
  readonly topology: TopologyName
  readonly availability?: number
  readonly services: readonly ServiceName[]
  readonly disk?: 'keep' | 'lose'
  readonly plain?: boolean
  readonly seed?: string
  readonly record?: string
  readonly times: number
  readonly untilFailure?: boolean
  readonly json?: boolean
}

export function testCommand(program: Command): void {
  program.command('test')
    .description('a program of any language as the nodes of a cluster, under faults, judged by what its clients saw')
    .requiredOption('--bin <command>', 'the program, with its parameters in one text: --bin "python3 node.py"')
    .option('--cwd <folder>', 'the folder that it runs in; this one without it')
    .addOption(new Option('-w, --workload <name>', `what its clients ask: ${workloadNames.map((name) => `${name} (${workloads[name].about})`).join(', ')}`).choices(workloadNames as string[]).makeOptionMandatory())
    .option('--node-count <number>', 'nodes', wholeNumber('--node-count', 1, 25), 1)
    .option('--concurrency <number>', 'clients that ask at the same time; one for each node without it', wholeNumber('--concurrency', 1, 100))
    .option('--rate <number>', 'requests in a second, of all clients together', wholeNumber('--rate', 1, 10_000), 5)
    .option('--time-limit <seconds>', 'how long they ask', wholeNumber('--time-limit', 1, 3600), 10)
    .option('--timeout <ms>', 'an answer that takes longer is unknown', wholeNumber('--timeout', 10, 600_000), 5000)
    .option('--latency <ms>', 'of every message between nodes', wholeNumber('--latency', 0, 60_000), 0)
    .addOption(new Option('--latency-dist <name>', 'how latencies differ').choices(['constant', 'uniform', 'exponential']).default('constant'))
    .option('--nemesis <names>', `faults, with commas between them: ${nemesisNames.join(', ')}`, nemesisOf, [])
    .option('--nemesis-interval <seconds>', 'from the begin of a fault to its end, and to the next', wholeNumber('--nemesis-interval', 1, 600), 10)
    .option('--settle <ms>', 'time for the nodes to agree, before each is asked once more', wholeNumber('--settle', 0, 600_000), 10_000)
    .addOption(new Option('--topology <name>', 'who is whose neighbour, for broadcast').choices(topologyNames as unknown as string[]).default('grid'))
    .option('--services <names>', `nodes of the lab that the program may use: ${serviceNames.join(', ')}, with commas between them, or none`, servicesOf, [...serviceNames])
    .option('--availability <share>', 'the least share of requests that must succeed: 0.99, or total', availabilityOf)
    .addOption(new Option('--disk <what>', 'a folder for each node, named in its init: it keeps or loses its files when the node is killed').choices(['keep', 'lose']))
    .option('--plain', 'the program refuses fields that Maelstrom does not have: it gets none')
    .option('--seed <text>', 'the same requests and faults again; printed with every verdict')
    .option('--record <path>', 'keeps the recording: a file, or a folder for several runs; without it those of failures are kept')
    .option('--times <number>', 'so many runs, each with the next seed', wholeNumber('--times', 1, 10_000), 1)
    .option('--until-failure', 'runs again until one is broken, or --times is reached')
    .option('--json', 'a line of JSON for each run')
    .action(test)
}

function nemesisOf(text: string): NemesisName[] {
  return chosen(text, nemesisNames, 'nemesis')
}

function servicesOf(text: string): ServiceName[] {
  return chosen(text, serviceNames, 'service')
}

/** Names with commas between them; `none` is no name. */
function chosen<Name extends string>(text: string, known: readonly Name[], what: string): Name[] {
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '' && name !== 'none')
  const stranger = names.find((name) => !(known as readonly string[]).includes(name))
  if (stranger !== undefined) throw new CannotRun(`There is no ${what} ${JSON.stringify(stranger.slice(0, 40))}; there are ${known.join(', ')}.`)
  return [...new Set(names)] as Name[]
}

function availabilityOf(text: string): number {
  const share = text === 'total' ? 1 : Number(text)
  if (!(share >= 0 && share <= 1) || text.trim() === '') throw new CannotRun(`--availability is a share from 0 to 1, or total, not ${JSON.stringify(text.slice(0, 40))}.`)
  return share
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function test(options: TestOptions): Promise<void> {
  const { workload, record, untilFailure = false, json = false } = options
  const times = untilFailure && options.times === 1 ? 10_000 : options.times
  const seed = seedOf(options.seed)
  const stopping = new AbortController()
  let stoppedBy: EndSignal | null = null
  for (const signal of endSignals) process.once(signal, () => {
    stoppedBy = signal
    stopping.abort()
  })
  const places = recordingPlaces(record, [workload], times)
  const kept: string[] = []
  const standings = new Set<ProgramTestResult['verdict']['standing']>()
  try {
    for (let time = 0; time < times && stoppedBy === null; time++) {
      const result = await testProgram({ ...settingsOf(options, time === 0 ? seed : `${seed}+${time}`), recordingPath: places.of(0, time), signal: stopping.signal, log: (sentence) => say(sentence) })
      if (result.verdict.standing === 'broken') kept.push(result.recording)
      const isKept = record !== undefined || result.verdict.standing === 'broken'
      if (json) printJson({ ...result, recording: isKept ? result.recording : '' })
      else printLines(linesOf(result, isKept))
      standings.add(result.verdict.standing)
      if (untilFailure && result.verdict.standing === 'broken') break
    }
  } finally {
    places.keepOnly(kept)
  }
  process.exitCode = stoppedBy === null ? (standings.has('broken') ? 1 : standings.has('unjudged') ? 2 : 0) : statusOfSignal[stoppedBy as EndSignal]
}

function seedOf(text: string | undefined): string {
  if (text === undefined) return randomBytes(6).toString('hex')
  if (text.length > 48 || !/^[ -~]+$/.test(text)) throw new CannotRun('--seed is 1 to 48 characters of printable ASCII.')
  return text
}

function settingsOf(options: TestOptions, seed: string): Omit<Parameters<typeof testProgram>[0], 'recordingPath' | 'signal' | 'log'> {
  const { bin, cwd = '.', workload, nodeCount, concurrency = nodeCount, rate, timeLimit, timeout, latency, latencyDist, nemesis, nemesisInterval, settle, topology, services, availability, disk = null, plain = false } = options
  return {
    workload, nodeCount, concurrency, rate, seed, topology, nemesis, services,
    program: { command: commandOf(bin), folder: folderOf(cwd), isPlain: plain, speaksOurs: false, limits: programLimits },
    durationMs: timeLimit * 1000, timeoutMs: timeout, settleMs: settle, latency: { ms: latency, distribution: latencyDist }, nemesisIntervalMs: nemesisInterval * 1000,
    availability: availability ?? null, disk,
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), host: beside('./foreign.js') },
  }
}

const standingWords = { held: 'held', broken: 'BROKEN', unjudged: 'not judged' } as const

function linesOf(result: ProgramTestResult, isKept: boolean): string[] {
  const { workload, seed, verdict, counts, messagesPerRequest, medianMs, p99Ms, levels, refusedLines, events, recording } = result
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
    ...refusedLines > 0 ? [`  ${grouped(refusedLines)} lines were refused; the recording has them with their reasons`] : [],
    `  seed ${seed}, ${grouped(events)} events${isKept ? `, ${recording}` : ''}`,
  ]
}
