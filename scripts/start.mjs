// `npm start`: installs what is missing, builds what is stale, and opens the lab as `understudy open` does. It opens in Electron if its runtime and
// a display are available, otherwise in a browser. `--web` forces the browser, `--download` retries the runtime. The lab ends with npm.
import { buildIfStale } from './build.mjs'
import { runCommandLine } from './command-line.mjs'
import { installModules, requireNode } from './install.mjs'
import { watchStarter } from './starter.mjs'

requireNode()
// Must come first: if npm ended before this call, its end would go unnoticed.
watchStarter(() => process.kill(process.pid, 'SIGHUP'))
installModules()
buildIfStale()
await runCommandLine(['open', ...process.argv.slice(2)])
