// `--program WHO=COMMAND`, and the command and folder of a program as a person writes them. It must never take a command from anything but the
// command line.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { programLimits, wordsOfCommand, type GivenProgram } from '../lab'
import { reasonOf } from '../system'
import { CannotRun } from './cannot-run'

/** A text that names a file is that file, whatever blanks it has. `folder`: what relative names are relative to. */
export function commandOf(text: string, folder = '.'): [string, ...string[]] {
  const path = resolve(folder, text)
  if (existsSync(path) && statSync(path).isFile()) return [path]
  try {
    const [program, ...parameters] = wordsOfCommand(text)
    return [program.includes('/') ? resolve(folder, program) : program, ...parameters]
  } catch (error) {
    throw new CannotRun(error instanceof Error ? error.message : String(error))
  }
}

export function folderOf(cwd: string): string {
  try {
    if (!statSync(cwd).isDirectory()) throw new CannotRun(`${cwd} is no folder.`)
  } catch (error) {
    if (error instanceof CannotRun) throw error
    throw new CannotRun(`The program cannot run in ${cwd}: ${reasonOf(error)}.`)
  }
  return resolve(cwd)
}

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
  return { who: text.slice(0, at), command: commandOf(text.slice(at + 1)) }
}

/** The programs that speak this lab's protocol. */
export function givenPrograms(programs: readonly NamedProgram[], cwd: string): GivenProgram[] {
  if (programs.length === 0) return []
  const folder = folderOf(cwd)
  return programs.map(({ who, command }) => ({
    who, spec: { command, folder, isPlain: false, speaksOurs: true, dataFolder: '', keepsData: false, limits: programLimits },
  }))
}
