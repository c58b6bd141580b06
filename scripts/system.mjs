// System packages that the tests need: a browser and, without a display, Xvfb and Electron's libraries.
// It must install only as root on Debian, and logs that; elsewhere it reports what is missing.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { say } from './install.mjs'

/** What the example nodes need (examples/nodes), besides Node. */
export const toolchains = [
  { language: 'Python', program: 'python3', debian: 'python3' },
  { language: 'Go', program: 'go', debian: 'golang-go' },
  { language: 'Java', program: 'javac', debian: 'default-jdk-headless' },
  { language: 'Rust', program: 'rustc', debian: 'rustc' },
]

const electronLibraries = ['libgtk-3-0', 'libnss3', 'libasound2', 'libgbm1', 'libxss1', 'libxtst6']

export function findChromium(environment = process.env) {
  return [environment.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path))
}

export function findFirefox(environment = process.env) {
  return [environment.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => path && existsSync(path))
}

const has = (program) => spawnSync('which', [program], { stdio: 'ignore' }).status === 0
const hasPackage = (name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status === 0

/** Installs what the end-to-end tests lack; returns what is still missing, as words. */
export function prepareSystem({ wantsElectron, hasDisplay }) {
  const mayInstall = process.platform === 'linux' && process.getuid?.() === 0 && has('apt-get')
  const wanted = []
  if (!findChromium()) wanted.push('chromium', 'fonts-dejavu-core')
  if (!findFirefox()) wanted.push('firefox-esr')
  if (wantsElectron && !hasDisplay && !has('Xvfb')) wanted.push('xvfb')
  if (wantsElectron && mayInstall) wanted.push(...electronLibraries.filter((name) => !hasPackage(name)))
  if (mayInstall && !wanted.includes('fonts-dejavu-core') && !hasPackage('fonts-dejavu-core')) wanted.push('fonts-dejavu-core')
  // The tests build and run the example nodes of every language.
  if (mayInstall) wanted.push(...toolchains.filter(({ program }) => !has(program)).map(({ debian }) => debian))
  if (wanted.length > 0 && mayInstall) {
    say(`Installing Debian packages for the tests: ${wanted.join(', ')} ...`)
    const quiet = { stdio: ['ignore', 'ignore', 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
    spawnSync('apt-get', ['update', '-qq'], quiet)
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...wanted], quiet)
  }
  const missing = []
  if (!findChromium()) missing.push('Chromium')
  if (!findFirefox()) missing.push('Firefox')
  if (wantsElectron && !hasDisplay && !has('Xvfb')) missing.push('Xvfb')
  missing.push(...toolchains.filter(({ program }) => !has(program)).map(({ language }) => language))
  return missing
}

/** Starts Xvfb on a free display; resolves with the display's name and a function that stops it. */
export function startXvfb() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1920x1200x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error('Xvfb ended at once')))
    child.stdio[3].once('data', (data) => resolve({ display: `:${String(data).trim()}`, stop: () => child.kill('SIGTERM') }))
  })
}
