// Chooses the paths of a run's recordings: the file or folder that the person named, or a temporary folder that keeps only those in the report.
// It must never overwrite a file, give two recordings one name, or create a hidden file.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { makeFolder, makeTemporaryFolder, reasonOf } from '../system'
import { CannotRun } from './cannot-run'

export interface RecordingPlaces {
  /** The absolute path for a scenario, by its index, and a repetition, from 0. */
  of(index: number, time: number): string
  /** To be called after all runs: of the temporary recordings, only these stay. */
  keepOnly(paths: readonly string[]): void
}

/**
 * `below`: the path of each scenario below the named folder. Creates the folder. Throws a CannotRun if that fails, or if a recording would overwrite
 * an existing file.
 */
export function recordingPlaces(record: string | undefined, below: readonly string[], times: number): RecordingPlaces {
  if (record === undefined) return temporaryPlaces(namesOf(below, times))
  if (below.length * times === 1) {
    const path = resolve(record)
    refuseTaken([path])
    return { of: () => path, keepOnly: () => undefined }
  }
  try {
    makeFolder(record)
  } catch (error) {
    throw new CannotRun(`The folder ${record} cannot be made: ${reasonOf(error)}.`)
  }
  const names = namesOf(below, times)
  const at = (name: string): string => join(resolve(record), name)
  refuseTaken(names.flat().map(at))
  return { of: (index, time) => at(names[index]?.[time] ?? ''), keepOnly: () => undefined }
}

function temporaryPlaces(names: readonly (readonly string[])[]): RecordingPlaces {
  const folder = makeTemporaryFolder('run')
  return {
    of: (index, time) => join(folder.path, names[index]?.[time] ?? ''),
    keepOnly: (paths) => {
      if (paths.length === 0) return folder.remove()
      folder.keep()
      const kept = new Set(paths)
      for (const name of readdirSync(folder.path)) if (!kept.has(join(folder.path, name))) rmSync(join(folder.path, name), { recursive: true, force: true })
    },
  }
}

function refuseTaken(paths: readonly string[]): void {
  const taken = paths.find((path) => existsSync(path))
  if (taken !== undefined) throw new CannotRun(`${taken} is there already; choose another --record.`)
}

/** The file names for each scenario and repetition: its path with dashes, and a number if the name is taken. No name is hidden. */
export function namesOf(below: readonly string[], times: number): string[][] {
  const taken = new Set<string>()
  const free = (stem: string): string => {
    for (let copy = 1; ; copy++) {
      const name = `${stem}${copy === 1 ? '' : `-${copy}`}.jsonl`
      // Names must also differ on file systems that ignore case.
      if (taken.has(name.toLowerCase())) continue
      taken.add(name.toLowerCase())
      return name
    }
  }
  const stems = below.map((path) => path.replaceAll(/[/\\]/g, '-').replace(/\.ya?ml$/i, '').replace(/^[.-]+/, '') || 'scenario')
  const first = stems.map((stem) => [free(stem)])
  for (let time = 1; time < times; time++) stems.forEach((stem, index) => first[index]?.push(free(`${stem}.${time + 1}`)))
  return first
}
