// A cluster's private folder: the switchboard's socket, and the proof of which processes belong to which lab. While the lab runs it listens on a
// lock socket there, which the kernel closes with it, and it notes every process that it starts. A later lab of this account that finds the lock
// abandoned ends the processes left. It must never touch a process that is not proven to belong to a dead lab.
import { appendFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdLock, type Release } from '../../system/lock'
import { makeTemporaryFolder, type TemporaryFolder } from '../../system/temporary-folders'
import { identifyProcess, identityText } from './process-identity'

/** In the environment of every process of a cluster: the cluster's folder. */
export const folderVariable = 'UNDERSTUDY_CLUSTER'

/** The folder name of src/system/temporary-folders.ts: the pid of its maker and six random characters. */
export const folderName = /^understudy-cluster-\d+-[A-Za-z0-9]{6}$/

/** Files in a cluster's folder: the switchboard's socket, and the started processes, one identity a line. */
export const folderFiles = { socket: 's', processes: 'p' } as const
/** The name of the lock that the lab holds there. */
export const folderLock = 'lab'

/** Where such folders are made: the system's temporary folder, or /tmp where that path is too long for a socket. */
export function folderBases(): string[] {
  return [...new Set([tmpdir(), '/tmp'])]
}

/** Notes that this process belongs to the cluster with this folder; without a folder nothing. */
export function noteProcess(folder: string, pid: number): void {
  if (folder === '') return
  try {
    appendFileSync(join(folder, folderFiles.processes), `${identityText(identifyProcess(pid))}\n`, { mode: 0o600 })
  } catch {
    // The disk is full: a later lab finds one process less, and this cluster runs all the same.
  }
}

export class ClusterFolder {
  /** Empty on Windows, where the socket is a pipe's name and nothing is written. */
  readonly path: string
  readonly socketPath: string
  readonly #folder: TemporaryFolder | null
  readonly #release: Release | undefined

  /** Throws a CannotRun where there is no room for it. */
  constructor() {
    if (process.platform === 'win32') {
      this.path = ''
      this.socketPath = `\\\\.\\pipe\\understudy-${randomBytes(12).toString('hex')}`
      this.#folder = null
      return
    }
    // A lab that finds this folder abandoned must end its processes first (left-processes.ts). So the folder has its own lock instead of the usual one.
    this.#folder = makeTemporaryFolder('cluster', { inside: folderFiles.socket, isLocked: false })
    this.path = this.#folder.path
    this.socketPath = join(this.path, folderFiles.socket)
    // Without the lock no later lab will consider this one dead, and none of its processes are ended for it.
    this.#release = holdLock(this.path, folderLock)
  }

  /** Notes that this process belongs to the cluster. */
  note(pid: number): void {
    noteProcess(this.path, pid)
  }

  remove(): void {
    this.#release?.()
    this.#folder?.remove()
  }
}
