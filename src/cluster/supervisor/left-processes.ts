// Ends processes that a killed lab has left. A node that was paused when its lab and switchboard were killed would stay stopped for ever; a process
// that hung in its start would too. A lab looks for them when it starts. It must never end a process unless its folder, its lock and its own
// environment all prove that its lab is dead.
import { lstat, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { lockState } from '../../system/lock'
import { folderBases, folderFiles, folderLock, folderName, folderVariable } from './cluster-folder'
import { identityOf, isThere, signalProcess, type ProcessIdentity } from './process-identity'

/** Grace period: a running process whose lab has gone is about to end by itself. */
const graceMs = 5000
/** Most lines that are read of a process list. */
const processesMax = 10_000

/**
 * Ends stopped processes of dead labs now, and running ones some seconds later. Resolves after the first pass; with `isLast` after both, because no
 * later lab may come. `log` gets a sentence if there were any. Does nothing where the system has no /proc.
 */
export async function endLeftProcesses(log: (sentence: string) => void, { isLast = false } = {}): Promise<void> {
  if (process.platform !== 'linux') return
  const areLeft = await endLeft(log, false)
  if (!areLeft) return
  if (!isLast) return void setTimeout(() => void endLeft(log, true), graceMs).unref()
  await pause(graceMs)
  await endLeft(log, true)
}

/** Returns true if running processes are left. */
async function endLeft(log: (sentence: string) => void, alsoRunning: boolean): Promise<boolean> {
  let ended = 0
  let left = 0
  for (const folder of await deadFolders()) {
    const processes = await processesOf(folder)
    for (const { identity, isStopped } of processes) {
      if ((isStopped || alsoRunning) && signalProcess(identity, 'SIGKILL')) ended++
      else left++
    }
    // A folder that cannot be removed is left to the next lab.
    if (processes.every(({ isStopped }) => isStopped || alsoRunning)) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
  if (ended > 0) log(`${ended} ${ended === 1 ? 'process was' : 'processes were'} left by a lab that was killed, and ${ended === 1 ? 'was' : 'were'} ended.`)
  return left > 0
}

/** Folders of clusters of this account whose lock is abandoned. */
async function deadFolders(): Promise<string[]> {
  const found: string[] = []
  for (const base of folderBases()) {
    for (const name of await readdir(base).catch(() => [])) {
      const folder = join(base, name)
      if (folderName.test(name) && await isOurs(folder) && await lockState(folder, folderLock) === 'left') found.push(folder)
    }
  }
  return found
}

/** True for a real folder of this account that is closed to others: no other account can have written into it. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => null)
  return found !== null && found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0
}

interface LeftProcess {
  readonly identity: ProcessIdentity
  readonly isStopped: boolean
}

/** The listed processes that still run and whose environment names this folder. */
async function processesOf(folder: string): Promise<LeftProcess[]> {
  const lines = (await readFile(join(folder, folderFiles.processes), 'utf8').catch(() => '')).split('\n').slice(0, processesMax)
  const found: LeftProcess[] = []
  for (const line of lines) {
    const identity = identityOf(line)
    if (identity === undefined || identity.startTime === '' || !isThere(identity) || !await saysFolder(identity.pid, folder)) continue
    const isStopped = await isProcessStopped(identity.pid)
    if (isStopped !== null) found.push({ identity, isStopped })
  }
  return found
}

/** Only the account that a process runs as may read its environment. */
async function saysFolder(pid: number, folder: string): Promise<boolean> {
  const [environment, owner] = await Promise.all([readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''), stat(`/proc/${pid}`).catch(() => null)])
  return owner?.uid === process.getuid?.() && environment.split('\0').includes(`${folderVariable}=${Buffer.from(folder).toString('latin1')}`)
}

/** Null for a process that has ended and waits to be reaped. */
async function isProcessStopped(pid: number): Promise<boolean | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const state = /^State:\s+([A-Zt])/m.exec(status)?.[1] ?? 'X'
  return state === 'Z' || state === 'X' ? null : state === 'T' || state === 't'
}
