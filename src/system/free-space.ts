// Free disk space. It must never make a caller fail: a system that does not report it counts as unlimited.
import { statfs } from 'node:fs'

/** Bytes that this account may still write to the disk of this folder. */
export function freeBytesOf(folder: string): Promise<number> {
  return new Promise((resolve) => statfs(folder, (error, found) => resolve(error ? Number.POSITIVE_INFINITY : found.bavail * found.bsize)))
}
