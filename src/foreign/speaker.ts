// Who speaks, and whether what it says can be recorded: the recording's own checks decide, so nothing is accepted that a reader would refuse.
import type { NodeKind, NodeName } from '../protocol'
import { eventProblem, EventNodes, type HeaderNode, type TraceEvent } from '../trace'

/** Why a line cannot be used, to follow "its line was refused: ". */
export class LineProblem extends Error {}

/** What must be known of the program whose line it is. */
export interface Speaker {
  readonly name: NodeName
  readonly kind: NodeKind
  readonly incarnation: number
  /** True if it speaks the messages of docs/protocol.md; a body of such a type must then have their shape. */
  readonly speaksOurs: boolean
  /** What it says of others must be of the nodes of the cluster. */
  readonly nodes: EventNodes
  readonly clients: ReadonlySet<NodeName>
}

export function speakerOf(node: Pick<Speaker, 'name' | 'kind' | 'incarnation' | 'speaksOurs'>, cluster: readonly HeaderNode[]): Speaker {
  const clients = new Set(cluster.flatMap(({ name, kind }) => kind === 'client' ? [name] : []))
  return { ...node, nodes: new EventNodes({ nodes: cluster, source: 'live' }), clients }
}

/** Why the body of an event cannot be recorded; undefined if it can. */
export function recordable(body: object, { nodes }: Pick<Speaker, 'nodes'>): string | undefined {
  const event = { seq: 1, at: 0, wall: 0, ...body }
  const problem = eventProblem(event, 1) ?? nodes.problem(event as unknown as TraceEvent)
  // "is a role-changed event whose role is missing" names an event that no program knows.
  return problem?.replace(/^is an? [a-z-]+ event (whose|with) /, (_all, word) => word === 'whose' ? 'its ' : 'it has ')
    .replace(/^its message\./, 'its ').replace('the nodes of the first line', 'the nodes here')
}
