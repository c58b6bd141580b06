// `bench lab`: throughput in a lab, whose switchboard carries every message and records every event. 8 client processes in a closed loop, compared
// with direct mode with 50 connections in the same round.
import { join } from 'node:path'
import { benchLab, type LabReader } from '../lab'
import type { Bench, BenchContext } from './bench'
import { startDirectCluster } from './direct-cluster'
import { loadgenFor } from './loadgen'

const recorded = 'lab, recorded / direct UDS 50x1'
const watched = 'lab, recorded and watched by a session / direct UDS 50x1'
const bytes = 'bytes recorded for each operation'

const goalOf = { nothing: recorded, session: watched } as const satisfies Record<LabReader, string>

export const lab: Bench = {
  name: 'lab', title: 'operations a second of a lab with 8 client processes, 48 clientIds, 3 replicas, every event recorded',
  rounds: 5, seconds: 3,
  goals: [
    { name: recorded, better: 'higher', needed: 0.12, aim: 0.3 },
    { name: watched, better: 'higher', needed: null, aim: null },
    { name: bytes, better: 'lower', needed: null, aim: null, unit: 'bytes' },
  ],
  run: async (context) => {
    const loadgen = await loadgenFor(context)
    if (!loadgen) return
    const direct = await startDirectCluster(context, { name: 'd', transport: 'UDS' })
    await direct.untilReplicated()
    await loadgen.run({ protocol: 'understudy', address: direct.viewServer, connections: 50, inFlight: 16, seconds: 0 })
    for (let round = 1; round <= context.rounds; round++) {
      const endWatch = context.watchForeignCores()
      const { ops_s: directPerSecond } = await loadgen.run({ protocol: 'understudy', address: direct.viewServer, connections: 50, inFlight: 1, seconds: context.seconds })
      context.round({ round, row: 'direct UDS 50x1', ops_s: directPerSecond, foreignCores: endWatch() })
      for (const reader of ['nothing', 'session'] as const) await measureReader(context, round, reader, directPerSecond)
    }
  },
}

async function measureReader(context: BenchContext, round: number, reader: LabReader, directPerSecond: number): Promise<void> {
  const endWatch = context.watchForeignCores()
  const lines: Record<string, unknown>[] = []
  await benchLab({
    rounds: 1, seconds: context.seconds, replicas: 3, readers: [reader],
    programs: { node: join(context.programs, 'node.js'), switchboard: join(context.programs, 'switchboard.js'), host: join(context.programs, 'foreign.js') },
    print: (line) => void lines.push(line as Record<string, unknown>),
  })
  const foreignCores = endWatch()
  const measured = lines[0] ?? {}
  context.round({ ...measured, round, row: reader === 'nothing' ? 'lab, recorded' : 'lab, recorded and watched', foreignCores })
  context.value(goalOf[reader], Number(measured['operationsPerSecond']) / directPerSecond, foreignCores)
  if (reader === 'nothing') context.value(bytes, Number(measured['bytesPerOperation']), foreignCores)
}
