// Runs a standalone view server or replica, without a lab, until a signal ends it or a newer incarnation supersedes it.
// It must never import what only other commands need, as such a process loads all imports of this file.
import { AddressError } from '../cluster/direct/address'
import { startDirectNode, type DirectNodeOptions } from '../cluster/direct/direct-node'
import { drawIncarnation } from '../cluster/direct/incarnation'
import { rehearseSoon } from '../cluster/direct/rehearsal'
import { isNodeName, viewServerName } from '../protocol'
import { endSignals } from '../system/end-signals'
import { endOnUncaught } from '../system/ending'
import { isOfTheSystem } from '../system/reasons'
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
    const journal = await journalFrom(flags, log)
    const node = await startDirectNode({
      // The clock alone is not trusted: the incarnation must be higher than those known to the journal and to the view server
      // (docs/decisions/incarnations.md).
      ...about, listen: flags.listen, incarnation: Math.max(drawIncarnation(Date.now(), Math.random()), (journal?.earlierIncarnation ?? 0) + 1), log, journal,
      ...(flags.viewServer === undefined ? {} : { viewServer: flags.viewServer }),
      onSuperseded: () => {
        log('a later process of this name has taken over; this one ends.')
        node.close()
        process.exit(1)
      },
    })
    // Before the address is printed: a reader of it may send a signal at once.
    for (const signal of endSignals) {
      process.on(signal, () => {
        node.close()
        process.exit(0)
      })
    }
    endOnUncaught((error) => {
      node.close()
      if (isOfTheSystem(error)) return 'ends'
      // A violated protocol rule is a bug: ending is better than a wrong answer.
      log(error instanceof Error ? error.message : String(error))
      process.exit(1)
    })
    process.stdout.write(`${node.address}\n`)
    rehearseSoon()
  } catch (error) {
    if (error instanceof AddressError) throw new CannotRun(error.message)
    throw error
  }
}
