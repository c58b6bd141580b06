// Installs what a fresh checkout lacks, and logs what it does. It must need nothing but Node and npm.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

// Not `import.meta.dirname`: a Node that is too old lacks it, and must still print the sentence below.
export const root = resolve(fileURLToPath(new URL('..', import.meta.url)))

/** Progress goes to standard error: standard output is for data. */
export const say = (sentence) => process.stderr.write(`${sentence}\n`)

/** The newest major version that the lab is tested on. */
export const newestNode = 26

/** Whether a Node version is supported. */
export function standingOfNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) return 'too-old'
  return major > newestNode ? 'newer' : 'supported'
}

/** Exits with one sentence and status 2 if this Node is too old to run anything here. */
export function requireNode() {
  if (standingOfNode() !== 'too-old') return
  say(`Understudy needs Node 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(2)
}

/**
 * npm writes its own lock file into node_modules last, so a missing one means an interrupted installation. Compares the contents of both lock files,
 * not their times, as copying changes times.
 */
export function modulesAreCurrent(folder = root) {
  const installed = packagesIn(join(folder, 'node_modules/.package-lock.json'))
  const wanted = packagesIn(join(folder, 'package-lock.json'))
  if (!installed || !wanted) return false
  const isThere = ([path, { version, integrity, optional, devOptional }]) => {
    const found = installed[path]
    // A package for another system is not installed.
    return found ? found.version === version && found.integrity === integrity : Boolean(optional || devOptional)
  }
  return Object.entries(wanted).every((entry) => entry[0] === '' || isThere(entry)) && Object.keys(installed).every((path) => Object.hasOwn(wanted, path))
}

function packagesIn(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined // Missing, or truncated.
  }
}

/** Whether this user may write a file or folder; for a missing one, whether its parent may be written. */
export function isWritable(path) {
  if (!existsSync(path)) return path !== resolve(path, '..') && isWritable(resolve(path, '..'))
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Whether the built programs exist. They need no packages. */
export const hasBuild = (folder = root) => existsSync(join(folder, 'out/main/cli.js'))

/** Installs the packages of package-lock.json with npm; exits with one sentence if that fails. A read-only copy with a build runs as it is. */
export function installModules() {
  if (modulesAreCurrent()) return
  if (!isWritable(join(root, 'node_modules'))) {
    if (hasBuild()) return say(`The packages of ${root} are not those of its package-lock.json, and you may not write there: it runs as it was built.`)
    say(`Understudy is not installed in ${root}, and you may not write there. Copy it to a folder of your own, or have its owner run npm start once.`)
    process.exit(2)
  }
  say('Installing the npm packages (once, about 20 s) ...')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status } = spawnSync(npm, ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (status === 0) return
  say('The npm packages could not be installed; npm has said why above.')
  process.exit(2)
}

/** Runs a program of a folder's node_modules with this Node. Returns its exit status. */
export function runModule(path, parameters, { folder = root, ...options } = {}) {
  const { status } = spawnSync(process.execPath, [join(folder, 'node_modules', path), ...parameters], { cwd: folder, stdio: ['ignore', 2, 2], ...options })
  return status ?? 1
}
