// Where the lab keeps files: the data folder of this system, recordings by name, private temporary folders.
// It must never overwrite a file of a person, and never leave a temporary folder of a lab that is gone.
import { chmod, mkdir, mkdtemp, open, readdir, rm, statfs } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { grouped } from '../trace'

/** The folder for what the lab remembers: UNDERSTUDY_DATA, or this system's place for a program's data. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform, home = homedir()): string {
  if (environment.UNDERSTUDY_DATA) return environment.UNDERSTUDY_DATA
  if (platform === 'win32') return join(environment.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Understudy')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Understudy')
  return join(environment.XDG_DATA_HOME || join(home, '.local', 'share'), 'understudy')
}

/** A path for a new recording, and a sentence if it is not where recordings belong. */
export interface RecordingPlace {
  readonly path: string
  readonly problem: string
}

/** A disk with less than this free is said to be low before a recording begins. */
export const diskLowMiB = 1024

export interface DiskFacts {
  /** Recording stops when so much is left; 0: when the disk is full. */
  readonly stopsAtMiB?: number
  /** Replaced in tests. */
  readonly freeMiB?: (folder: string) => Promise<number>
}

/** Empty, or one sentence: the disk of this folder is low. */
async function diskProblem(folder: string, { stopsAtMiB = 0, freeMiB = freeMiBOf }: DiskFacts): Promise<string> {
  const free = Math.floor(await freeMiB(folder))
  if (free >= diskLowMiB) return ''
  return `The disk of ${folder} has only ${grouped(free)} MiB free; recording stops when ${stopsAtMiB === 0 ? 'it is full' : `it has less than ${grouped(stopsAtMiB)} MiB`}.`
}

async function freeMiBOf(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize / 1024 / 1024
  } catch {
    return Number.POSITIVE_INFINITY // A file system that does not tell it has no limit but its end.
  }
}

/**
 * Finds a name that is free in `folder`, which is made if it is missing. Where nothing can be written there, a private
 * temporary folder is taken, which stays when the lab ends. Throws only if that cannot be had either.
 */
export async function placeForRecording(folder: string, title: string, now: Date, disk: DiskFacts = {}): Promise<RecordingPlace> {
  const name = recordingName(title, now)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return { path: await freePath(folder, name), problem: await diskProblem(folder, disk) }
  } catch (error) {
    const elsewhere = await mkdtemp(join(tmpdir(), 'understudy-recordings-'))
    const problem = `Recordings cannot be written to ${folder} (${reasonOf(error)}); this one is written to ${elsewhere}.`
    return { path: await freePath(elsewhere, name), problem }
  }
}

/** Characters of a title that go into a file's name. */
const titleInNameMax = 40

/** "2026-11-24T10-18-21-title": local time, no character that a file system minds. */
function recordingName(title: string, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  const time = `${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`
  const words = title.normalize('NFC').replace(/[^\p{L}\p{N}]+/gu, '-')
  const short = [...words].slice(0, titleInNameMax).join('').replace(/^-+|-+$/g, '')
  return `${day}T${time}${short === '' ? '' : `-${short}`}`
}

const sameNameMax = 100

/** Proves by a file that is made and removed that the folder takes files: permissions alone do not say it. */
async function freePath(folder: string, name: string): Promise<string> {
  for (let copy = 1; copy <= sameNameMax; copy++) {
    const path = join(folder, `${name}${copy === 1 ? '' : `-${copy}`}.jsonl`)
    try {
      await (await open(path, 'wx', 0o600)).close()
      await rm(path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  throw new Error(`${sameNameMax} recordings of that name exist`)
}

const privatePrefix = 'understudy-lab-'

/** A private folder for uploads and packed files, removed with the lab; those of labs that were killed are removed first. */
export async function makePrivateFolder(): Promise<string> {
  await removeLeftFolders()
  const folder = await mkdtemp(join(tmpdir(), `${privatePrefix}${process.pid}-`))
  await chmod(folder, 0o700)
  return folder
}

async function removeLeftFolders(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = name.startsWith(privatePrefix) ? Number.parseInt(name.slice(privatePrefix.length), 10) : Number.NaN
    if (Number.isNaN(pid) || isRunning(pid)) continue
    // Another user's folder cannot be removed, and need not be.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const reasons: Record<string, string> = {
  ENOSPC: 'the disk is full', EDQUOT: 'the disk quota is used up', EROFS: 'the file system is read-only', EACCES: 'permission is denied',
  EPERM: 'permission is denied', ENOENT: 'no such file', EISDIR: 'it is a folder', ENOTDIR: 'a part of the path is no folder', EMFILE: 'too many files are open',
}

/** A file system's error in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return (code === undefined ? undefined : reasons[code]) ?? message
}
