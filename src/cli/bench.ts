// `bench NAME`: measurements as JSON lines on standard output, one for each round and a summary at the end.
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { benchFailover } from '../cluster'
import { wholeNumber } from './cannot-run'

export function benchCommand(program: Command): void {
  const bench = program.command('bench').description('measurements, as JSON lines')
  bench.command('failover')
    .description('from kill -9 of the primary to the first acknowledged write: pings 20 ms, checks each 5 ms, dead after 60 ms of silence')
    .option('--kills <number>', '1 to 1000', wholeNumber('--kills', 1, 1000), 20)
    .action(failover)
}

async function failover({ kills }: { kills: number }): Promise<void> {
  const taken: number[] = []
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
  await benchFailover({
    program: fileURLToPath(new URL('./cli.js', import.meta.url)), kills,
    settings: { pingIntervalMs: 20, pingCheckIntervalMs: 5, deadPings: 12, retryMs: 5 },
    onKill: (kill) => {
      taken.push(kill.ms)
      print({ bench: 'failover', ...kill, ms: rounded(kill.ms) })
    },
  })
  const sorted = taken.toSorted((one, other) => one - other)
  print({ bench: 'failover', kills, p50: rounded(median(sorted)), min: rounded(sorted[0] ?? 0), max: rounded(sorted.at(-1) ?? 0), unit: 'ms' })
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] ?? 0 : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10
