// Which nodes of a cluster are programs: what a person named on the command line or in a dialog, matched with the nodes and the slots of a scenario.
// It must never take a command from a file: a scenario names a slot, and a person fills it.
import type { Dialect, NodeKind, NodeName } from '../../protocol'
import { nodeNames, type Scenario } from '../../scenario'
import type { HeaderNode } from '../../trace'
import { CannotRun } from '../../system'
import type { ProgramSpec } from '../cluster-seam'
import { lineOfCommand } from './command-line'

/** `who`: a node, a slot of the scenario, or all nodes of a kind. */
export interface GivenProgram {
  readonly who: string
  readonly spec: ProgramSpec
}

/** What stands for all nodes of a kind. */
export const kindWords: Readonly<Record<string, NodeKind>> = { 'view-server': 'view-server', 'replicas': 'replica', 'clients': 'client', 'servers': 'server' }

/** The nodes of a scenario's cluster. */
export function scenarioNodes({ replicas, clients }: Pick<Scenario, 'replicas' | 'clients'>): HeaderNode[] {
  const kinds = { v: 'view-server', s: 'replica', c: 'client' } as const
  return nodeNames(replicas, clients).all.map((name) => ({ name, kind: kinds[name[0] as keyof typeof kinds] }))
}

/** The nodes of the largest simulated cluster: a smaller one has some of them. */
export const nodesMax: readonly HeaderNode[] = scenarioNodes({ replicas: 7, clients: 8 })

export interface SlotOf {
  readonly node: NodeName
  readonly slot: string
}

/**
 * The nodes that are programs, each with its own. A node's own name comes before its slot, and its slot before its kind. Throws a CannotRun
 * for a slot that nobody fills.
 */
export function programsOf(nodes: readonly HeaderNode[], slots: readonly SlotOf[], given: readonly GivenProgram[]): Map<NodeName, ProgramSpec> {
  const named = (who: string | undefined): ProgramSpec | undefined => given.find((one) => one.who === who)?.spec
  const programs = new Map<NodeName, ProgramSpec>()
  for (const { name, kind } of nodes) {
    const slot = slots.find(({ node }) => node === name)?.slot
    const spec = named(name) ?? named(slot) ?? named(Object.keys(kindWords).find((word) => kindWords[word] === kind))
    if (spec) programs.set(name, spec)
    else if (slot !== undefined) throw new CannotRun(`Nothing was named for ${name}, which is the program "${slot}" of this scenario: --program "${slot}=COMMAND".`)
  }
  return programs
}

/** The same for the nodes of a recording that were programs: they are run again. A program of Maelstrom's words speaks them again. */
export function programsAgain(nodes: readonly HeaderNode[], dialect: Dialect | undefined, given: readonly GivenProgram[]): Map<NodeName, ProgramSpec> {
  const programs = programsOf(nodes.filter(({ program }) => program !== undefined), [], given)
  return new Map([...programs].map(([name, spec]) => [name, { ...spec, speaksOurs: dialect === undefined }]))
}

/** Whether this name stands for a node or a slot here. */
export function isNamedHere(who: string, nodes: readonly Pick<HeaderNode, 'name' | 'kind'>[], slots: readonly SlotOf[]): boolean {
  return nodes.some(({ name, kind }) => name === who || kindWords[who] === kind) || slots.some(({ slot }) => slot === who)
}

/** The nodes as a recording's header has them: a program's by its command. */
export function withPrograms(nodes: readonly HeaderNode[], programs: ReadonlyMap<NodeName, ProgramSpec>): HeaderNode[] {
  return nodes.map((node) => {
    const spec = programs.get(node.name)
    return spec ? { ...node, program: lineOfCommand(spec.command) } : node
  })
}
