// `import HISTORY --out FILE`: converts a foreign history into a recording, for the window and for every other command.
import { basename } from 'node:path'
import type { Command } from 'commander'
import { importHistory, unreadable } from '../lab'
import { reasonOf } from '../system'
import { counted } from '../trace'
import { CannotRun } from './cannot-run'
import { withHistoryFlags, type HistoryFlags } from './history-flags'
import { say } from './terminal'

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

export function importCommand(program: Command): void {
  const command = program.command('import').argument('<history>', 'a history of Jepsen, Knossos or Porcupine, EDN or JSON')
    .description('a history of another tool as a recording: its operations, nothing else')
    .requiredOption('--out <file>', 'the recording that is written; a file that is there already is left alone')
  withHistoryFlags(command).action(importFile)
}

async function importFile(path: string, { out, ...options }: HistoryFlags & { readonly out: string }): Promise<void> {
  try {
    const { count, assumed } = await importHistory({ path, name: basename(path), options }, out, { createdAt: new Date(), protocolHash: __PROTOCOL_HASH__ })
    say(`${counted(count, 'operation')} in ${out}.`, ...assumed)
  } catch (error) {
    const { code, path: of, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new CannotRun(`${out} is there already; choose another --out.`)
    if (of === out || syscall === 'write') throw new CannotRun(`${out} cannot be written: ${reasonOf(error)}.`)
    throw new CannotRun(unreadable(path, error, 'a history'))
  }
}
