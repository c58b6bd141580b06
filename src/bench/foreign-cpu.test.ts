import { expect, test } from 'vitest'
import { busyTicksOf, foreignCores, processTicksOf, treeTicks } from './foreign-cpu'

test('the machine is busy with all but idling and waiting for disks', () => {
  expect(busyTicksOf('cpu  100 20 30 9000 700 4 5 6 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n')).toBe(165)
  expect(busyTicksOf('')).toBe(0)
})

test('a process has its own ticks and those of its reaped children, whatever its name holds', () => {
  expect(processTicksOf(7, '7 (a) b (c) S 3 7 7 0 -1 4194560 100 0 0 0 11 12 13 14 20 0 1 0 5000 1000 200')).toEqual({ pid: 7, parent: 3, ticks: 50 })
})

test('a tree is a process with all below it, and nothing beside it', () => {
  const processes = [
    { pid: 1, parent: 0, ticks: 1000 }, { pid: 10, parent: 1, ticks: 5 }, { pid: 11, parent: 10, ticks: 7 },
    { pid: 12, parent: 11, ticks: 9 }, { pid: 20, parent: 1, ticks: 300 },
  ]
  expect(treeTicks(processes, 10)).toBe(21)
  expect(treeTicks(processes, 99)).toBe(0)
})

test('foreign is what the tree does not explain, in cores of the time that went by', () => {
  const before = { atMs: 1000, busyTicks: 500, ownTicks: 100 }
  expect(foreignCores(before, { atMs: 3000, busyTicks: 800, ownTicks: 340 })).toBe(0.3)
  expect(foreignCores(before, { atMs: 3000, busyTicks: 700, ownTicks: 302 })).toBe(-0.01)
  expect(foreignCores(before, before)).toBe(0)
})
