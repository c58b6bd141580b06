// `merge JOURNAL... --out FILE`: merges the journals of standalone nodes into one recording, for the window and for every other command.
import { basename } from 'node:path'
import type { Command } from 'commander'
import { JournalProblem, mergeJournalFiles } from '../cluster'
import { grouped } from '../trace'
import { CannotRun } from './cannot-run'
import { say } from './terminal'

export function mergeCommand(program: Command): void {
  program.command('merge').argument('<journals...>', 'files that --journal of view-server, replica and client wrote')
    .description('the journals of nodes of their own as one recording')
    .requiredOption('--out <file>', 'the recording that is written (.jsonl, .jsonl.gz); a file that is there already is left alone')
    .action(merge)
}

function merge(journals: readonly string[], { out }: { out: string }): void {
  try {
    const { events, lives, notes } = mergeJournalFiles(journals, out, basename(out).replace(/\.jsonl(\.gz)?$/, ''))
    say(...notes, `${grouped(events)} events of ${lives} ${lives === 1 ? 'life' : 'lives'} in ${out}.`)
  } catch (error) {
    if (error instanceof JournalProblem) throw new CannotRun(error.message)
    throw error
  }
}
