// A cluster of the built nodes without the lab, for a bench: a view server and two replicas, each in a process, as a user starts them.
import { join } from 'node:path'
import { DirectClient } from '../cluster'
import { defaultSettings, type Settings } from '../protocol'
import type { BenchPlace } from './bench'
import type { Started } from './children'
import { until } from './until'

export interface DirectClusterOptions {
  /** Keeps its sockets apart from those of other clusters of the bench. */
  readonly name: string
  readonly transport: 'UDS' | 'TCP'
  readonly replication?: Settings['replication']
  /** Pins every process to one processor core. */
  readonly core?: number
  /** Every node keeps a journal. */
  readonly withJournals?: boolean
}

export interface DirectCluster {
  /** Where its view server listens. */
  readonly viewServer: string
  /** Waits for an acked view with a backup and resolves with its number: without a backup nothing would be replicated. */
  untilReplicated(): Promise<number>
  /** Ends its processes. */
  stop(): Promise<void>
  /** Paths of its journals, if its nodes keep any. */
  readonly journals: readonly string[]
}

export async function startDirectCluster({ programs, folder, children, atEnd }: BenchPlace, options: DirectClusterOptions): Promise<DirectCluster> {
  const { name, transport, replication = 'synchronous', core = -1, withJournals = false } = options
  const nodes: Started[] = []
  const journals: string[] = []
  const program = join(programs, 'cli.js')
  const start = async (node: string, words: readonly string[]): Promise<string> => {
    const listen = transport === 'TCP' ? '127.0.0.1:0' : join(folder, `${name}-${node}`)
    const journal = join(folder, `${name}-${node}.journal`)
    if (withJournals) journals.push(journal)
    const kept = withJournals ? ['--journal', journal] : []
    const started = await children.startUntilLine(process.execPath, [program, ...words, '--listen', listen, '--replication', replication, ...kept], { core })
    nodes.push(started)
    return started.line
  }
  const viewServer = await start('vs', ['view-server', '--new-cluster'])
  for (const replica of ['s1', 's2']) await start(replica, ['replica', '--name', replica, '--view-server', viewServer])
  const client = new DirectClient({ viewServer, settings: defaultSettings, log: () => undefined })
  atEnd(() => client.close())
  return {
    viewServer, journals,
    stop: async () => {
      for (const node of nodes) await children.stop(node)
    },
    untilReplicated: () => until('A view with a backup', async () => {
      const { current, acked } = await client.query()
      return current.viewnum === acked.viewnum && acked.backups.length > 0 ? acked.viewnum : undefined
    }),
  }
}
