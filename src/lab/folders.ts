// Where the lab stores files: this system's data folder, and recordings by name. It must never overwrite a person's file.
import { open, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freeBytesOf } from '../cluster'
import { CannotRun, makeFolder, makeTemporaryFolder, reasonOf } from '../system'
import { grouped } from '../trace'

/** The folder for the lab's data: UNDERSTUDY_DATA, or this system's place for a program's data. Throws a CannotRun if there is no home folder. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform, home = homeFolder): string {
  if (environment.UNDERSTUDY_DATA) return environment.UNDERSTUDY_DATA
  if (platform === 'win32') return join(environment.LOCALAPPDATA || join(home(), 'AppData', 'Local'), 'Understudy')
  if (platform === 'darwin') return join(home(), 'Library', 'Application Support', 'Understudy')
  return join(environment.XDG_DATA_HOME || join(home(), '.local', 'share'), 'understudy')
}

function homeFolder(): string {
  try {
    return homedir()
  } catch (error) {
    // A user id that the system does not list, as in some containers, has no home except through HOME.
    throw new CannotRun(`There is no home folder for what the lab keeps (${reasonOf(error)}). Set HOME, or UNDERSTUDY_DATA to a folder that can be written.`)
  }
}

/** A path for a new recording, and a sentence if it is not in the usual folder. */
export interface RecordingPlace {
  readonly path: string
  readonly problem: string
}

/** Below this much free space a warning is given before a recording begins. */
export const diskLowMiB = 1024

export interface DiskFacts {
  /** Recording stops when only so much is free; 0: when the disk is full. */
  readonly stopsAtMiB?: number
  /** True by default: if the folder cannot be written, a temporary folder is used. */
  readonly mayGoElsewhere?: boolean
  /** Replaced in tests. */
  readonly freeMiB?: (folder: string) => Promise<number>
}

/** Empty, or one sentence that the disk of this folder is low. */
async function diskProblem(folder: string, { stopsAtMiB = 0, freeMiB = freeMiBOf }: DiskFacts): Promise<string> {
  const free = Math.floor(await freeMiB(folder))
  if (free >= diskLowMiB) return ''
  return `The disk of ${folder} has only ${grouped(free)} MiB free; recording stops when ${stopsAtMiB === 0 ? 'it is full' : `it has less than ${grouped(stopsAtMiB)} MiB`}.`
}

async function freeMiBOf(folder: string): Promise<number> {
  return await freeBytesOf(folder) / 1024 / 1024
}

/**
 * Reserves a name in `folder` by creating an empty file, so that nobody else can take it. Creates a missing folder. If the folder cannot be written,
 * uses a private temporary folder, which stays when the lab ends. Throws a CannotRun only if that fails too.
 */
export async function placeForRecording(folder: string, title: string, now: Date, disk: DiskFacts = {}): Promise<RecordingPlace> {
  const name = recordingName(title, now)
  try {
    makeFolder(folder, 0o700)
    return { path: await takeName(folder, name), problem: await diskProblem(folder, disk) }
  } catch (error) {
    if (disk.mayGoElsewhere === false) throw new CannotRun(`Recordings cannot be written to ${folder} (${reasonOf(error)}).`)
    const elsewhere = makeTemporaryFolder('recordings')
    elsewhere.keep()
    const problem = `Recordings cannot be written to ${folder} (${reasonOf(error)}); this one is written to ${elsewhere.path}.`
    return { path: await takeName(elsewhere.path, name), problem }
  }
}

/** At most so many characters of a title become part of the file name. */
const titleInNameMax = 40

/** "2026-11-24T10-18-21-title": local time, only characters that every file system allows. */
function recordingName(title: string, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  const time = `${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`
  const words = title.normalize('NFC').replace(/[^\p{L}\p{N}]+/gu, '-')
  const short = [...words].slice(0, titleInNameMax).join('').replace(/^-+|-+$/g, '')
  return `${day}T${time}${short === '' ? '' : `-${short}`}`
}

const sameNameMax = 1000

/** Reserves a name by creating the file exclusively: a check first and a creation later would race. */
async function takeName(folder: string, name: string): Promise<string> {
  for (let copy = 1; copy <= sameNameMax; copy++) {
    const path = join(folder, `${name}${copy === 1 ? '' : `-${copy}`}.jsonl`)
    try {
      await (await open(path, 'wx', 0o600)).close()
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  throw new Error(`${sameNameMax} recordings of that name exist`)
}

/** Releases a reserved name if nothing was written to the file. */
export async function giveNameBack(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found?.size === 0) await rm(path, { force: true })
}
