// `view-server` and `replica`: nodes of their own, without a lab. They run until they are told to end, or superseded.
import type { Command } from 'commander'
import { AddressError, rehearseSoon, startDirectNode, type DirectNodeOptions } from '../cluster'
import { isNodeName, viewServerName } from '../protocol'
import { CannotRun } from './cannot-run'
import { addJournalFlag, journalFrom } from './journal-flag'
import { addSettingFlags, settingsFrom } from './settings-flags'

interface NodeFlags extends Record<string, unknown> {
  readonly listen: string
  readonly name?: string
  readonly viewServer?: string
  readonly newCluster?: boolean
  readonly journal?: string
}

export function viewServerCommand(program: Command): void {
  const command = program.command('view-server')
    .description('a view server of its own; prints where it listens')
    .requiredOption('--listen <address>', 'host:port, or the path of a socket')
    .option('--new-cluster', 'there is no earlier view: do not listen for one first', false)
  addSettingFlags(addJournalFlag(command)).action((flags: NodeFlags) => run(flags, {
    kind: 'view-server', name: viewServerName, settings: settingsFrom(flags, { newCluster: flags.newCluster === true }),
  }))
}

export function replicaCommand(program: Command): void {
  const command = program.command('replica')
    .description('a replica of its own; prints where it listens')
    .requiredOption('--name <name>', '1 to 32 of a-z, 0-9 and "-", a letter first')
    .requiredOption('--listen <address>', 'host:port, or the path of a socket')
    .requiredOption('--view-server <address>', 'where the view server listens')
  addSettingFlags(addJournalFlag(command)).action((flags: NodeFlags) => {
    const { name = '' } = flags
    if (!isNodeName(name) || name === viewServerName) throw new CannotRun(`A replica cannot have the name ${JSON.stringify(name.slice(0, 40))}: 1 to 32 of a-z, 0-9 and "-", a letter first, and not vs.`)
    return run(flags, { kind: 'replica', name, settings: settingsFrom(flags) })
  })
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
