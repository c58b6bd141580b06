// Starts a view server and replicas all at once, as a user does, and a bare Node process for comparison. Used by the benches of start and of memory.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { DirectClient } from '../cluster'
import { defaultSettings } from '../protocol'
import type { BenchContext } from './bench'
import type { Children, Started } from './children'

type Context = Pick<BenchContext, 'folder' | 'programs'> & { readonly children: Children }

export const replicas = ['s1', 's2', 's3'] as const
/** Time limit for an expected state. */
const patienceMs = 20_000
/** Interval between two queries for the acked view. */
const askEveryMs = 2

/** A minimal program that listens on a Unix socket and reports it. */
const bareProgram = `require('node:net').createServer().listen(process.argv[2], () => process.stdout.write(process.argv[2] + '\\n'))\n`

export interface OwnNodes {
  readonly viewServer: string
  readonly replicas: readonly Started[]
  /** From the first spawn until all nodes reported their addresses. */
  readonly listeningMs: number
  readonly beganAt: number
  stop(): Promise<void>
}

/** Starts a bare Node that listens; resolves with the milliseconds from its spawn until it reported that. */
export async function startBareNode({ children, folder }: Context): Promise<{ started: Started; ms: number }> {
  const program = join(folder, 'bare.cjs')
  writeFileSync(program, bareProgram)
  const beganAt = performance.now()
  const started = await children.startUntilLine(process.execPath, [program, join(folder, `bare-${beganAt}`)])
  return { started, ms: performance.now() - beganAt }
}

/** `number` keeps the sockets of several clusters apart. */
export async function startOwnNodes({ children, folder, programs }: Context, number: number): Promise<OwnNodes> {
  const at = (name: string): string => join(folder, `${name}-${number}`)
  const start = (...words: string[]): Promise<Started> => children.startUntilLine(process.execPath, [join(programs, 'cli.js'), ...words])
  const beganAt = performance.now()
  const [viewServer, ...others] = await Promise.all([
    start('view-server', '--new-cluster', '--listen', at('vs')),
    ...replicas.map((name) => start('replica', '--name', name, '--view-server', at('vs'), '--listen', at(name))),
  ])
  const listeningMs = performance.now() - beganAt
  return {
    viewServer: at('vs'), replicas: others, beganAt, listeningMs,
    stop: async () => { for (const started of [...others, viewServer]) if (started) await children.stop(started) },
  }
}

/** Resolves when the view server has an acked view with a backup. */
export async function untilAckedWithBackup(viewServer: string): Promise<void> {
  const client = new DirectClient({ viewServer, settings: { ...defaultSettings, operationTimeoutMs: 0 }, log: () => undefined })
  const end = performance.now() + patienceMs
  try {
    while ((await client.query()).acked.backups.length === 0) {
      if (performance.now() > end) throw new Error('The view server has no acked view with a backup.')
      await pause(askEveryMs)
    }
  } finally {
    client.close()
  }
}
