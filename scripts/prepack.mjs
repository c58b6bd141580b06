// Runs before `npm pack`: builds the package's contents from these sources, and generates the manual page from the commands. `--built` keeps the
// existing build. The licences of bundled packages are included.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildIfStale } from './build.mjs'
import { installModules, requireNode, root, say } from './install.mjs'
import { licencesText } from './licences.mjs'

requireNode()
installModules()
if (!process.argv.includes('--built')) buildIfStale()
const { status, stdout } = spawnSync(process.execPath, [join(root, 'out/main/cli.js'), 'man'], { stdio: ['ignore', 'pipe', 2], maxBuffer: 16 * 1024 * 1024 })
if (status !== 0) {
  say('The manual page could not be made; the reason is above.')
  process.exit(2)
}
mkdirSync(join(root, 'out/man'), { recursive: true })
writeFileSync(join(root, 'out/man/understudy.1'), stdout)
writeFileSync(join(root, 'out/licences.txt'), licencesText())
