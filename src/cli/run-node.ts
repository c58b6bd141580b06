// Runs a view server or a replica of its own, without a lab, until it is told to end or is superseded. This file is all that such a process
// loads besides its machine: it must never import what only other commands need.
import { AddressError } from '../cluster/address'
import { startDirectNode, type DirectNodeOptions } from '../cluster/direct-node'
import { rehearseSoon } from '../cluster/rehearsal'
import { isNodeName, viewServerName } from '../protocol'
import { CannotRun } from './cannot-run'
import { journalFrom } from './journal-flag'
import { settingsFrom } from './settings-flags'

export type NodeKindOfItsOwn = DirectNodeOptions['kind']

export interface NodeFlags extends Record<string, unknown> {
  readonly listen: string
  readonly name?: string
  readonly viewServer?: string
  readonly newCluster?: boolean
  readonly journal?: string
}

export function runNode(kind: NodeKindOfItsOwn, flags: NodeFlags): Promise<void> {
  if (kind === 'view-server') return run(flags, { kind, name: viewServerName, settings: settingsFrom(flags, { newCluster: flags.newCluster === true }) })
  const { name = '' } = flags
  if (!isNodeName(name) || name === viewServerName) throw new CannotRun(`A replica cannot have the name ${JSON.stringify(name.slice(0, 40))}: 1 to 32 of a-z, 0-9 and "-", a letter first, and not vs.`)
  return run(flags, { kind, name, settings: settingsFrom(flags) })
}

async function run(flags: NodeFlags, about: Pick<DirectNodeOptions, 'kind' | 'name' | 'settings'>): Promise<void> {
  const log = (sentence: string): void => void process.stderr.write(`${about.name}: ${sentence}\n`)
  try {
    const node = await startDirectNode({
      ...about, listen: flags.listen, incarnation: Date.now(), log, journal: await journalFrom(flags, log),
      ...(flags.viewServer === undefined ? {} : { viewServer: flags.viewServer }),
      onSuperseded: () => {
        log('a later process of this name has taken over; this one ends.')
        node.close()
        process.exit(1)
      },
    })
    process.stdout.write(`${node.address}\n`)
    rehearseSoon()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        node.close()
        process.exit(0)
      })
    }
    process.on('uncaughtException', (error) => {
      // A rule of the protocol is broken: our mistake, and better an end than a wrong answer.
      log(error.message)
      node.close()
      process.exit(1)
    })
  } catch (error) {
    if (error instanceof AddressError) throw new CannotRun(error.message)
    throw error
  }
}
