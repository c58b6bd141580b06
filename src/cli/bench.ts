// `bench [NAME...]`: measurements as JSON lines on standard output, one for each round and a summary at the end. The suite is a program of
// its own (src/bench/bench-suite.ts); the subcommands here are measurements with options of their own.
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { benchFailover } from '../cluster'
import { benchRules, median } from '../lab'
import { CannotRun, wholeNumber } from './cannot-run'

export function benchCommand(program: Command): void {
  const bench = program.command('bench').description('the benchmark suite, or some benches of it, as JSON lines; a table at the end')
    .argument('[names...]', 'benches of the suite; all without a name')
    .option('--rounds <number>', '1 to 1000; 0 for what each bench takes', wholeNumber('--rounds', 0, 1000), 0)
    .option('--seconds <number>', 'of each measurement, 1 to 60; 0 for what each bench takes', wholeNumber('--seconds', 0, 60), 0)
    .option('--table', 'the table alone, on standard output', false)
    .option('--markdown <file>', 'writes the tables, with the medians of all rows, to a file', '')
    // A subcommand's own --rounds is its own.
    .enablePositionalOptions()
    .action(suite)
  bench.command('failover')
    .description('from kill -9 of the primary to the first acknowledged write: pings 20 ms, checks each 5 ms, dead after 60 ms of silence')
    .option('--kills <number>', '1 to 1000', wholeNumber('--kills', 1, 1000), 20)
    .action(failover)
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

interface SuiteFlags { rounds: number; seconds: number; table: boolean; markdown: string }

/** A program of its own beside this one. */
async function suite(names: string[], { rounds, seconds, table, markdown }: SuiteFlags): Promise<void> {
  const program = new URL('./bench-suite.js', import.meta.url).href
  const { runSuite } = await import(/* @vite-ignore */ program) as { runSuite: (options: object) => Promise<string> }
  const problem = await runSuite({
    names, rounds, seconds, markdown,
    print: (line: object) => table || process.stdout.write(`${JSON.stringify(line)}\n`),
    say: (text: string) => (table ? process.stdout : process.stderr).write(text),
  })
  if (problem !== '') throw new CannotRun(problem)
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
