// Builds out/ if a source has changed since the last build. `npm start` waits for this check, so it must be fast.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasBuild, isWritable, root, runModule, say } from './install.mjs'

const sources = ['src', 'main', 'renderer', 'scripts', 'package.json', 'package-lock.json', 'electron.vite.config.ts', 'tsconfig.base.json']
const stampFile = 'out/.built-from'
const isSource = (name) => !name.includes('.test.') && !name.startsWith('.')

/** A hash of the names and contents of all build inputs. Times are left out, as copying changes them. Takes about 40 ms for 700 files. */
export function fingerprint(folder = root) {
  const hash = createHash('sha256')
  const visit = (path) => {
    const stat = statSync(join(folder, path), { throwIfNoEntry: false })
    if (!stat) return
    if (!stat.isDirectory()) return hash.update(`${path} ${stat.size}\n`).update(readFileSync(join(folder, path)))
    for (const name of readdirSync(join(folder, path)).filter(isSource).sort()) visit(`${path}/${name}`)
  }
  for (const path of sources) visit(path)
  return hash.digest('hex')
}

export function isBuilt(folder = root) {
  const stamp = join(folder, stampFile)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(folder)
}

/** Builds if out/ is stale; exits with one sentence if the build fails. A read-only copy runs the build that it has. */
export function buildIfStale() {
  if (isBuilt()) return
  if (!isWritable(join(root, 'out')) || !isWritable(join(root, stampFile))) {
    if (hasBuild()) return say(`The sources of ${root} have changed since it was built, and you may not write there: it runs as it was built.`)
    say(`Understudy is not built in ${root}, and you may not write there. Copy it to a folder of your own, or have its owner run npm start once.`)
    process.exit(2)
  }
  say('Building Understudy (a few seconds) ...')
  const made = fingerprint()
  if (runModule('electron-vite/bin/electron-vite.js', ['build', '--logLevel', 'warn']) !== 0) {
    say('The build failed; the reason is above.')
    process.exit(2)
  }
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(join(root, stampFile), made)
}
