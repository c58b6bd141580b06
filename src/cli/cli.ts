// The command line: `understudy COMMAND`, in a checkout `npm run lab -- COMMAND`. A standalone node starts from here directly; every other command
// is loaded on demand (commands.ts). Data goes to standard output.
// Exit statuses: 0 success, 1 judged wrong, 2 could not run, with one plain sentence on standard error for any error (src/system/ending.ts).
import { endOf, endOnUncaught } from '../system/ending'
import { nodeWordsOf } from './node-words'
import { runNode } from './run-node'

endOnUncaught()
const words = process.argv.slice(2)
const node = nodeWordsOf(words)

try {
  const status = node ? await runNode(node.kind, node.flags) : await (await import('./commands')).runCommands(words)
  if (typeof status === 'number') process.exitCode = status
} catch (error) {
  process.exitCode = endOf(error)
}
