// `--journal FILE` of the commands that run a node of its own. What keeps a journal is loaded only where one is wanted.
import type { Command } from 'commander'
import type { NodeJournal } from '../cluster'

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

export function addJournalFlag(command: Command): Command {
  return command.option('--journal <file>', 'writes every step there, for the command merge; goes on after what the file has')
}

/** Null without the flag, and where the file cannot be written, which is told. */
export async function journalFrom({ journal }: { readonly journal?: string }, log: (sentence: string) => void): Promise<NodeJournal | null> {
  if (journal === undefined) return null
  const { openNodeJournal } = await import('../cluster/node-journal')
  return openNodeJournal({ path: journal, protocolHash: __PROTOCOL_HASH__, log })
}
