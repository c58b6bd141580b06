// Decides whether a node can be replayed: the recording must have the inputs of its incarnation.
// Code that replays a node, or shows the result, must never decide this itself.
import type { NodeName } from '../protocol'
import type { TraceHeader } from './event'

/**
 * Why an incarnation cannot be replayed, as the beginning of a sentence without its full stop; empty if it can. Without `life` it is about
 * the whole recording: empty if some incarnation in it has steps.
 */
export function whyNoSteps({ source, nodes }: Pick<TraceHeader, 'source' | 'nodes'>, life?: { readonly node: NodeName; readonly incarnation: number }): string {
  if (source === 'imported') return 'A history of another tool has operations and no processes'
  // A node without a journal, known only from the journals of others (docs/journals.md).
  if (life?.incarnation === 0) return `Nobody recorded the steps of ${life.node}`
  if (life) return isProgram(nodes, life.node) ? `${life.node} is a program, and opening a recording starts none` : ''
  return nodes.every(({ program }) => program !== undefined) ? 'Every node here is a program, and opening a recording starts none' : ''
}

/** Why nothing can go on from a moment of a recording; empty if something can. What a program remembers is in its own memory alone. */
export function whyNoMoment(header: Pick<TraceHeader, 'source' | 'nodes'>): string {
  const program = header.nodes.find((node) => node.program !== undefined)
  return whyNoSteps(header) || (program ? `${program.name} is a program, and nobody recorded what it remembers` : '')
}

/** True for a node that a program of others ran. */
export function isProgram(nodes: TraceHeader['nodes'], name: NodeName): boolean {
  return nodes.some((node) => node.name === name && node.program !== undefined)
}
