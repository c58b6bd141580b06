// The interface of a bench: a named thing that measures in rounds, reports each round with absolute numbers, and gives one value a round for each
// goal. It must never compute medians, spread, verdicts or tables: the suite does that for all benches (ledger.ts, goals.ts, table.ts).
import type { Children } from './children'

export interface Goal {
  /** What is measured, in words for the table; the bench's values refer to it. */
  readonly name: string
  readonly better: 'higher' | 'lower'
  /** A value below this (above it, where lower is better) is a failure; null for a number that is only reported. */
  readonly needed: number | null
  /** The target; null for a number that is only reported. */
  readonly aim: number | null
  /** Default: `ratio`. */
  readonly unit?: string
  /** The value that is judged: the median of the rounds (default), or the worst round, as for errors. */
  readonly judgedBy?: 'median' | 'worst'
}

export interface Bench {
  /** `npm run bench -- NAME`. */
  readonly name: string
  /** A sentence for the list of benches and the head of the table. */
  readonly title: string
  /** Default number of rounds, and default seconds of a measurement. */
  readonly rounds: number
  readonly seconds: number
  readonly goals: readonly Goal[]
  /** Throws if it cannot measure. Processes started with `context.children` are ended afterwards in any case. */
  run(context: BenchContext): Promise<void>
}

/** The absolute numbers of one row in one round; `foreignCores` marks a round that other programs disturbed. */
export interface RoundLine {
  readonly round: number
  readonly row: string
  readonly foreignCores?: number
  readonly [number: string]: unknown
}

/** Where a bench's processes run. */
export interface BenchPlace {
  /** The folder of the built programs: `cli.js`, `node.js`, `switchboard.js`, ... */
  readonly programs: string
  /** Private, with a path short enough for sockets; removed afterwards. */
  readonly folder: string
  readonly children: Children
  /** Registers a function that runs when the bench has ended, well or not, before its children are ended; the last one first. */
  readonly atEnd: (act: () => void | Promise<void>) => void
}

export interface BenchContext extends BenchPlace {
  readonly rounds: number
  readonly seconds: number
  /** Starts to watch the processors. The returned function ends the watch and returns the cores of work outside this process tree. */
  watchForeignCores(): () => number
  /** Reports a round as one JSON line. */
  round(line: RoundLine): void
  /** Gives one value for a goal. For a ratio measured on two sides, `foreignCores` is that of the worse side. */
  value(goal: string, value: number, foreignCores: number): void
  /** Reports that a peer or a tool is missing here: the rows that need it appear as absent, and are never left out silently. */
  readonly absent: (what: string, why: string) => void
}
