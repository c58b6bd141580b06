// The scenarios that a person named: files, and the .yaml files of folders, read and checked. It must never play one of them if any has a problem.
import { closeSync, existsSync, readdirSync, readSync, statSync, type Dirent } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { readScenario, type Scenario } from '../scenario'
import { reasonOf } from '../system'
import { NoRegularFile, openRegularFileSync } from '../system/regular-file'
import { CannotRun } from './cannot-run'
import { scenariosFolder } from './pages'
import { say } from './terminal'

/** A file above this size is refused without being read. */
const fileBytesMax = 64 * 1024 * 1024
/** At least so many bytes are read, whatever size the system reports. */
const fileBytesLeast = 1024 * 1024

export interface ReadFile {
  readonly scenario: Scenario
  readonly text: string
  /** Its path below the named folder; for a file that was named itself, its name. */
  readonly below: string
}

interface FoundFile {
  /** Absolute. */
  readonly path: string
  readonly below: string
}

/** All scenarios, or one CannotRun with every problem. */
export function readScenarios(paths: readonly string[]): ReadFile[] {
  const problems: string[] = []
  const files = new Map(paths.flatMap(filesOf).map((file) => [file.path, file]))
  const read = [...files.values()].flatMap(({ path: file, below }) => {
    const name = nameOf(file)
    const text = readText(file)
    const { scenario, problems: found } = readScenario(name, text)
    for (const { line, column, sentence } of found) problems.push(`${name}:${line}:${column}: ${sentence}`)
    return scenario ? [{ scenario, text, below }] : []
  })
  if (problems.length > 0) throw new CannotRun(...problems)
  return read
}

/** The name as a person would type it: relative to the working directory, or as the lab's own scenarios are called. */
function nameOf(file: string): string {
  const here = relative(process.cwd(), file) || basename(file)
  const isElsewhere = /^(\.\.|node_modules)[/\\]/.test(here) && file.startsWith(scenariosFolder + sep)
  return isElsewhere ? relative(dirname(scenariosFolder), file) : here
}

/** The path itself if it exists. Otherwise the lab's own file of that name, such as `scenarios/mit-view-service`, which is logged. */
function pathOf(path: string): string {
  if (existsSync(path) || !/^scenarios[/\\]./.test(path) || path.split(/[/\\]/).includes('..')) return path
  const ofTheLab = join(dirname(scenariosFolder), path)
  if (!existsSync(ofTheLab)) return path
  say(`There is no ${path} in this folder; the lab's own is run.`)
  return ofTheLab
}

function filesOf(asked: string): FoundFile[] {
  const path = pathOf(asked)
  const found = statOf(path)
  if (!found.isDirectory()) return [{ path: resolve(path), below: basename(path) }]
  return entriesOf(path)
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => resolve(entry.parentPath, entry.name)).sort()
    .map((file) => ({ path: file, below: relative(resolve(path), file) }))
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
  } catch (error) {
    throw new CannotRun(`The folder ${folder} cannot be read: ${reasonOf(error)}.`)
  }
}

function statOf(path: string): ReturnType<typeof statSync> & object {
  try {
    return statSync(path)
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new CannotRun(isMissing ? `There is no file or folder ${path}.` : `${path} cannot be read: ${reasonOf(error)}.`)
  }
}

function readText(path: string): string {
  try {
    const { file, size } = openRegularFileSync(path)
    try {
      if (size > fileBytesMax) throw new CannotRun(`${path}:1:1: It is ${Math.round(size / 1024 / 1024)} MB long; a scenario has at most 256 KB.`)
      // Bounded: a file may grow while it is read, and some files report size 0.
      const bytes = Buffer.alloc(Math.max(size, fileBytesLeast))
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0)))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof CannotRun) throw error
    if (error instanceof NoRegularFile) throw new CannotRun(`${path} is ${error.kind}, not a scenario.`)
    throw new CannotRun(`${path}:1:1: It cannot be read: ${error instanceof TypeError ? 'it is not UTF-8 text' : reasonOf(error)}.`)
  }
}
