// What happens to the nodes while a program is tested: drawn from the seed before the run, so that the same seed gives the same faults at the same
// times. Each kind begins and ends in turn; at the end everything is whole again.
import { createRandom, type Fault } from '../../network'
import type { ClusterAct } from '../../trace'

export const nemesisNames = ['partition', 'one-way', 'loss', 'duplicate', 'kill', 'pause'] as const
export type NemesisName = (typeof nemesisNames)[number]

export interface PlannedAct {
  readonly atMs: number
  readonly act: ClusterAct
}

export interface NemesisOptions {
  readonly seed: string
  readonly kinds: readonly NemesisName[]
  readonly nodes: readonly string[]
  /** From one change to the next. */
  readonly intervalMs: number
  readonly durationMs: number
}

/** The acts of a run, in the order of their times. */
export function nemesisPlan({ seed, kinds, nodes, intervalMs, durationMs }: NemesisOptions): PlannedAct[] {
  return kinds.flatMap((kind) => {
    const random = createRandom(seed, `nemesis ${kind}`)
    const planned: PlannedAct[] = []
    let number = 0
    for (let atMs = intervalMs; atMs < durationMs; atMs += 2 * intervalMs) {
      const { begin, end } = turnOf(kind, shuffled(nodes, () => random.next()), ++number, random.next())
      planned.push({ atMs, act: begin }, { atMs: Math.min(atMs + intervalMs, durationMs), act: end })
    }
    return planned
  }).sort((one, other) => one.atMs - other.atMs)
}

/** `nodes`: shuffled. `share`: a draw from 0 to 1 for how many of them. */
function turnOf(kind: NemesisName, nodes: readonly string[], number: number, share: number): { readonly begin: ClusterAct; readonly end: ClusterAct } {
  const [first = ''] = nodes
  const name = `${kind} ${number}`
  const fault = (effect: Fault['effect'], where: Partial<Fault['where']> = {}): { begin: ClusterAct; end: ClusterAct } => ({
    begin: { type: 'add-fault', fault: { name, where: { from: [], to: [], kinds: [], ...where }, bothWays: false, effect, times: 0 }, plan: { inMs: 0, forMs: 0 } },
    end: { type: 'remove-fault', fault: name },
  })
  switch (kind) {
    case 'partition': {
      const apart = Math.max(1, Math.min(nodes.length - 1, Math.round(share * (nodes.length - 1)) || 1))
      return fault({ type: 'partition', groups: [nodes.slice(0, apart), nodes.slice(apart)] })
    }
    case 'one-way': return fault({ type: 'cut' }, { from: [first], to: nodes.slice(1) })
    case 'loss': return fault({ type: 'drop', probability: 0.1 + 0.4 * share }, { from: [...nodes], to: [...nodes] })
    case 'duplicate': return fault({ type: 'duplicate', probability: 0.1 + 0.4 * share }, { from: [...nodes], to: [...nodes] })
    case 'kill': return { begin: { type: 'kill', node: first }, end: { type: 'restart', node: first } }
    case 'pause': return { begin: { type: 'pause', node: first }, end: { type: 'resume', node: first } }
  }
}

function shuffled<Item>(items: readonly Item[], draw: () => number): Item[] {
  return items.map((item) => ({ item, key: draw() })).sort((one, other) => one.key - other.key).map(({ item }) => item)
}
