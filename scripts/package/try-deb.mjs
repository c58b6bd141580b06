// `npm run package:try`: builds and installs the .deb, checks its fuses, runs the smoke test on a display, removes it, and checks for leftovers.
// Only for your own machine or CI, as root on Debian; it logs what it installs.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hasDisplay } from '../electron.mjs'
import { installModules, requireNode, root, say } from '../install.mjs'
import { prepareSystem, startXvfb } from '../system.mjs'
import { readVersion } from './stage.mjs'

function must(program, parameters, options = {}) {
  say(`== ${program} ${parameters.join(' ')}`)
  const { status } = spawnSync(program, parameters, { stdio: ['ignore', 2, 2], cwd: root, ...options })
  if (status === 0) return
  say(`${program} ended with ${status ?? 'a signal'}.`)
  process.exit(1)
}

requireNode()
if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  say('A .deb is tried by root on a Debian.')
  process.exit(2)
}
installModules()
// These import packages, which may be installed only now.
const { getCurrentFuseWire } = await import('@electron/fuses')
const { fuses } = await import('./bundle.mjs')
prepareSystem({ wantsElectron: true, hasDisplay: hasDisplay() })
must(process.execPath, ['scripts/package.mjs', 'linux'])
const deb = join(root, 'dist', `understudy-desktop_${readVersion()}_${process.arch === 'x64' ? 'amd64' : 'arm64'}.deb`)
must('dpkg', ['-c', deb], { stdio: ['ignore', 'ignore', 2] })
must('apt-get', ['install', '-y', '-qq', '--no-install-recommends', deb])

// '0' (48) means off, '1' (49) means on.
const wire = await getCurrentFuseWire('/usr/lib/understudy/understudy')
const wrong = Object.entries(fuses).filter(([fuse, isOn]) => wire[fuse] !== (isOn ? 49 : 48))
say(wrong.length === 0 ? `${Object.keys(fuses).length} fuses are as they should be` : `fuses ${wrong.map(([fuse]) => fuse).join(', ')} are wrong`)

const xvfb = hasDisplay() ? undefined : await startXvfb()
must(process.execPath, ['node_modules/@playwright/test/cli.js', 'test', '--project', 'installed', '--output', '.out/e2e-installed'], { env: { ...process.env, ...(xvfb ? { DISPLAY: xvfb.display } : {}) } })
xvfb?.stop()

must('apt-get', ['remove', '-y', '-qq', 'understudy-desktop'])
const left = ['/usr/lib/understudy', '/usr/bin/understudy-desktop', '/usr/share/applications/understudy.desktop', '/usr/share/mime/packages/understudy.xml', '/usr/share/doc/understudy-desktop'].filter((path) => existsSync(path))
say(left.length === 0 ? 'Removed, and nothing is left.' : `Left behind: ${left.join(', ')}`)
process.exitCode = wrong.length === 0 && left.length === 0 ? 0 : 1
