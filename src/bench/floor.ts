// Starts the two-hop baseline (floor-node.ts): the same two processes and messages as primary and backup, without their work.
import { join } from 'node:path'
import type { BenchPlace } from './bench'

/** Resolves with where A listens. */
export async function startFloor({ programs, folder, children }: BenchPlace): Promise<string> {
  const start = async (...words: string[]): Promise<string> => (await children.startUntilLine(process.execPath, [join(programs, 'floor-node.js'), ...words])).line
  const backup = await start(join(folder, 'floor-b'))
  return start(join(folder, 'floor-a'), backup)
}
