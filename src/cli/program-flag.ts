// `--program WHO=COMMAND`, as a person writes it. It must never take a command from anything but the command line.
import { Option, type Command } from 'commander'
import { commandIn, folderOf, ourSpeaker, type GivenProgram } from '../lab'
import { CannotRun } from './cannot-run'

/** What `--program` was given, before its folder is known. */
export interface NamedProgram {
  readonly who: string
  readonly command: readonly [string, ...string[]]
}

/** Adds the flags. The value of `program` is a list, empty by default. */
export function addProgramFlags(command: Command): Command {
  return command
    .addOption(new Option('--program <who=command>', 'a program of others as a node: a node (s1), a slot of the scenario, or view-server, replicas, clients; may be given several times')
      .argParser((text: string, before: readonly NamedProgram[]) => [...before, named(text)]).default([]))
    .option('--cwd <folder>', 'the folder that programs run in; this one without it', '.')
}

function named(text: string): NamedProgram {
  const at = text.indexOf('=')
  if (at <= 0) throw new CannotRun(`--program is a name and a command: --program "s1=python3 replica.py", not ${JSON.stringify(text.slice(0, 60))}.`)
  return { who: text.slice(0, at), command: commandIn(process.cwd(), text.slice(at + 1)) }
}

/** The programs that speak this lab's protocol. */
export function givenPrograms(programs: readonly NamedProgram[], cwd: string): GivenProgram[] {
  if (programs.length === 0) return []
  const folder = folderOf(cwd)
  return programs.map(({ who, command }) => ({ who, spec: ourSpeaker(command, folder) }))
}
