// `import HISTORY --out FILE`: a history of another tool as a recording, for the window and for every other command.
import { basename } from 'node:path'
import type { Command } from 'commander'
import { importHistory, reasonOf } from '../lab'
import { grouped, RecordingProblem } from '../trace'
import { CannotRun } from './cannot-run'

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

export function importCommand(program: Command): void {
  program.command('import').argument('<history>', 'a history of Jepsen or Knossos, EDN')
    .description('a history of another tool as a recording: its operations, nothing else (docs/exports.md)')
    .requiredOption('--out <file>', 'the recording that is written; a file that is there already is left alone')
    .action(importFile)
}

async function importFile(path: string, { out }: { out: string }): Promise<void> {
  try {
    const count = await importHistory({ path, name: basename(path) }, out, { createdAt: new Date(), protocolHash: __PROTOCOL_HASH__ })
    process.stderr.write(`${grouped(count)} ${count === 1 ? 'operation' : 'operations'} in ${out}.\n`)
  } catch (error) {
    if (error instanceof RecordingProblem) throw new CannotRun(`${path}: ${error.message}`)
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CannotRun(`${out} is there already; choose another --out.`)
    throw new CannotRun(`${path} cannot be imported to ${out}: ${reasonOf(error)}.`)
  }
}
