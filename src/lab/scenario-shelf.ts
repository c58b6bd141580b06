// The scenarios that come with the lab: files in a folder, read when a screen asks. A file that is broken is left out and told.
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { Refusal, type ScenarioEntry } from '../contract'
import { readScenario, type Scenario } from '../scenario'

/** Every scenario under the folder, by its name there. */
export async function listScenarios(folder: string, log: (sentence: string) => void): Promise<ScenarioEntry[]> {
  const files = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  const names = files.filter((file) => file.isFile() && /\.ya?ml$/.test(file.name)).map((file) => relative(folder, join(file.parentPath, file.name)).split(sep).join('/')).sort()
  const entries: ScenarioEntry[] = []
  for (const name of names) {
    const { scenario, problems } = readScenario(name, await readFile(join(folder, name), 'utf8'))
    if (scenario) entries.push({ name, title: scenario.title, suite: scenario.suite, about: scenario.about.trim(), points: scenario.points })
    else log(`${name}:${problems[0].line}:${problems[0].column}: ${problems[0].sentence}`)
  }
  return entries
}

/** One scenario by its name in the folder, or from a text. Refuses with the place and one sentence. */
export async function takeScenario(folder: string, name: string, text: string): Promise<Scenario> {
  const { scenario, problems } = readScenario(name, text === '' ? await readNamed(folder, name) : text)
  if (scenario) return scenario
  const first = problems[0]
  throw new Refusal(`${name || 'The scenario'}:${first.line}:${first.column}: ${first.sentence}`)
}

async function readNamed(folder: string, name: string): Promise<string> {
  // A name from a screen must not lead out of the folder.
  if (!/^[a-z0-9][a-z0-9./-]*\.ya?ml$/.test(name) || name.includes('..')) throw new Refusal(`There is no scenario "${name.slice(0, 80)}".`)
  return readFile(join(folder, name), 'utf8').catch(() => { throw new Refusal(`There is no scenario "${name}".`) })
}
