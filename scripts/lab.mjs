// `npm run lab -- COMMAND`: the command line; installs and builds first if needed.
import { buildIfStale } from './build.mjs'
import { runCommandLine } from './command-line.mjs'
import { installModules, requireNode } from './install.mjs'
import { watchStarter } from './starter.mjs'

requireNode()
// If npm dies, the command gets the signal that a closed terminal would send.
watchStarter(() => process.kill(process.pid, 'SIGHUP'))
installModules()
buildIfStale()
await runCommandLine(process.argv.slice(2))
