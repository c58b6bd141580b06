// The load generator in C (loadgen/loadgen.c): compiles it on demand, runs it as a child, and parses its one line.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchContext } from './bench'
import type { Children } from './children'
import { hasProgram } from './machine-line'

export type LoadProtocol = 'understudy' | 'floor' | 'redis-set' | 'redis-setwait' | 'redis-setNwait'

export interface Load {
  readonly protocol: LoadProtocol
  /** A path or `127.0.0.1:PORT`; for `understudy` the view server's. */
  readonly address: string
  readonly connections: number
  /** Operations in flight on each connection. */
  readonly inFlight: number
  /** 0 writes every key once and ends. */
  readonly seconds: number
  readonly warmSeconds?: number
  /** Pins it to one processor core. */
  readonly core?: number
}

/** The result line of the program. */
export interface LoadResult {
  readonly ops: number
  readonly ops_total: number
  readonly ops_s: number
  readonly p50_us: number
  readonly p99_us: number
  readonly max_us: number
  readonly errors: number
  readonly cpu_s: number
}

export interface LoadGenerator {
  run(load: Load): Promise<LoadResult>
}

/** The built programs are in out/main, but the source is not copied there. */
const source = fileURLToPath(new URL('../../src/bench/loadgen/loadgen.c', import.meta.url))
const compileMs = 60_000
/** Time beyond the requested seconds, for connecting and filling. */
const patienceMs = 70_000

/** Returns null if there is no gcc; then all rows are reported as absent. */
export async function loadgenFor({ children, folder, absent }: Pick<BenchContext, 'children' | 'folder' | 'absent'>): Promise<LoadGenerator | null> {
  if (hasProgram('gcc')) return compileLoadgen(children, folder)
  absent('all rows', 'There is no gcc on the PATH, which compiles the load generator.')
  return null
}

/** Rejects with one sentence if it does not compile. */
export async function compileLoadgen(children: Children, folder: string, file = source): Promise<LoadGenerator> {
  const program = join(folder, 'loadgen')
  try {
    await children.run('gcc', ['-O2', '-Wall', '-Wextra', '-o', program, file], { timeoutMs: compileMs })
  } catch (error) {
    throw new Error(`The load generator could not be compiled: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  return {
    run: async ({ protocol, address, connections, inFlight, seconds, warmSeconds = 0.5, core = -1 }) => {
      const words = [protocol, address, connections, inFlight, seconds, warmSeconds].map(String)
      return JSON.parse(await children.run(program, words, { core, timeoutMs: seconds * 1000 + patienceMs })) as LoadResult
    },
  }
}
