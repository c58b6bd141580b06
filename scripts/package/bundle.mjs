// Combines the app, Electron's runtime and a Node into one folder, and sets Electron's fuses.
// docs/decisions/packaged-app.md says why the package has its own Node.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses'
import { packager } from '@electron/packager'
import { findElectron } from '../electron.mjs'
import { root, say } from '../install.mjs'
import { CannotPackage } from './cannot-package.mjs'
import { closure, plainPrograms } from './stage.mjs'

/** The Node version that runs the nodes of a cluster. */
export const nodeVersion = '24.22.3'

/** Electron loads only our archive, and no argument or variable turns it into a plain Node. */
export const fuses = {
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
}

function run(program, parameters, options = {}) {
  const { status, stdout, error } = spawnSync(program, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 2], shell: process.platform === 'win32', ...options })
  if (status !== 0) throw new CannotPackage(`${program} ${parameters[0]} failed${error ? `: ${error.message}` : '; the reason is above'}.`)
  return stdout
}

/** npm's package `node` holds only the program and its licence; there is nothing to install. */
function fetchNode(work, platform, arch) {
  const folder = join(work, 'node')
  mkdirSync(folder)
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}@${nodeVersion}`
  say(`Downloading ${name} ...`)
  const tarball = run('npm', ['pack', '--silent', '--ignore-scripts', name], { cwd: folder }).trim().split('\n').at(-1)
  run('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: folder })
  return { program: join(folder, 'bin', platform === 'win32' ? 'node.exe' : 'node'), licence: join(folder, 'LICENSE') }
}

/** packager needs Electron as the published zip. If the runtime is already on this machine, it is zipped here. */
function electronZip(work, platform, arch) {
  const found = platform === process.platform && arch === process.arch ? findElectron() : undefined
  const dist = found && platform === 'linux' ? dirname(found) : undefined
  if (!dist) return { electronVersion: JSON.parse(readFileSync(join(root, 'node_modules/electron/package.json'), 'utf8')).version }
  const electronVersion = readFileSync(join(dist, 'version'), 'utf8').trim()
  const folder = join(work, 'electron')
  mkdirSync(folder)
  run('zip', ['-q', '-r', '-1', '-y', join(folder, `electron-v${electronVersion}-${platform}-${arch}.zip`), '.', '-x', '.stamp'], { cwd: dist })
  return { electronVersion, electronZipDir: folder }
}

/** Resolves with the folder of the packaged program. */
export async function bundleApp({ app, work, platform, arch }) {
  const node = fetchNode(work, platform, arch)
  const plain = closure(plainPrograms).map((name) => `**/out/main/${name}`)
  say(`Putting the app for ${platform} ${arch} together ...`)
  const [folder] = await packager({
    dir: app, out: join(work, 'out'), platform, arch, name: 'Understudy', executableName: 'understudy', quiet: true, prune: false,
    asar: { unpack: `{${plain.join(',')}}` }, ...electronZip(work, platform, arch),
    // Without the extension: each system has its own (icons.mjs).
    icon: join(root, 'main/icon'),
    appBundleId: 'lab.understudy.desktop', appCategoryType: 'public.app-category.education',
    extendInfo: { CFBundleDocumentTypes: [{ CFBundleTypeName: 'Understudy recording', CFBundleTypeExtensions: ['jsonl'], CFBundleTypeRole: 'Viewer', LSHandlerRank: 'Alternate' }] },
  }).catch((error) => { throw new CannotPackage(`The app could not be put together: ${error.message}. Electron's runtime is downloaded for it where it is not here (npm start has it, or ELECTRON_OVERRIDE_DIST_PATH names it).`) })
  const inside = platform === 'darwin' ? join(folder, 'Understudy.app/Contents') : folder
  const resources = join(inside, platform === 'darwin' ? 'Resources' : 'resources')
  const nodeName = platform === 'win32' ? 'node.exe' : 'node'
  mkdirSync(join(resources, 'runtime'))
  cpSync(node.program, join(resources, 'runtime', nodeName))
  chmodSync(join(resources, 'runtime', nodeName), 0o755)
  if (existsSync(node.licence)) cpSync(node.licence, join(resources, 'runtime/LICENSE.node'))
  cpSync(join(app, 'LICENCES.txt'), join(folder, 'LICENCES.txt'))
  const program = platform === 'darwin' ? join(folder, 'Understudy.app') : join(folder, platform === 'win32' ? 'understudy.exe' : 'understudy')
  await flipFuses(program, { version: FuseVersion.V1, resetAdHocDarwinSignature: platform === 'darwin', ...fuses })
  const named = join(work, `Understudy-${platform}-${arch}`)
  if (folder !== named) renameSync(folder, named)
  return named
}
