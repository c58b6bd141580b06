// Who is a neighbour of whom, for the broadcast workload: Maelstrom's shapes. Pure.
import type { JsonObject } from '../../protocol'

export const topologyNames = ['grid', 'line', 'total', 'tree2', 'tree3', 'tree4'] as const
export type TopologyName = (typeof topologyNames)[number]

/** The neighbours of every node, both ways. */
export function topologyOf(name: TopologyName, nodes: readonly string[]): JsonObject {
  const links = new Map<string, Set<string>>(nodes.map((node) => [node, new Set<string>()]))
  const link = (one: number, other: number): void => {
    const [a, b] = [nodes[one], nodes[other]]
    if (a === undefined || b === undefined || a === b) return
    links.get(a)?.add(b)
    links.get(b)?.add(a)
  }
  for (let index = 0; index < nodes.length; index++) for (const neighbour of neighboursOf(name, index, nodes.length)) link(index, neighbour)
  return Object.fromEntries([...links].map(([node, neighbours]) => [node, [...neighbours]]))
}

/** Neighbours with a higher number; those with a lower one follow from them. */
function neighboursOf(name: TopologyName, index: number, count: number): readonly number[] {
  switch (name) {
    case 'line': return [index + 1]
    case 'total': return Array.from({ length: count - index - 1 }, (_, offset) => index + offset + 1)
    case 'tree2': return children(index, 2)
    case 'tree3': return children(index, 3)
    case 'tree4': return children(index, 4)
    case 'grid': {
      const width = Math.ceil(Math.sqrt(count))
      return [...(index + 1) % width === 0 ? [] : [index + 1], index + width]
    }
  }
}

function children(index: number, branches: number): number[] {
  return Array.from({ length: branches }, (_, child) => index * branches + child + 1)
}
