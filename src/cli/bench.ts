// `bench [NAME...]`: measurements as JSON lines on standard output, one line for each round and a summary at the end. The suite is a separate
// program (src/bench/bench-suite.ts); the subcommands here are measurements with their own options.
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { benchRules } from '../lab'
import { CannotRun, wholeNumber } from './cannot-run'
import { printJson } from './terminal'

export function benchCommand(program: Command): void {
  const bench = program.command('bench').description('the benchmark suite, or some benches of it, as JSON lines; a table at the end')
    .argument('[names...]', 'benches of the suite; all without a name')
    .option('--rounds <number>', '1 to 1000; 0 for what each bench takes', wholeNumber('--rounds', 0, 1000), 0)
    .option('--seconds <number>', 'of each measurement, 1 to 60; 0 for what each bench takes', wholeNumber('--seconds', 0, 60), 0)
    .option('--table', 'the table alone, on standard output', false)
    .option('--markdown <file>', 'writes the tables, with the medians of all rows, to a file', '')
    // Needed so that `--rounds` after a subcommand belongs to that subcommand.
    .enablePositionalOptions()
    .action(suite)
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

/** Loads the suite, a separate built program beside this one. */
async function suite(names: string[], { rounds, seconds, table, markdown }: SuiteFlags): Promise<void> {
  const program = new URL('./bench-suite.js', import.meta.url).href
  const { runSuite } = await import(/* @vite-ignore */ program) as { runSuite: (options: object) => Promise<string> }
  const problem = await runSuite({
    names, rounds, seconds, markdown,
    print: (line: object) => table || printJson(line),
    say: (text: string) => (table ? process.stdout : process.stderr).write(text),
  })
  if (problem !== '') throw new CannotRun(problem)
}

interface WindowOptions { events: number; rounds: number; only: string; electron: string }

/** Loads a separate built program beside this one, as only this bench drives a browser. */
async function window({ events, rounds, only, electron }: WindowOptions): Promise<void> {
  const program = new URL('./bench-window.js', import.meta.url).href
  const { benchWindow } = await import(/* @vite-ignore */ program) as { benchWindow: (options: object) => Promise<string> }
  const problem = await benchWindow({ events, rounds, only: only.split(','), electron, print: printJson })
  if (problem !== '') throw new CannotRun(problem)
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function rules({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  const print = (line: object): void => printJson({ bench: 'rules', ...line })
  await benchRules({ rounds, seconds, programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), host: beside('./foreign.js') }, print })
}
