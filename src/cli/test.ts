// `test --bin COMMAND -w WORKLOAD`: a program of any language as the nodes of a cluster, asked by clients, under faults, and judged by what the clients
// saw. The verdict goes to standard output, progress to standard error. Status 0: held; 1: broken; 2: it could not run, or nothing could be judged.
// It must never start a program that the person did not name.
import { availableParallelism } from 'node:os'
import { Option, type Command } from 'commander'
import { commandIn, nemesisNames, serviceNames, topologyNames, workloadNames, workloads, type NemesisName, type ServiceName, type WorkloadName } from '../lab'
import { statusOfSignal } from '../system'
import { CannotRun, wholeNumber } from './cannot-run'
import { addReportFlags, tellReport, type ReportOptions } from './report-out'
import { testSubmissions } from './submissions'
import { replicaSuite, testReplicas, type ReplicaTest } from './test-replicas'
import { linesOf, reportOfResults, runWorkload, statusOfResults, type WorkloadTest } from './test-workload'
import { printJson, printLines } from './terminal'

export interface TestOptions extends ReportOptions, Omit<WorkloadTest, 'workload' | 'command' | 'cwd' | 'tell'> {
  readonly bin: string
  readonly cwd?: string
  readonly workload: WorkloadName | typeof replicaSuite
  readonly as: readonly string[]
  readonly on?: 'processes' | 'simulator'
  readonly scenarios?: readonly string[]
  readonly submissions?: string
  readonly jobs: number
  readonly json?: boolean
}

export function testCommand(program: Command): void {
  const command = program.command('test')
    .description('a program of any language as the nodes of a cluster, under faults, judged by what its clients saw')
    .requiredOption('--bin <command>', 'the program, with its parameters in one text: --bin "python3 node.py"')
    .option('--cwd <folder>', 'the folder that it runs in; this one without it')
    .addOption(new Option('-w, --workload <name>', `what its clients ask: ${workloadNames.map((name) => `${name} (${workloads[name].about})`).join(', ')}; or ${replicaSuite}: the scenarios with points, on servers of this lab's protocol`)
      .choices([...workloadNames, replicaSuite]).makeOptionMandatory())
    .option('--as <names>', `for ${replicaSuite}: which nodes it is, with commas between them: replicas, view-server, or a node`, (text: string) => text.split(',').map((name) => name.trim()), ['replicas'])
    .addOption(new Option('--on <stage>', `for ${replicaSuite}: real processes, or virtual time (level 2); processes without it`).choices(['processes', 'simulator']))
    .option('--scenarios <scenarios...>', `for ${replicaSuite}: files or folders, instead of all that come with the lab`)
    .option('--submissions <folder>', 'runs the program in each folder there, one after the other, with a table of all')
    .option('--node-count <number>', 'nodes', wholeNumber('--node-count', 1, 25), 1)
    .option('--concurrency <number>', 'clients that ask at the same time; one for each node without it', wholeNumber('--concurrency', 1, 100))
    .option('--rate <number>', 'requests in a second, of all clients together', wholeNumber('--rate', 1, 10_000), 5)
    .option('--time-limit <seconds>', 'how long they ask', wholeNumber('--time-limit', 1, 3600), 10)
    .option('--timeout <ms>', 'an answer that takes longer is unknown', wholeNumber('--timeout', 10, 600_000), 5000)
    .option('--latency <ms>', 'of every message between nodes', wholeNumber('--latency', 0, 60_000), 0)
    .addOption(new Option('--latency-dist <name>', 'how latencies differ').choices(['constant', 'uniform', 'exponential']).default('constant'))
    .option('--nemesis <names>', `faults, with commas between them: ${nemesisNames.join(', ')}`, nemesisOf, [])
    .option('--nemesis-interval <seconds>', 'from the begin of a fault to its end, and to the next', wholeNumber('--nemesis-interval', 1, 600), 3)
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
    .option('--jobs <number>', `for ${replicaSuite}: scenarios or seeds at a time`, wholeNumber('--jobs', 1, 64), availableParallelism())
    .option('--json', 'a line of JSON for each run')
  addReportFlags(command).action(test)
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

async function test(options: TestOptions): Promise<void> {
  const { bin, cwd = '.', workload, submissions } = options
  if (submissions !== undefined) return testSubmissions(submissions, options)
  if (workload === replicaSuite) return testReplicas(replicaTest(options, commandIn(process.cwd(), bin), cwd))
  if (options.on === 'simulator') throw new CannotRun(`--on simulator is for ${replicaSuite}: the clients and services of ${workload} are processes.`)
  if (options.nemesis.length > 0 && options.nemesisInterval >= options.timeLimit) {
    throw new CannotRun(`No fault would take place: --nemesis-interval ${options.nemesisInterval} is as long as --time-limit ${options.timeLimit}.`)
  }
  return testWorkload({ ...options, workload, command: commandIn(process.cwd(), bin), cwd }, options)
}

export function replicaTest({ as, on, scenarios, seed, record, times, untilFailure = false, jobs, json = false, report, out }: TestOptions, command: ReplicaTest['command'], cwd: string): ReplicaTest {
  return { command, as, cwd, on, scenarios, seed, record, times, untilFailure, jobs, json, report, out }
}

async function testWorkload(given: WorkloadTest, { json = false, report, out }: TestOptions): Promise<void> {
  const began = Date.now()
  const isText = report.includes('text') && out === undefined
  const { results, stoppedBy } = await runWorkload({ ...given, tell: (result) => json ? printJson(result) : isText ? printLines(linesOf(result)) : undefined })
  const others = isText ? report.filter((format) => format !== 'text') : report
  if (others.length > 0) tellReport(reportOfResults(results, began), { report: others, out })
  process.exitCode = stoppedBy === null ? statusOfResults(results) : statusOfSignal[stoppedBy]
}
