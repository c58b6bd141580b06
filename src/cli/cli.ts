// The command line: `npm run lab -- COMMAND`. A node of its own starts from here at once, every other command is loaded when it is asked for
// (commands.ts). This file turns errors into exit statuses: 0 as it should be, 1 judged wrong, 2 could not run, with one plain sentence on
// standard error. Data goes to standard output.
import { CannotRun } from './cannot-run'
import { nodeWordsOf } from './node-words'
import { runNode } from './run-node'

const words = process.argv.slice(2)
const node = nodeWordsOf(words)

try {
  const status = node ? await runNode(node.kind, node.flags) : await (await import('./commands')).runCommands(words)
  if (typeof status === 'number') process.exitCode = status
} catch (error) {
  if (!(error instanceof CannotRun)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
