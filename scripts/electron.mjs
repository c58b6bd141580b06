// Finds what a desktop window needs: a display and Electron's runtime. It must never import `electron`, as that would start a download.
// This file is also built into the command line, so it must start nothing (runtime.mjs downloads).
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
import { root } from './install.mjs'

const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }

/** The path of the runtime in the first of these folders whose `node_modules` has it, or undefined. ELECTRON_OVERRIDE_DIST_PATH replaces the folders. */
export function findElectron({ folder = root, folders = [folder], platform = process.platform, environment = process.env } = {}) {
  const name = names[platform] ?? 'electron'
  const override = environment.ELECTRON_OVERRIDE_DIST_PATH
  if (override) return existsSync(join(override, name)) ? join(override, name) : undefined
  for (const each of folders) {
    const package_ = join(each, 'node_modules/electron')
    try {
      const path = join(package_, 'dist', readFileSync(join(package_, 'path.txt'), 'utf8'))
      if (existsSync(path)) return path
    } catch {
      // Not downloaded: path.txt is part of the runtime.
    }
  }
  return undefined
}

/**
 * Folders whose `node_modules` may hold an `electron` that a person installed for this copy of the lab, nearest first. They are the copy's own, the
 * folders that it is installed in, the project that npm started it for, and the global packages.
 * The current directory alone does not count: a program that happens to be there was not chosen by the person (docs/decisions/one-package.md).
 */
export function electronPlaces({ folder = root, environment = process.env, program = process.execPath, platform = process.platform } = {}) {
  const parts = folder.split(sep)
  const around = parts.flatMap((part, index) => part === 'node_modules' ? [parts.slice(0, index).join(sep) || sep] : []).reverse()
  const prefixes = [environment.npm_config_global_prefix, platform === 'win32' ? dirname(program) : dirname(dirname(program))].filter(Boolean)
  const global_ = platform === 'win32'
    ? [...prefixes, ...(environment.APPDATA ? [join(environment.APPDATA, 'npm')] : [])]
    : prefixes.map((prefix) => join(prefix, 'lib'))
  return [...new Set([folder, ...around, environment.npm_config_local_prefix, ...global_, electronOnPath(environment)].filter(Boolean))]
}

/** The folder of npm's global packages, found through the command `electron` on the PATH, which is a link into it. */
function electronOnPath({ PATH = '' }) {
  for (const folder of PATH.split(delimiter).filter(Boolean)) {
    try {
      const [above, rest] = realpathSync(join(folder, 'electron')).split(join(sep, 'node_modules', 'electron', sep))
      if (rest !== undefined) return above || sep
    } catch {
      // No link here.
    }
  }
  return undefined
}

/** On Linux, Electron needs a display; as root it also needs the switches of `sandboxSwitches`. */
export function hasDisplay(platform = process.platform, environment = process.env) {
  return platform !== 'linux' || Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY)
}

export function sandboxSwitches(platform = process.platform, userId = process.getuid?.()) {
  return platform === 'linux' && userId === 0 ? ['--no-sandbox'] : []
}

/**
 * The environment for the runtime, without the variables that make it a plain Node. NODE_EXTRA_CA_CERTS is left out too: Node would read that file at
 * every start without need.
 */
export function electronEnvironment(environment = process.env) {
  const { ELECTRON_RUN_AS_NODE: _runAsNode, NODE_OPTIONS: _options, NODE_EXTRA_CA_CERTS: _certificates, ...rest } = environment
  return rest
}
