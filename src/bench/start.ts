// `bench start`: the start time of a cluster whose nodes are started all at once by hand, compared with one bare Node process in the same minute.
import { performance } from 'node:perf_hooks'
import type { Bench, BenchContext } from './bench'
import { startBareNode, startOwnNodes, untilAckedWithBackup } from './own-nodes'
import { rounded, spreadOf } from './spread'

/** Starts of the bare Node in a round; the round uses their median. */
const bareStarts = 3

const listening = 'view server and 3 replicas all listening / one bare Node listening'
const acked = 'acked view with a backup / one bare Node listening'

export const startBench: Bench = {
  name: 'start', title: 'a cluster of its own from the command line: a view server and 3 replicas, all started at once, in bare Node starts',
  rounds: 10, seconds: 1,
  goals: [{ name: listening, better: 'lower', needed: 5, aim: 4 }, { name: acked, better: 'lower', needed: 8, aim: 6 }],
  run: async (context) => { for (let round = 1; round <= context.rounds; round++) await measureStart(context, round) },
}

async function measureStart(context: BenchContext, round: number): Promise<void> {
  const foreign = context.watchForeignCores()
  const bare: number[] = []
  for (let start = 0; start < bareStarts; start++) {
    const { started, ms } = await startBareNode(context)
    bare.push(ms)
    await context.children.stop(started)
  }
  const bareMs = spreadOf(bare)?.median ?? Infinity
  const nodes = await startOwnNodes(context, round)
  await untilAckedWithBackup(nodes.viewServer)
  const ackedMs = performance.now() - nodes.beganAt
  await nodes.stop()
  const foreignCores = foreign()
  context.round({ round, row: 'start', bareMs: rounded(bareMs), listeningMs: rounded(nodes.listeningMs), ackedMs: rounded(ackedMs), foreignCores })
  context.value(listening, nodes.listeningMs / bareMs, foreignCores)
  context.value(acked, ackedMs / bareMs, foreignCores)
}
