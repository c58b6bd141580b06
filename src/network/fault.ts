// What a fault is: where it strikes, and what it does there (fault-effect.ts). Plain data, so that a screen, a scenario and a recording carry the same.
// It must never know a driver: the switchboard and the simulator ask network.ts what happens to a message.
import { kindOf, viewServerName, type Message, type MessageKind, type NodeName } from '../protocol'
import { effectProblem, effectText, faultLimits, namedBy, type FaultEffect } from './fault-effect'

/** Which messages: an empty list means any. A message must match all three. */
export interface Where {
  readonly from: readonly NodeName[]
  readonly to: readonly NodeName[]
  readonly kinds: readonly MessageKind[]
}

export interface Fault {
  /** Unique among the faults of a session; 1 to 80 characters. */
  readonly name: string
  /** Partitions and isolations have their own nodes; of `where` they use only the kinds. */
  readonly where: Where
  /** Also the other way: from the receivers to the senders. */
  readonly bothWays: boolean
  readonly effect: FaultEffect
  /** It strikes this many messages and is then used up; 0 for no limit. */
  readonly times: number
}

/** When a fault begins and ends by itself, in milliseconds of cluster time. `forMs` 0: it stays. */
export interface FaultPlan {
  readonly inMs: number
  readonly forMs: number
}

export const atOnce: FaultPlan = { inMs: 0, forMs: 0 }
export const anywhere: Where = { from: [], to: [], kinds: [] }

/** A message in flight, as a fault sees it. */
export interface Envelope {
  readonly id: string
  readonly from: NodeName
  readonly to: NodeName
  /** The receiver's name for the sender, if that is not its own name: one connection of a client. */
  readonly fromAs?: string | undefined
  readonly message: Message
}

/** True if the fault applies to this message; chance may still decide whether it strikes. */
export function concerns(fault: Fault, { from, to, message }: Envelope): boolean {
  const { kinds } = fault.where
  return (kinds.length === 0 || kinds.includes(kindOf(message))) && concernsLink(fault, from, to)
}

/** True if this fault may strike a message of some kind from one node to the other. */
export function concernsLink(fault: Fault, from: NodeName, to: NodeName): boolean {
  const { effect } = fault
  switch (effect.type) {
    case 'isolate': return effect.nodes.includes(from) !== effect.nodes.includes(to)
    case 'partition': return areApart(effect.groups, from, to)
    case 'unreliable': return from !== viewServerName && to !== viewServerName && matchesLink(fault, from, to)
    case 'cut':
    case 'drop':
    case 'delay':
    case 'duplicate':
    case 'reorder':
    case 'hold': return matchesLink(fault, from, to)
  }
}

function matchesLink({ where, bothWays }: Fault, from: NodeName, to: NodeName): boolean {
  return isAmong(where.from, from) && isAmong(where.to, to)
    || bothWays && isAmong(where.from, to) && isAmong(where.to, from)
}

function isAmong(names: readonly NodeName[], name: NodeName): boolean {
  return names.length === 0 || names.includes(name)
}

function areApart(groups: readonly (readonly NodeName[])[], one: NodeName, other: NodeName): boolean {
  const groupOf = (name: NodeName): number => groups.findIndex((group) => group.includes(name))
  const first = groupOf(one)
  const second = groupOf(other)
  return first >= 0 && second >= 0 && first !== second
}

// ---- words

/** The fault in words: `cut s1 → s2`, `drop 10 % of forward from s1`. */
export function faultText({ where, bothWays, effect, times }: Fault): string {
  const kinds = where.kinds.length > 0 ? where.kinds.join(', ') : ''
  const arrow = bothWays ? '↔' : '→'
  const link = where.from.length === 0 && where.to.length === 0 ? '' : ` ${namesText(where.from)} ${arrow} ${namesText(where.to)}`
  const what = kinds === '' ? '' : ` ${kinds}`
  const limit = times === 0 ? '' : times === 1 ? ', the next one' : `, the next ${times}`
  return `${effectText(effect, what, link)}${limit}`
}

function namesText(names: readonly NodeName[]): string {
  return names.length === 0 ? 'all' : names.join(', ')
}

// ---- problems

/** One sentence for what is wrong with the fault in a cluster of these nodes, or undefined. */
export function faultProblem(fault: Fault, nodes: readonly NodeName[]): string | undefined {
  const { name, where, effect, times } = fault
  if (name === '' || name.length > faultLimits.nameCharacters) return `A fault's name has 1 to ${faultLimits.nameCharacters} characters.`
  if (!Number.isInteger(times) || times < 0 || times > faultLimits.times) return `A fault strikes 0 (always) to ${faultLimits.times} messages, not ${times}.`
  const named = [...where.from, ...where.to, ...namedBy(effect)]
  const stranger = named.find((node) => !nodes.includes(node))
  if (stranger !== undefined) return `There is no node ${stranger}.`
  return effectProblem(effect)
}

/**
 * One sentence if the fault would do nothing now because the nodes that it strikes have died, or undefined. A caller must not check a fault
 * that is planned ahead: the nodes may be back by then.
 */
export function deadProblem({ where, effect }: Fault, hasDied: (name: NodeName) => boolean): string | undefined {
  const living = (names: readonly NodeName[]): boolean => names.some((name) => !hasDied(name))
  const idle = (names: readonly NodeName[]): NodeName[] => names.length > 0 && !living(names) ? [...names] : []
  const dead = effect.type === 'isolate' ? idle(effect.nodes)
    : effect.type === 'partition' ? (effect.groups.filter(living).length < 2 ? effect.groups.flat().filter(hasDied) : [])
    : [...idle(where.from), ...idle(where.to)]
  if (dead.length === 0) return undefined
  const [names, are, them] = dead.length === 1 ? [dead[0] ?? '', 'is', 'it'] : [`${dead.slice(0, -1).join(', ')} and ${dead.at(-1) ?? ''}`, 'are', 'them']
  return `${names} ${are} dead: nothing comes from ${them} or goes to ${them}. Restart ${them} first, or plan the fault ahead.`
}

/** One sentence for what is wrong with the plan, or undefined. */
export function planProblem({ inMs, forMs }: FaultPlan): string | undefined {
  const isWell = (ms: number): boolean => ms >= 0 && ms <= 3_600_000
  return isWell(inMs) && isWell(forMs) ? undefined : 'A fault is planned 0 to 3 600 000 ms ahead, and for as long.'
}
