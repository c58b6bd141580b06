// Opens files that a user named: only regular files. A device may have no end, a pipe may never deliver, a folder has no bytes. It must never wait
// for the other end of a pipe.
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** The path is no file that can be read. */
export class NoRegularFile extends Error {
  override readonly name = 'NoRegularFile'
  /** What it is instead: `a folder`. */
  readonly kind: string

  constructor(kind: string) {
    super(`it is ${kind}`)
    this.kind = kind
  }
}

// Windows has neither this flag nor such pipes.
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** A file descriptor. Throws a `NoRegularFile`, or the system's error. */
export function openRegularFileSync(path: string): { readonly file: number; readonly size: number } {
  const file = openSync(path, flags)
  try {
    return { file, size: checked(fstatSync(file)) }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** Rejects with a `NoRegularFile`, or with the system's error. */
export async function openRegularFile(path: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  const handle = await open(path, flags)
  try {
    return { handle, size: checked(await handle.stat()) }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function checked(stats: Stats): number {
  if (stats.isFile()) return stats.size
  throw new NoRegularFile(kindOf(stats))
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFIFO()) return 'a pipe'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}
