// The jobs and answers of a simulation's workers, as plain data. An answer must depend only on its job, not on the worker.
import type { MutantName } from '../../protocol'
import {
  drawPlan, RunCoverage, runPlan, shrink, sizeOf, type CheckName, type DrawOptions, type Finding, type Plan, type PlanRun, type PlanSize, type Programs, type Reached,
} from '../../sim'

/** One seed's run in numbers. */
export interface SeedResult {
  readonly seed: number
  readonly operations: number
  readonly acknowledged: number
  /** Faults that took effect. */
  readonly faults: number
  readonly events: number
  readonly virtualMs: number
  readonly isStuck: boolean
  readonly history: PlanRun['history']
  readonly found: Finding | null
  /** What the run has reached, if coverage was requested. */
  readonly reached?: Reached
}

/** A failing run after shrinking. */
export interface ShrunkRun {
  readonly seed: number
  readonly check: CheckName
  /** The size of the original plan, with all that happened. */
  readonly before: PlanSize
  readonly size: PlanSize
  /** The finding in the original run, and in the small one. */
  readonly found: string
  readonly text: string
  readonly runs: number
  readonly isDone: boolean
  readonly ms: number
  readonly plan: Plan
}

/** The first seed that exposes a mutant. */
export interface MutantRow {
  readonly mutant: MutantName
  /** The number of seeds that were run. */
  readonly seeds: number
  readonly ms: number
  /** Null: no seed exposes it. */
  readonly shrunk: ShrunkRun | null
}

/** The finding that the shrunk run must also have. */
type Found = Pick<Finding, 'check' | 'text'>

/** What a simulation checks. */
export interface Look {
  readonly draw: DrawOptions
  /** The only check to run; null: all checks. */
  readonly only: CheckName | null
  /** Also report what each run has reached. */
  readonly coverage?: boolean
}

export type Job =
  | { readonly type: 'seeds'; readonly from: number; readonly to: number; readonly stopAtFirst: boolean; readonly look: Look }
  | { readonly type: 'shrink'; readonly seed: number; readonly found: Found; readonly draw: DrawOptions; readonly runsMax?: number }
  | { readonly type: 'mutant'; readonly mutant: MutantName; readonly from: number; readonly to: number; readonly look: Look; readonly shrinkRunsMax?: number }

export type Answer =
  | { readonly type: 'seeds'; readonly results: readonly SeedResult[] }
  | { readonly type: 'shrink'; readonly shrunk: ShrunkRun }
  | { readonly type: 'mutant'; readonly row: MutantRow }

/** `programs`: runs the nodes that are programs of others. `now`: a clock in real milliseconds. Durations are reported; nothing else depends on it. */
export function work(job: Job, now: () => number, programs?: Programs): Answer {
  switch (job.type) {
    case 'seeds': return { type: 'seeds', results: runSeeds(job, programs) }
    case 'shrink': return { type: 'shrink', shrunk: shrinkSeed(job.seed, job.found, job.draw, { now, programs, runsMax: job.runsMax }) }
    case 'mutant': return { type: 'mutant', row: firstOf(job, now) }
  }
}

function runSeeds({ from, to, stopAtFirst, look }: Extract<Job, { type: 'seeds' }>, programs?: Programs): SeedResult[] {
  const results: SeedResult[] = []
  for (let seed = from; seed <= to; seed++) {
    const result = runSeed(seed, look, programs)
    results.push(result)
    if (stopAtFirst && result.found) break
  }
  return results
}

function runSeed(seed: number, { draw, only, coverage: isCounted = false }: Look, programs?: Programs): SeedResult {
  const plan = drawPlan(String(seed), draw)
  const coverage = isCounted ? new RunCoverage(plan) : null
  const run = runPlan(plan, { ...only ? { only } : {}, ...programs ? { programs } : {}, ...coverage ? { onEvent: (event) => coverage.take(event) } : {} })
  const { operations, faults, acknowledged, events, virtualMs, isStuck, history, found } = run
  const numbers = { seed, operations: operations.length, acknowledged, faults: faults.length, events, virtualMs, isStuck, history, found }
  return coverage ? { ...numbers, reached: coverage.end(run) } : numbers
}

/** A run with programs takes as long as they do: after so long the smallest one found must do. */
const programMsMax = 30_000

interface Shrinking {
  readonly now: () => number
  readonly programs?: Programs | undefined
  readonly runsMax?: number | undefined
}

function shrinkSeed(seed: number, { check, text: found }: Found, draw: DrawOptions, { now, programs, runsMax }: Shrinking): ShrunkRun {
  const began = now()
  const drawn = drawPlan(String(seed), draw)
  const { plan, run, runs, isDone } = shrink(drawn, check, {
    ...runsMax === undefined ? {} : { runsMax }, ...programs ? { programs, isOver: () => now() - began > programMsMax } : {},
  })
  return { seed, check, before: sizeOf(drawn), size: sizeOf(plan), found, text: run.found?.text ?? '', runs, isDone, ms: now() - began, plan }
}

function firstOf({ mutant, from, to, look, shrinkRunsMax }: Extract<Job, { type: 'mutant' }>, now: () => number): MutantRow {
  const began = now()
  const broken: Look = { ...look, draw: { ...look.draw, mutants: [mutant] } }
  const results = runSeeds({ type: 'seeds', from, to, stopAtFirst: true, look: broken })
  const ms = now() - began
  const bad = results.at(-1)
  const shrunk = bad?.found ? shrinkSeed(bad.seed, bad.found, broken.draw, { now, runsMax: shrinkRunsMax }) : null
  return { mutant, seeds: results.length, ms, shrunk }
}
