// Registers `view-server` and `replica` with all help texts and parses their options; run-node.ts runs them. Valid command lines without `--help`
// skip this file (node-words.ts).
import type { Command } from 'commander'
import { addJournalFlag } from './journal-flag'
import { runNode, type NodeFlags } from './run-node'
import { addSettingFlags } from './settings-flags'

export function viewServerCommand(program: Command): void {
  const command = program.command('view-server')
    .description('a view server of its own; prints where it listens')
    .requiredOption('--listen <address>', 'host:port, or the path of a socket')
    .option('--new-cluster', 'there is no earlier view: do not listen for one first', false)
  addSettingFlags(addJournalFlag(command)).action((flags: NodeFlags) => runNode('view-server', flags))
}

export function replicaCommand(program: Command): void {
  const command = program.command('replica')
    .description('a replica of its own; prints where it listens')
    .requiredOption('--name <name>', '1 to 32 of a-z, 0-9 and "-", a letter first')
    .requiredOption('--listen <address>', 'host:port, or the path of a socket')
    .requiredOption('--view-server <address>', 'where the view server listens')
  addSettingFlags(addJournalFlag(command)).action((flags: NodeFlags) => runNode('replica', flags))
}
