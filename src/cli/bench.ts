// `bench NAME`: measurements as JSON lines on standard output, one for each round and a summary at the end.
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { benchFailover } from '../cluster'
import { benchLab, benchRules, median } from '../lab'
import { CannotRun, wholeNumber } from './cannot-run'

export function benchCommand(program: Command): void {
  const bench = program.command('bench').description('measurements, as JSON lines')
  bench.command('failover')
    .description('from kill -9 of the primary to the first acknowledged write: pings 20 ms, checks each 5 ms, dead after 60 ms of silence')
    .option('--kills <number>', '1 to 1000', wholeNumber('--kills', 1, 1000), 20)
    .action(failover)
  bench.command('lab')
    .description('throughput of the lab, every event recorded: 8 clients in a closed loop of puts on a cluster, with nobody who reads the events and with a session that watches the rules')
    .option('--rounds <number>', '1 to 100', wholeNumber('--rounds', 1, 100), 5)
    .option('--seconds <number>', 'of each round, 1 to 60', wholeNumber('--seconds', 1, 60), 4)
    .option('--replicas <number>', '2 to 7', wholeNumber('--replicas', 2, 7), 3)
    .option('--only <reader>', 'nothing or session')
    .action(lab)
  bench.command('rules')
    .description('what watching the rules costs: throughput of 8 clients in a closed loop on a live cluster, watched against not, and events judged a second')
    .option('--rounds <number>', '1 to 100', wholeNumber('--rounds', 1, 100), 5)
    .option('--seconds <number>', 'of each kind in a round, 1 to 60', wholeNumber('--seconds', 1, 60), 4)
    .action(rules)
  bench.command('window')
    .description('the window in a real browser with a very large recording: opening, seeking, scrolling, scrubbing, memory, and a live cluster')
    .option('--events <number>', 'events of the recording that is opened', wholeNumber('--events', 20_000, 100_000_000), 1_000_000)
    .option('--rounds <number>', '1 to 20', wholeNumber('--rounds', 1, 20), 3)
    .option('--only <names>', 'some of open, live, played; separated by commas', 'open,live,played')
    .option('--electron <program>', 'the desktop window in place of Chromium: the path of the Electron runtime', '')
    .action(window)
}

interface WindowOptions { events: number; rounds: number; only: string; electron: string }

/** A program of its own beside this one: it drives a browser, which nothing else here does. */
async function window({ events, rounds, only, electron }: WindowOptions): Promise<void> {
  const program = new URL('./bench-window.js', import.meta.url).href
  const { benchWindow } = await import(/* @vite-ignore */ program) as { benchWindow: (options: object) => Promise<string> }
  const problem = await benchWindow({ events, rounds, only: only.split(','), electron, print: (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`) })
  if (problem !== '') throw new CannotRun(problem)
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

interface LabBenchOptions { rounds: number; seconds: number; replicas: number; only?: string }

async function lab({ rounds, seconds, replicas, only }: LabBenchOptions): Promise<void> {
  const readers = (['nothing', 'session'] as const).filter((reader) => only === undefined || only === reader)
  if (readers.length === 0) throw new CannotRun(`--only takes nothing or session, not ${only ?? ''}.`)
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify({ bench: 'lab', ...line })}\n`)
  await benchLab({ rounds, seconds, replicas, readers, programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js') }, print })
}

async function rules({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify({ bench: 'rules', ...line })}\n`)
  await benchRules({ rounds, seconds, programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js') }, print })
}

async function failover({ kills }: { kills: number }): Promise<void> {
  const taken: number[] = []
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
  await benchFailover({
    program: beside('./cli.js'), kills,
    settings: { pingIntervalMs: 20, pingCheckIntervalMs: 5, deadPings: 12, retryMs: 5 },
    onKill: (kill) => {
      taken.push(kill.ms)
      print({ bench: 'failover', ...kill, ms: rounded(kill.ms) })
    },
  })
  const sorted = taken.toSorted((one, other) => one - other)
  print({ bench: 'failover', kills, p50: rounded(median(sorted)), min: rounded(sorted[0] ?? 0), max: rounded(sorted.at(-1) ?? 0), unit: 'ms' })
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10
