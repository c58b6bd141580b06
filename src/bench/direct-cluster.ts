// A cluster of the built nodes without the lab, for a bench: a view server and two replicas, each a process, as a user starts them.
import { join } from 'node:path'
import { DirectClient } from '../cluster'
import { defaultSettings, type Settings } from '../protocol'
import type { BenchContext } from './bench'
import { until } from './until'

export interface DirectClusterOptions {
  /** Tells its sockets from those of other clusters of the bench. */
  readonly name: string
  readonly transport: 'UDS' | 'TCP'
  readonly replication?: Settings['replication']
  /** Pins every process to one processor core. */
  readonly core?: number
}

export interface DirectCluster {
  /** Where its view server listens. */
  readonly viewServer: string
  /** Waits for an acked view with a backup and resolves with its number: without a backup nothing would be replicated. */
  untilReplicated(): Promise<number>
  /** Gives up the connection to the view server; the processes end with the bench. */
  close(): void
}

export async function startDirectCluster({ programs, folder, children }: BenchContext, options: DirectClusterOptions): Promise<DirectCluster> {
  const { name, transport, replication = 'synchronous', core = -1 } = options
  const program = join(programs, 'cli.js')
  const start = async (node: string, words: readonly string[]): Promise<string> => {
    const listen = transport === 'TCP' ? '127.0.0.1:0' : join(folder, `${name}-${node}`)
    const { line } = await children.startUntilLine(process.execPath, [program, ...words, '--listen', listen, '--replication', replication], { core })
    return line
  }
  const viewServer = await start('vs', ['view-server', '--new-cluster'])
  for (const replica of ['s1', 's2']) await start(replica, ['replica', '--name', replica, '--view-server', viewServer])
  const client = new DirectClient({ viewServer, settings: defaultSettings, log: () => undefined })
  return {
    viewServer,
    untilReplicated: () => until('A view with a backup', async () => {
      const { current, acked } = await client.query()
      return current.viewnum === acked.viewnum && acked.backups.length > 0 ? acked.viewnum : undefined
    }),
    close: () => client.close(),
  }
}
