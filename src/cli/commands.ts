// Every command by name. A run loads only the requested command, as most have large imports. All are loaded for the list of commands, the completion,
// the manual page, and the suggestion for a mistyped word.
import { Command, CommanderError, Help, type Option } from 'commander'
import { examplesText } from './examples'
import { helpTopics } from './help-topics'
import { say } from './terminal'

/** Set by the build. */
declare const __VERSION__: string
/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

type Register = (program: Command) => void

/** In the order of the help. */
const commands: Readonly<Record<string, () => Promise<Register>>> = {
  open: async () => (await import('./open')).openCommand((words) => runCommands(['serve', ...words])),
  serve: async () => (await import('./serve')).serveCommand,
  run: async () => (await import('./run')).runCommand,
  'run-worker': async () => (await import('./run-worker')).runWorkerCommand,
  test: async () => (await import('./test')).testCommand,
  check: async () => (await import('./check')).checkCommand,
  conformance: async () => (await import('./conformance')).conformanceCommand,
  compare: async () => (await import('./compare')).compareCommand,
  export: async () => (await import('./export')).exportCommand,
  import: async () => (await import('./import')).importCommand,
  simulate: async () => (await import('./simulate')).simulateCommand,
  explore: async () => (await import('./explore')).exploreCommand,
  rerun: async () => (await import('./rerun')).rerunCommand,
  mutants: async () => (await import('./mutants')).mutantsCommand,
  'view-server': async () => (await import('./node-commands')).viewServerCommand,
  replica: async () => (await import('./node-commands')).replicaCommand,
  client: async () => (await import('./client')).clientCommand,
  merge: async () => (await import('./merge')).mergeCommand,
  bench: async () => (await import('./bench')).benchCommand,
  doctor: async () => (await import('./doctor')).doctorCommand,
  completion: async () => (await import('./completion')).completionCommand(commandTree),
  man: async () => (await import('./man')).manCommand(commandTree),
  help: async () => (await import('./help')).helpCommand(commandTree),
}

/** The output of `--version`. Recordings contain the same protocol hash. */
export const versionText = `${__VERSION__} (protocol ${__PROTOCOL_HASH__})`

/** Longer lists of choices are described in a help topic, not in the option's line. */
const choicesShown = 12

/** The program with these commands, by default with all. Nothing runs until words are parsed. */
export async function commandTree(names: readonly string[] = Object.keys(commands)): Promise<Command> {
  const program = new Command('understudy')
    .usage('[command] [options]')
    .description('Understudy: a lab for primary-backup replication with a view server. Without a command the lab opens.')
    .version(versionText)
    .helpCommand(false)
    .addHelpText('after', () => topicsText())
    .configureHelp({ optionDescription })
    .configureOutput({ outputError: (text) => say(...text.trimEnd().replace(/^error: /, '').replace(/^./, (first) => first.toUpperCase()).split('\n')) })
    // Must come first: later registered commands inherit it.
    .exitOverride()
  for (const name of names) (await commands[name]?.())?.(program)
  for (const command of program.commands) command.addHelpText('after', () => examplesText(command.name()))
  return program
}

/** Runs a command line. Resolves with the exit status if parsing alone decides it, or with undefined if the command has set it. */
export async function runCommands(words: readonly string[]): Promise<number | undefined> {
  const asked = asksToOpen(words) ? ['open', ...words] : words
  const [name = ''] = asked
  const program = await commandTree(Object.hasOwn(commands, name) ? [name] : undefined)
  try {
    await program.parseAsync(asked, { from: 'user' })
    return undefined
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has already printed its message; its status is 0 for help and version.
    return error.exitCode === 0 ? 0 : 2
  }
}

function asksToOpen([first]: readonly string[]): boolean {
  return first === undefined || (first.startsWith('-') && !['-h', '--help', '-V', '--version'].includes(first))
}

const usualHelp = new Help()

function optionDescription(option: Option): string {
  const isLong = (option.argChoices?.length ?? 0) > choicesShown
  return usualHelp.optionDescription(isLong ? Object.create(option, { argChoices: { value: undefined } }) as Option : option)
}

function topicsText(): string {
  const width = Math.max(...helpTopics.map(({ name }) => name.length))
  return `\nHelp by topic (understudy help TOPIC):\n${helpTopics.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n')}\n`
}
