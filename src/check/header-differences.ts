// Where the headers of two recordings differ: settings, nodes, seed, the protocol's version. Pure.
import type { TraceHeader } from '../trace'

export interface HeaderDifference {
  /** The name of the field, for people. */
  readonly name: string
  readonly first: string
  readonly second: string
}

/** In the order of interest: nodes, settings by name, seed, protocol. Titles and times do not count as differences. */
export function headerDifferences(first: TraceHeader, second: TraceHeader): HeaderDifference[] {
  const found: HeaderDifference[] = []
  const compare = (name: string, one: unknown, other: unknown): void => {
    if (textOf(one) !== textOf(other)) found.push({ name, first: textOf(one), second: textOf(other) })
  }
  compare('nodes', first.nodes.map(({ name }) => name), second.nodes.map(({ name }) => name))
  const [ones, others] = [first.settings, second.settings] as unknown as Record<string, unknown>[]
  for (const name of new Set([...Object.keys(ones ?? {}), ...Object.keys(others ?? {})])) compare(name, ones?.[name], others?.[name])
  // A branch has its own seed, derived from its parent's.
  if (!isBranchOf(first, second) && !isBranchOf(second, first)) compare('seed', first.seed, second.seed)
  compare('protocol', first.protocolHash, second.protocolHash)
  return found
}

/** True if the second recording begins with the events of the first. */
function isBranchOf(parent: TraceHeader, branch: TraceHeader): boolean {
  return branch.parent !== null && branch.parent.createdAt === parent.createdAt && branch.parent.title === parent.title
}

/** As text. Settings are numbers, words, booleans and lists of words. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ') || 'none'
  return value === undefined ? 'unknown' : typeof value === 'string' ? value : JSON.stringify(value)
}
