// Temporary folders: private, locked, and removed when their process ends by itself, by a signal or by an error. A later process removes those of a
// killed one. It must never remove a folder that another process still uses, or one that a user was told to look at.
import { chmodSync, existsSync, lstatSync, readdirSync, rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { atEnd } from './at-end'
import { CannotRun } from './cannot-run'
import { holdLock, lockState, socketPathBytesMax, type Release } from './lock'
import { reasonOf } from './reasons'

export interface TemporaryFolder {
  /** Absolute. */
  readonly path: string
  /** Removes it with all that is in it. */
  remove(): void
  /** Keeps it after the process ends; it then belongs to no process. */
  keep(): void
}

const prefix = 'understudy-'
/** A base whose paths are short enough for any socket. */
const shortBase = '/tmp'
/** The suffix that mkdtemp replaces. */
const drawn = 'XXXXXX'

/** Folders of this process, each with the release of its lock. */
const held = new Map<string, Release | undefined>()
let isAtEnd = false

/**
 * Creates one, mode 0700, named for its purpose. `inside`: the longest name of a socket in it; if that path would be too long, the folder is made
 * in /tmp. A folder with `isLocked` false is never considered abandoned: its maker must see to that. Throws a CannotRun if none can be created.
 */
export function makeTemporaryFolder(purpose: string, { inside = '', isLocked = true } = {}): TemporaryFolder {
  const name = `${prefix}${purpose}-${process.pid}-`
  const base = inside === '' || Buffer.byteLength(join(temporary(), `${name}${drawn}`, inside)) <= socketPathBytesMax ? temporary() : shortBase
  // Registered first: a signal in between would leave the folder behind.
  if (!isAtEnd) atEnd(removeAll)
  isAtEnd = true
  const path = makeIn(base, name)
  held.set(path, isLocked ? holdLock(path) : undefined)
  return {
    path,
    remove: () => remove(path),
    keep: () => {
      held.get(path)?.()
      held.delete(path)
    },
  }
}

function removeAll(): void {
  for (const path of held.keys()) remove(path)
}

const temporary = (): string => resolve(tmpdir())

function makeIn(base: string, name: string): string {
  try {
    const path = mkdtempSync(join(base, name))
    chmodSync(path, 0o700) // The umask may have removed even these bits.
    return path
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const reason = !isMissing ? reasonOf(error) : existsSync(base) ? 'it takes no folder' : 'there is no such folder'
    throw new CannotRun(`No temporary folder can be made in ${base}: ${reason}. Set TMPDIR to a folder that can be written.`)
  }
}

function remove(path: string): void {
  held.get(path)?.()
  held.delete(path)
  try {
    // A child that is ending may still write there.
    rmSync(path, { recursive: true, force: true, maxRetries: 10 })
  } catch {
    // The system's own clean-up removes what cannot be removed here.
  }
}

// ---- what others have left

/** Removes the folders that processes of this user left behind. */
export async function removeLeftFolders(): Promise<void> {
  for (const path of ownFolders()) {
    if (held.has(path) || await lockState(path) !== 'left') continue
    remove(path)
  }
}

function ownFolders(): string[] {
  return [...new Set([temporary(), shortBase])].flatMap((base) => {
    try {
      return readdirSync(base).filter((name) => name.startsWith(prefix)).map((name) => join(base, name)).filter(isOwn)
    } catch {
      return [] // The folder is missing or not readable; creating one there reports that.
    }
  })
}

function isOwn(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found !== undefined && found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid())
}
