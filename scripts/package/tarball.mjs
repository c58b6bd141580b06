// The program as one archive for Linux systems without Debian packages: unpack it anywhere and run ./understudy.
import { spawnSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { CannotPackage } from './cannot-package.mjs'
import { readVersion } from './stage.mjs'

export function makeTarball({ folder, dist, arch }) {
  const path = join(dist, `understudy-${readVersion()}-linux-${arch}.tar.gz`)
  const { status } = spawnSync('tar', ['-czf', path, '-C', dirname(folder), '--owner=0', '--group=0', basename(folder)], { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new CannotPackage(`${path} could not be written.`)
  return path
}
