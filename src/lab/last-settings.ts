// Stores the settings of the last cluster, and the programs that ran last, in the data folder, which all labs of an account share. Each lab writes
// only the settings that it changed. A failure with this file must never make anything else fail.
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ClusterSettings, defaultClusterSettings, ProgramChoices, type ProgramChoice } from '../contract'
import { makeFolder } from '../system'

const fileName = 'last-settings.json'

/** A lab holds the lock for some milliseconds; an older lock was left by a killed lab. */
const lockOldMs = 5000
const lockTriesMax = 200
const lockTryMs = 20

const programsKept = 12

export interface Last {
  readonly settings: ClusterSettings
  /** Programs of nodes and of scenarios' slots, the newest first. */
  readonly programs: readonly ProgramChoice[]
}

const LastFile = ClusterSettings.extend({ lastPrograms: ProgramChoices.default([]) })

/** What is stored, or the defaults if the file is missing, broken or of another version. */
export async function readLast(dataFolder: string): Promise<Last> {
  try {
    const { lastPrograms, ...settings } = LastFile.parse(JSON.parse(await readFile(join(dataFolder, fileName), 'utf8')))
    return { settings, programs: lastPrograms }
  } catch {
    // Missing at the first start. The next cluster replaces a broken file.
    return { settings: defaultClusterSettings, programs: [] }
  }
}

/** Puts what ran now before what ran earlier. */
export function newestFirst(ran: readonly ProgramChoice[], earlier: readonly ProgramChoice[]): ProgramChoice[] {
  const all = new Map([...ran, ...earlier].map((choice) => [JSON.stringify([choice.who, choice.command, choice.folder]), choice]))
  return [...all.values()].slice(0, programsKept)
}

/**
 * Writes the settings that differ from `before`, which is what this lab knew; the others keep the file's values. Rejects if the folder cannot be
 * written.
 */
export function rememberSettings(dataFolder: string, before: ClusterSettings, settings: ClusterSettings): Promise<void> {
  return change(dataFolder, (present) => ({ settings: merge(present.settings, before, settings), programs: newestFirst(settings.programs, present.programs) }))
}

export function rememberPrograms(dataFolder: string, ran: readonly ProgramChoice[]): Promise<void> {
  return change(dataFolder, ({ settings, programs }) => ({ settings, programs: newestFirst(ran, programs) }))
}

/** Replaces the file atomically, one lab at a time. */
async function change(dataFolder: string, changed: (present: Last) => Last): Promise<void> {
  makeFolder(dataFolder, 0o700)
  const path = join(dataFolder, fileName)
  const release = await lock(`${path}.lock`)
  try {
    const { settings, programs } = changed(await readLast(dataFolder))
    // A random name, as pids are not unique when containers share the folder.
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
    try {
      await writeFile(temporary, JSON.stringify({ ...settings, lastPrograms: programs }), { mode: 0o600 })
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  } finally {
    await release()
  }
}

function merge(present: ClusterSettings, before: ClusterSettings, settings: ClusterSettings): ClusterSettings {
  const changed = Object.entries(settings).filter(([name, value]) => JSON.stringify(before[name as keyof ClusterSettings]) !== JSON.stringify(value))
  // The title, the seed and the mutants belong to one session only.
  const merged: ClusterSettings = { ...present, ...Object.fromEntries(changed), title: '', seed: '', mutants: [] }
  // One lab may have chosen fewer replicas while another chose more backups.
  return { ...merged, backupsWanted: Math.min(merged.backupsWanted, merged.replicas - 1) }
}

/** Takes the lock; the result releases it. After too many tries it continues without the lock, as nothing may hang on this file. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (let tries = 0; tries < lockTriesMax; tries++) {
    try {
      await (await open(path, 'wx', 0o600)).close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const made = await stat(path).catch(() => null)
    if (made && Date.now() - made.mtimeMs > lockOldMs) await rm(path, { force: true })
    await pause(lockTryMs)
  }
  return () => Promise.resolve()
}
