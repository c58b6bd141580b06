// Installs what a fresh checkout lacks, and says what it does. Needs nothing but Node and npm.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..')

/** Progress belongs to standard error: standard output is for data. */
export const say = (sentence) => process.stderr.write(`${sentence}\n`)

/** Ends with one sentence and status 2 where this Node is too old to run anything here. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  say(`Understudy needs Node 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(2)
}

/** npm writes its own lock into node_modules last of all, so an older or missing one means an installation that is stale or was cut short. */
export function modulesAreCurrent(folder = root) {
  const installed = join(folder, 'node_modules/.package-lock.json')
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs
}

/** Runs npm so that the packages of package-lock.json are there; ends with one sentence if that fails. */
export function installModules() {
  if (modulesAreCurrent()) return
  say('Installing the npm packages (once, about 20 s) ...')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status } = spawnSync(npm, ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (status === 0) return
  say('The npm packages could not be installed; npm has said why above.')
  process.exit(2)
}

/** Runs a program of node_modules with this Node. Returns its exit status. */
export function runModule(path, parameters, options = {}) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', path), ...parameters], { cwd: root, stdio: ['ignore', 2, 2], ...options })
  return status ?? 1
}
