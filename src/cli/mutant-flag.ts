// `--mutant NAME`, once for each rule that is to be broken on purpose: alike in every command that starts a cluster.
import type { Command } from 'commander'
import { mutantNames, type MutantName } from '../protocol'
import { CannotRun } from './cannot-run'

/** Adds the flag; its option is a list, empty without it. */
export function addMutantFlag(command: Command): Command {
  return command.option('--mutant <name>', 'breaks one sentence of the protocol on purpose (docs/protocol.md); may be given several times', mutantTaken, [])
}

/** For commander's options that are given several times. */
export function mutantTaken(text: string, before: readonly MutantName[]): readonly MutantName[] {
  const name = mutantNames.find((known) => known === text)
  if (name === undefined) throw new CannotRun(`There is no mutant ${JSON.stringify(text.slice(0, 40))}; there are ${mutantNames.join(', ')}.`)
  return before.includes(name) ? before : [...before, name]
}
