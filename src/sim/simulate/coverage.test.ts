// What random runs reach: every listed kind within this many seeds. And a kind is counted where it happened and nowhere else.
import { expect, test } from 'vitest'
import { anywhere } from '../../network'
import { coverageKinds } from './coverage-kinds'
import { RunCoverage } from './coverage'
import { coverageOf, type Reached } from './coverage-of-runs'
import { drawPlan } from './draw-plan'
import type { FaultAct, Plan } from './plan'
import { runPlan } from './run-plan'

const isLong = process.env['UNDERSTUDY_LONG'] === '1'
const seeds = Number(process.env['UNDERSTUDY_SEEDS'] ?? (isLong ? 2000 : 500))
/** So rare that 500 seeds may not reach them. */
const onlyInMany: readonly string[] = ['end: history unknown']

function reachedBy(plan: Plan): Reached {
  const coverage = new RunCoverage(plan)
  const run = runPlan(plan, { onEvent: (event) => coverage.take(event) })
  expect(run.found, `seed ${plan.seed}`).toBeNull()
  return coverage.end(run)
}

/** Seeds of one test: a test that takes minutes could be mistaken for one that hangs. */
const seedsAtOnce = 100
const runs: Reached[] = []

test.each(Array.from({ length: Math.ceil(seeds / seedsAtOnce) }, (_, index) => index * seedsAtOnce))('the seeds after %i break nothing', (after) => {
  for (let seed = after + 1; seed <= Math.min(seeds, after + seedsAtOnce); seed++) runs.push(reachedBy(drawPlan(String(seed), { mutants: [] })))
})

test(`${seeds} seeds reach every kind of setting, operation, fault, limit and message across lives and views`, () => {
  expect(runs).toHaveLength(seeds)
  const rows = coverageOf(runs)
  const named = new Set(Object.entries(coverageKinds).flatMap(([group, kinds]) => kinds.map((kind) => `${group}: ${kind}`)))
  const nameOf = ({ group, kind }: (typeof rows)[number]): string => `${group}: ${kind}`
  expect(rows.map(nameOf).filter((name) => !named.has(name)), 'counted and not named').toEqual([])
  const never = rows.filter((row) => row.seeds === 0).map(nameOf)
  expect(never.filter((name) => isLong || !onlyInMany.includes(name)), 'never reached').toEqual([])
})

// ---- only what happened is counted

const quiet: Plan = { ...drawPlan('1', { mutants: [], durationMs: 1000, replicas: 3, clients: 1, backups: 1 }), stores: 'map', operations: [], faults: [] }

function withFault(act: FaultAct): Reached {
  return reachedBy({ ...quiet, faults: [{ id: 1, atMs: 430, isCareful: false, waits: null, act }] })
}

test('a fault that strikes nobody is not counted, and one that does is', () => {
  const drop = (from: string): FaultAct => ({
    type: 'network', forMs: 200, fault: { name: 'lost', where: { ...anywhere, from: [from] }, bothWays: false, effect: { type: 'drop', probability: 1 }, times: 0 },
  })
  expect(withFault(drop('c1'))).not.toHaveProperty('fault: drop, and it struck')
  expect(withFault(drop('s1'))).toHaveProperty('fault: drop, and it struck', 1)
})

test('a message of an earlier life is told from one of the present life', () => {
  const echo = (times: number): FaultAct => ({
    type: 'restart-with-echoes', node: 's3', echoes: [{ kind: 'ping', pick: { type: 'share', share: 0.9 }, afterMs: 20, times, everyMs: 5 }],
  })
  expect(withFault({ type: 'restart', node: 's3' })).not.toHaveProperty('lives: ping of an earlier life')
  expect(withFault(echo(1))).toMatchObject({ 'lives: ping of an earlier life': 1, 'fault: restart with echoes of a server': 1 })
  expect(withFault(echo(5))).toMatchObject({ 'lives: ping of an earlier life': 5, 'lives: pings of an earlier life, one after another': 1 })
})

test('what was drawn is counted once for each run, and what none has reached stands with none', () => {
  const rows = coverageOf([withFault({ type: 'restart', node: 's3' })])
  expect(rows.find(({ kind }) => kind === '3 servers')).toEqual({ group: 'cluster', kind: '3 servers', seeds: 1, times: 1 })
  expect(rows.find(({ kind }) => kind === 'busy while a view starts')).toMatchObject({ seeds: 0, times: 0 })
})
