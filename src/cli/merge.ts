// `merge JOURNAL... --out FILE`: the journals of nodes without a lab as one recording, for the window and for every other command.
import { basename } from 'node:path'
import type { Command } from 'commander'
import { JournalProblem, mergeJournalFiles } from '../cluster'
import { grouped } from '../trace'
import { CannotRun } from './cannot-run'

export function mergeCommand(program: Command): void {
  program.command('merge').argument('<journals...>', 'files that --journal of view-server, replica and client wrote')
    .description('the journals of nodes of their own as one recording (docs/journals.md)')
    .requiredOption('--out <file>', 'the recording that is written (.jsonl, .jsonl.gz); a file that is there already is left alone')
    .action(merge)
}

function merge(journals: readonly string[], { out }: { out: string }): void {
  try {
    const { events, lives, notes } = mergeJournalFiles(journals, out, basename(out).replace(/\.jsonl(\.gz)?$/, ''))
    for (const note of notes) process.stderr.write(`${note}\n`)
    process.stderr.write(`${grouped(events)} events of ${lives} ${lives === 1 ? 'life' : 'lives'} in ${out}.\n`)
  } catch (error) {
    if (error instanceof JournalProblem) throw new CannotRun(error.message)
    throw error
  }
}
