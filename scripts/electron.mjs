// Finds Electron's runtime. Never by importing `electron`: that would start a download by itself.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, runModule, say } from './install.mjs'

const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }
/** A network that swallows packets must not hold `npm start` for ever. */
const downloadMs = 300_000

/** The path of the runtime, or undefined. ELECTRON_OVERRIDE_DIST_PATH decides alone where it is set. */
export function findElectron({ folder = root, platform = process.platform, environment = process.env } = {}) {
  const name = names[platform] ?? 'electron'
  const override = environment.ELECTRON_OVERRIDE_DIST_PATH
  if (override) return existsSync(join(override, name)) ? join(override, name) : undefined
  const package_ = join(folder, 'node_modules/electron')
  try {
    const path = join(package_, 'dist', readFileSync(join(package_, 'path.txt'), 'utf8'))
    return existsSync(path) ? path : undefined
  } catch {
    // Not downloaded: path.txt comes with the runtime.
    return undefined
  }
}

/** The runtime, downloaded first if need be; undefined (and said) where it cannot be had. */
export function obtainElectron() {
  const found = findElectron()
  if (found) return found
  if (process.env.ELECTRON_OVERRIDE_DIST_PATH) {
    say('ELECTRON_OVERRIDE_DIST_PATH is set, but there is no Electron in that folder.')
    return undefined
  }
  say('Downloading the Electron runtime (once, about 100 MB) ...')
  if (runModule('electron/install.js', [], { timeout: downloadMs, stdio: 'ignore' }) === 0) return findElectron()
  say('The Electron runtime could not be downloaded.')
  return undefined
}

/** Electron needs a display, and as root it needs to be told to run without its sandbox. */
export function hasDisplay(platform = process.platform, environment = process.env) {
  return platform !== 'linux' || Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY)
}

export function sandboxSwitches(platform = process.platform, userId = process.getuid?.()) {
  return platform === 'linux' && userId === 0 ? ['--no-sandbox'] : []
}

/** What the runtime inherits: nothing that would turn it into a plain Node, and no bundle of certificates, which is read at its start for no one. */
export function electronEnvironment(environment = process.env) {
  const { ELECTRON_RUN_AS_NODE: _runAsNode, NODE_OPTIONS: _options, NODE_EXTRA_CA_CERTS: _certificates, ...rest } = environment
  return rest
}
