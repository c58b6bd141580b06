// Runs the benches of failover, transfer and history at their smallest, to test that they measure what they claim. Real figures need a quiet machine.
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { fastSettings, measureFailover, type FailoverKill } from './failover'
import { killFloor } from './failover-floor'
import { measureFalseFailovers } from './false-failovers'
import { measureHistory, type HistoryTenth } from './history'
import { measureTransfer } from './transfer'

const at = (name: string): string => resolve(import.meta.dirname, '../../out/main', name)
const program = at('measured-node.js')
const patient = { pingIntervalMs: 50, pingCheckIntervalMs: 50, deadPings: 10, retryMs: 50 }

test('a kill is failed over from, and its timeline is in order', async () => {
  const kills: FailoverKill[] = []
  await measureFailover({ program, kills: 1, keys: 100, settings: { ...fastSettings, retryMs: 20, deadPings: 100 }, onKill: (kill) => void kills.push(kill) })
  const [kill] = kills
  expect(kills).toHaveLength(1)
  const moments = Object.values(kill?.timeline ?? {}) as number[]
  expect(moments).toHaveLength(8)
  expect(moments).toEqual(moments.toSorted((one, other) => one - other))
})

test('the floor fails over after the silence that was asked for and not before', async () => {
  // The silence begins with the last ping, which a busy machine may have delayed by 100 ms before the kill.
  expect(await killFloor(at('failover-floor-node.js'), { pingIntervalMs: 20, deadAfterMs: 400, checkIntervalMs: 5 })).toBeGreaterThan(200)
})

test('a backup that joins 2,000 keys is timed, and nobody fails over meanwhile', async () => {
  const figures = await measureTransfer({ program, keys: 2000, settings: patient })
  expect(figures.falseFailovers).toBe(0)
  expect(figures.fromViewMs).toBeGreaterThan(0)
  expect(figures.fromStartMs).toBeGreaterThan(figures.fromViewMs)
})

test('a history of 5,000 operations is told in ten tenths', async () => {
  const tenths: HistoryTenth[] = []
  await measureHistory({ program, operations: 5000, keys: 100, settings: patient, onTenth: (tenth) => tenths.push(tenth) })
  expect(tenths.map(({ tenth }) => tenth)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(tenths.every(({ p50Us, p99Us, memory }) => p50Us > 0 && p99Us >= p50Us && memory.size === 3)).toBe(true)
})

test('without a failure and with patience no view changes', async () => {
  const figures = await measureFalseFailovers({
    program, settings: patient,
    load: async () => {
      await new Promise((settle) => setTimeout(settle, 300))
      return { ops_s: 0 }
    },
  })
  expect(figures.viewChanges).toBe(0)
})
