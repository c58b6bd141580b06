// What two recordings were made with, where it is not the same: settings, nodes, seed, the protocol's version. Pure.
import type { TraceHeader } from '../trace'

export interface HeaderDifference {
  /** What it is, in a person's words. */
  readonly name: string
  readonly first: string
  readonly second: string
}

/** In the order in which people ask: nodes, settings by name, seed, protocol. Titles and times are no differences. */
export function headerDifferences(first: TraceHeader, second: TraceHeader): HeaderDifference[] {
  const found: HeaderDifference[] = []
  const compare = (name: string, one: unknown, other: unknown): void => {
    if (textOf(one) !== textOf(other)) found.push({ name, first: textOf(one), second: textOf(other) })
  }
  compare('nodes', first.nodes.map(({ name }) => name), second.nodes.map(({ name }) => name))
  const [ones, others] = [first.settings, second.settings] as unknown as Record<string, unknown>[]
  for (const name of new Set([...Object.keys(ones ?? {}), ...Object.keys(others ?? {})])) compare(name, ones?.[name], others?.[name])
  // A branch has a seed of its own, made of its parent's.
  if (!isBranchOf(first, second) && !isBranchOf(second, first)) compare('seed', first.seed, second.seed)
  compare('protocol', first.protocolHash, second.protocolHash)
  return found
}

/** The second begins with the events of the first. */
function isBranchOf(parent: TraceHeader, branch: TraceHeader): boolean {
  return branch.parent !== null && branch.parent.createdAt === parent.createdAt && branch.parent.title === parent.title
}

/** Settings are numbers, words, true or false, and lists of words. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ') || 'none'
  return value === undefined ? 'unknown' : typeof value === 'string' ? value : JSON.stringify(value)
}
