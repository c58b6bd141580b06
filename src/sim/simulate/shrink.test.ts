// Shrinking: a bad run becomes a small one that is bad in the same way, deterministically, and with nothing that the original did not have.
import { expect, test } from 'vitest'
import { mutantNames, type MutantName } from '../../protocol'
import { drawPlan } from './draw-plan'
import type { CheckName } from './judges'
import { isSubPlan, sizeOf, type Plan } from './plan'
import { runPlan } from './run-plan'
import { shrink } from './shrink'

/** The first seeds that reveal a mutant, each with the check that finds it. */
function bad(mutant: MutantName, count: number): { plan: Plan; check: CheckName }[] {
  const found: { plan: Plan; check: CheckName }[] = []
  for (let seed = 1; seed <= 300 && found.length < count; seed++) {
    const plan = drawPlan(String(seed), { mutants: [mutant] })
    const { found: finding } = runPlan(plan)
    if (finding) found.push({ plan, check: finding.check })
  }
  return found
}

/** Shrinking for every mutant takes over 20 seconds, so by default only every fourth is shrunk. */
const shrunkEach = process.env['UNDERSTUDY_LONG'] === '1' ? 1 : 4

test('every mutant is found by some seed, and shrinks to a part of its plan that the same check finds', () => {
  for (const [index, mutant] of mutantNames.slice(0, mutantNames.indexOf('numbers-restart') + 1).entries()) {
    const [first] = bad(mutant, 1)
    if (!first) throw new Error(`no seed of 300 shows ${mutant}`)
    if (index % shrunkEach !== 0) continue
    // The last runs of shrinking take the longest and show nothing more here.
    const { plan, run } = shrink(first.plan, first.check, { runsMax: 300 })
    expect(run.found?.check, mutant).toBe(first.check)
    expect(runPlan(plan, { only: first.check }).found, mutant).toEqual(run.found)
    // The run names the plan's nodes and messages; `first.plan` is the plan with those names.
    expect(isSubPlan(plan, first.plan), mutant).toBe(true)
    const [small, whole] = [sizeOf(plan), sizeOf(first.plan)]
    expect(small.operations + small.faults, mutant).toBeLessThanOrEqual(Math.max(60, (whole.operations + whole.faults) / 2))
  }
})

test('answers-before-backups: from any seed a handful of operations and faults is left', () => {
  for (const { plan, check } of bad('answers-before-backups', 8)) {
    const { plan: small } = shrink(plan, check)
    const size = sizeOf(small)
    expect(size.operations + size.faults).toBeLessThanOrEqual(5)
    expect(size.nodes).toBeLessThanOrEqual(4)
    expect(isSubPlan(small, plan)).toBe(true)
  }
})

test('shrinking is the same every time, and ends at its limit of runs', () => {
  const [first] = bad('takes-any-forward', 1)
  if (!first) throw new Error('no seed of 300 shows it')
  const whole = shrink(first.plan, first.check)
  const again = shrink(first.plan, first.check)
  expect([again.plan, again.runs]).toEqual([whole.plan, whole.runs])
  let runs = 0
  const cut = shrink(first.plan, first.check, { runsMax: 10, onRun: () => runs++ })
  expect([cut.runs, cut.isDone, runs]).toEqual([10, false, 9])
  expect(cut.run.found?.check).toBe(first.check)
})

test('a plan that fails nothing cannot be shrunk', () => {
  expect(() => shrink(drawPlan('1', { mutants: [] }), 'rule-1')).toThrow('the plan of seed 1 does not fail rule-1')
})

test('a plan with anything more, later or longer is no part of another', () => {
  const plan = drawPlan('1', { mutants: [] })
  const [operation] = plan.operations
  const [fault] = plan.faults
  if (!operation || !fault) throw new Error('it has some')
  expect(isSubPlan(plan, plan)).toBe(true)
  expect(isSubPlan({ ...plan, operations: [operation], faults: [] }, plan)).toBe(true)
  expect(isSubPlan({ ...plan, operations: [{ ...operation, atMs: operation.atMs + 1 }] }, plan)).toBe(false)
  expect(isSubPlan({ ...plan, operations: [operation, operation] }, plan)).toBe(false)
  expect(isSubPlan({ ...plan, operations: [{ ...operation, id: 100_000 }] }, plan)).toBe(false)
  expect(isSubPlan({ ...plan, faults: [{ ...fault, act: { type: 'kill', node: 's1', forMs: 0 } }] }, plan)).toBe(false)
  expect(isSubPlan({ ...plan, durationMs: plan.durationMs + 1 }, plan)).toBe(false)
})
