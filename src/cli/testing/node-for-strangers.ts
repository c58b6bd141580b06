// For tests that run a program as another user: finds a Node that this user may run. A Node that npm installed is in a home that others cannot read.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'

/** This Node if the user may run it; otherwise a copy in `folder`, which that user must be able to enter. */
export function nodeForStrangers(folder: string, uid: number): string {
  if (spawnSync(process.execPath, ['-v'], { uid, gid: uid }).status === 0) return process.execPath
  const copy = join(folder, 'node')
  copyFileSync(process.execPath, copy)
  chmodSync(copy, 0o755)
  return copy
}
