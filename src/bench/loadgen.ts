// The load generator in C (loadgen/loadgen.c): compiled when a bench needs it, run as a child, and its one line read.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Children } from './children'

export type LoadProtocol = 'understudy' | 'floor' | 'redis-set' | 'redis-setwait' | 'redis-setNwait'

export interface Load {
  readonly protocol: LoadProtocol
  /** A path or `127.0.0.1:PORT`; of `understudy` the view server's. */
  readonly address: string
  readonly connections: number
  /** On each connection. */
  readonly inFlight: number
  /** 0 writes every key once and ends. */
  readonly seconds: number
  readonly warmSeconds?: number
  /** Pins it to one processor core. */
  readonly core?: number
}

/** As the program prints them. */
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

/** The built programs lie in out/main, the source stays where it is. */
const source = fileURLToPath(new URL('../../src/bench/loadgen/loadgen.c', import.meta.url))
const compileMs = 60_000
/** Beyond the seconds that it was asked for: connecting, filling. */
const patienceMs = 70_000

/** Rejects with one sentence where there is no gcc, or none that works. */
export async function compileLoadgen(children: Children, folder: string, file = source): Promise<LoadGenerator> {
  const program = join(folder, 'loadgen')
  try {
    await children.run('gcc', ['-O2', '-Wall', '-Wextra', '-o', program, file], { timeoutMs: compileMs })
  } catch (error) {
    throw new Error(`The load generator needs gcc, which did not compile it: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  return {
    run: async ({ protocol, address, connections, inFlight, seconds, warmSeconds = 0.5, core = -1 }) => {
      const words = [protocol, address, connections, inFlight, seconds, warmSeconds].map(String)
      return JSON.parse(await children.run(program, words, { core, timeoutMs: seconds * 1000 + patienceMs })) as LoadResult
    },
  }
}
