// Builds out/ when a source has changed since the last build, and is quick to see that none has: `npm start` waits for this.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, runModule, say } from './install.mjs'

const sources = ['src', 'main', 'renderer', 'package.json', 'package-lock.json', 'electron.vite.config.ts', 'tsconfig.base.json']
const stampFile = 'out/.built-from'
const isSource = (name) => !name.includes('.test.') && !name.startsWith('.')

/** A hash of the names, sizes and times of everything that a build reads. */
export function fingerprint(folder = root) {
  const hash = createHash('sha256')
  const visit = (path) => {
    const stat = statSync(join(folder, path), { throwIfNoEntry: false })
    if (!stat) return
    if (!stat.isDirectory()) return hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`)
    for (const name of readdirSync(join(folder, path)).filter(isSource).sort()) visit(`${path}/${name}`)
  }
  for (const path of sources) visit(path)
  return hash.digest('hex')
}

export function isBuilt(folder = root) {
  const stamp = join(folder, stampFile)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(folder)
}

/** Builds if need be; ends with one sentence if that fails. */
export function buildIfStale() {
  if (isBuilt()) return
  say('Building Understudy (a few seconds) ...')
  const made = fingerprint()
  if (runModule('electron-vite/bin/electron-vite.js', ['build', '--logLevel', 'warn']) !== 0) {
    say('The build failed; the reason is above.')
    process.exit(2)
  }
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(join(root, stampFile), made)
}
