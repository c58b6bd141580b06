// Remembers the settings of the last cluster in the data folder. A convenience: nothing may fail because of this file.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterSettings, defaultClusterSettings } from '../contract'

const fileName = 'last-settings.json'

/** The settings that were remembered, or the defaults when the file is missing, broken or of another version. */
export async function readLastSettings(dataFolder: string): Promise<ClusterSettings> {
  try {
    return ClusterSettings.parse(JSON.parse(await readFile(join(dataFolder, fileName), 'utf8')))
  } catch {
    // Missing at the first start; a broken one is written anew with the next cluster.
    return defaultClusterSettings
  }
}

/** Replaces the file whole or not at all. Rejects where the folder cannot be written. */
export async function writeLastSettings(dataFolder: string, settings: ClusterSettings): Promise<void> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const temporary = join(dataFolder, `${fileName}.${process.pid}.tmp`)
  try {
    // A title, a seed and what is broken on purpose belong to one session and not to the next.
    await writeFile(temporary, JSON.stringify({ ...settings, title: '', seed: '', mutants: [] }), { mode: 0o600 })
    await rename(temporary, join(dataFolder, fileName))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
