// Finds the programs that show a window: a browser of this machine, and the desktop window's runtime. Empty where one is missing. It must never
// import `electron`, which would start a download.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export function findChromium(): string {
  return [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path)) ?? ''
}

/** `programs`: the folder of the built programs. Also empty without a display to open a window on. */
export function findElectron(programs: string): string {
  if (process.platform !== 'linux' || !(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)) return ''
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (override) return existsSync(join(override, 'electron')) ? join(override, 'electron') : ''
  const folder = join(programs, '../../node_modules/electron')
  try {
    const path = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8'))
    return existsSync(path) ? path : ''
  } catch {
    return '' // Not downloaded: path.txt comes with the runtime.
  }
}
