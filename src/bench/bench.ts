// What a bench is: a named thing that measures in rounds, tells every round with all its absolute numbers, and hands in one value a round
// for each of its goals. Medians, spread, verdicts and the table are the suite's work (ledger.ts, goals.ts, table.ts), alike for all.
import type { Children } from './children'

export interface Goal {
  /** What is measured, in words a table can show; the bench's values name it. */
  readonly name: string
  readonly better: 'higher' | 'lower'
  /** Below this (above it, where lower is better) something is wrong; null for a number that is only told. */
  readonly needed: number | null
  /** What we would be proud of; null for a number that is only told. */
  readonly aim: number | null
  /** `ratio` unless it is said. */
  readonly unit?: string
}

export interface Bench {
  /** `npm run bench -- NAME`. */
  readonly name: string
  /** A sentence for the list of benches and above the table. */
  readonly title: string
  /** How many rounds and how many seconds a measurement takes unless it is asked for otherwise. */
  readonly rounds: number
  readonly seconds: number
  readonly goals: readonly Goal[]
  /** Throws what it could not do; everything that it started with `context.children` is ended afterwards, whatever happens. */
  run(context: BenchContext): Promise<void>
}

/** The absolute numbers of one row in one round; `foreignCores` marks a round that others have disturbed. */
export interface RoundLine {
  readonly round: number
  readonly row: string
  readonly foreignCores?: number
  readonly [number: string]: unknown
}

export interface BenchContext {
  readonly rounds: number
  readonly seconds: number
  /** The folder of the built programs: `cli.js`, `node.js`, `switchboard.js`, ... */
  readonly programs: string
  /** Private, with a path short enough for sockets; removed afterwards. */
  readonly folder: string
  readonly children: Children
  /** Begins to watch the processors; the answer ends it and says how many cores of work this process tree does not explain. */
  watchForeignCores(): () => number
  /** Tells a round: one JSON line. */
  round(line: RoundLine): void
  /** One value for a goal; of a ratio whose sides were measured apart, the foreign cores are the worse side's. */
  value(goal: string, value: number, foreignCores: number): void
  /** A peer that is not on this machine, or a tool: the rows that need it are told absent, never left out in silence. */
  absent(what: string, why: string): void
}
