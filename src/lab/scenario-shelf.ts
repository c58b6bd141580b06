// The scenarios that come with the lab: files in a folder, read on demand and again only after a change. A broken file is left out and logged.
// Concurrent requests must share one reading of the folder.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { Refusal, type ScenarioEntry, type ScenarioSlot } from '../contract'
import type { Scenario } from '../scenario'
import type { ScenarioReader } from './scenario-reader'

export interface ScenarioShelfOptions {
  readonly folder: string
  readonly reader: Pick<ScenarioReader, 'read'>
  readonly log: (sentence: string) => void
}

/** The state of a file when it was last read. */
interface Known {
  readonly stamp: string
  readonly entry: ScenarioEntry | null
}

export class ScenarioShelf {
  readonly #options: ScenarioShelfOptions
  #known = new Map<string, Known>()
  #listing: Promise<ScenarioEntry[]> | null = null

  constructor(options: ScenarioShelfOptions) {
    this.#options = options
  }

  /** All scenarios below the folder, sorted by name. */
  list(): Promise<ScenarioEntry[]> {
    this.#listing ??= this.#list().finally(() => { this.#listing = null })
    return this.#listing
  }

  async #list(): Promise<ScenarioEntry[]> {
    const { folder } = this.#options
    const files = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
    const names = files.filter((file) => file.isFile() && /\.ya?ml$/.test(file.name)).map((file) => relative(folder, join(file.parentPath, file.name)).split(sep).join('/')).sort()
    const known = new Map<string, Known>()
    for (const name of names) {
      const found = await this.#look(name).catch(() => null) // Removed in the meantime.
      if (found) known.set(name, found)
    }
    this.#known = known
    return [...known.values()].flatMap(({ entry }) => entry ?? [])
  }

  async #look(name: string): Promise<Known> {
    const path = join(this.#options.folder, name)
    const { mtimeMs, size, ino } = await stat(path)
    const stamp = `${mtimeMs} ${size} ${ino}`
    const before = this.#known.get(name)
    if (before?.stamp === stamp) return before
    const { scenario, problems } = await this.#options.reader.read(name, await readFile(path, 'utf8'))
    if (!scenario) this.#options.log(`${name}:${problems[0].line}:${problems[0].column}: ${problems[0].sentence}`)
    return { stamp, entry: scenario && entryOf(name, scenario) }
  }

  /** One scenario by its name in the folder, or from a text. Refuses with the position and one sentence. */
  async take(name: string, text: string): Promise<Scenario> {
    const { scenario, problems } = await this.#options.reader.read(name, text === '' ? await this.#readNamed(name) : text)
    if (scenario) return scenario
    const first = problems[0]
    throw new Refusal(`${name || 'The scenario'}:${first.line}:${first.column}: ${first.sentence}`)
  }

  async #readNamed(name: string): Promise<string> {
    // A name from a screen must not lead out of the folder.
    if (!/^[a-z0-9][a-z0-9./-]*\.ya?ml$/.test(name) || name.includes('..')) throw new Refusal(`There is no scenario "${name.slice(0, 80)}".`)
    return readFile(join(this.#options.folder, name), 'utf8').catch(() => { throw new Refusal(`There is no scenario "${name}".`) })
  }
}

function entryOf(name: string, scenario: Scenario): ScenarioEntry {
  const { title, suite, about, points } = scenario
  return { name, title, suite, about: about.trim(), points, slots: slotsOf(scenario) }
}

/** The programs that a person names for a scenario, each with its nodes. */
export function slotsOf({ slots }: Pick<Scenario, 'slots'>): ScenarioSlot[] {
  return [...new Set(slots.map(({ slot }) => slot))].map((slot) => ({ slot, nodes: slots.filter((each) => each.slot === slot).map(({ node }) => node) }))
}
