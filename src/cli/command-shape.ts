// The commands as plain data, read from commander's own objects, for completion and the manual page. It must repeat nothing of a command.
// The only addition is the kind of each value, by its name in the help; a test fails for a name without a kind.
import type { Argument, Command, Help, Option } from 'commander'
import { operationWords } from './client-operations'
import { helpTopics } from './help-topics'

/** What a value may be. `endings`: the extensions of files to offer; folders are always offered. */
export type ValueKind =
  | { readonly type: 'words'; readonly words: readonly string[] }
  | { readonly type: 'files'; readonly endings: readonly string[] }
  | { readonly type: 'folders' }
  | { readonly type: 'free' }

export interface ValueShape {
  readonly name: string
  readonly kind: ValueKind
  readonly isVariadic: boolean
}

export interface OptionShape {
  /** As in the help: `-V, --version`, `--on <stage>`. */
  readonly flags: string
  /** The short and the long name, such as `-V` and `--version`; one may be missing. */
  readonly names: readonly string[]
  readonly says: string
  /** Null for an option without a value. */
  readonly value: ValueShape | null
  /** True if the option may be given several times. */
  readonly isRepeated: boolean
}

export interface CommandShape {
  /** The words below the program: empty for the program itself, `['bench', 'rules']` for a subcommand. */
  readonly path: readonly string[]
  readonly usage: string
  readonly says: string
  readonly options: readonly OptionShape[]
  readonly values: readonly (ValueShape & { readonly says: string })[]
  readonly commands: readonly CommandShape[]
}

const files = (...endings: string[]): ValueKind => ({ type: 'files', endings })
const recording = files('jsonl', 'gz')

/** The kinds of values that have no choices of their own, by value name. */
const kinds: Readonly<Record<string, ValueKind>> = {
  scenarios: files('yaml', 'yml'), recording, recordings: recording, first: recording, second: recording, history: files('edn', 'json', 'jsonl'),
  journals: files(), file: files(), path: files(), program: files(), command: files(), folder: { type: 'folders' },
}
const free: ValueKind = { type: 'free' }
/** Names of values that are free text. */
export const freeNames: readonly string[] = ['number', 'text', 'seq', 'address', 'name', 'names', 'server', 'seconds', 'value', 'range', 'ms', 'operations', 'switches', 'share', 'who=command']

/** The program and everything below it; hidden commands are left out. */
export function shapeOf(program: Command): CommandShape {
  return shape(program, program.createHelp(), [], program)
}

function shape(command: Command, help: Help, path: readonly string[], program: Command): CommandShape {
  return {
    path, usage: help.commandUsage(command), says: command.description(),
    options: help.visibleOptions(command).map((option) => optionShape(option, help)),
    values: command.registeredArguments.map((argument) => ({ ...argumentShape(argument, program), says: argument.description })),
    commands: help.visibleCommands(command).map((each) => shape(each, each.createHelp(), [...path, each.name()], program)),
  }
}

function optionShape(option: Option, help: Help): OptionShape {
  const takes = option.required || option.optional
  const name = /[<[]([^\]>.]+)/.exec(option.flags)?.[1] ?? ''
  return {
    flags: option.flags, names: [option.short, option.long].filter((each) => each !== undefined), says: help.optionDescription(option),
    value: takes ? { name, kind: kindOf(name, option.argChoices), isVariadic: option.variadic } : null,
    isRepeated: option.variadic || Array.isArray(option.defaultValue),
  }
}

function argumentShape(argument: Argument, program: Command): ValueShape {
  const name = argument.name()
  // Two commands take special words: `client` takes operations, `help` takes commands and topics.
  const own = name !== 'words' ? argument.argChoices : argument.description.includes('topic') ? helpWords(program) : operationWords
  return { name, kind: kindOf(name, own), isVariadic: argument.variadic }
}

function helpWords(program: Command): string[] {
  return [...program.createHelp().visibleCommands(program).map((each) => each.name()), ...helpTopics.map(({ name }) => name)]
}

function kindOf(name: string, choices: readonly string[] | undefined): ValueKind {
  if (choices) return { type: 'words', words: choices }
  return Object.hasOwn(kinds, name) ? kinds[name] ?? free : free
}

/** Value names without a kind in this file. For a test. */
export function unknownNames(command: CommandShape): string[] {
  const values = [...command.values, ...command.options.flatMap(({ value }) => value ? [value] : [])]
  const unknown = values.filter(({ name, kind }) => kind.type === 'free' && !freeNames.includes(name)).map(({ name }) => `${command.path.join(' ')}: ${name}`)
  return [...unknown, ...command.commands.flatMap(unknownNames)]
}

/** The command and all below it, the program first. */
export function everyCommand(command: CommandShape): CommandShape[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}
