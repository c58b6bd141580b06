// `--journal FILE` of the commands that run a standalone node. The journal's code is loaded only with this flag.
import { basename, dirname } from 'node:path'
import type { Command } from 'commander'
import type { NodeJournal } from '../cluster'
import { atEnd } from '../system/at-end'
import { takeLock } from '../system/lock'

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

export function addJournalFlag(command: Command): Command {
  return command.option('--journal <file>', 'writes every step there, for the command merge; goes on after what the file has')
}

/** Null without the flag, and if the file cannot be written or another process holds its lock; both are logged. */
export async function journalFrom({ journal }: { readonly journal?: string }, log: (sentence: string) => void): Promise<NodeJournal | null> {
  if (journal === undefined) return null
  // Two writers would make the journal useless. A stale lock is taken over; if no lock file can be created, the journal is opened without one.
  const release = await takeLock(dirname(journal), `.${basename(journal)}.lock`)
  if (release === null) {
    log(`There is no journal ${journal}: another process still writes it. It goes on without.`)
    return null
  }
  if (release) atEnd(release)
  const { openNodeJournal } = await import('../cluster/journals/node-journal')
  return openNodeJournal({ path: journal, protocolHash: __PROTOCOL_HASH__, log })
}
