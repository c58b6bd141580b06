// Stores the settings of the last cluster in the data folder, which all labs of an account share. Each lab writes only the settings that it changed.
// A failure with this file must never make anything else fail.
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ClusterSettings, defaultClusterSettings } from '../contract'
import { makeFolder } from '../system'

const fileName = 'last-settings.json'

/** A lab holds the lock for some milliseconds; an older lock was left by a killed lab. */
const lockOldMs = 5000
const lockTriesMax = 200
const lockTryMs = 20

/** The stored settings, or the defaults if the file is missing, broken or of another version. */
export async function readLastSettings(dataFolder: string): Promise<ClusterSettings> {
  try {
    return ClusterSettings.parse(JSON.parse(await readFile(join(dataFolder, fileName), 'utf8')))
  } catch {
    // Missing at the first start. The next cluster replaces a broken file.
    return defaultClusterSettings
  }
}

/**
 * Writes the settings that differ from `before`, which is what this lab knew; the others keep the file's values. Replaces the file atomically, one
 * lab at a time. Rejects if the folder cannot be written.
 */
export async function rememberSettings(dataFolder: string, before: ClusterSettings, settings: ClusterSettings): Promise<void> {
  makeFolder(dataFolder, 0o700)
  const path = join(dataFolder, fileName)
  const release = await lock(`${path}.lock`)
  try {
    const merged = merge(await readLastSettings(dataFolder), before, settings)
    // A random name, as pids are not unique when containers share the folder.
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
    try {
      await writeFile(temporary, JSON.stringify(merged), { mode: 0o600 })
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
  const changed = Object.entries(settings).filter(([name, value]) => before[name as keyof ClusterSettings] !== value)
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
