// `npm run lab -- COMMAND`: the command line, installed and built first where need be. It runs in this process: a second Node would be one
// more start to wait for, and would hold its memory as long as the command runs.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildIfStale } from './build.mjs'
import { installModules, requireNode, root } from './install.mjs'

requireNode()
installModules()
buildIfStale()
const program = join(root, 'out/main/cli.js')
// The command line finds its own words where it looks for them.
process.argv[1] = program
await import(pathToFileURL(program).href)
