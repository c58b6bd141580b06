// `npm start`: installs what is missing, builds what is stale, opens the lab. In Electron where its runtime and a display are to be
// had, else in a browser; `--web` asks for the browser.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buildIfStale } from './build.mjs'
import { electronEnvironment, hasDisplay, obtainElectron, sandboxSwitches } from './electron.mjs'
import { installModules, requireNode, root, say } from './install.mjs'

requireNode()
const parameters = process.argv.slice(2)
const wantsWeb = parameters.includes('--web')
const rest = parameters.filter((parameter) => parameter !== '--web')
installModules()
buildIfStale()

const runtime = wantsWeb || !hasDisplay() ? undefined : obtainElectron()
if (!wantsWeb && !hasDisplay()) say('There is no display here, so the lab is served to a browser on this machine.')
else if (!wantsWeb && !runtime) say('Without the Electron runtime the lab is served to a browser on this machine.')

const child = runtime
  ? spawn(runtime, [...sandboxSwitches(), ...rest, root], { stdio: 'inherit', env: electronEnvironment() })
  : spawn(process.execPath, [join(root, 'out/main/cli.js'), 'serve', ...rest], { stdio: 'inherit' })
// Ctrl-C reaches the child by itself; this process only waits for it to end well.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  say(`The lab could not be opened: ${error.message}`)
  process.exitCode = 2
})
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0)
})
