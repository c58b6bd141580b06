// A lock held by the kernel: a listening socket, which lasts exactly as long as its process, even while that is stopped. It works across pid
// namespaces, where a pid names another process (docs/decisions/locks-are-sockets.md). It must never treat the lock of a running process as
// abandoned.
import { createHash } from 'node:crypto'
import { closeSync, linkSync, lstatSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'

/** Linux allows 107 bytes and macOS 103; Node truncates a longer path silently. */
export const socketPathBytesMax = 103

export type Release = () => void

/** Held: its process runs. Left: its process has gone. Unknown: no lock was ever held here, or another kernel holds it. */
export type LockState = 'held' | 'left' | 'unknown'

let ofThisKernel = ''

/**
 * Eight characters that identify the running kernel. On a disk that two machines share, a socket of the other machine refuses connections as an
 * abandoned one does.
 */
function kernelMark(): string {
  ofThisKernel ||= createHash('sha256').update(kernelText()).digest('hex').slice(0, 8)
  return ofThisKernel
}

function kernelText(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
  } catch {
    return hostname() // Not Linux.
  }
}

/** The file of the lock `name` of `folder`. */
const lockFile = (folder: string, name: string): string => join(folder, `${name}-${kernelMark()}`)
const pipeName = (file: string): string => `\\\\.\\pipe\\${createHash('sha256').update(file).digest('hex').slice(0, 24)}`

/**
 * Holds the lock `name` of a folder. Returns undefined if it is held already, or if no socket can be made; in the latter case no process will ever
 * see this lock as abandoned.
 */
export function holdLock(folder: string, name = 'lock'): Release | undefined {
  const file = lockFile(folder, name)
  const isPipe = process.platform === 'win32'
  const server = createServer((asking) => asking.destroy())
  server.on('error', () => undefined) // No socket can be made here.
  server.unref()
  const early = `.${process.pid}-${name}`
  if (isPipe) server.listen(pipeName(file))
  else within(folder, early, (path) => server.listen(path))
  if (!server.listening) return undefined
  try {
    // The final name appears only when the socket listens: a bound socket that does not listen yet refuses connections as an abandoned one does.
    if (isPipe) writeFileSync(file, '', { flag: 'wx' })
    else linkSync(join(folder, early), file)
  } catch {
    server.close()
    return undefined // Another process was quicker, or the folder was removed.
  } finally {
    if (!isPipe) rmSync(join(folder, early), { force: true })
  }
  return () => {
    server.close()
    rmSync(file, { force: true })
  }
}

/** Takes a lock that may be held or abandoned; null: it is held. Returns undefined where `holdLock` does. */
export async function takeLock(folder: string, name: string): Promise<Release | undefined | null> {
  const state = await lockState(folder, name)
  if (state === 'held') return null
  if (state === 'left') rmSync(lockFile(folder, name), { force: true })
  return holdLock(folder, name)
}

/** Whether a process holds the lock `name` of a folder. */
export function lockState(folder: string, name = 'lock'): Promise<LockState> {
  const file = lockFile(folder, name)
  const isPipe = process.platform === 'win32'
  if (!isLock(file, isPipe)) return Promise.resolve('unknown')
  return new Promise((settle) => {
    const ask = (path: string): void => {
      const asking = connect(path)
      asking.once('connect', () => {
        asking.destroy()
        settle('held')
      })
      // A stopped process with many pending connections is busy (EAGAIN), and still holds the lock.
      asking.once('error', (error: NodeJS.ErrnoException) => settle(error.code === (isPipe ? 'ENOENT' : 'ECONNREFUSED') ? 'left' : 'held'))
    }
    if (isPipe) ask(pipeName(file))
    else if (!within(folder, basename(file), ask)) settle('unknown')
  })
}

function isLock(file: string, isPipe: boolean): boolean {
  try {
    const found = lstatSync(file, { throwIfNoEntry: false })
    return found !== undefined && (isPipe || found.isSocket())
  } catch {
    return false // Its folder is not readable.
  }
}

/** Calls `use` with the path of a socket in a folder. A path that is too long goes through an open descriptor of the folder. Returns false if there is none. */
function within(folder: string, name: string, use: (path: string) => void): boolean {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= socketPathBytesMax) {
    use(path)
    return true
  }
  if (process.platform !== 'linux') return false
  let descriptor: number
  try {
    descriptor = openSync(folder, 'r')
  } catch {
    return false // Too many files are open, or the folder has gone.
  }
  try {
    // The socket is bound or dialled within this call, so the descriptor can be closed after it.
    use(`/proc/self/fd/${descriptor}/${name}`)
    return true
  } finally {
    closeSync(descriptor)
  }
}
