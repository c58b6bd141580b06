// `bench memory`: the memory of an idle replica, compared with a bare Node process that only listens.
import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, BenchContext } from './bench'
import { startBareNode, startOwnNodes, untilAckedWithBackup } from './own-nodes'
import { memoryOf, type ProcessMemory } from './process-table'
import { rounded, spreadOf } from './spread'

const resident = 'memory of a replica at rest / of a bare Node (resident)'
const proportional = 'memory of a replica at rest / of a bare Node (proportional)'

export const memoryBench: Bench = {
  name: 'memory', title: 'memory of the primary, the backup and an idle server at rest, in that of a bare Node process',
  rounds: 3, seconds: 6,
  goals: [{ name: resident, better: 'lower', needed: 1.4, aim: 1.2 }, { name: proportional, better: 'lower', needed: null, aim: null }],
  run: async (context) => { for (let round = 1; round <= context.rounds; round++) await measureMemory(context, round) },
}

async function measureMemory(context: BenchContext, round: number): Promise<void> {
  // As many as there are replicas, so that memory shared between processes is divided by the same number.
  const bare = await Promise.all(['one', 'two', 'three'].map(() => startBareNode(context)))
  const nodes = await startOwnNodes(context, round)
  await untilAckedWithBackup(nodes.viewServer)
  await pause(context.seconds * 1000)
  const ours = middle(nodes.replicas.map(({ pid }) => memoryOf(pid)))
  const theirs = middle(bare.map(({ started }) => memoryOf(started.pid)))
  await nodes.stop()
  for (const { started } of bare) await context.children.stop(started)
  // Other programs do not change our memory, so every round counts.
  context.round({ round, row: 'replica', ...ours })
  context.round({ round, row: 'bare Node', ...theirs })
  context.value(resident, ours.residentKiB / theirs.residentKiB, 0)
  context.value(proportional, ours.proportionalKiB / theirs.proportionalKiB, 0)
}

function middle(all: readonly ProcessMemory[]): ProcessMemory {
  const median = (of: keyof ProcessMemory): number => rounded(spreadOf(all.map((one) => one[of]))?.median ?? 0)
  return { residentKiB: median('residentKiB'), proportionalKiB: median('proportionalKiB') }
}
