// `npm run package -- linux|darwin|win32 [--arch x64|arm64]`: packages the desktop app into dist/. Electron's runtime comes from its package
// (`npm start` downloads it) or from ELECTRON_OVERRIDE_DIST_PATH; Node comes from npm's package `node`. Downloads are logged.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildIfStale } from './build.mjs'
import { installModules, requireNode, root, say } from './install.mjs'
import { makeDmg, makeZip } from './package/archive.mjs'
import { makeDeb } from './package/deb.mjs'
import { CannotPackage } from './package/cannot-package.mjs'
import { stageApp } from './package/stage.mjs'
import { makeTarball } from './package/tarball.mjs'

const platforms = ['linux', 'darwin', 'win32']
const archs = ['x64', 'arm64']

async function packageFor(platform, arch) {
  // It imports packages, which may be installed only now.
  const { bundleApp } = await import('./package/bundle.mjs')
  const work = join(root, '.out/package')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const app = stageApp(join(work, 'app'))
  const folder = await bundleApp({ app, work, platform, arch })
  const dist = join(root, 'dist')
  mkdirSync(dist, { recursive: true })
  const makers = {
    linux: () => [makeDeb({ folder, work, dist, arch }), makeTarball({ folder, dist, arch })],
    darwin: () => [makeDmg({ folder, dist })],
    win32: () => [makeZip({ folder, dist })],
  }
  const made = makers[platform]()
  for (const path of made) process.stdout.write(`${path}\n`)
}

requireNode()
const { values, positionals: [platform = process.platform] } = parseArgs({ allowPositionals: true, options: { arch: { type: 'string', default: process.arch } } })
if (!platforms.includes(platform) || !archs.includes(values.arch)) {
  say(`npm run package takes one of ${platforms.join(', ')}, and --arch ${archs.join(' or ')}.`)
  process.exit(2)
}
installModules()
buildIfStale()
try {
  await packageFor(platform, values.arch)
} catch (error) {
  if (!(error instanceof CannotPackage)) throw error
  say(error.message)
  process.exitCode = 2
}
