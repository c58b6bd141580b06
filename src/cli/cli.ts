// The command line: `npm run lab -- COMMAND`. Each command registers itself; this file only parses, and turns errors into exit statuses:
// 0 as it should be, 1 judged wrong, 2 could not run, with one plain sentence on standard error. Data goes to standard output.
import { Command, CommanderError } from 'commander'
import { benchCommand } from './bench'
import { CannotRun } from './cannot-run'
import { clientCommand } from './client'
import { compareCommand } from './compare'
import { exploreCommand } from './explore'
import { exportCommand } from './export'
import { checkCommand } from './check'
import { conformanceCommand } from './conformance'
import { importCommand } from './import'
import { mergeCommand } from './merge'
import { rerunCommand } from './rerun'
import { mutantsCommand } from './mutants'
import { replicaCommand, viewServerCommand } from './node-commands'
import { runCommand } from './run'
import { runWorkerCommand } from './run-worker'
import { serveCommand } from './serve'
import { simulateCommand } from './simulate'

/** Set by the build. */
declare const __VERSION__: string

const program = new Command('lab')
  .description('Understudy: a lab for primary-backup replication with a view server')
  .version(__VERSION__)
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '').replace(/^./, (first) => first.toUpperCase())) })
  // Inherited by every command that is registered after it.
  .exitOverride()

serveCommand(program)
mutantsCommand(program)
rerunCommand(program)
runCommand(program)
runWorkerCommand(program)
exploreCommand(program)
exportCommand(program)
viewServerCommand(program)
replicaCommand(program)
clientCommand(program)
benchCommand(program)
conformanceCommand(program)
checkCommand(program)
simulateCommand(program)
compareCommand(program)
importCommand(program)
mergeCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = statusOf(error)
}

function statusOf(error: unknown): number {
  // Commander has written its own sentence already; its status is 0 for help and version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (!(error instanceof CannotRun)) throw error
  process.stderr.write(`${error.message}\n`)
  return 2
}
