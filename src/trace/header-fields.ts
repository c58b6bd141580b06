// Validates the first line of a recording, field by field, before a reader takes any other line.
// It must never look at events.
import { mutantNames, settingLimits, settingsProblem, type Dialect, type Settings } from '../protocol'
import type { TraceHeader } from './event'
import { nodeKind } from './event-parts'
import { boolean, count, isObject, listOf, oneOf, optional, orNull, record, strangePart, text, type Shape } from './shape'
import { visible } from './visible'

const source = oneOf<TraceHeader['source']>({ live: true, simulated: true, explored: true, imported: true })
const parent = orNull(record<NonNullable<TraceHeader['parent']>>({ title: text, createdAt: text, seq: count }))
const dialect = optional(oneOf<Dialect>({ maelstrom: true }))
const nodes = listOf(record<TraceHeader['nodes'][number]>({ name: text, kind: nodeKind, program: optional(text) }))
const texts = ['title', 'createdAt', 'seed', 'protocolHash'] as const satisfies readonly (keyof TraceHeader)[]
const names: readonly (keyof TraceHeader)[] = ['understudy', 'version', 'source', ...texts, 'settings', 'dialect', 'nodes', 'parent']
const settingNames: readonly (keyof Settings)[] = [...Object.keys(settingLimits) as (keyof typeof settingLimits)[], 'replication', 'newCluster', 'mutants']

/** What is wrong with a header of the current version, or undefined. */
export function headerProblem(header: Record<string, unknown>): string | undefined {
  if (!source.fits(header.source)) return 'its source is none that exists'
  for (const field of texts) if (!text.fits(header[field])) return `its ${field} is not text`
  if (!isObject(header.settings)) return 'its settings are missing'
  const problem = settingsShapeProblem(header.settings)
  if (problem !== undefined) return problem
  if (!parent.fits(header.parent) || isObject(header.parent) && header.parent.seq === 0) return 'its parent is broken'
  if (!dialect.fits(header.dialect)) return 'its dialect is none that exists'
  if (!nodes.fits(header.nodes) || (header.nodes as TraceHeader['nodes']).length === 0) return 'its list of nodes is missing or broken'
  const seen = new Set<string>()
  for (const { name } of header.nodes as TraceHeader['nodes']) {
    if (seen.has(name)) return `its list of nodes has ${visible(name.slice(0, 40))} twice`
    seen.add(name)
  }
  return Object.keys(header).every((name) => (names as readonly string[]).includes(name)) ? undefined : `it has ${strangePart(header, names)}`
}

/** Settings of the protocol, each within its limits. */
export const settingsShape: Shape<Settings> = {
  fits: (value) => isObject(value) && settingsShapeProblem(value) === undefined,
  problem: (value, path) => `${path}: ${isObject(value) ? settingsShapeProblem(value) ?? '' : 'they are missing'}`,
}

function settingsShapeProblem(settings: Record<string, unknown>): string | undefined {
  const known: readonly unknown[] = mutantNames
  if (settings.replication !== 'synchronous' && settings.replication !== 'asynchronous') return 'its replication is none that exists'
  if (!boolean.fits(settings.newCluster)) return 'its newCluster is not true or false'
  if (!Array.isArray(settings.mutants) || !settings.mutants.every((mutant) => known.includes(mutant))) return 'it names a mutant that does not exist'
  const problem = limitsProblem(settings)
  if (problem !== undefined) return problem
  return Object.keys(settings).length === settingNames.length ? undefined : `its settings have ${strangePart(settings, settingNames)}`
}

/** A setting that is not a number is not quoted in the sentence: it may be any value. */
function limitsProblem(settings: Record<string, unknown>): string | undefined {
  const strange = Object.keys(settingLimits).find((name) => typeof settings[name] !== 'number')
  return strange === undefined ? settingsProblem(settings as unknown as Settings)?.replace(/\.$/, '') : `its ${strange} is not a number`
}
