// `--mutant NAME`, repeatable, for each rule to break on purpose. The flag is the same in every command that starts a cluster.
import { Option, type Command } from 'commander'
import { mutantNames, type MutantName } from '../protocol'
import { CannotRun } from './cannot-run'

/** Adds the flag. Its value is a list, empty by default. */
export function addMutantFlag(command: Command): Command {
  return command.addOption(mutantOption('--mutant <name>', 'breaks one sentence of the protocol on purpose (understudy help broken-rules); may be given several times'))
}

/** A repeatable option; its value is the list of mutant names. */
export function mutantOption(flags: string, says: string): Option {
  return new Option(flags, says).choices(mutantNames).argParser(mutantTaken).default([])
}

function mutantTaken(text: string, before: readonly MutantName[]): readonly MutantName[] {
  const name = mutantNames.find((known) => known === text)
  if (name === undefined) throw new CannotRun(`There is no mutant ${JSON.stringify(text.slice(0, 40))}; there are ${mutantNames.join(', ')}.`)
  return before.includes(name) ? before : [...before, name]
}
