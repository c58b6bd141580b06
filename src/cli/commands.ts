// Every command by its name. Only the one that is asked for is loaded, as most bring much with them; all are loaded for the list of all.
import { Command, CommanderError } from 'commander'

/** Set by the build. */
declare const __VERSION__: string

/** In the order of the help. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import('./serve')).serveCommand,
  mutants: async () => (await import('./mutants')).mutantsCommand,
  rerun: async () => (await import('./rerun')).rerunCommand,
  run: async () => (await import('./run')).runCommand,
  'run-worker': async () => (await import('./run-worker')).runWorkerCommand,
  explore: async () => (await import('./explore')).exploreCommand,
  export: async () => (await import('./export')).exportCommand,
  'view-server': async () => (await import('./node-commands')).viewServerCommand,
  replica: async () => (await import('./node-commands')).replicaCommand,
  client: async () => (await import('./client')).clientCommand,
  bench: async () => (await import('./bench')).benchCommand,
  conformance: async () => (await import('./conformance')).conformanceCommand,
  check: async () => (await import('./check')).checkCommand,
  simulate: async () => (await import('./simulate')).simulateCommand,
  compare: async () => (await import('./compare')).compareCommand,
  import: async () => (await import('./import')).importCommand,
  merge: async () => (await import('./merge')).mergeCommand,
}

/** Runs what the words ask for; resolves with the exit status that the words alone decide, undefined where the command has set it. */
export async function runCommands(words: readonly string[]): Promise<number | undefined> {
  const [name = ''] = words
  const program = new Command('lab')
    .description('Understudy: a lab for primary-backup replication with a view server')
    .version(__VERSION__)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '').replace(/^./, (first) => first.toUpperCase())) })
    // Inherited by every command that is registered after it.
    .exitOverride()
  for (const load of Object.hasOwn(commands, name) ? [commands[name]] : Object.values(commands)) (await load?.())?.(program)
  try {
    await program.parseAsync(words, { from: 'user' })
    return undefined
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has written its own sentence already; its status is 0 for help and version.
    return error.exitCode === 0 ? 0 : 2
  }
}
