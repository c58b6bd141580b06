// What is asked of the workers of a simulation, and what they answer: plain data, each answer the same wherever it is worked out.
import type { MutantName } from '../../protocol'
import { drawPlan, runPlan, shrink, sizeOf, type CheckName, type DrawOptions, type Finding, type Plan, type PlanRun, type PlanSize } from '../../sim'

/** One seed's run in numbers. */
export interface SeedResult {
  readonly seed: number
  readonly operations: number
  readonly acknowledged: number
  /** Those that happened. */
  readonly faults: number
  readonly events: number
  readonly virtualMs: number
  readonly isStuck: boolean
  readonly history: PlanRun['history']
  readonly found: Finding | null
}

/** A bad run, made small. */
export interface ShrunkRun {
  readonly seed: number
  readonly check: CheckName
  /** Of the plan that was drawn, with all that happened. */
  readonly before: PlanSize
  readonly size: PlanSize
  /** What was found in the run that was drawn, and in the small one. */
  readonly found: string
  readonly text: string
  readonly runs: number
  readonly isDone: boolean
  readonly ms: number
  readonly plan: Plan
}

/** The first seed that shows a mutant. */
export interface MutantRow {
  readonly mutant: MutantName
  /** How many seeds were run. */
  readonly seeds: number
  readonly ms: number
  /** Null: none of them shows it. */
  readonly shrunk: ShrunkRun | null
}

/** What a small run must show too. */
type Found = Pick<Finding, 'check' | 'text'>

/** What a simulation looks at. */
export interface Look {
  readonly draw: DrawOptions
  /** Looks for this and nothing else; null: for everything. */
  readonly only: CheckName | null
}

export type Job =
  | { readonly type: 'seeds'; readonly from: number; readonly to: number; readonly stopAtFirst: boolean; readonly look: Look }
  | { readonly type: 'shrink'; readonly seed: number; readonly found: Found; readonly draw: DrawOptions }
  | { readonly type: 'mutant'; readonly mutant: MutantName; readonly from: number; readonly to: number; readonly look: Look }

export type Answer =
  | { readonly type: 'seeds'; readonly results: readonly SeedResult[] }
  | { readonly type: 'shrink'; readonly shrunk: ShrunkRun }
  | { readonly type: 'mutant'; readonly row: MutantRow }

/** `now` gives milliseconds of real time: how long something took is told, and nothing else depends on it. */
export function work(job: Job, now: () => number): Answer {
  switch (job.type) {
    case 'seeds': return { type: 'seeds', results: runSeeds(job) }
    case 'shrink': return { type: 'shrink', shrunk: shrinkSeed(job.seed, job.found, job.draw, now) }
    case 'mutant': return { type: 'mutant', row: firstOf(job, now) }
  }
}

function runSeeds({ from, to, stopAtFirst, look }: Extract<Job, { type: 'seeds' }>): SeedResult[] {
  const results: SeedResult[] = []
  for (let seed = from; seed <= to; seed++) {
    const result = runSeed(seed, look)
    results.push(result)
    if (stopAtFirst && result.found) break
  }
  return results
}

function runSeed(seed: number, { draw, only }: Look): SeedResult {
  const { operations, faults, acknowledged, events, virtualMs, isStuck, history, found } = runPlan(drawPlan(String(seed), draw), only ? { only } : {})
  return { seed, operations: operations.length, acknowledged, faults: faults.length, events, virtualMs, isStuck, history, found }
}

function shrinkSeed(seed: number, { check, text: found }: Found, draw: DrawOptions, now: () => number): ShrunkRun {
  const began = now()
  const drawn = drawPlan(String(seed), draw)
  const { plan, run, runs, isDone } = shrink(drawn, check)
  return { seed, check, before: sizeOf(drawn), size: sizeOf(plan), found, text: run.found?.text ?? '', runs, isDone, ms: now() - began, plan }
}

function firstOf({ mutant, from, to, look }: Extract<Job, { type: 'mutant' }>, now: () => number): MutantRow {
  const began = now()
  const broken: Look = { ...look, draw: { ...look.draw, mutants: [mutant] } }
  const results = runSeeds({ type: 'seeds', from, to, stopAtFirst: true, look: broken })
  const ms = now() - began
  const bad = results.at(-1)
  const shrunk = bad?.found ? shrinkSeed(bad.seed, bad.found, broken.draw, now) : null
  return { mutant, seeds: results.length, ms, shrunk }
}
