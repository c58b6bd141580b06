// The archives for macOS and Windows: a disk image if macOS's tool exists, otherwise a zip. Uses the system's own tools.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CannotPackage } from './cannot-package.mjs'

function run(program, parameters, options = {}) {
  const { status, error } = spawnSync(program, parameters, { stdio: ['ignore', 'ignore', 2], ...options })
  if (status !== 0) throw new CannotPackage(`${program} failed${error ? `: ${error.message}` : '; the reason is above'}.`)
}

/** A zip that contains the folder itself; links stay links. */
export function makeZip({ folder, dist }) {
  const path = join(dist, `${basename(folder)}.zip`)
  rmSync(path, { force: true })
  const place = { cwd: dirname(folder) }
  switch (process.platform) {
    case 'darwin': run('ditto', ['-c', '-k', '--keepParent', basename(folder), path], place); break
    case 'win32': run('tar', ['-a', '-c', '-f', path, basename(folder)], place); break
    default: run('zip', ['-q', '-r', '-y', path, basename(folder)], place)
  }
  return path
}

/** A disk image of the app; a zip on any system but macOS. */
export function makeDmg({ folder, dist }) {
  if (process.platform !== 'darwin') return makeZip({ folder, dist })
  const path = join(dist, `${basename(folder)}.dmg`)
  run('hdiutil', ['create', '-volname', 'Understudy', '-srcfolder', join(folder, 'Understudy.app'), '-format', 'UDZO', '-ov', path])
  return path
}
